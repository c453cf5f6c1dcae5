/*
 * timer.c -- timers of the program: one in the wheel each, and a place in the ring of what is
 * ready, so that the program is only called where it may call every function of ours.
 */
#include <leat/timer.h>

#include "core/container_of.h"
#include "stack.h"

/* What lies in leat_timer.inside, at its start. */
struct inside {
    struct timer timer;
    struct ready ready;
};

_Static_assert(offsetof(struct leat_timer, inside) == 0 &&
                   sizeof(struct inside) <= sizeof((struct leat_timer *)0)->inside,
               "a program's timer begins with what the stack needs");
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
