/*
 * sieve_latest.c -- see sieve_latest.h.
 *
 * A question is copied into a ring when its reply was sent.  The word statistics= says how much of
 * its client's address is kept there.
 */
#include "sieve_latest.h"

#include <stdio.h>

#include <leat/civil.h>
#include <leat/dns_access.h>

#include "sieve_statistics.h"

enum {
    LATEST = 64,
    END_BYTES = 8 /* of the object, behind the last row */
};

static const uint64_t second_ns = 1000000000;

struct latest {
    struct leat_dns_access access;
    struct leat_dns_name name;
    uint64_t civil_ns; /* 0: unknown */
};

static struct {
    struct leat_platform *platform;
    void (*log)(void *arg, const struct leat_dns_access *access); /* NULL: there is no log */
    unsigned count;                                               /* since the start */
    struct latest ring[LATEST];
} latest;

static void on_query(void *arg, const struct leat_dns_access *access)
{
    struct latest *place = &latest.ring[latest.count % LATEST];

    if (latest.log)
        latest.log(arg, access);
    if (!access->name)
        return;
    place->access = *access;
    if (!statistics_client(&place->access.peer))
        return;
    place->name = *access->name;
    place->access.name = &place->name;
    place->civil_ns = leat_civil_ns(latest.platform->stack);
    latest.count++;
}

void latest_start(struct leat_platform *platform)
{
    latest.platform = platform;
    latest.log = platform->on_query;
    platform->on_query = on_query;
}

/* The one with this number, 0 for the newest; NULL: there are no more. */
static const struct latest *question(unsigned number)
{
    return number < LATEST && number < latest.count
               ? &latest.ring[(latest.count - 1 - number) % LATEST]
               : NULL;
}

static void add_row(struct page *page, const struct latest *row)
{
    static char name[LEAT_DNS_NAME_TEXT_BYTES];
    const struct leat_dns_access *access = &row->access;
    const struct leat_civil_date date = leat_civil_date(row->civil_ns);
    char text[40] = "", type[10], client[LEAT_IP_TEXT_BYTES];

    if (row->civil_ns > 0)
        snprintf(text, sizeof text, "%02u:%02u:%02u", date.hour, date.minute, date.second);
    leat_dns_name_format(&row->name, name, sizeof name);
    leat_dns_type_format(access->type, type);
    leat_ip_format(access->peer, client);
    page_add(page, "<tr><td>");
    page_add(page, text);
    page_add(page, "<td>");
    page_add_text(page, name);
    page_add(page, "<td>");
    page_add(page, type);
    page_add(page, "<td>");
    page_add(page, client);
    page_add(page, "<td>");
    page_add(page, leat_dns_how_text(access->how));
    snprintf(text, sizeof text, "<td>%u ms",
             (unsigned)((access->took_ns + second_ns / 2000) / (second_ns / 1000)));
    page_add(page, text);
}

void latest_add(struct page *page)
{
    const struct latest *row;

    if (latest.count == 0)
        return;
    page_add(page, "<h2>Latest questions (UTC)</h2><table>"
                   "<tr><th>time<th>name<th>type<th>client<th>answer<th>took");
    for (unsigned i = 0; (row = question(i)) && page_room(page) > PAGE_ROW_BYTES; i++)
        add_row(page, row);
    page_add(page, "</table>");
}

void latest_add_json(struct page *page)
{
    static char line[LEAT_DNS_ACCESS_BYTES + 1];
    const struct latest *row;

    page_add(page, ",\"latest\":[");
    for (unsigned i = 0; (row = question(i)) && page_room(page) > sizeof line + END_BYTES; i++) {
        line[leat_dns_access_json(&row->access, row->civil_ns, line, sizeof line - 1)] = '\0';
        page_add(page, i > 0 ? "," : "");
        page_add(page, line);
    }
    page_add(page, "]");
}
