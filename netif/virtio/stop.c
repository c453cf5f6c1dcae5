/*
 * stop.c -- ends a device, in order or because it can't go on.
 *
 * After the reset the device writes nowhere any more (virtio 1.2, 2.4.1), and only then may the
 * buffers be used for something else.  A device with several pairs of queues is reset as a whole.
 */
#include <leat/assert.h>

#include "group.h"

/* Tells all processors that the device has been reset; @why as in the struct. */
static void lose(struct virtio_group *group, const char *why)
{
    if (virtio_group_is_lost(group))
        return;
    __atomic_store_n(&group->why_lost, why, __ATOMIC_RELAXED);
    __atomic_store_n(&group->lost, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < group->count; i++)
        group->wake(i);
}

static void stop(struct leat_virtio *virtio, const char *why)
{
    struct leat_buf *buf;

    if (!virtio->group || !virtio_group_is_lost(virtio->group))
        virtio_reset(&virtio->device);
    if (virtio->group)
        lose(virtio->group, why);
    while ((buf = virtqueue_reclaim(&virtio->rx)))
        leat_buf_free(buf);
    while ((buf = virtqueue_reclaim(&virtio->tx)))
        leat_buf_free(buf);
    virtio->lost = true;
    virtio->more = false;
    virtio->why_lost = why;
}

void virtio_net_stop(struct leat_virtio *virtio)
{
    stop(virtio, NULL);
}

void virtio_net_follow(struct leat_virtio *virtio)
{
    leat_debug_assert(virtio_group_is_lost(virtio->group));
    stop(virtio, __atomic_load_n(&virtio->group->why_lost, __ATOMIC_RELAXED));
}

void virtio_net_lose(struct leat_virtio *virtio, const char *why)
{
    leat_debug_assert(why != 0); /* NULL means that it isn't lost */
    stop(virtio, why);
}

void virtio_net_fail(struct leat_virtio *virtio)
{
    virtio_net_lose(virtio, "the device broke the rules of its queues");
    virtio->counters.resets++;
}
