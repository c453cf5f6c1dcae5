/*
 * hand.h -- frames from the stack of one processor to that of another.
 *
 * Each pair of processors has a ring for each direction, with one writer and one reader: no lock,
 * and no word that both write.  A frame is copied into a slot, and out of it into a buffer of the
 * other stack's pool, because a pool belongs to one processor.  So this is for few frames: those of
 * FLOWS_EVERYONE, and those that the device has given to the wrong queue.
 */
#ifndef VIRTIO_HAND_H
#define VIRTIO_HAND_H

#include <leat/buf.h>

enum {
    HAND_SLOTS = 16, /* a power of two */
    HAND_FRAME_BYTES = 2040
};

struct virtio_hand_slot {
    uint16_t len;
    uint16_t segment_bytes;
    uint32_t checksum; /* enum leat_checksum */
    uint8_t bytes[HAND_FRAME_BYTES];
};

struct virtio_hand {
    uint32_t put __attribute__((aligned(64)));   /* frames ever; the writer's */
    uint32_t taken __attribute__((aligned(64))); /* the reader's */
    struct virtio_hand_slot slots[HAND_SLOTS] __attribute__((aligned(64)));
};

/* Copies @frame, which stays the caller's.  False: the ring is full, or the frame too long. */
bool virtio_hand_put(struct virtio_hand *hand, const struct leat_buf *frame);

/* True if there is a frame. */
bool virtio_hand_has(const struct virtio_hand *hand);

/* The oldest frame, in buffers of @pool.  NULL: there is none, or the pool is used up; then the
 * frame stays. */
struct leat_buf *virtio_hand_take(struct virtio_hand *hand, struct leat_pool *pool);

#endif
