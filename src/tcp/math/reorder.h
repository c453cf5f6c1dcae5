/*
 * reorder.h -- data that came before its turn.
 *
 * Runs of data, sorted, never touching each other.  A peer that sends single bytes with holes
 * between them costs itself a run each, and how many it may have is limited (CVE-2018-5390).
 * Short pieces of a run are copied together, or one byte would cost a buffer.
 */
#ifndef TCP_REORDER_H
#define TCP_REORDER_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

#include "core/cold.h"

struct run {
    struct run *next;
    struct leat_buf *data;
    struct leat_buf *last; /* piece of it */
    uint32_t seq;
    uint32_t end; /* behind the last byte */
};

/* Runs of all connections, handed out to those that need them. */
struct run_pool {
    struct run *free;
    uint32_t free_count;
    uint32_t per_connection; /* at most */
};

COLD void run_pool_init(struct run_pool *pool, struct run *runs, uint32_t count,
                        uint32_t per_connection);

struct reorder {
    struct run *first;
    uint32_t count;
    uint32_t held_bytes;   /* data in all runs */
    uint32_t held;         /* what it costs: units of the pool (core/pool.h) */
    uint32_t since_ms;     /* the hole before the first run is so old */
    uint32_t copied_bytes; /* ever: short pieces that were copied together */
};

/* Stores @data, @len bytes from @seq on, without what is here already.  Takes @data.
 * False: no room, the data is lost and will come again. */
COLD bool reorder_put(struct reorder *reorder, struct run_pool *pool, uint32_t seq,
                      struct leat_buf *data, uint32_t len);

/* True if some of *@seq .. *@end is here already: then they are cut to the first part that is. */
COLD bool reorder_overlap(const struct reorder *reorder, uint32_t *seq, uint32_t *end);

/* The data that goes on at @seq: *@len bytes, or NULL.  Runs before @seq are dropped: they came
 * again in order meanwhile. */
COLD struct leat_buf *reorder_take(struct reorder *reorder, struct run_pool *pool, uint32_t seq,
                                   uint32_t *len);

void reorder_free(struct reorder *reorder, struct run_pool *pool);

#endif
