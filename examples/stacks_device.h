/* stacks_device.h -- the queue of the device for a stack of the example `stacks`. */
#ifndef STACKS_DEVICE_H
#define STACKS_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/netif.h>
#include <leat/posix.h>
#include <leat/tap.h>
#include <leat/xdp.h>

/* One of tap and xdp is not NULL. */
struct stacks_queue {
    struct leat_tap *tap;
    struct leat_xdp *xdp;
    struct leat_netif *netif;
};

/* The device, and how it is opened. */
struct stacks_device {
    const char *name;
    bool xdp; /* a network device; else a TAP device */
    bool no_offload;
    unsigned count; /* of queues */
};

/* Opens queue @number for a stack in the pages of @memory; @first is queue 0, which is opened first
 * and closed last.  On failure returns false and sets @why to a line with the reason. */
bool stacks_queue_open(struct stacks_queue *queue, const struct stacks_device *device,
                       unsigned number, const struct stacks_queue *first, struct leat_posix *posix,
                       void *memory, size_t memory_bytes, char why[LEAT_WHY_BYTES]);

/* Steers frames to address @ip + i to queue i.  Returns as above. */
bool stacks_queues_steer(const struct stacks_queue *first, const struct stacks_device *device,
                         struct leat_ip ip, char why[LEAT_WHY_BYTES]);

/* True if the device has disappeared. */
bool stacks_queue_lost(const struct stacks_queue *queue);

/* Frames that the device gave to another queue, or to all. */
uint64_t stacks_queue_aside(const struct stacks_queue *queue);

void stacks_queue_close(struct stacks_queue *queue);

#endif
