/*
 * timer.h -- timers of the program, in the stack's timer wheel.  Setting, moving or cancelling one
 * costs the same, however many there are.
 */
#ifndef LEAT_TIMER_H
#define LEAT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat;
struct leat_timer;

/** Called from leat_poll(); it may call every function of leat.  The timer is not set any more: it
 * may be set again, or freed. */
typedef void leat_timer_fn(struct leat_timer *timer, void *arg);

/**
 * A timer.  The program's memory, which must stay where it is while the timer is set.  Initialize
 * it with zeros and the callback.
 */
struct leat_timer {
    uint64_t inside[8];     /**< the stack's */
    leat_timer_fn *on_time; /**< the program's, as the next */
    void *arg;              /**< for on_time */
};

/**
 * Sets a timer.  The first leat_poll() at or after @p at_ns, by leat_poll()'s clock, calls its
 * on_time, at most 1,024 ns late by that clock.  A timer that is set already is moved.  A timer in
 * the past fires in the next leat_poll(); the current one returns that it is due.
 */
void leat_timer_set(struct leat *stack, struct leat_timer *timer, uint64_t at_ns);

/** Cancels a timer: its callback isn't called.  Does nothing to one that isn't set. */
void leat_timer_cancel(struct leat *stack, struct leat_timer *timer);

/** True between leat_timer_set() and the callback, or leat_timer_cancel(). */
bool leat_timer_is_set(const struct leat_timer *timer);

#ifdef __cplusplus
}
#endif
#endif
