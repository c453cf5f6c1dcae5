/*
 * ring.h -- frames from one process to another: a ring of bytes in memory that both may write.
 *
 * Theory of operation.  The producer copies frames in and moves `put`; the consumer copies them out
 * and moves `taken`.  Both count bytes for ever, modulo 2^32.  A frame lies behind its length and
 * its flags, a 32-bit word each, and is filled up to a multiple of 8, so that no length is ever cut
 * by the ring's end.
 *
 * The peer may write anywhere here at any time.  So what we have written is never read again: our
 * own index is kept apart.  From the peer come three numbers, each read once and checked before
 * use: its index, which may neither go back nor run out of the ring; a length, which must fit what
 * it says to have put; and where it wants to be woken, which can't do harm.  Nor can a flag: who
 * says that a checksum needn't be looked at could have computed it.  A peer that breaks
 * these rules makes the ring `broken`, and its owner lets the peer go.
 *
 * A frame is copied twice, once by each end (leat_ring_put(), leat_ring_take()): the peer is not to
 * read the pool, and what was checked must lie where the peer can't write.
 */
#ifndef SHM_RING_H
#define SHM_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

enum {
    RING_LINE_BYTES = 128, /* what one end writes: two cache lines, as they are fetched in pairs */
    RING_HEAD_BYTES = 8,
    FRAME_MIN = 14 /* an Ethernet header */
};

/* The flags of a frame; others mean nothing. */
enum {
    /* Its transport checksum is not to be looked at: the field holds the pseudo-header's sum, for
     * the frame never was on a wire (virtio 1.2, 5.1.6.2: NEEDS_CSUM). */
    RING_NEVER_ON_A_WIRE = 1 << 0
};

/* What one end writes: how far it has come, and the index of the other end behind which it wants to
 * be woken (virtio 1.2, 2.7.10). */
struct ring_line {
    _Atomic uint32_t index;
    _Atomic uint32_t wake_behind;
    uint8_t unused[RING_LINE_BYTES - 8];
};

struct ring_shared {
    struct ring_line producer;
    struct ring_line consumer;
};

/* One end of a ring, ours alone. */
struct ring {
    struct ring_line *ours;
    struct ring_line *theirs;
    uint8_t *bytes;
    uint32_t size;       /* a power of two */
    uint32_t index;      /* put, or taken: how far we have come */
    uint32_t told_index; /* how far the peer knows */
    uint32_t peer_index; /* how far the peer has come: as last read and checked */
    uint32_t ahead;      /* how far the peer may be ahead of what it was told: the ring, or 0 */
    uint32_t skip_bytes; /* RING_NO_MEMORY: what that frame takes of the ring */
    bool broken;         /* the peer did what it must not */
};

enum ring_result {
    RING_FRAME,     /* there it is */
    RING_EMPTY,     /* as far as is known: leat_ring_look() */
    RING_NO_MEMORY, /* it stays for the next time */
    RING_SHORT,     /* passed over: no Ethernet header */
    RING_LONG,      /* passed over: longer than @frame_max */
    RING_BROKEN
};

/* What a frame of @len bytes takes of the ring. */
uint32_t leat_ring_record_bytes(uint32_t len);

/* Both ends of a new ring are at 0. */
void leat_ring_init_producer(struct ring *ring, struct ring_shared *shared, uint8_t *bytes,
                             uint32_t size);
void leat_ring_init_consumer(struct ring *ring, struct ring_shared *shared, uint8_t *bytes,
                             uint32_t size);

/* Producer: bytes that are free, as far as is known. */
uint32_t leat_ring_free_bytes(const struct ring *ring);

/* Producer: copies a frame of @len bytes in, which fits.  The peer sees it after leat_ring_tell().
 */
void leat_ring_put(struct ring *ring, const struct leat_buf *frame, uint32_t len);

/* Consumer: copies the next frame into buffers of @pool, @headroom bytes in front in each. */
enum ring_result leat_ring_take(struct ring *ring, struct leat_pool *pool, uint32_t headroom,
                                uint32_t frame_max, struct leat_buf **frame);

/* Consumer: passes over the next frame, which leat_ring_take() had no memory for. */
void leat_ring_skip(struct ring *ring);

/* Reads how far the peer has come; false: not farther than we knew. */
bool leat_ring_look(struct ring *ring);

/* Tells the peer how far we have come; true: it wants to be woken. */
bool leat_ring_tell(struct ring *ring);

/* Asks to be woken when the peer has come farther than to @behind; then looks once more, as
 * leat_ring_look(). */
bool leat_ring_arm(struct ring *ring, uint32_t behind);

#endif
