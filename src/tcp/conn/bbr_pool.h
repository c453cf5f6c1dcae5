/*
 * bbr_pool.h -- the models of the connections that use BBR.
 *
 * A model is taken with the transfer, and goes with it: an idle connection has none.  One that
 * finds the pool empty uses the stack's other algorithm until its next transfer.
 */
#ifndef TCP_BBR_POOL_H
#define TCP_BBR_POOL_H

#include <stdint.h>

#include "core/cold.h"
#include "tcp/bbr/bbr.h"

struct leat_tcp;
struct transfer;

/* A model, or a link of the free ones. */
union bbr_entry {
    struct bbr bbr;
    union bbr_entry *next;
};

struct bbr_pool {
    union bbr_entry *free;
};

/* In line: it belongs to who has room for models, not to BBR. */
static inline void bbr_pool_init(struct bbr_pool *pool, union bbr_entry *entries, uint32_t count)
{
    pool->free = 0;
    for (uint32_t i = count; i > 0; i--) {
        entries[i - 1].next = pool->free;
        pool->free = &entries[i - 1];
    }
}

/* Congestion control of the transfer @transfer, which has just begun, or goes on, is BBR's, if
 * there is a model left. */
COLD void tcp_bbr_take(struct leat_tcp *conn, struct transfer *transfer);

/* ... and isn't any more: the model goes back, if there is one. */
COLD void tcp_bbr_give(struct leat_tcp *conn, struct transfer *transfer);

#endif
