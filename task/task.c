/*
 * task.c -- one task: its begin, its stack, its end.
 *
 * task_new() takes a slot and prepares its stack, task_resume() runs it until it waits, begin() is
 * the first function on the stack and never returns. A slot is free again when the task is over and
 * its handle, if it has one, is joined.
 */
#include "task/tasks.h"

#include <string.h>

/* ---- begin and end ------------------------------------------------------------------------ */

void task_release(struct leat_task *task)
{
    struct leat_tasks *tasks = task->tasks;

    ring_remove(&task->sibling);
    valgrind_stack_end(task->valgrind_id);
    task->flags = 0;
    /* The memory of the ring of children, which is empty: a task is over only without children. */
    task->next_free = tasks->free;
    tasks->free = task;
    share_give(tasks, &task->share);
    /* Last, because it may use this slot at once for a connection that waits. */
    tasks->on_free(tasks);
}

/* Releases children that are over but weren't joined. */
static void task_release_children(struct leat_task *task)
{
    struct ring *next;

    for (struct ring *node = task->children.next; node != &task->children; node = next) {
        struct leat_task *child = container_of(node, struct leat_task, sibling);

        next = node->next;
        if (child->flags & TASK_OVER)
            task_release(child);
    }
}

/* Begins a task on its own stack. Never returns. */
static void begin(struct context *self)
{
    struct leat_task *task = container_of(self, struct leat_task, context);
    struct leat_tasks *tasks = task->tasks;

    asan_arrive(&task->asan, &tasks->asan);
    if (task->flags & TASK_WATCHED)
        task_watch_begin(task);
    task->result = (uint8_t)task->run(task, task->arg);
    leat_assert(task->flows == 0); /* it has closed its flows, which were on its stack */
    task->flags |= TASK_ENDING;
    /* First those that are over, because nothing else would release them. Those that still run use
     * objects of this task, on this stack, so it waits for them. */
    task_release_children(task);
    task_wait_for_children(task);
    task->flags |= TASK_OVER;
    if (task->flags & TASK_WATCHED)
        task_watch_end(task);
    /* The loop's stack does the rest: a stack can't free its own slot while it runs on it. */
    task_call_loop(task);
    asan_leave(NULL, &tasks->asan);
    context_switch(&task->context, &tasks->loop);
    __builtin_unreachable();
}

/* Two words of canary at the lower end; above them, to measure, a pattern up to the struct of the
 * task. */
static void fill(struct leat_task *task)
{
    uint64_t *low = task->low;

    for (unsigned i = 0; i < TASK_CANARY_WORDS; i++)
        low[i] = TASK_CANARY;
    for (low += TASK_CANARY_WORDS; task->tasks->config.measure && low < (uint64_t *)(void *)task;
         low++)
        *low = TASK_PATTERN;
}

/* Continues the task, whose wait is over. */
static void on_ready(struct leat *stack, struct ready *ready)
{
    (void)stack;
    task_resume(container_of(ready, struct leat_task, ready));
}

struct leat_task *task_new(struct leat_tasks *tasks, struct leat_task *parent, const char *name,
                           leat_task_fn *run, void *arg)
{
    struct leat_task *task = tasks->free;

    if (!task || tasks->closing)
        return NULL;
    tasks->free = task->next_free;
    memset(task, 0, sizeof *task);
    task->tasks = tasks;
    asan_begin(&task->asan, task_stack_low(task),
               (size_t)((uint8_t *)task - (uint8_t *)task_stack_low(task)));
    task->flags = TASK_ALIVE;
    if (tasks->config.slow_ns > 0 || tasks->config.interrupt)
        task->flags |= TASK_WATCHED;
    task->low = task_stack_low(task);
    task->valgrind_id = valgrind_stack_begin(task->low, task);
    task->name = name;
    task->run = run;
    task->arg = arg;
    task->ready.run = on_ready;
    task->timer.fire = task_timer;
    task->deadline_ns = LEAT_NEVER_NS;
    /* task_take_share() sets it, called by the caller, because only a queued request has a share
     * already. */
    task->share = SHARES_NONE;
    task->parent = parent;
    ring_init(&task->children);
    ring_put(parent ? &parent->children : &tasks->roots, &task->sibling);
    /* A cancel has walked the children before this one was there. */
    if (parent && (parent->flags & TASK_CANCELLED))
        task->flags |= TASK_CANCELLED;
    fill(task);
    context_begin(&task->context, task, begin);
    tasks->counts.started++;
    return task;
}

