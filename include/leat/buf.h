/*
 * buf.h -- buffers: the only thing that carries bytes through leat.
 *
 * A leat_buf is a *view* of some storage: a start and a length.  The storage is a chunk of the
 * pool, or memory that the program lends.  A view has exactly one owner; storage is shared by
 * counting references, so that a slice of a buffer costs one descriptor and no copy.
 * A frame, a datagram and a run of payload are each a list of views linked by `next` ("pieces").
 * The first piece contains all headers of a frame or datagram.
 *
 *      storage   |<- headroom ->|<------ len ------>|<- tailroom ->|
 *                               ^ data
 *
 * A function that takes ownership of a buffer says so.  The owner of a buffer frees it.
 */
#ifndef LEAT_BUF_H
#define LEAT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Headroom that leat_buf_alloc() leaves: Ethernet 14, IPv4 20, TCP 60, rounded up. */
#define LEAT_BUF_HEADROOM 128u

/** The state of the checksums of a frame (`leat_buf.checksum`). */
enum leat_checksum {
    LEAT_CHECKSUM_UNKNOWN = 0, /**< in: to be verified; out: complete */
    LEAT_CHECKSUM_VERIFIED,    /**< in: the device has checked the transport checksum */
    LEAT_CHECKSUM_PARTIAL      /**< out: the field holds the pseudo-header's sum, the device adds
                                    the rest (only with LEAT_NETIF_TX_CHECKSUM) */
};

struct leat_pool;

/** One view of storage.  Read freely; change through the functions below. */
struct leat_buf {
    uint8_t *data;           /**< first byte of the view */
    struct leat_buf *next;   /**< next piece of the same frame, or NULL */
    struct leat_buf *queued; /**< next frame of a queue; used by the buffer's owner */
    struct leat_buf *owner;  /**< the buffer whose storage this is; itself if not a slice */
    struct leat_pool *pool;  /**< the pool that it returns to */
    uint8_t *start;          /**< first byte of the storage */
    uint32_t len;            /**< bytes in this view */
    uint32_t capacity;       /**< bytes of storage, from start */
    uint32_t refs;           /**< in an owner: views of its storage that exist */
    union {
        uint16_t segment_bytes; /**< of a super-frame: payload bytes of each segment; else 0 */
        uint16_t ip_header_at;  /**< in a socket's queue: distance back to the header; private */
    };
    uint8_t kind;     /**< which list of the pool it came from; private */
    uint8_t checksum; /**< enum leat_checksum; in the first piece */
};

/**
 * A full-sized buffer, empty, with @p headroom bytes in front (at most its capacity).
 * NULL if the pool is used up: the caller counts the drop.
 */
struct leat_buf *leat_buf_alloc(struct leat_pool *pool, uint32_t headroom);

/** leat_buf_alloc() from the list of small buffers (192 bytes of storage), for headers, ACKs and
 * short data. */
struct leat_buf *leat_buf_alloc_small(struct leat_pool *pool, uint32_t headroom);

/**
 * A buffer whose bytes belong to the program (static memory, a cache).  The bytes must neither
 * move nor change until @p release(@p arg) is called.  That happens exactly once, when the last
 * view of them is freed.  @p release may be NULL (memory that lives for ever).  Such a buffer never
 * has headroom or tailroom, not even after leat_buf_pull() or leat_buf_trim(): the stack doesn't
 * write to it.  NULL if the pool is used up; then @p release is not called.
 */
struct leat_buf *leat_buf_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                               void (*release)(void *arg), void *arg);

/**
 * A new buffer list that shows bytes @p offset .. @p offset + @p len of the list @p buf.  Shares
 * the storage; @p buf stays as it was.  The range must lie inside of @p buf (asserted).
 * NULL if there are no descriptors left.
 */
struct leat_buf *leat_buf_slice(const struct leat_buf *buf, uint32_t offset, uint32_t len);

/** Gives back all pieces of @p buf (NULL is allowed).  Takes @p buf. */
void leat_buf_free(struct leat_buf *buf);

/**
 * Lengthens the first piece by @p bytes at its front and returns where they begin.  There must be
 * enough headroom (asserted).
 */
uint8_t *leat_buf_push(struct leat_buf *buf, uint32_t bytes);

/**
 * Takes @p bytes off the front of the first piece and returns where they were.  NULL if the first
 * piece is shorter; for a received packet that is the peer's fault.
 */
uint8_t *leat_buf_pull(struct leat_buf *buf, uint32_t bytes);

/** Lengthens the first piece by @p bytes at its end; NULL if there isn't enough tailroom. */
uint8_t *leat_buf_put(struct leat_buf *buf, uint32_t bytes);

/**
 * Shortens the list to @p total bytes in all and frees the pieces behind.  A list that is shorter
 * already stays as it is.
 */
void leat_buf_trim(struct leat_buf *buf, uint32_t total);

/**
 * Drops @p bytes from the front of the list, across pieces, and returns the rest, or NULL if there
 * is none.  Takes @p buf.
 */
struct leat_buf *leat_buf_consume(struct leat_buf *buf, uint32_t bytes);

/** Appends the list @p tail to the list @p buf.  Takes @p tail. */
void leat_buf_append(struct leat_buf *buf, struct leat_buf *tail);

/** Bytes in all pieces. */
LEAT_INLINE uint32_t leat_buf_total(const struct leat_buf *buf)
{
    uint32_t total = 0;

    for (; buf; buf = buf->next)
        total += buf->len;
    return total;
}

/** Bytes of storage that the list keeps in use, unused parts of its buffers included. */
uint32_t leat_buf_held(const struct leat_buf *buf);

/**
 * Copies @p len bytes of the list, from @p offset on, to @p bytes; returns the number of bytes
 * copied, fewer if the list is shorter.  For programs and tests: the stack itself doesn't copy.
 */
uint32_t leat_buf_read(const struct leat_buf *buf, uint32_t offset, void *bytes, uint32_t len);

/**
 * A new list of full-sized buffers with a copy of @p len bytes, headroom in front of the first.
 * NULL if the pool is used up.
 */
struct leat_buf *leat_buf_copy(struct leat_pool *pool, const void *bytes, uint32_t len);

/** Bytes that push() could uncover in front of the first piece. */
LEAT_INLINE uint32_t leat_buf_headroom(const struct leat_buf *buf)
{
    return (uint32_t)(buf->data - buf->start);
}

/** Bytes that put() could add to the end of the first piece. */
LEAT_INLINE uint32_t leat_buf_tailroom(const struct leat_buf *buf)
{
    return buf->capacity - leat_buf_headroom(buf) - buf->len;
}

/** Full-sized buffers that the pool can still give. */
uint32_t leat_pool_free_count(const struct leat_pool *pool);

/** Bytes of storage in a full-sized buffer of the pool, headroom included. */
uint32_t leat_pool_buf_bytes(const struct leat_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
