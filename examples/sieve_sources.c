/* sieve_sources.c -- see sieve_sources.h. */
#include "sieve_sources.h"

#include <string.h>

#include <leat/civil.h>
#include <leat/url.h>

#include "page_json.h"
#include "sieve_lists.h"

enum {
    EVERY_S = 86400,
    NUMBER_MAX = 100000,
    JSON_ROW_BYTES = 1000, /* at most */
    REST_BYTES = 8000      /* for the rest of a page */
};

static const uint64_t second_ns = 1000000000;

static struct {
    const char *authorities;
    uint64_t every_ns;
    unsigned count;
    struct source list[COPIES];
} sources = {.every_ns = EVERY_S * UINT64_C(1000000000)};

/* ---- words ----------------------------------------------------------------------------------- */

static const char *add_source(const char *url, bool allow)
{
    struct source *source = &sources.list[sources.count];
    struct leat_url parsed;

    if (strlen(url) >= COPY_URL_BYTES || leat_url_parse(&parsed, url))
        return "a list that is fetched is https://HOST/PATH, of at most 299 characters";
    source->copy = copies_add(url);
    if (!source->copy)
        return "too many lists";
    sources.count++;
    return lists_add_copy(source->copy, allow);
}

/* Reads "90s", "30m", "24h" or "7d". */
static const char *read_every(const char *word)
{
    static const struct {
        char letter;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t number = 0;

    while (*word >= '0' && *word <= '9' && number < NUMBER_MAX)
        number = number * 10 + (uint64_t)(*word++ - '0');
    for (unsigned i = 0; i < sizeof units / sizeof *units; i++) {
        if (word[0] == units[i].letter && word[1] == '\0' && number > 0 && number <= NUMBER_MAX) {
            sources.every_ns = number * units[i].seconds * second_ns;
            return NULL;
        }
    }
    return "every= has a time as 90s, 30m, 24h or 7d";
}

/* The rest of a word that begins so, or NULL. */
static const char *behind(const char *word, const char *begin)
{
    const size_t len = strlen(begin);

    return strncmp(word, begin, len) == 0 ? word + len : NULL;
}

bool sources_word(const char *word, const char **wrong)
{
    const char *allowed = behind(word, "allow="), *every = behind(word, "every=");
    const char *url = allowed ? allowed : word;

    *wrong = NULL;
    if (behind(url, "https://"))
        *wrong = add_source(url, allowed != NULL);
    else if (behind(url, "http://"))
        *wrong = "lists are fetched by https:// only: anyone on the way could change them";
    else if (every)
        *wrong = read_every(every);
    else if (behind(word, "authorities="))
        sources.authorities = behind(word, "authorities=");
    else
        return false;
    return true;
}

struct source *sources_at(unsigned index)
{
    return index < sources.count ? &sources.list[index] : NULL;
}

uint64_t sources_every_ns(void)
{
    return sources.every_ns;
}

const char *sources_authorities(void)
{
    return sources.authorities;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static uint64_t understood(const struct source *source)
{
    const struct leat_blocklist_text *lines = lists_lines(source->copy);

    return lines ? lines->understood : 0;
}

void sources_add(struct page *page)
{
    char date[LEAT_CIVIL_HTTP_BYTES];

    if (sources.count == 0)
        return;
    page_add(page, "<h2>Lists</h2><table><tr><td>list<td>lines<td>fetched<td>last attempt");
    for (unsigned i = 0; i < sources.count && page_room(page) > REST_BYTES; i++) {
        const struct source *source = &sources.list[i];

        page_add_row(page, source->copy->url, understood(source));
        leat_civil_format_http(source->copy->fetched_s * second_ns, date);
        page_add(page, "<td>");
        page_add(page, source->copy->fetched_s > 0 ? date : "");
        page_add(page, "<td>");
        page_add_text(page, source->fault[0] ? source->fault : "good");
    }
    page_add(page, "</table>");
}

void sources_add_json(struct page *page)
{
    if (sources.count == 0)
        return;
    page_add(page, "\"lists\":[");
    for (unsigned i = 0; i < sources.count && page_room(page) > REST_BYTES + JSON_ROW_BYTES; i++) {
        const struct source *source = &sources.list[i];

        json_text(page, i > 0 ? ",{\"url\":" : "{\"url\":", source->copy->url);
        json_number(page, ",\"understood\":", understood(source));
        json_time(page, ",\"fetched\":", source->copy->fetched_s);
        json_time(page, ",\"checked\":", source->checked_s);
        json_number(page, ",\"failures\":", source->schedule.failures);
        json_text(page, ",\"fault\":", source->fault);
        page_add(page, "}");
    }
    page_add(page, "],");
}
