/*
 * wait.c -- waits: their begin, and their three ways to end.
 *
 * A wait begins with task_begin_wait(), which stores the task where its event will look for it. It
 * ends by that event, by task_timer() or by leat_task_cancel(). The first of them clears the place,
 * so the others do nothing.
 */
#include "task/tasks.h"

/* Leaves the timer set if it is set for an earlier time. Most waits end before, so an extra run of
 * the timer is cheaper than to set it each time. */
static void arm(struct leat_task *task, uint64_t deadline_ns)
{
    if (!timer_is_set(&task->timer) || deadline_ns < timer_at_ns(&task->timer))
        service_timer_set(task->tasks->stack, &task->timer, deadline_ns);
}

void task_timer(struct timer *timer, void *context)
{
    struct leat_task *task = container_of(timer, struct leat_task, timer);
    const struct leat *stack = context;

    /* The wait that the timer was set for is over. The task is ready to run, or waits without a
     * deadline. */
    if (!task->place || task->deadline_ns == LEAT_NEVER_NS)
        return;
    if (task->deadline_ns > service_now_ns(stack)) {
        arm(task, task->deadline_ns);
        return;
    }
    task->tasks->counts.timeouts++;
    task_wake(task, LEAT_ERR_TIMEOUT);
}

/* The reason why a wait must fail, or LEAT_OK. A test may want it to be a cancel. */
static enum leat_err may_wait(struct leat_task *task, uint64_t deadline_ns)
{
    const struct leat_tasks_config *config = task ? &task->tasks->config : NULL;
    enum leat_err err = task_may_wait(task);

    /* The whole task is cancelled, and not this wait only, because a program may try again after
     * any other error. */
    if (!err && config->interrupt && config->interrupt(task, config->arg)) {
        leat_task_cancel(task);
        err = LEAT_ERR_CANCELLED;
    }
    /* A deadline that has come fails without a switch. */
    if (err || deadline_ns > service_now_ns(task->tasks->stack))
        return err;
    task->tasks->counts.timeouts++;
    return LEAT_ERR_TIMEOUT;
}

/* Switches to the loop's stack, and back. */
static void leave(struct leat_task *task)
{
    if (task->flags & TASK_WATCHED)
        task_watch_end(task);
    task_leave(task);
    if (task->flags & TASK_WATCHED)
        task_watch_begin(task);
}

/* Waits on the loop's stack until the task at @place is woken. */
static enum leat_err wait_at(struct leat_task *task, struct leat_task **place, uint64_t deadline_ns)
{
    task->deadline_ns = deadline_ns;
    if (deadline_ns != LEAT_NEVER_NS)
        arm(task, deadline_ns);
    task_begin_wait(task, place);
    leave(task);
    /* The timer may still be set. task_timer() finds no deadline then. */
    task->deadline_ns = LEAT_NEVER_NS;
    return task_woken_by(task);
}

enum leat_err task_wait_asked(struct leat_task *task, struct leat_task **place,
                              uint64_t deadline_ns)
{
    const enum leat_err err = may_wait(task, deadline_ns);

    return err ? err : wait_at(task, place, deadline_ns);
}

enum leat_err task_wait(struct leat_task *task, struct leat_task **place, uint64_t deadline_ns)
{
    return task_wait_here(task, place, deadline_ns);
}

/* task_wait(), but a cancel doesn't end it. */
static enum leat_err steady_wait(struct leat_task *task, struct leat_task **place,
                                 uint64_t deadline_ns)
{
    enum leat_err why;

    task->flags |= TASK_STEADY;
    why = wait_at(task, place, deadline_ns);
    task->flags &= (uint8_t)~TASK_STEADY;
    return why;
}

void task_wait_for_children(struct leat_task *task)
{
    /* Each child that ends wakes its parent (task_ended() of task.c). The last one leaves the ring
     * empty. */
    while (!ring_is_empty(&task->children))
        steady_wait(task, &task->nowhere, LEAT_NEVER_NS);
}

enum leat_err task_wait_for_end(struct leat_task *task, struct leat_task *child,
                                uint64_t deadline_ns)
{
    /* Only LEAT_ERR_NO_TASK counts here. A cancelled task may join: its child was cancelled with
     * it, and ends soon. */
    enum leat_err err = may_wait(task, LEAT_NEVER_NS);

    if (err == LEAT_ERR_NO_TASK)
        return err;
    leat_assert(child->parent == task && (child->flags & TASK_HAS_HANDLE));
    for (err = LEAT_OK; !err && !(child->flags & TASK_OVER);) {
        if (deadline_ns <= service_now_ns(task->tasks->stack))
            return LEAT_ERR_TIMEOUT;
        err = steady_wait(task, &child->joiner, deadline_ns);
    }
    return err;
}

void task_wake(struct leat_task *task, enum leat_err why)
{
    if (!task || !task->place)
        return;
    /* From now on no other event finds the task, and a second wake-up does nothing. */
    *task->place = NULL;
    task->place = NULL;
    task->woken_by = (uint8_t)why;
    service_ready(task->tasks->stack, &task->ready);
}

/* ---- functions for the program --------------------------------------------------------------- */

enum leat_err leat_task_sleep(struct leat_task *task, uint64_t at_ns)
{
    enum leat_err err;

    if (at_ns <= leat_now_ns(task->tasks->stack))
        return leat_task_yield(task);
    err = task_may_wait(task);
    if (err)
        return err;
    err = task_wait(task, &task->nowhere, at_ns);
    if (err == LEAT_ERR_TIMEOUT) {
        task->tasks->counts.timeouts--; /* a sleep ends by its deadline, which is no timeout */
        return LEAT_OK;
    }
    return err;
}

enum leat_err leat_task_yield(struct leat_task *task)
{
    const enum leat_err err = may_wait(task, LEAT_NEVER_NS);

    if (err)
        return err;
    /* A wait that is over at once: the task is at the end of the ring of ready tasks, behind all
     * others. */
    task_begin_wait(task, &task->nowhere);
    task_wake(task, LEAT_OK);
    leave(task);
    return task->flags & TASK_CANCELLED ? LEAT_ERR_CANCELLED : LEAT_OK;
}

/* Walks the tree of children down and up again, without recursion. */
void leat_task_cancel(struct leat_task *task)
{
    struct leat_task *at = task;

    for (;;) {
        at->flags |= TASK_CANCELLED;
        if (at->place && !(at->flags & TASK_STEADY)) {
            at->tasks->counts.cancelled++;
            task_wake(at, LEAT_ERR_CANCELLED);
        }
        if (!(at->flags & TASK_OVER) && !ring_is_empty(&at->children)) {
            at = container_of(at->children.next, struct leat_task, sibling);
            continue;
        }
        /* The last child of a level leads up to its parent. */
        while (at != task && at->sibling.next == &at->parent->children)
            at = at->parent;
        if (at == task)
            return;
        at = container_of(at->sibling.next, struct leat_task, sibling);
    }
}

bool leat_task_is_cancelled(const struct leat_task *task)
{
    return task->flags & TASK_CANCELLED;
}

uint64_t leat_task_in(const struct leat_task *task, uint64_t ns)
{
    const uint64_t now_ns = service_now_ns(task->tasks->stack);

    /* a sum that would wrap is no deadline at all */
    return ns < LEAT_NEVER_NS - now_ns ? now_ns + ns : LEAT_NEVER_NS;
}
