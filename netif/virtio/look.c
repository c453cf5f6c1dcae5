/*
 * look.c -- the state of a device that it doesn't tell by its queues.
 *
 * It is read once a second, by a few accesses of registers, so that it needs no interrupt: a device
 * that is polled has none.
 */
#include <leat/assert.h>

#include "group.h"

enum {
    CONFIG_STATUS = 6, /* virtio 1.2, 5.1.4; a field of two bytes; the first one is used */
    STATUS_LINK_UP = 1
};

static const uint64_t look_every_ns = 1000000000;

static void look_at_link(struct leat_virtio *virtio)
{
    const bool up =
        virtio->device.transport->config_read(&virtio->device, CONFIG_STATUS) & STATUS_LINK_UP;

    leat_debug_assert(virtio->features & VIRTIO_NET_F_STATUS);
    if (up != virtio->link_up)
        virtio->counters.link_changes++;
    virtio->link_up = up;
}

void virtio_net_look(struct leat_virtio *virtio, uint64_t now_ns)
{
    const struct virtio_transport *transport = virtio->device.transport;

    if (virtio->group && !virtio->lost && virtio_group_is_lost(virtio->group))
        virtio_net_follow(virtio);
    if (virtio->lost || now_ns < virtio->state_look_ns)
        return;
    virtio->state_look_ns = now_ns + look_every_ns;
    if (virtio->number > 0)
        return; /* pair 0 looks for all */
    if (transport->gone(&virtio->device))
        virtio_net_lose(virtio, "the host has unplugged the device");
    else if (transport->status(&virtio->device) & VIRTIO_NEEDS_RESET)
        virtio_net_lose(virtio, "the device has failed, and asks for a reset");
    else if (virtio->features & VIRTIO_NET_F_STATUS)
        look_at_link(virtio);
}
