/*
 * sieve_statistics.c -- see sieve_statistics.h.
 *
 * Names and clients are counted when a question is blocked.  The hours are differences of counters
 * that are there anyway, so an allowed question costs nothing.
 */
#include "sieve_statistics.h"

#include <stdio.h>
#include <string.h>

#include <leat/civil.h>
#include <leat/top.h>

#include "page_json.h"

enum {
    TOP = 20, /* rows */
    HOURS = 24,
    MINUTE_S = 60,
    IPV4_KEPT = 12 + 3, /* bytes of a mapped address: of a network of 24 bits */
    IPV6_KEPT = 7       /* of a network of 56 bits, as in --access-log-clients */
};

/* How much of a client's address is kept: the words of --access-log-clients. */
enum clients {
    CLIENTS_WHOLE,
    CLIENTS_NETWORK,
    CLIENTS_NONE, /* names aren't kept either */
    CLIENTS_KINDS
};

static const char *const clients_names[CLIENTS_KINDS] = {"whole", "network", "none"};
static const uint64_t second_ns = 1000000000;
static const uint64_t hour_ns = 3600 * UINT64_C(1000000000);

struct hour {
    uint64_t ends_s; /* civil time; 0: unknown */
    uint64_t questions, blocked;
};

static struct {
    struct leat_platform *platform;
    void (*count)(struct totals *totals);
    enum clients clients;
    struct leat_top names, addresses;
    struct leat_timer hourly;
    struct totals before;     /* the current hour */
    struct hour hours[HOURS]; /* those before it */
    unsigned hour_count;      /* since the start */
} statistics;

static char line[LEAT_DNS_NAME_TEXT_BYTES];

bool statistics_word(const char *word, const char **wrong)
{
    static const char head[] = "statistics=";

    *wrong = NULL;
    if (strncmp(word, head, sizeof head - 1) != 0)
        return false;
    for (unsigned i = 0; i < CLIENTS_KINDS; i++) {
        if (strcmp(word + sizeof head - 1, clients_names[i]) == 0) {
            statistics.clients = (enum clients)i;
            return true;
        }
    }
    *wrong = "statistics= has whole, network or none";
    return true;
}

/* ---- names and clients ----------------------------------------------------------------------- */

/* In lower case, because some clients mix cases (RFC 4343).  A label's length is below all letters.
 */
static void count_name(const struct leat_dns_name *asked)
{
    struct leat_dns_name name = *asked;

    for (unsigned i = 0; i < name.len; i++) {
        if (name.wire[i] >= 'A' && name.wire[i] <= 'Z')
            name.wire[i] |= 0x20;
    }
    leat_top_count(&statistics.names, name.wire, name.len);
}

bool statistics_client(struct leat_ip *client)
{
    const size_t kept_bytes = leat_ip_is_v4(*client) ? IPV4_KEPT : IPV6_KEPT;

    if (statistics.clients == CLIENTS_NETWORK)
        memset(client->bytes + kept_bytes, 0, sizeof client->bytes - kept_bytes);
    return statistics.clients != CLIENTS_NONE;
}

void statistics_count(const struct leat_dns_name *name, struct leat_ip client)
{
    if (!statistics_client(&client))
        return;
    count_name(name);
    leat_top_count(&statistics.addresses, client.bytes, sizeof client.bytes);
}

/* The text of a key. */
static const char *text_of(const struct leat_top *top, const struct leat_top_entry *entry)
{
    if (top == &statistics.names) {
        struct leat_dns_name name = {.len = entry->key_len};

        memcpy(name.wire, entry->key, name.len);
        leat_dns_name_format(&name, line, sizeof line);
    } else {
        struct leat_ip ip;

        memcpy(ip.bytes, entry->key, sizeof ip.bytes);
        leat_ip_format(ip, line);
    }
    return line;
}

/* ---- hours ----------------------------------------------------------------------------------- */

/* The hour that goes on, or has just ended at @ends_s. */
static struct hour current(uint64_t ends_s)
{
    struct totals now;

    statistics.count(&now);
    return (struct hour){.ends_s = ends_s,
                         .questions = now.questions - statistics.before.questions,
                         .blocked = now.blocked - statistics.before.blocked};
}

/* Until the end of the hour: that of civil time, where it is known.  If the clock
 * was corrected a little, the hour doesn't end a second time. */
static uint64_t rest_ns(void)
{
    const uint64_t rest = hour_ns - leat_civil_ns(statistics.platform->stack) % hour_ns;

    return rest < hour_ns / 60 ? rest + hour_ns : rest;
}

static void on_hour(struct leat_timer *timer, void *arg)
{
    struct leat *stack = statistics.platform->stack;
    const uint64_t civil_s = leat_civil_ns(stack) / second_ns;

    (void)arg;
    statistics.hours[statistics.hour_count++ % HOURS] =
        current((civil_s + MINUTE_S / 2) / MINUTE_S * MINUTE_S); /* polls come a little late */
    statistics.count(&statistics.before);
    leat_timer_set(stack, timer, leat_now_ns(stack) + rest_ns());
}

