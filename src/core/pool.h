/* pool.h -- the memory of leat_buf: three free lists, filled at the start. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

#include "core/arena.h"
#include "core/assert.h"
#include "core/cold.h"

enum pool_kind {
    POOL_FULL,  /* descriptor with its storage */
    POOL_SMALL, /* descriptor with POOL_SMALL_BYTES of storage */
    POOL_VIEW,  /* descriptor without storage, for slices */
    POOL_KINDS
};

enum {
    POOL_LENT = 0x80,      /* flag in the kind of a buffer that shows the program's memory */
    POOL_SMALL_BYTES = 192 /* LEAT_BUF_HEADROOM and a little payload; 256 with the descriptor */
};

/*
 * The account of the pool. Full buffers, small ones and views have a list for each kind, and run
 * out independently. Units are their common measure: a whole list has 2^POOL_ALL_SHIFT units,
 * whatever its length, and each buffer on it costs an equal part of them.
 */
enum {
    POOL_ALL_SHIFT = 26, /* a whole list has 2^26 units; one of a million buffers costs 67 */
    POOL_LEVEL_SHIFT = POOL_ALL_SHIFT - 4
};

/* Thresholds, in free sixteenths of the scarcest list. All decisions about memory use them. */
enum pool_level {
    POOL_PLENTY = 12,  /* at least: shares aren't checked, and short payloads aren't merged */
    POOL_LOW = 8,      /* below: short payloads move to small buffers, send queues stay short */
    POOL_SCARCE = 4,   /* below: no out-of-order data, small windows, no pipelined replies, and the
                          largest holder without progress is reset */
    POOL_SEND_END = 3, /* below: only connections that hold no buffers may send */
    POOL_RESERVE = 2,  /* below: no connection may send; only those without buffers receive */
    POOL_LAST = 1      /* below: only handshakes and ACKs */
};

struct pool_list {
    struct leat_buf *free;
    uint32_t free_count;
    uint32_t count;
    uint32_t bytes;  /* storage of each buffer */
    uint32_t units;  /* cost of each */
    uint32_t plenty; /* free_count at POOL_PLENTY */
};

struct leat_pool {
    struct pool_list lists[POOL_KINDS];
    uint32_t piece_units;    /* cost of a buffer with storage: the larger of full and small */
    uint64_t *lends_refused; /* counter of refused leat_buf_lend() calls, or NULL */
};

/* Free units of the scarcest list. */
uint32_t pool_free(const struct leat_pool *pool);

/* True if at least @level sixteenths of each list are free. */
static inline bool pool_has(const struct leat_pool *pool, enum pool_level level)
{
    return pool_free(pool) >= (uint32_t)level << POOL_LEVEL_SHIFT;
}

/* pool_has(POOL_PLENTY) for full buffers only, for receivers of segments, which take no others. It
 * is evaluated for each segment. */
static inline bool pool_is_plenty(const struct leat_pool *pool)
{
    return pool->lists[POOL_FULL].free_count >= pool->lists[POOL_FULL].plenty;
}

/* The units that @piece occupies: those of its storage's owner, and its own if it is a view. */
static inline uint32_t pool_units_of(const struct leat_buf *piece)
{
    const struct pool_list *lists = piece->pool->lists;
    const unsigned kind = piece->owner->kind & ~(unsigned)POOL_LENT;

    return lists[kind].units + (piece->kind == POOL_VIEW ? lists[POOL_VIEW].units : 0);
}

/* The number of pieces in a list. */
static inline uint32_t pool_pieces(const struct leat_buf *pieces)
{
    uint32_t count = 0;

    for (; pieces; pieces = pieces->next)
        count++;
    return count;
}

/* The units that a list of pieces occupies. */
uint32_t pool_units_of_all(const struct leat_buf *pieces);

/* The bytes that the pool takes from an arena. */
COLD size_t pool_cost(uint32_t buf_count, uint32_t buf_bytes, uint32_t small_count,
                      uint32_t view_count);

/* False: the arena is too small. */
COLD bool pool_init(struct leat_pool *pool, struct arena *arena, uint32_t buf_count,
                    uint32_t buf_bytes, uint32_t small_count, uint32_t view_count);

/* leat_buf_lend() for the stack itself, which may use its reserve. */
struct leat_buf *pool_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                           void (*release)(void *arg), void *arg);

/* True if all buffers have been returned, so none leaked. For tests. */
bool pool_is_whole(const struct leat_pool *pool);

/* Takes a descriptor, with storage if its @kind has some; NULL: none is free.  The caller sets the
 * owner, the reference count and the view. */
static inline struct leat_buf *pool_take(struct leat_pool *pool, enum pool_kind kind)
{
    struct pool_list *list = &pool->lists[kind];
    struct leat_buf *buf = list->free;

    if (!buf)
        return NULL;
    list->free = buf->next;
    list->free_count--;
    buf->next = NULL;
    buf->queued = 0;
    buf->segment_bytes = 0;
    buf->checksum = LEAT_CHECKSUM_UNKNOWN;
    return buf;
}

/* leat_buf_alloc() and leat_buf_alloc_small(), with @len bytes already in the view. */
static inline struct leat_buf *pool_alloc(struct leat_pool *pool, enum pool_kind kind,
                                          uint32_t headroom, uint32_t len)
{
    struct leat_buf *buf = pool_take(pool, kind);

    if (!buf)
        return NULL;
    leat_assert(headroom + len <= buf->capacity);
    buf->owner = buf;
    buf->refs = 1;
    buf->data = buf->start + headroom;
    buf->len = len;
    return buf;
}

#endif
