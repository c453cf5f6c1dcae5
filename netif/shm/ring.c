/*
 * ring.c -- frames from one process to another, in memory that both may write.
 *
 * A producer calls leat_ring_put() per frame and leat_ring_tell() per burst.  A consumer calls
 * leat_ring_take() until the ring is empty.  It then looks for frames that have come since
 * (leat_ring_look()), and arms the ring before it sleeps (leat_ring_arm()).
 */
#include "ring.h"

#include <leat/assert.h>

#include <string.h>

_Static_assert(sizeof(struct ring_line) == RING_LINE_BYTES, "both ends lay it out alike");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a lock wouldn't be shared with the peer");

uint32_t leat_ring_record_bytes(uint32_t len)
{
    return RING_HEAD_BYTES + ((len + 7) & ~7u);
}

static void init(struct ring *ring, uint8_t *bytes, uint32_t size)
{
    leat_assert((size & (size - 1)) == 0);
    ring->bytes = bytes;
    ring->size = size;
    ring->index = ring->told_index = ring->peer_index = 0;
    ring->skip_bytes = 0;
    ring->broken = false;
}

void leat_ring_init_producer(struct ring *ring, struct ring_shared *shared, uint8_t *bytes,
                             uint32_t size)
{
    init(ring, bytes, size);
    ring->ours = &shared->producer;
    ring->theirs = &shared->consumer;
    /* The consumer can't be ahead of the frames that were announced to it. */
    ring->ahead = 0;
    atomic_store_explicit(&ring->ours->wake_behind, (uint32_t)-RING_HEAD_BYTES,
                          memory_order_relaxed); /* not until the ring is full */
}

void leat_ring_init_consumer(struct ring *ring, struct ring_shared *shared, uint8_t *bytes,
                             uint32_t size)
{
    init(ring, bytes, size);
    ring->ours = &shared->consumer;
    ring->theirs = &shared->producer;
    /* A producer may be ahead of us by all of the ring. */
    ring->ahead = size;
}

/* ---- the two copies ----------------------------------------------------------------------- */

static void copy_in(const struct ring *ring, uint32_t at, const uint8_t *bytes, uint32_t len)
{
    const uint32_t from = at & (ring->size - 1);
    const uint32_t here = len < ring->size - from ? len : ring->size - from;

    leat_debug_assert(len <= ring->size);
    memcpy(ring->bytes + from, bytes, here);
    memcpy(ring->bytes, bytes + here, len - here);
}

static void copy_out(const struct ring *ring, uint32_t at, uint8_t *bytes, uint32_t len)
{
    const uint32_t from = at & (ring->size - 1);
    const uint32_t here = len < ring->size - from ? len : ring->size - from;

    leat_debug_assert(len <= ring->size);
    memcpy(bytes, ring->bytes + from, here);
    memcpy(bytes + here, ring->bytes, len - here);
}

/* ---- the producer ------------------------------------------------------------------------- */

uint32_t leat_ring_free_bytes(const struct ring *ring)
{
    leat_debug_assert(ring->index - ring->peer_index <= ring->size);
    return ring->size - (ring->index - ring->peer_index);
}

void leat_ring_put(struct ring *ring, const struct leat_buf *frame, uint32_t len)
{
    const uint32_t flags = frame->checksum == LEAT_CHECKSUM_PARTIAL ? RING_NEVER_ON_A_WIRE : 0;
    const uint32_t head[RING_HEAD_BYTES / 4] = {len, flags};
    uint32_t at = ring->index + RING_HEAD_BYTES;

    leat_assert(leat_ring_record_bytes(len) <= leat_ring_free_bytes(ring));
    copy_in(ring, ring->index, (const uint8_t *)head, sizeof head);
    for (; frame; frame = frame->next) {
        copy_in(ring, at, frame->data, frame->len);
        at += frame->len;
    }
    ring->index += leat_ring_record_bytes(len);
}

/* ---- the consumer ------------------------------------------------------------------------- */

