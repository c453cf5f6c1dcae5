/*
 * channel.c -- queues of pointers between tasks.
 *
 * Each end has a ring of waiting tasks, served in the order of their arrival. A wake-up is only a
 * hint: the woken task looks at the channel again when it runs, because another one may have been
 * faster.
 */
#include "task/tasks.h"

/* A waiting task's entry, on its stack. */
struct waiter {
    struct ring ring;
    struct leat_task *task;
};

_Static_assert(sizeof(struct ring) == sizeof((struct leat_channel *)0)->senders,
               "a channel's rings are private, but their room isn't");

static struct ring *senders(struct leat_channel *channel)
{
    return (struct ring *)(void *)channel->senders;
}

static struct ring *receivers(struct leat_channel *channel)
{
    return (struct ring *)(void *)channel->receivers;
}

void leat_channel_open(struct leat_channel *channel, struct leat_tasks *tasks, void **items,
                       uint32_t count_max)
{
    leat_assert(count_max > 0);
    *channel = (struct leat_channel){.tasks = tasks, .items = items, .count_max = count_max};
    ring_init(senders(channel));
    ring_init(receivers(channel));
}

/* Waits in @ring until wake_first(). */
static enum leat_err wait_in(struct ring *ring, struct leat_task *task, uint64_t deadline_ns)
{
    struct waiter waiter = {.task = task};
    enum leat_err err;

    /* The entry lies on the stack of a task that can't return before ring_remove(): each wait comes
     * back, also after a cancel. */
    ring_put(ring, &waiter.ring);
    err = task_wait(task, &task->nowhere, deadline_ns);
    ring_remove(&waiter.ring);
    return err;
}

/* Wakes the first waiter of @ring, which leaves the ring when it runs. If it was woken already, be
 * it by a cancel or its deadline, task_wake() does nothing. So after its wait it calls wake_first()
 * for the next waiter, if there is still an item, or room. */
static void wake_first(struct ring *ring)
{
    if (ring_is_empty(ring))
        return;
    task_wake(container_of(ring->next, struct waiter, ring)->task, LEAT_OK);
}

static void put(struct leat_channel *channel, void *item)
{
    channel->items[(channel->first + channel->count++) % channel->count_max] = item;
    wake_first(receivers(channel));
}

enum leat_err leat_channel_offer(struct leat_channel *channel, void *item)
{
    if (channel->closed)
        return LEAT_ERR_CLOSED;
    if (channel->count == channel->count_max)
        return LEAT_ERR_FULL;
    put(channel, item);
    return LEAT_OK;
}

enum leat_err leat_channel_send(struct leat_channel *channel, void *item, uint64_t deadline_ns)
{
    struct leat_task *task = task_running(channel->tasks);
    enum leat_err err = task_may_wait(task);

    while (!channel->closed && channel->count == channel->count_max && !err)
        err = wait_in(senders(channel), task, deadline_ns);
    if (channel->closed)
        return LEAT_ERR_CLOSED;
    if (!err)
        put(channel, item);
    /* Both outcomes get here. After an error the wake-up that this task may have received, and
     * doesn't use, goes to the next one. */
    if (channel->count < channel->count_max)
        wake_first(senders(channel));
    return err;
}

bool leat_channel_take(struct leat_channel *channel, void **item)
{
    if (channel->count == 0)
        return false;
    *item = channel->items[channel->first];
    channel->first = (channel->first + 1) % channel->count_max;
    channel->count--;
    wake_first(senders(channel));
    return true;
}

enum leat_err leat_channel_receive(struct leat_channel *channel, void **item, uint64_t deadline_ns)
{
    struct leat_task *task = task_running(channel->tasks);
    enum leat_err err = task_may_wait(task);

    while (!channel->closed && channel->count == 0 && !err)
        err = wait_in(receivers(channel), task, deadline_ns);
    /* closed and empty; items that were sent before the close are still delivered */
    if (!err && channel->count == 0)
        return LEAT_ERR_END;
    if (!err)
        leat_channel_take(channel, item);
    if (channel->count > 0)
        wake_first(receivers(channel));
    return err;
}

/* No task runs before the loop is over, so the ring doesn't change under it. */
static void wake_all(struct ring *ring)
{
    for (struct ring *node = ring->next; node != ring; node = node->next)
        task_wake(container_of(node, struct waiter, ring)->task, LEAT_OK);
}

void leat_channel_close(struct leat_channel *channel)
{
    channel->closed = true;
    wake_all(senders(channel));
    wake_all(receivers(channel));
}
