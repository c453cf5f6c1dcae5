/*
 * timer.c -- timers of the program. Each has a timer in the wheel and an entry for the ready queue.
 * Expiry only queues the callback, so the program runs where it may call any function of the stack.
 */
#include <leat/timer.h>

#include "core/container_of.h"
#include "base.h"

/* The layout of leat_timer.inside. */
struct inside {
    struct timer timer;
    struct ready ready;
};

_Static_assert(offsetof(struct leat_timer, inside) == 0 &&
                   sizeof(struct inside) <= sizeof((struct leat_timer *)0)->inside,
               "a program's timer begins with the stack's part");
_Static_assert(offsetof(struct inside, timer) == 0, "fired() is given it");

static struct inside *inside_of(struct leat_timer *timer)
{
    return (struct inside *)(void *)timer->inside;
}

static void call(struct leat *stack, struct ready *ready)
{
    struct leat_timer *timer =
        (struct leat_timer *)(void *)container_of(ready, struct inside, ready);

    (void)stack;
    timer->on_time(timer, timer->arg);
}

static void fired(struct timer *timer, void *stack)
{
    struct inside *inside = (struct inside *)(void *)timer;

    stack_ready(stack, &inside->ready);
}

void leat_timer_set(struct leat *stack, struct leat_timer *timer, uint64_t at_ns)
{
    struct inside *inside = inside_of(timer);

    leat_assert(timer->on_time);
    /* a callback that is due by the old time, but hasn't run, is withdrawn */
    stack_not_ready(&inside->ready);
    inside->ready.run = call;
    inside->timer.fire = fired;
    timer_set(&stack->timers, &inside->timer, at_ns);
}

void leat_timer_cancel(struct leat *stack, struct leat_timer *timer)
{
    struct inside *inside = inside_of(timer);

    timer_cancel(&stack->timers, &inside->timer);
    stack_not_ready(&inside->ready);
}

bool leat_timer_is_set(const struct leat_timer *timer)
{
    const struct inside *inside = (const struct inside *)(const void *)timer->inside;

    return timer_is_set(&inside->timer) || inside->ready.prev;
}
