/* share.c -- the shares of tasks, and of waiting entries, by address (core/shares.h). */
#include "task/tasks.h"

static const uint64_t renew_ns = 100000000; /* a share is renewed at most that often */

void share_note(struct leat_tasks *tasks, uint32_t share, struct leat_task *task,
                struct pending *pending)
{
    tasks->of_share[share] = (struct task_share){task, pending};
}

void task_take_share(struct leat_task *task, struct pending *pending)
{
    struct leat_tasks *tasks = task->tasks;

    task->share = pending ? pending->share : shares_free_place(&tasks->shares);
    task->renewed_ns = service_now_ns(tasks->stack);
    if (task->share ==
        SHARES_NONE) /* there is a free stack, but its share belongs to a waiting request */
        return;
    /* The program's own tasks take a place without a holder, which is never evicted. */
    if (!pending)
        shares_take_own(&tasks->shares, task->share);
    share_note(tasks, task->share, task, NULL);
}

void share_give(struct leat_tasks *tasks, uint32_t *share)
{
    if (*share != SHARES_NONE)
        shares_give(&tasks->shares, *share);
    *share = SHARES_NONE;
}

void task_renew(struct leat_task *task)
{
    const uint64_t now_ns = service_now_ns(task->tasks->stack);

    /* Children have no share of their own: the task of the connection answers for them all. */
    while (task->parent)
        task = task->parent;
    if (now_ns - task->renewed_ns < renew_ns || task->share == SHARES_NONE)
        return;
    task->renewed_ns = now_ns;
    shares_renew(&task->tasks->shares, task->share);
}
