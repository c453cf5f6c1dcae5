/*
 * virtio_block.h -- a virtio-blk device as a block device (block.h; library leat-metal).
 *
 * virtio 1.x, split queues, over memory-mapped registers or PCI.  The device reads and writes the
 * buffers of requests where they lie.  It is polled: it never interrupts.  A device that doesn't
 * offer VIRTIO_BLK_F_SEG_MAX takes one buffer a request, as Firecracker's.
 */
#ifndef LEAT_VIRTIO_BLOCK_H
#define LEAT_VIRTIO_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/block.h>
#include <leat/err.h>
#include <leat/metal.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_virtio_block;

/** Which device, and on which machine. */
struct leat_virtio_block_config {
    struct leat_metal *metal;         /**< the machine; its memory holds the queue */
    unsigned number;                  /**< of the block device, from 0 */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/**
 * Finds the device and brings it up.  On error @p why is one line with the failure.
 *
 * Errors: LEAT_ERR_NOT_FOUND (no such device, or one that is older than virtio 1),
 * LEAT_ERR_DEVICE (it doesn't work with the features that leat has, has no queue or one of less
 * than 4 descriptors, or says that its sectors or buffers have an impossible size),
 * LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT.
 */
enum leat_err leat_virtio_block_open(struct leat_virtio_block **block,
                                     const struct leat_virtio_block_config *config,
                                     const char **why);

/** The backend to give to leat_block_open(); valid for ever. */
struct leat_block_device *leat_virtio_block_device(struct leat_virtio_block *block);

/**
 * Why the device was lost: the host has unplugged it, it broke the rules, or it asked for a reset.
 * One line, valid for ever; NULL: it isn't lost, or was closed.  The first and the last are seen
 * within a second while a request is with the device.  All requests of a lost device end with
 * LEAT_ERR_DEVICE.
 */
const char *leat_virtio_block_why(const struct leat_virtio_block *block);

#ifdef __cplusplus
}
#endif
#endif
