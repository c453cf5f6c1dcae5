/* sieve_schedule.c -- see sieve_schedule.h. */
#include "sieve_schedule.h"

enum {
    FIRST_S = 30,
    DOUBLED_MAX = 12, /* then it is more than a day */
    DAY_S = 86400
};

static const uint64_t second_ns = 1000000000;

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* @ns, at most an eighth of it sooner or later. */
static uint64_t about(uint64_t ns, uint64_t random)
{
    return ns - ns / 8 + random % (ns / 4 + 1);
}

void schedule_good(struct schedule *schedule, uint64_t now_ns, uint64_t every_ns, uint64_t random)
{
    schedule->failures = 0;
    schedule->due_ns = now_ns + about(every_ns, random);
}

void schedule_bad(struct schedule *schedule, uint64_t now_ns, uint64_t every_ns, uint64_t after_ns,
                  uint64_t random)
{
    const unsigned doubled = schedule->failures < DOUBLED_MAX ? schedule->failures : DOUBLED_MAX;
    const uint64_t wait_ns = about(least((FIRST_S * second_ns) << doubled, every_ns), random);
    const uint64_t asked_ns = least(after_ns, DAY_S * second_ns);

    schedule->failures++;
    schedule->due_ns = now_ns + (wait_ns > asked_ns ? wait_ns : asked_ns);
}
