/*
 * stacks_device.c -- the queues of the example `stacks`.
 *
 * On TAP the kernel gives each frame to the queue of its stack: by its destination address, or for
 * ARP by the address that is asked for (leat_tap_steer).  By AF_XDP each stack has a MAC address of
 * its own, and a rule of the card may put that address's frames into its queue.  Without rules they
 * come by way of Linux, as all frames for groups do, which costs more.
 */
#include "stacks_device.h"

#include <stdio.h>

static bool open_tap(struct stacks_queue *queue, const struct stacks_device *device,
                     unsigned number, struct leat_posix *posix, char why[LEAT_WHY_BYTES])
{
    const struct leat_tap_config config = {.device = device->name,
                                           .posix = posix,
                                           .no_offload = device->no_offload,
                                           .queues = (uint16_t)device->count,
                                           .queue = (uint16_t)number};

    if (leat_tap_open(&queue->tap, &config, why))
        return false;
    queue->netif = leat_tap_netif(queue->tap);
    return true;
}

#ifdef LEAT_HAS_XDP
static bool open_xdp(struct stacks_queue *queue, const struct stacks_device *device,
                     unsigned number, const struct stacks_queue *first, struct leat_posix *posix,
                     void *memory, size_t memory_bytes, char why[LEAT_WHY_BYTES])
{
    const struct leat_xdp_config config = {.device = device->name,
                                           .queue = number,
                                           .own_mac = true,
                                           .memory = memory,
                                           .memory_bytes = memory_bytes,
                                           .first = number > 0 ? first->xdp : NULL,
                                           .posix = posix};

    if (leat_xdp_open(&queue->xdp, &config, why))
        return false;
    queue->netif = leat_xdp_netif(queue->xdp);
    return true;
}

static bool xdp_lost(const struct leat_xdp *xdp)
{
    return leat_xdp_lost(xdp);
}

uint64_t stacks_queue_aside(const struct stacks_queue *queue)
{
    return queue->xdp ? leat_xdp_counters(queue->xdp)->rx_aside : 0;
}

static void close_xdp(struct leat_xdp *xdp)
{
    leat_xdp_close(xdp);
}
#else
static bool open_xdp(struct stacks_queue *queue, const struct stacks_device *device,
                     unsigned number, const struct stacks_queue *first, struct leat_posix *posix,
                     void *memory, size_t memory_bytes, char why[LEAT_WHY_BYTES])
{
    (void)queue;
    (void)device;
    (void)number;
    (void)first;
    (void)posix;
    (void)memory;
    (void)memory_bytes;
    snprintf(why, LEAT_WHY_BYTES, "built without AF_XDP: install libxdp-dev and libbpf-dev");
    return false;
}

static bool xdp_lost(const struct leat_xdp *xdp)
{
    (void)xdp;
    return false;
}

uint64_t stacks_queue_aside(const struct stacks_queue *queue)
{
    (void)queue;
    return 0;
}

static void close_xdp(struct leat_xdp *xdp)
{
    (void)xdp;
}
#endif

bool stacks_queue_open(struct stacks_queue *queue, const struct stacks_device *device,
                       unsigned number, const struct stacks_queue *first, struct leat_posix *posix,
                       void *memory, size_t memory_bytes, char why[LEAT_WHY_BYTES])
{
    return device->xdp ? open_xdp(queue, device, number, first, posix, memory, memory_bytes, why)
                       : open_tap(queue, device, number, posix, why);
}

bool stacks_queues_steer(const struct stacks_queue *first, const struct stacks_device *device,
                         struct leat_ip ip, char why[LEAT_WHY_BYTES])
{
    return device->xdp || !leat_tap_steer(first->tap, ip, (uint16_t)device->count, why);
}

bool stacks_queue_lost(const struct stacks_queue *queue)
{
    return queue->xdp ? xdp_lost(queue->xdp) : leat_tap_lost(queue->tap);
}

void stacks_queue_close(struct stacks_queue *queue)
{
    leat_tap_close(queue->tap);
    close_xdp(queue->xdp);
}
