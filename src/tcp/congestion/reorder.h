/*
 * reorder.h -- data that was received out of order.
 *
 * It is kept in sorted runs that never touch. A peer that sends single bytes with holes between
 * them needs a run for each, and their number is limited (CVE-2018-5390). Short pieces of a run are
 * copied together, so that one byte doesn't occupy a buffer.
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
    struct leat_buf *last; /* the last piece of the data */
    uint32_t seq;
    uint32_t end; /* behind the last byte */
};

/* The runs of all connections. */
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
    uint32_t held;         /* their cost: units of the pool (core/pool.h) */
    uint32_t since_ms;     /* the age of the hole before the first run */
    uint32_t copied_bytes; /* since the start: short pieces that were copied together */
};

/* Stores @data, @len bytes from @seq on, except parts that were received before. Takes @data.
 * False: no room; the data is dropped, and the peer will retransmit it. */
COLD bool reorder_put(struct reorder *reorder, struct run_pool *pool, uint32_t seq,
                      struct leat_buf *data, uint32_t len);

/* True if a part of *@seq .. *@end was received before: then they are set to the first such
 * part. */
COLD bool reorder_overlap(const struct reorder *reorder, uint32_t *seq, uint32_t *end);

/* The data that continues at @seq: *@len bytes, or NULL. Runs before @seq are dropped, because they
 * have come in order in the meantime. */
COLD struct leat_buf *reorder_take(struct reorder *reorder, struct run_pool *pool, uint32_t seq,
                                   uint32_t *len);

void reorder_free(struct reorder *reorder, struct run_pool *pool);

#endif
