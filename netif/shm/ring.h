/*
 * ring.h -- frames from one process to another: a ring of bytes in memory that both may write.
 *
 * Theory of operation.  The producer copies frames in and advances `put`; the consumer copies them
 * out and advances `taken`.  Both count bytes for ever, modulo 2^32.  In front of a frame lie its
 * length and its flags, a 32-bit word each.  It is padded to a multiple of 8, so that the end of
 * the ring never cuts these words.
 *
 * The peer may write anywhere here at any time.  So our own values are never read back from here:
 * we keep our index elsewhere.  Three numbers come from the peer; each is read once and checked
 * before use.  Its index may neither go back nor run out of the ring.  A length must fit into the
 * bytes that it claims to have put.  The index at which it wants to be woken can't do harm.  Nor
 * can a flag: a peer that says that a checksum needn't be verified could have computed a right one.
 * A peer that breaks these rules makes the ring `broken`, and its owner drops the peer.
 *
 * A frame is copied twice, once by each end (leat_ring_put(), leat_ring_take()).  The peer must not
 * read the pool, and checked bytes must lie where the peer can't write.
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

/* The flags of a frame; other bits are ignored. */
enum {
    /* Don't verify the transport checksum: its field holds the pseudo-header's sum, because the
     * frame was never on a wire (virtio 1.2, 5.1.6.2: NEEDS_CSUM). */
    RING_NEVER_ON_A_WIRE = 1 << 0
};

/* The words that one end writes: its own index, and the index of the other end from which on it
 * wants to be woken (virtio 1.2, 2.7.10). */
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
    uint32_t index;      /* our progress: `put` or `taken` */
    uint32_t told_index; /* the last index that was announced to the peer */
    uint32_t peer_index; /* the peer's progress, as last read and checked */
    uint32_t ahead;      /* how far the peer may be ahead of told_index: the ring, or 0 */
    uint32_t skip_bytes; /* RING_NO_MEMORY: size of that frame in the ring */
    bool broken;         /* the peer broke the rules */
};

enum ring_result {
    RING_FRAME,     /* a frame */
    RING_EMPTY,     /* as far as is known: leat_ring_look() */
    RING_NO_MEMORY, /* the frame stays for the next call */
    RING_SHORT,     /* skipped: no Ethernet header */
    RING_LONG,      /* skipped: longer than @frame_max */
    RING_BROKEN
};

/* The size in the ring of a frame of @len bytes. */
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

/* Consumer: skips the next frame, which leat_ring_take() had no memory for. */
void leat_ring_skip(struct ring *ring);

/* Reads the peer's progress; false: there is none. */
bool leat_ring_look(struct ring *ring);

/* Tells the peer our progress; true: it wants to be woken. */
bool leat_ring_tell(struct ring *ring);

/* Asks to be woken when the peer's index has passed @behind; then looks once more, as
 * leat_ring_look(). */
bool leat_ring_arm(struct ring *ring, uint32_t behind);

#endif