/* A copy of @len bytes from @at on, or NULL. */
static struct leat_buf *take_bytes(const struct ring *ring, uint32_t at, uint32_t len,
                                   struct leat_pool *pool, uint32_t headroom)
{
    struct leat_buf *frame = NULL, **end = &frame;

    while (len > 0) {
        struct leat_buf *buf = leat_buf_alloc(pool, headroom);
        uint32_t here;

        if (!buf) {
            leat_buf_free(frame);
            return NULL;
        }
        here = leat_buf_tailroom(buf) < len ? leat_buf_tailroom(buf) : len;
        copy_out(ring, at, leat_buf_put(buf, here), here);
        at += here;
        len -= here;
        *end = buf;
        end = &buf->next;
    }
    return frame;
}

/* A word in front of the next frame: 0 its length, 1 its flags.  It is read only once, because the
 * peer may overwrite it at any time. */
static uint32_t read_head(const struct ring *ring, unsigned word)
{
    const volatile uint32_t *head =
        (const volatile uint32_t *)(const volatile void *)(ring->bytes +
                                                           (ring->index & (ring->size - 1)));

    return head[word];
}

enum ring_result leat_ring_take(struct ring *ring, struct leat_pool *pool, uint32_t headroom,
                                uint32_t frame_max, struct leat_buf **frame)
{
    const uint32_t have = ring->peer_index - ring->index; /* a multiple of 8 */
    uint32_t len;

    if (ring->broken)
        return RING_BROKEN;
    if (have == 0)
        return RING_EMPTY;
    len = read_head(ring, 0);
    if (len > have - RING_HEAD_BYTES) { /* so leat_ring_record_bytes() doesn't wrap */
        ring->broken = true;
        return RING_BROKEN;
    }
    if (len >= FRAME_MIN && len <= frame_max) {
        *frame = take_bytes(ring, ring->index + RING_HEAD_BYTES, len, pool, headroom);
        ring->skip_bytes = *frame ? 0 : leat_ring_record_bytes(len);
        if (!*frame)
            return RING_NO_MEMORY;
        if (read_head(ring, 1) & RING_NEVER_ON_A_WIRE)
            (*frame)->checksum = LEAT_CHECKSUM_VERIFIED;
    }
    ring->index += leat_ring_record_bytes(len);
    return len < FRAME_MIN ? RING_SHORT : len > frame_max ? RING_LONG : RING_FRAME;
}

void leat_ring_skip(struct ring *ring)
{
    leat_debug_assert(ring->skip_bytes <= ring->size);
    ring->index += ring->skip_bytes;
    ring->skip_bytes = 0;
}

/* ---- progress ----------------------------------------------------------------------------- */

bool leat_ring_look(struct ring *ring)
{
    const uint32_t now = atomic_load_explicit(&ring->theirs->index, memory_order_acquire);
    /* how far the peer can have come since its last index */
    const uint32_t limit = ring->told_index + ring->ahead - ring->peer_index;

    if (now == ring->peer_index)
        return false;
    if (now % RING_HEAD_BYTES || now - ring->peer_index > limit) {
        ring->broken = true;
        return false;
    }
    ring->peer_index = now;
    return true;
}

bool leat_ring_tell(struct ring *ring)
{
    const uint32_t before = ring->told_index;
    uint32_t behind;

    if (ring->index == before)
        return false;
    ring->told_index = ring->index;
    atomic_store_explicit(&ring->ours->index, ring->index, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst); /* or both would sleep: see leat_ring_arm() */
    behind = atomic_load_explicit(&ring->theirs->wake_behind, memory_order_relaxed);
    /* True if the index that the peer waits for lies in the step that was just told, modulo
     * 2^32. */
    return behind - before < ring->index - before;
}

bool leat_ring_arm(struct ring *ring, uint32_t behind)
{
    atomic_store_explicit(&ring->ours->wake_behind, behind, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* the peer reads that, or we read its index */
    return leat_ring_look(ring);
}
