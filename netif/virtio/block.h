/* block.h -- the inside of the virtio-blk backend (virtio 1.2, 5.2). */
#ifndef VIRTIO_BLOCK_H
#define VIRTIO_BLOCK_H

#include <leat/virtio_block.h>

#include "device.h"

#define VIRTIO_BLK_F_SIZE_MAX (UINT64_C(1) << 1) /* virtio 1.2, 5.2.3 */
#define VIRTIO_BLK_F_SEG_MAX  (UINT64_C(1) << 2)
#define VIRTIO_BLK_F_RO       (UINT64_C(1) << 5)
#define VIRTIO_BLK_F_BLK_SIZE (UINT64_C(1) << 6)
#define VIRTIO_BLK_F_FLUSH    (UINT64_C(1) << 9)
#define VIRTIO_BLK_F_DISCARD  (UINT64_C(1) << 13)

enum {
    VIRTIO_BLOCK_REQUESTS = 16, /* with the device at a time */
    VIRTIO_BLOCK_QUEUE = 0,
    VIRTIO_BLOCK_UNIT = 512, /* bytes, in which the device counts whatever its sectors are */
    VIRTIO_BLOCK_HEADER_BYTES = 16,
    /* of the request's type (5.2.6) */
    VIRTIO_BLOCK_IN = 0,
    VIRTIO_BLOCK_OUT = 1,
    VIRTIO_BLOCK_FLUSH = 4,
    VIRTIO_BLOCK_DISCARD = 11,
    /* of the status */
    VIRTIO_BLOCK_OK = 0,
    VIRTIO_BLOCK_UNSUPPORTED = 2,
    VIRTIO_BLOCK_NO_STATUS = 0xff /* ours: the device hasn't written one */
};

/* In front of a request's data (5.2.6), little-endian as every machine that this runs on. */
struct virtio_block_header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

/* The data of a discard (5.2.6), in units of 512 bytes. */
struct virtio_block_discard {
    uint64_t sector;
    uint32_t sectors;
    uint32_t flags;
};

/* A request that the device has: its header, which it reads, and its status, which it writes. */
struct virtio_block_slot {
    struct virtio_block_header header;
    struct virtio_block_discard discard;
    struct leat_block_request *request; /* NULL: the slot is free */
    uint8_t status;
};

struct leat_virtio_block {
    struct leat_block_device block; /* must be first: its address is also that of the struct */
    struct virtio_device device;
    uint64_t features;    /* agreed on */
    uint32_t discard_max; /* sectors of one discard */
    uint64_t state_look_ns;
    const char *why_lost; /* NULL: it isn't, or was closed */
    bool stopped;         /* the device has no queue any more */
    struct virtqueue queue;
    struct virtqueue_indirect indirect[VIRTQUEUE_SIZE_MAX];
    struct virtio_block_slot slots[VIRTIO_BLOCK_REQUESTS];
    struct leat_block_request *ended; /* without the device, which was lost */
    struct leat_block_request **end;
};

/* Brings up block->device, which has been found; the rest is zero. */
enum leat_err virtio_block_start(struct leat_virtio_block *block, const char **why);

#endif
