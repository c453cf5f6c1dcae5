/*
 * keep_runs.c -- see keep_runs.h.
 *
 * Time servers, which a program asks, know civil time better than the machine. So it is kept with
 * the difference that they have found. The machine's clock may be put right between two runs, and
 * is then used as it is: a sum that lies before the last time that was known is wrong.
 *
 * A machine without a clock goes on from the last time. That is too early, by the time that the
 * machine was off, so programs are told (leat_platform.time_is_old). Certificates that had expired
 * by then stay expired.
 */
#include "keep_runs.h"

#include <leat/civil.h>

#include "keep.h"

enum {
    WORD_BYTES = 8,
    CLOCK_S = 2 /* a PC's clock has whole seconds, so smaller differences say nothing */
};

_Static_assert((int)KEEP_RUNS_BYTES == 4 * (int)WORD_BYTES, "four numbers");

static const uint64_t second_ns = 1000000000;
static const uint64_t hour_ns = 3600 * second_ns;

static uint64_t get_word(const uint8_t *bytes)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < WORD_BYTES; i++)
        word = word << 8 | bytes[i];
    return word;
}

static void put_word(uint8_t *bytes, uint64_t word)
{
    for (unsigned i = WORD_BYTES; i > 0; i--) {
        bytes[i - 1] = (uint8_t)word;
        word >>= 8;
    }
}

static uint64_t ran_ns(const struct keep *keep)
{
    struct leat_host *host = keep->platform->host;

    return host->now_ns(host) - keep->runs.began_ns;
}

/* Civil time in whole seconds, and its offset against the machine's clock. */
static uint64_t known_s(const struct keep *keep, int64_t *offset_s)
{
    const struct keep_runs *runs = &keep->runs;
    struct leat_host *host = keep->platform->host;
    const int64_t host_s = (int64_t)(host->civil_ns(host) / second_ns);
    const int64_t stack_s = (int64_t)(leat_civil_ns(keep->platform->stack) / second_ns);
    const int64_t more_s = stack_s - host_s;

    *offset_s = runs->added_s;
    if (stack_s == 0)
        return (uint64_t)host_s;
    if (runs->old_s == 0 && host_s > 0 && (more_s > CLOCK_S || more_s < -CLOCK_S))
        *offset_s += more_s;
    return (uint64_t)stack_s;
}

static void put_value(struct keep *keep)
{
    const struct keep_runs *runs = &keep->runs;
    uint8_t bytes[KEEP_RUNS_BYTES];
    int64_t offset_s;
    const uint64_t now_s = known_s(keep, &offset_s);

    put_word(bytes, runs->starts);
    put_word(bytes + WORD_BYTES, runs->ran_s + ran_ns(keep) / second_ns);
    /* rounded up, so that the next run isn't earlier */
    put_word(bytes + 2 * WORD_BYTES, now_s > 0 ? now_s + 1 : runs->civil_s);
    put_word(bytes + 3 * WORD_BYTES, (uint64_t)offset_s);
    keep_put(keep, KEEP_RUNS, bytes);
}

static void on_hour(struct leat_timer *timer, void *arg)
{
    struct keep *keep = arg;
    struct leat *stack = keep->platform->stack;

    put_value(keep);
    leat_timer_set(stack, timer, leat_now_ns(stack) + hour_ns);
}

/* Chooses how the time of this run follows from the machine's clock, or without one. */
static void choose(struct keep_runs *runs, uint64_t machine_s, struct leat_platform *platform)
{
    if (machine_s == 0) {
        runs->old_s = runs->civil_s;
        platform->time_is_old = runs->old_s > 0;
    } else if ((int64_t)machine_s + runs->offset_s + CLOCK_S >= (int64_t)runs->civil_s) {
        runs->added_s = runs->offset_s;
    }
}

/* Reads the value. Impossible times are left out, so that sums don't overflow. */
static void take_value(struct keep_runs *runs, const uint8_t *bytes)
{
    const uint64_t latest_s = UINT64_C(1) << 34; /* in 2514 */
    const uint64_t offset_s = get_word(bytes + 3 * WORD_BYTES);

    runs->starts = get_word(bytes);
    runs->ran_s = get_word(bytes + WORD_BYTES);
    runs->civil_s = get_word(bytes + 2 * WORD_BYTES);
    if (runs->civil_s > latest_s)
        runs->civil_s = 0;
    if (offset_s + latest_s <= 2 * latest_s) /* modulo 2^64 */
        runs->offset_s = (int64_t)offset_s;
}

void keep_runs_open(struct keep *keep, bool mends_clock)
{
    struct leat_platform *platform = keep->platform;
    struct leat_host *host = platform->host;
    struct keep_runs *runs = &keep->runs;
    const uint8_t *before = keep_get(keep, KEEP_RUNS);

    *runs = (struct keep_runs){.hourly = {.on_time = on_hour, .arg = keep}};
    if (!platform->store)
        return;
    runs->began_ns = host->now_ns(host);
    if (before)
        take_value(runs, before);
    if (mends_clock)
        choose(runs, host->civil_ns(host) / second_ns, platform);
    runs->starts++;
    platform->starts = runs->starts;
    platform->ran_before_s = runs->ran_s;
    put_value(keep);
    leat_timer_set(platform->stack, &runs->hourly, leat_now_ns(platform->stack) + hour_ns);
}

uint64_t keep_runs_civil_ns(const struct keep *keep, uint64_t machine_ns)
{
    const struct keep_runs *runs = &keep->runs;

    /* A clock that was set far back is used as it is. */
    if (machine_ns > 0 && (int64_t)(machine_ns / second_ns) + runs->added_s <= 0)
        return machine_ns;
    if (machine_ns > 0)
        return machine_ns + (uint64_t)runs->added_s * second_ns;
    return runs->old_s > 0 ? runs->old_s * second_ns + ran_ns(keep) : 0;
}

void keep_runs_close(struct keep *keep)
{
    if (keep->runs.starts == 0)
        return;
    leat_timer_cancel(keep->platform->stack, &keep->runs.hourly);
    put_value(keep);
}
