/* pool.h -- the memory behind leat_buf: three free lists, filled once. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

#include "core/arena.h"
#include "core/cold.h"

enum pool_kind {
    POOL_FULL,  /* descriptor with its storage */
    POOL_SMALL, /* the same, POOL_SMALL_BYTES */
    POOL_VIEW,  /* descriptor alone, for slices */
    POOL_KINDS
};

enum {
    POOL_LENT = 0x80,      /* or-ed into the kind of a buffer that shows the program's memory */
    POOL_SMALL_BYTES = 192 /* LEAT_BUF_HEADROOM and a little payload: with its descriptor 256 */
};

/*
 * The account of the pool: what a buffer costs is the part of its list that it takes, so that full,
 * small and bare ones, which run out apart from each other, have one measure.
 */
enum {
    POOL_ALL_SHIFT = 26, /* a whole list is 2^26 units; a million buffers have 67 each */
    POOL_LEVEL_SHIFT = POOL_ALL_SHIFT - 4
};

/* How much of the scarcest list is free, in sixteenths, decides everything that memory decides. */
enum pool_level {
    POOL_PLENTY = 12,  /* from here on: nobody asks for shares, and nothing is copied together */
    POOL_LOW = 8,      /* below: short texts move to small buffers, send queues stay short */
    POOL_SCARCE = 4,   /* below: no text out of order, small windows, no pipelined replies, and who
                          holds most without progress is reset */
    POOL_SEND_END = 3, /* below: only who holds nothing may send */
    POOL_RESERVE = 2,  /* below: nobody may send, and only who holds nothing is listened to */
    POOL_LAST = 1      /* below: handshakes and ACKs alone */
};

struct pool_list {
    struct leat_buf *free;
    uint32_t free_count;
    uint32_t count;
    uint32_t bytes;  /* of storage */
    uint32_t units;  /* that one of them costs */
    uint32_t plenty; /* so many of them are free at POOL_PLENTY */
};

struct leat_pool {
    struct pool_list lists[POOL_KINDS];
    uint32_t piece_units;    /* of a buffer with storage: what the dearer kind costs */
    uint64_t *lends_refused; /* counter, or NULL */
};

/* What is free of the scarcest list, units. */
uint32_t pool_free(const struct leat_pool *pool);

/* True if so many sixteenths of each list are free. */
static inline bool pool_has(const struct leat_pool *pool, enum pool_level level)
{
    return pool_free(pool) >= (uint32_t)level << POOL_LEVEL_SHIFT;
}

/* The same for POOL_PLENTY and full buffers, for who takes nothing else: each segment asks. */
static inline bool pool_is_plenty(const struct leat_pool *pool)
{
    return pool->lists[POOL_FULL].free_count >= pool->lists[POOL_FULL].plenty;
}

/* What @piece keeps from being used again: its storage's owner, and itself if it is another. */
static inline uint32_t pool_units_of(const struct leat_buf *piece)
{
    const struct pool_list *lists = piece->pool->lists;
    const unsigned kind = piece->owner->kind & ~(unsigned)POOL_LENT;

    return lists[kind].units + (piece->kind == POOL_VIEW ? lists[POOL_VIEW].units : 0);
}

/* Pieces in a list. */
static inline uint32_t pool_pieces(const struct leat_buf *pieces)
{
    uint32_t count = 0;

    for (; pieces; pieces = pieces->next)
        count++;
    return count;
}

/* What a list of pieces costs. */
uint32_t pool_units_of_all(const struct leat_buf *pieces);

/* What the pool takes of an arena. */
COLD size_t pool_cost(uint32_t buf_count, uint32_t buf_bytes, uint32_t small_count,
                      uint32_t view_count);

/* False if the arena is too small. */
COLD bool pool_init(struct leat_pool *pool, struct arena *arena, uint32_t buf_count,
                    uint32_t buf_bytes, uint32_t small_count, uint32_t view_count);

/* leat_buf_lend() for the stack itself, which may take what is reserved for it. */
struct leat_buf *pool_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                           void (*release)(void *arg), void *arg);

/* True if all buffers are back: nothing leaked.  For tests. */
bool pool_is_whole(const struct leat_pool *pool);

#endif