void statistics_start(struct leat_platform *platform, void (*count)(struct totals *totals))
{
    struct leat *stack = platform->stack;

    statistics.platform = platform;
    statistics.count = count;
    if (leat_civil_ns(stack) == 0)
        leat_civil_from_host(stack, platform->host);
    statistics.hourly.on_time = on_hour;
    leat_timer_set(stack, &statistics.hourly, leat_now_ns(stack) + rest_ns());
}

/* The oldest of the hours that are kept, and how many there are. */
static unsigned first_hour(unsigned *count)
{
    *count = statistics.hour_count < HOURS ? statistics.hour_count : HOURS;
    return statistics.hour_count - *count;
}

/* ---- the page -------------------------------------------------------------------------------- */

static void add_top(struct page *page, const char *title, const struct leat_top *top)
{
    const struct leat_top_entry *ranked[TOP];
    const unsigned count = leat_top_rank(top, ranked, TOP);

    page_add(page, title);
    for (unsigned i = 0; i < count; i++) {
        page_add_row(page, text_of(top, ranked[i]), ranked[i]->count);
        page_add_bar(page, ranked[i]->count, ranked[0]->count);
    }
    page_add(page, "</table>");
}

static void add_hour(struct page *page, const struct hour *hour, uint64_t most)
{
    char label[LEAT_CIVIL_HTTP_BYTES] = "", text[24];
    const struct leat_civil_date date = leat_civil_date(hour->ends_s * second_ns);

    if (hour->ends_s > 0)
        snprintf(label, sizeof label, "until %02u:%02u", date.hour, date.minute);
    page_add_row(page, label, hour->questions);
    snprintf(text, sizeof text, "%llu", (unsigned long long)hour->blocked);
    page_add(page, "<td>");
    page_add(page, text);
    page_add_bar(page, hour->questions, most);
}

static void add_hours(struct page *page)
{
    unsigned count;
    const unsigned first = first_hour(&count);
    struct hour hour = current(leat_civil_ns(statistics.platform->stack) / second_ns);
    uint64_t most = hour.questions > 0 ? hour.questions : 1;

    for (unsigned i = 0; i < count; i++) {
        if (statistics.hours[(first + i) % HOURS].questions > most)
            most = statistics.hours[(first + i) % HOURS].questions;
    }
    page_add(page, "<h2>Hours (UTC)</h2><table><tr><td><td>questions<td>blocked");
    for (unsigned i = 0; i < count; i++)
        add_hour(page, &statistics.hours[(first + i) % HOURS], most);
    add_hour(page, &hour, most);
    page_add(page, "</table>");
}

void statistics_add(struct page *page)
{
    add_top(page, "<h2>Blocked names</h2><table>", &statistics.names);
    add_top(page, "<h2>Clients</h2><table>", &statistics.addresses);
    add_hours(page);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_hour(struct page *page, const struct hour *hour, const char *before)
{
    page_add(page, before);
    json_time(page, "{\"ends\":", hour->ends_s);
    json_number(page, ",\"questions\":", hour->questions);
    json_number(page, ",\"blocked\":", hour->blocked);
    page_add(page, "}");
}

static void json_top(struct page *page, const char *title, const char *key,
                     const struct leat_top *top)
{
    const struct leat_top_entry *ranked[TOP];
    const unsigned count = leat_top_rank(top, ranked, TOP);

    page_add(page, title);
    for (unsigned i = 0; i < count && page_room(page) > PAGE_ROW_BYTES; i++) {
        page_add(page, i > 0 ? ",{" : "{");
        json_text(page, key, text_of(top, ranked[i]));
        json_number(page, ",\"blocked\":", ranked[i]->count);
        json_number(page, ",\"above\":", ranked[i]->above);
        page_add(page, "}");
    }
    page_add(page, "]");
}

void statistics_add_json(struct page *page)
{
    struct totals now;
    unsigned count;
    const unsigned first = first_hour(&count);
    const uint64_t now_s = leat_civil_ns(statistics.platform->stack) / second_ns;
    const struct hour hour = current(now_s);

    statistics.count(&now);
    json_time(page, "\"time\":", now_s);
    json_number(page, ",\"questions\":", now.questions);
    json_number(page, ",\"blocked\":", now.blocked);
    if (totals_all(&now)) {
        json_number(page, ",\"all_runs\":{\"questions\":", now.questions);
        json_number(page, ",\"blocked\":", now.blocked);
        json_time(page, ",\"since\":", now.since_s);
        page_add(page, "}");
    }
    json_text(page, ",\"clients_are\":", clients_names[statistics.clients]);
    page_add(page, ",\"hours\":[");
    for (unsigned i = 0; i < count; i++)
        json_hour(page, &statistics.hours[(first + i) % HOURS], i > 0 ? "," : "");
    json_hour(page, &hour, count > 0 ? "," : "");
    page_add(page, "]");
    json_top(page, ",\"clients\":[", "\"client\":", &statistics.addresses);
    json_top(page, ",\"names\":[", "\"name\":", &statistics.names);
}
