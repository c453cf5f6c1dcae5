/*
 * watch.c -- tasks that the program watches: the duration of their runs.
 *
 * The clock is read on the task's stack, at both ends of a run. The duration is judged on the
 * loop's stack, because on_slow() may format and print, for which a task's stack may be too small.
 */
#include "task/tasks.h"

static uint64_t clock_ns(const struct leat_tasks *tasks)
{
    return tasks->config.slow_ns > 0 ? tasks->config.clock_ns(tasks->config.arg) : 0;
}

void task_watch_begin(struct leat_task *task)
{
    task->tasks->ran_ns = clock_ns(task->tasks);
}

void task_watch_end(struct leat_task *task)
{
    task->tasks->ran_ns = clock_ns(task->tasks) - task->tasks->ran_ns;
    /* This makes the loop call attend() of task.c, which calls task_watch_judge(). */
    task_call_loop(task);
}

void task_watch_judge(const struct leat_task *task)
{
    struct leat_tasks *tasks = task->tasks;

    if (tasks->ran_ns <= tasks->config.slow_ns)
        return;
    tasks->counts.slow++;
    if (tasks->config.on_slow)
        tasks->config.on_slow(task->name, tasks->ran_ns, tasks->config.arg);
}
