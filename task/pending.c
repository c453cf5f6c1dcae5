/*
 * pending.c -- the queue of connections and requests for tasks, and evictions of tasks.
 *
 * Tasks are accounted by the address that they serve (core/shares.h). A connection with its first
 * data, or a request, gets a share: a free one, or that of the oldest task of the address with the
 * most tasks, which is cancelled. With a share it waits for a free stack, usually until this turn
 * or the next. Without a share it waits until any task ends. Both wait in the queue, whose places
 * are accounted by address, too.
 *
 * Tasks that the program starts, and their children, are never cancelled for others.
 */
#include "core/second.h"
#include "task/tasks.h"

static uint32_t place_of(const struct leat_tasks *tasks, const struct pending *pending)
{
    return (uint32_t)(pending - tasks->pendings);
}

/* ---- evictions ------------------------------------------------------------------------------- */

/* True if the user of @share may be evicted for @pending: its address has at least two more, or the
 * service has `displace`. A user with the same address must have made no progress for a second. */
static bool may_go(const struct leat_tasks *tasks, uint32_t share, const struct pending *pending)
{
    const uint32_t held = shares_held(&tasks->shares, pending->holder);
    const struct leat_task *task = tasks->of_share[share].task;

    if (shares_is_of(&tasks->shares, share, pending->holder))
        return pending->displaces && task &&
               service_now_ns(tasks->stack) - task->renewed_ns >= second_ns;
    return pending->displaces || tasks->shares.largest >= held + 2;
}

static void turn_away(struct leat_tasks *tasks, struct pending *pending)
{
    tasks->counts.refused++;
    ring_remove(&pending->ring);
    pending->kind->refuse(pending);
    pending_free(tasks, pending);
}

/* Evicts the user of @share: cancels its task, or refuses the waiting request. */
static void displace(struct leat_tasks *tasks, uint32_t share)
{
    struct leat_task *task = tasks->of_share[share].task;
    struct pending *pending = tasks->of_share[share].pending;

    if (pending) {
        turn_away(tasks, pending);
        return;
    }
    tasks->counts.displaced++;
    share_give(tasks, &task->share);
    leat_task_cancel(task);
}

/* Gives @pending a share. False: there is none for it. */
static bool claim(struct leat_tasks *tasks, struct pending *pending)
{
    const uint32_t room = shares_room(&tasks->shares, pending->holder);

    if (room != SHARES_NONE && !may_go(tasks, room, pending))
        return false;
    if (room != SHARES_NONE)
        displace(tasks, room);
    pending->share = shares_free_place(&tasks->shares);
    if (pending->share == SHARES_NONE)
        return false; /* tasks of the program have all of them */
    shares_take(&tasks->shares, pending->share, pending->holder);
    share_note(tasks, pending->share, NULL, pending);
    ring_remove(&pending->ring);
    ring_put(&tasks->claims, &pending->ring);
    return true;
}

/* Gives a free share to the first waiting request that may have it. */
static void claim_for_first(struct leat_tasks *tasks)
{
    struct ring *next;

    for (struct ring *node = tasks->pending.next; node != &tasks->pending; node = next) {
        struct pending *pending = container_of(node, struct pending, ring);

        next = node->next;
        if (shares_free_place(&tasks->shares) == SHARES_NONE)
            return;
        if (shares_may_take(&tasks->shares, pending->holder))
            claim(tasks, pending);
    }
}

/* ---- the queue ------------------------------------------------------------------------------- */

/* Takes a place of the queue for @holder. NULL: it is full, and @holder itself has the most
 * places. */
static struct pending *take_place(struct leat_tasks *tasks, uint64_t holder)
{
    const uint32_t room = shares_room(&tasks->queue_shares, holder);
    struct pending *pending;

    if (room != SHARES_NONE && shares_is_of(&tasks->queue_shares, room, holder))
        return NULL;
    if (room != SHARES_NONE)
        turn_away(tasks, &tasks->pendings[room]);
    pending = &tasks->pendings[shares_free_place(&tasks->queue_shares)];
    shares_take(&tasks->queue_shares, place_of(tasks, pending), holder);
    return pending;
}

struct pending *pending_new(struct leat_tasks *tasks, const struct pending_kind *kind,
                            struct leat_ip peer)
{
    const uint64_t holder = shares_holder(&peer);
    struct pending *pending = take_place(tasks, holder);

    if (!pending)
        return NULL;
    *pending = (struct pending){.kind = kind, .holder = holder, .share = SHARES_NONE};
    ring_put(&tasks->pending, &pending->ring);
    return pending;
}

void pending_free(struct leat_tasks *tasks, struct pending *pending)
{
    ring_remove(&pending->ring);
    share_give(tasks, &pending->share);
    shares_give(&tasks->queue_shares, place_of(tasks, pending));
}

void pending_over(struct leat_tasks *tasks, struct pending *pending)
{
    if (!ring_is_in(&pending->ring)) {
        pending->end = NULL;
        return;
    }
    pending_free(tasks, pending);
    task_serve_pending(tasks);
}

/* ---- begin ----------------------------------------------------------------------------------- */

/* A task for the share that has waited longest. NULL: no share is waiting, or no slot is free. */
static struct leat_task *task_of_first(struct leat_tasks *tasks)
{
    struct pending *pending = container_of(tasks->claims.next, struct pending, ring);
    struct leat_task *task;

    if (ring_is_empty(&tasks->claims))
        return NULL;
    task = task_new(tasks, NULL, pending->name, pending->kind->run, pending);
    if (!task)
        return NULL;
    task_take_share(task, pending);
    pending->share = SHARES_NONE;
    ring_remove(&pending->ring);
    task_begin_wait(task, &task->nowhere);
    return task;
}

bool pending_begin(struct leat_tasks *tasks, struct pending *pending)
{
    struct leat_task *task;

    if (!claim(tasks, pending))
        return false;
    task = task_of_first(tasks);
    if (task)
        task_wake_now(task->place);
    return true;
}

void task_serve_pending(struct leat_tasks *tasks)
{
    if (ring_is_empty(&tasks->pending) && ring_is_empty(&tasks->claims))
        return;
    claim_for_first(tasks);
    task_wake(task_of_first(tasks), LEAT_OK);
}

void pending_close(struct leat_tasks *tasks)
{
    struct ring *const rings[] = {&tasks->claims, &tasks->pending};

    for (unsigned i = 0; i < 2; i++)
        while (!ring_is_empty(rings[i])) {
            struct pending *pending = container_of(rings[i]->next, struct pending, ring);

            ring_remove(&pending->ring);
            pending->kind->drop(pending);
            pending_free(tasks, pending);
        }
}
