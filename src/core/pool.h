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

struct pool_list {
    struct leat_buf *free;
    uint32_t free_count;
    uint32_t count;
    uint32_t bytes; /* of storage */
};

struct leat_pool {
    struct pool_list lists[POOL_KINDS];
};

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
