/* sieve_totals.c -- see sieve_totals.h. */
#include "sieve_totals.h"

#include <stdio.h>
#include <string.h>

#include <leat/civil.h>
#include <leat/store.h>

enum {
    VERSION = 1,
    BYTES = 25, /* the version, and three numbers, the highest byte first */
    WORD_BYTES = 8
};

static const uint64_t second_ns = 1000000000;
static const uint64_t hour_ns = 3600 * UINT64_C(1000000000);
static const char name[] = "sieve/totals";

static struct {
    struct leat_platform *platform; /* NULL: there is no store */
    void (*count)(struct totals *totals);
    struct totals before; /* this run */
    struct leat_store_request request;
    struct leat_timer hourly;
    bool is_busy, is_failed;
    uint8_t bytes[BYTES];
} kept;

static void put_word(uint8_t *at, uint64_t word)
{
    for (unsigned i = 0; i < WORD_BYTES; i++)
        at[i] = (uint8_t)(word >> (56 - 8 * i));
}

static uint64_t get_word(const uint8_t *at)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < WORD_BYTES; i++)
        word = word << 8 | at[i];
    return word;
}

static void on_got(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                   void *arg)
{
    const uint8_t *bytes = kept.bytes;

    (void)store;
    (void)arg;
    kept.is_busy = false;
    if (err || request->len != BYTES || bytes[0] != VERSION)
        return;
    kept.before = (struct totals){.questions = get_word(bytes + 1),
                                  .blocked = get_word(bytes + 1 + WORD_BYTES),
                                  .since_s = get_word(bytes + 1 + 2 * WORD_BYTES)};
}

bool totals_open(struct leat_platform *platform)
{
    if (!platform->store)
        return false;
    kept.platform = platform;
    kept.is_busy = !leat_store_get(platform->store, &kept.request, name, kept.bytes,
                                   sizeof kept.bytes, on_got, NULL);
    return true;
}

bool totals_are_read(void)
{
    return !kept.is_busy;
}

/* The sums of all runs. */
static struct totals all(void)
{
    struct totals totals = {0};

    kept.count(&totals);
    totals.questions += kept.before.questions;
    totals.blocked += kept.before.blocked;
    totals.since_s = kept.before.since_s;
    return totals;
}

bool totals_all(struct totals *totals)
{
    if (kept.count)
        *totals = all();
    return kept.count != NULL;
}

static void on_put(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                   void *arg)
{
    char line[120];

    (void)store;
    (void)request;
    (void)arg;
    kept.is_busy = false;
    if (err && err != LEAT_ERR_CLOSED && !kept.is_failed) {
        snprintf(line, sizeof line, "%s: the totals are not kept: %.60s", example.name,
                 leat_err_text(err));
        kept.platform->say(kept.platform, line);
    }
    kept.is_failed = err != LEAT_OK;
}

void totals_keep(void)
{
    struct totals totals;

    if (!kept.count || kept.is_busy)
        return;
    if (kept.before.since_s == 0)
        kept.before.since_s = leat_civil_ns(kept.platform->stack) / second_ns;
    totals = all();
    kept.bytes[0] = VERSION;
    put_word(kept.bytes + 1, totals.questions);
    put_word(kept.bytes + 1 + WORD_BYTES, totals.blocked);
    put_word(kept.bytes + 1 + 2 * WORD_BYTES, totals.since_s);
    kept.is_busy =
        !leat_store_put(kept.platform->store, &kept.request, name, kept.bytes, BYTES, on_put, NULL);
}

static void on_hour(struct leat_timer *timer, void *arg)
{
    struct leat *stack = kept.platform->stack;

    (void)arg;
    totals_keep();
    leat_timer_set(stack, timer, leat_now_ns(stack) + hour_ns);
}

void totals_start(void (*count)(struct totals *totals))
{
    if (!kept.platform)
        return;
    kept.count = count;
    kept.hourly.on_time = on_hour;
    on_hour(&kept.hourly, NULL); /* the first one has the time of the start */
}

void totals_add(struct page *page)
{
    struct totals totals;
    char date[LEAT_CIVIL_HTTP_BYTES] = "the first start", label[80];

    if (!totals_all(&totals))
        return;
    if (totals.since_s > 0)
        leat_civil_format_http(totals.since_s * second_ns, date);
    snprintf(label, sizeof label, "questions since %s", date);
    page_add_row(page, label, totals.questions);
    snprintf(label, sizeof label, "of these, blocked");
    page_add_row(page, label, totals.blocked);
}
