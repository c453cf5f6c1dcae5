/*
 * clock.h -- the clock of a stack that plays a recorded connection.
 *
 * The recorded clock may be set forward by a year between two segments, and a peer may be silent
 * for days. The stack's timers would then end the connection. So a longer gap counts as
 * CLOCK_GAP_NS, and a step back counts as no time.
 */
#ifndef REPLAY_CLOCK_H
#define REPLAY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Longer than a retransmission timeout, so that timers still run between segments. */
#define CLOCK_GAP_NS 1000000000u

struct clock {
    bool has_begun;
    uint64_t played_ns;
    uint64_t last_ns;   /* the recorded time at that moment */
    uint64_t offset_ns; /* recorded minus played time, for output */
};

/* The stack's time for a segment at @recorded_ns. Timers up to that time belong before the
 * gap, so the caller runs them before clock_set(). */
static inline uint64_t clock_next(const struct clock *clock, uint64_t recorded_ns)
{
    const uint64_t gap_ns = recorded_ns - clock->last_ns;

    if (!clock->has_begun)
        return recorded_ns;
    if (recorded_ns <= clock->last_ns)
        return clock->played_ns;
    return clock->played_ns + (gap_ns < CLOCK_GAP_NS ? gap_ns : CLOCK_GAP_NS);
}

static inline void clock_set(struct clock *clock, uint64_t recorded_ns, uint64_t played_ns)
{
    clock->has_begun = true;
    clock->last_ns = recorded_ns;
    clock->played_ns = played_ns;
    clock->offset_ns = recorded_ns - played_ns;
}

/* Converts @played_ns to recorded time. */
static inline uint64_t clock_recorded(const struct clock *clock, uint64_t played_ns)
{
    return played_ns + clock->offset_ns;
}

#endif
