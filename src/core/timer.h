/*
 * timer.h -- a hierarchical timing wheel in nanoseconds: set, move and cancel are O(1).
 *
 * A timer never fires early, and at most TIMER_TICK_NS late. If every packet postpones a timer, its
 * owner should keep the deadline in a field and compare it when the timer fires: this costs a
 * store, not a list operation. Whenever the wheel moves such a timer by 4 ms or more, it asks for
 * the current deadline (timers_ask()), so most of these timers never fire in vain.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/parts.h"

#include "core/assert.h"
#include "core/cold.h"

enum {
    TIMER_TICK_SHIFT = 10, /* one tick is 1,024 ns */
    /* 64 slots per level; a small build has 8, which take 7 KB less and move a timer more often */
    TIMER_LEVEL_SHIFT = HAS_WIDE_TABLES ? 6 : 3,
    TIMER_LEVELS = 54 / TIMER_LEVEL_SHIFT, /* with 10: the full range of uint64_t nanoseconds */
    TIMER_SLOTS = 1 << TIMER_LEVEL_SHIFT
};

struct timer;

/* Called from timers_run(). The timer is no longer set, and may be set again. */
typedef void timer_fn(struct timer *timer, void *context);

/* The current deadline of the timer, ns; UINT64_MAX: the timer isn't needed. */
typedef uint64_t timer_due_fn(struct timer *timer);

/* A zeroed timer with its `fire` set is ready for use. */
struct timer {
    struct timer *next; /* NULL: not set */
    struct timer *prev;
    uint64_t at_tick;
    timer_fn *fire;
};

struct timer_slot {
    struct timer *first;
    uint64_t earliest_tick; /* no timer of the slot is due before */
};

struct timer_wheel {
    uint64_t now_tick;    /* all ticks up to this one have been run */
    uint64_t base_tick;   /* position of the wheel: lags behind now_tick while nothing is due */
    uint64_t next_tick;   /* no timer is due before; UINT64_MAX: none is set */
    uint32_t set;         /* number of timers that are set */
    timer_fn *asked;      /* timers with this function are asked for their deadline */
    timer_due_fn *due_ns; /* returns that deadline */
    uint64_t occupied[TIMER_LEVELS]; /* one bit per slot */
    struct timer_slot slots[TIMER_LEVELS][TIMER_SLOTS];
};

COLD void timers_init(struct timer_wheel *wheel, uint64_t now_ns);

/* Timers that call @fire may have been postponed: @due_ns returns their current deadline. */
COLD void timers_ask(struct timer_wheel *wheel, timer_fn *fire, timer_due_fn *due_ns);

/* Sets or moves the timer to @at_ns; it fires in the next run if that is past. */
void timer_set(struct timer_wheel *wheel, struct timer *timer, uint64_t at_ns);

/* Does nothing if the timer is not set. */
void timer_cancel(struct timer_wheel *wheel, struct timer *timer);

static inline bool timer_is_set(const struct timer *timer)
{
    return timer->next != 0;
}

/* When the timer fires, ns; only for a timer that is set. */
static inline uint64_t timer_at_ns(const struct timer *timer)
{
    return timer->at_tick << TIMER_TICK_SHIFT;
}

/* Fires the timers that are due at @now_tick, after timers_run() has seen that there may be
 * some. */
bool timers_fire(struct timer_wheel *wheel, uint64_t now_tick, uint32_t fire_max, void *context);

/* Fires the timers that are due at @now_ns, at most @fire_max; false: more are due.  In most polls
 * none is: a single comparison shows that without a look at the nine levels. */
static inline bool timers_run(struct timer_wheel *wheel, uint64_t now_ns, uint32_t fire_max,
                              void *context)
{
    const uint64_t now_tick = now_ns >> TIMER_TICK_SHIFT;

    leat_assert(now_tick >= wheel->now_tick);
    if (now_tick >= wheel->next_tick)
        return timers_fire(wheel, now_tick, fire_max, context);
    wheel->now_tick = now_tick;
    return true;
}

/* The time at which timers_run() has work next; UINT64_MAX if no timer is set. Never late; it may
 * be early, because of timers that were cancelled or are far ahead. */
static inline uint64_t timers_next_ns(const struct timer_wheel *wheel)
{
    return wheel->next_tick == UINT64_MAX ? UINT64_MAX : wheel->next_tick << TIMER_TICK_SHIFT;
}

#endif
