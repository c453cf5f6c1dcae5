/*
 * stop.c -- ends a device, in order or because it can't go on.
 *
 * After the reset the device writes nowhere any more (virtio 1.2, 2.4.1), and only then may the
 * buffers be used for something else.
 */
#include <leat/assert.h>

#include "net.h"

void virtio_net_stop(struct leat_virtio *virtio)
{
    struct leat_buf *buf;

    virtio_reset(&virtio->device);
    while ((buf = virtqueue_reclaim(&virtio->rx)))
        leat_buf_free(buf);
    while ((buf = virtqueue_reclaim(&virtio->tx)))
        leat_buf_free(buf);
    virtio->lost = true;
    virtio->more = false;
}

void virtio_net_lose(struct leat_virtio *virtio, const char *why)
{
    leat_debug_assert(why != 0); /* NULL means that it isn't lost */
    virtio_net_stop(virtio);
    virtio->why_lost = why;
}

void virtio_net_fail(struct leat_virtio *virtio)
{
    virtio_net_lose(virtio, "the device broke the rules of its queues");
    virtio->counters.resets++;
}
