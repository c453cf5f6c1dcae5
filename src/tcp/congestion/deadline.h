/*
 * deadline.h -- a time at which something of a connection is due, in 32 bits.
 *
 * A deadline counts the wheel's ticks of 1,024 ns and is never early. It is read relative to a time
 * near it. That is now or, when the connection's timer has fired, the time for which it was set,
 * which is not later than any deadline. So 37 minutes to either side, the range of 32 bits, are
 * enough, however late the timer fires. Times that may lie further ahead, or are kept for longer,
 * are in ms: 24 days ahead, an age of 49 days.
 */
#ifndef TCP_DEADLINE_H
#define TCP_DEADLINE_H

#include <stdint.h>

#include <leat/stack.h>

#include "core/timer.h"

enum {
    DEADLINE_NONE = 0,
    DEADLINE_NS_PER_MS = 1000000
};

/* The longest times that may be set: 10 minutes, and 24 days in ms. */
static const uint64_t deadline_max_ns = 600000000000;
static const uint64_t deadline_ms_max_ns = 2073600000000000;

/* The tick of @at_ns, where a flag says whether there is a deadline. */
static inline uint32_t deadline_tick(uint64_t at_ns)
{
    const uint64_t part = ((uint64_t)1 << TIMER_TICK_SHIFT) - 1;

    return (uint32_t)((at_ns + part) >> TIMER_TICK_SHIFT);
}

/* The time at which a deadline at @at_ns expires: the end of its tick. */
static inline uint64_t deadline_seen_ns(uint64_t at_ns)
{
    const uint64_t part = ((uint64_t)1 << TIMER_TICK_SHIFT) - 1;

    return (at_ns + part) & ~part;
}

/* The deadline for @at_ns, never DEADLINE_NONE. */
static inline uint32_t deadline_at(uint64_t at_ns)
{
    const uint32_t tick = deadline_tick(at_ns);

    return tick + (tick == DEADLINE_NONE);
}

/* The time of @tick, read relative to @from_ns. */
static inline uint64_t deadline_tick_ns(uint32_t tick, uint64_t from_ns)
{
    const uint64_t from_tick = from_ns >> TIMER_TICK_SHIFT;
    const int32_t ahead = (int32_t)(tick - (uint32_t)from_tick);

    return (from_tick + (uint64_t)(int64_t)ahead) << TIMER_TICK_SHIFT;
}

/* The time of @deadline, or LEAT_NEVER_NS for DEADLINE_NONE. */
static inline uint64_t deadline_ns(uint32_t deadline, uint64_t from_ns)
{
    return deadline == DEADLINE_NONE ? LEAT_NEVER_NS : deadline_tick_ns(deadline, from_ns);
}

/* deadline_at() in ms. */
static inline uint32_t deadline_at_ms(uint64_t at_ns)
{
    const uint32_t count = (uint32_t)((at_ns + DEADLINE_NS_PER_MS - 1) / DEADLINE_NS_PER_MS);

    return count + (count == DEADLINE_NONE);
}

/* A time in ms in 16 bits, rounded up by at most a thousandth: 11 bits, and a shift of 5 bits. */
static inline uint16_t deadline_short(uint32_t time_ms)
{
    unsigned shift = 0;

    while ((time_ms + ((1u << shift) - 1)) >> shift > 0x7ff)
        shift++;
    return (uint16_t)(shift << 11 | (time_ms + ((1u << shift) - 1)) >> shift);
}

static inline uint32_t deadline_short_ms(uint16_t time)
{
    return (uint32_t)(time & 0x7ff) << (time >> 11);
}

static inline uint64_t deadline_ms_ns(uint32_t deadline, uint64_t from_ns)
{
    const uint64_t from_ms = from_ns / DEADLINE_NS_PER_MS;
    const int32_t ahead = (int32_t)(deadline - (uint32_t)from_ms);

    if (deadline == DEADLINE_NONE)
        return LEAT_NEVER_NS;
    return (from_ms + (uint64_t)(int64_t)ahead) * DEADLINE_NS_PER_MS;
}

#endif
