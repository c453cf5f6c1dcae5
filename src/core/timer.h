/*
 * timer.h -- a hierarchical timing wheel in nanoseconds: set, move and cancel are O(1).
 *
 * A timer never fires early and at most TIMER_TICK_NS late.  A timer that is pushed back by every
 * packet should keep its deadline in a field of its own and look at it when it fires: that costs a
 * store, not a list operation.  The wheel asks such a timer when it is due whenever it moves it by
 * 4 ms or more (timers_ask()), so most of them never fire in vain.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/assert.h"
#include "core/cold.h"

enum {
    TIMER_TICK_SHIFT = 10, /* one tick is 1,024 ns */
    TIMER_LEVEL_SHIFT = 6, /* slots of a level: 64 */
    TIMER_LEVELS = 9,      /* 10 + 9 * 6 = 64: all times that a uint64_t of ns can say */
    TIMER_SLOTS = 1 << TIMER_LEVEL_SHIFT
};

struct timer;

/* Called from timers_run(); the timer is not set any more and may be set again. */
typedef void timer_fn(struct timer *timer, void *context);

/* When the timer is due as its owner knows now, ns; UINT64_MAX: it needs not fire at all. */
typedef uint64_t timer_due_fn(struct timer *timer);

/* A zeroed timer with its function is ready for use. */
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
    uint64_t base_tick;   /* where the wheel stands: it lags behind now while nothing is due */
    uint64_t next_tick;   /* nothing is due before; UINT64_MAX: nothing is set */
    uint32_t set;         /* so many timers */
    timer_fn *asked;      /* whose timers are asked when they are due, */
    timer_due_fn *due_ns; /* in this way */
    uint64_t occupied[TIMER_LEVELS]; /* one bit a slot */
    struct timer_slot slots[TIMER_LEVELS][TIMER_SLOTS];
};

COLD void timers_init(struct timer_wheel *wheel, uint64_t now_ns);

/* Timers that call @fire may have been pushed back: @due_ns says until when. */
COLD void timers_ask(struct timer_wheel *wheel, timer_fn *fire, timer_due_fn *due_ns);

/* (Re)sets the timer to fire at @at_ns, or in the next run if that is past. */
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

/* Fires what is due by @now_tick, of which there may be something. */
bool timers_fire(struct timer_wheel *wheel, uint64_t now_tick, uint32_t fire_max, void *context);

/* Fires what is due at @now_ns, at most @fire_max; false: more is due.  Most polls find nothing:
 * one comparison tells them, and nine levels need no look. */
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

/* The time of the next timers_run() that has something to do; UINT64_MAX if no timer is set.
 * Never late; may be early for timers that were cancelled or lie far ahead. */
static inline uint64_t timers_next_ns(const struct timer_wheel *wheel)
{
    return wheel->next_tick == UINT64_MAX ? UINT64_MAX : wheel->next_tick << TIMER_TICK_SHIFT;
}

#endif