/* ---- switches ----------------------------------------------------------------------------- */

/* The task's stack will not run again. If it has a handle, the task with the handle releases it. A
 * parent whose function has returned has no handles any more. */
static void task_ended(struct leat_task *task)
{
    struct leat_task *parent = task->parent;
    const bool is_last = parent && (parent->flags & TASK_ENDING);

    service_timer_cancel(task->tasks->stack, &task->timer);
    task->tasks->counts.ended++;
    task_wake(task->joiner, LEAT_OK);
    if (is_last || !(task->flags & TASK_HAS_HANDLE))
        task_release(task);
    if (is_last)
        /* The parent waits in task_wait_for_children(), for its ring to become empty. */
        task_wake(parent, LEAT_OK);
}

/* Handles a task that has come back with a mark: it yielded or ended, or its stack has overflowed.
 * After an overflow its struct can't be trusted. */
static void __attribute__((noinline)) attend(struct leat_task *task)
{
    /* Neither the canary nor the mark: a frame was written over it. The slot below may be damaged,
     * too, so nothing can go on. */
    if (*task->low != TASK_CALLS)
        leat_task_overflowed(task->name);
    /* The mark was for this return only. */
    *task->low = TASK_CANARY;
    if (task->flags & TASK_WATCHED)
        task_watch_judge(task);
    if (task->flags & TASK_OVER)
        task_ended(task);
}

__attribute__((weak)) void leat_task_overflowed(const char *name)
{
    (void)name;
    __builtin_trap();
}

/* Switches from the loop's stack to the task's, and back. Returns @task. */
static inline __attribute__((always_inline)) struct leat_task *enter(struct leat_task *task)
{
    struct leat_tasks *tasks = task->tasks;

    leat_debug_assert(!tasks->running && !(task->flags & TASK_OVER));
    tasks->running = task;
    asan_leave(&tasks->asan, &task->asan);
    tasks = container_of(context_switch(&tasks->loop, &task->context), struct leat_tasks, loop);
    asan_arrive(&tasks->asan, NULL);
    task = tasks->running;
    tasks->running = NULL;
    return task;
}

/* Keeps no value over the switch. */
void task_resume(struct leat_task *task)
{
    task = enter(task);
    if (*task->low != TASK_CANARY)
        attend(task);
}

/* ---- functions for the program --------------------------------------------------------------- */

enum leat_err leat_task_start(struct leat_tasks *tasks, const char *name, leat_task_fn *run,
                              void *arg, struct leat_task **task)
{
    struct leat_task *made = task_new(tasks, tasks->running, name, run, arg);

    if (!made)
        return LEAT_ERR_MEMORY;
    task_take_share(made, NULL);
    if (task) {
        made->flags |= TASK_HAS_HANDLE;
        *task = made;
    }
    /* A new task is one whose first wait is over, so it begins like any other one that is woken. */
    task_begin_wait(made, &made->nowhere);
    task_wake(made, LEAT_OK);
    return LEAT_OK;
}

enum leat_err leat_task_join(struct leat_task *task, struct leat_task *child, enum leat_err *result,
                             uint64_t deadline_ns)
{
    const enum leat_err err = task_wait_for_end(task, child, deadline_ns);

    if (err)
        return err;
    if (result)
        *result = (enum leat_err)child->result;
    task_release(child);
    return LEAT_OK;
}

struct leat_tasks *leat_task_tasks(const struct leat_task *task)
{
    return task->tasks;
}

const char *leat_task_name(const struct leat_task *task)
{
    return task->name;
}

size_t leat_task_stack_used(const struct leat_task *task)
{
    /* The stack grows down, so the lowest word without the pattern is the deepest that was used.
     * Used words that hold the pattern by chance are not counted. */
    const uint64_t *at = task_stack_low(task) + TASK_CANARY_WORDS;

    if (!task->tasks->config.measure)
        return 0;
    while (at < (const uint64_t *)(const void *)task && *at == TASK_PATTERN)
        at++;
    return (size_t)((const uint8_t *)(task + 1) - (const uint8_t *)at);
}
