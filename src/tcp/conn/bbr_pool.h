/*
 * bbr_pool.h -- the models of the connections that use BBR.
 *
 * A model is taken and given back together with the transfer, so an idle connection has none. A
 * connection that finds the pool empty uses the stack's other algorithm until its next transfer.
 */
#ifndef TCP_BBR_POOL_H
#define TCP_BBR_POOL_H

#include <stdint.h>

#include "core/cold.h"
#include "tcp/bbr/bbr.h"

struct leat_tcp;
struct transfer;

/* A model; in a free entry, the pointer to the next free entry. */
union bbr_entry {
    struct bbr bbr;
    union bbr_entry *next;
};

struct bbr_pool {
    union bbr_entry *free;
};

/* Inline, because programs that don't link BBR, and so not bbr_pool.c, call it too. */
static inline void bbr_pool_init(struct bbr_pool *pool, union bbr_entry *entries, uint32_t count)
{
    pool->free = 0;
    for (uint32_t i = count; i > 0; i--) {
        entries[i - 1].next = pool->free;
        pool->free = &entries[i - 1];
    }
}

/* Puts @transfer, which has just begun or continues, under BBR's control, if there is a free
 * model. */
COLD void tcp_bbr_take(struct leat_tcp *conn, struct transfer *transfer);

/* Ends BBR's control of @transfer, and puts its model back into the pool. Does nothing if @transfer
 * has no model. */
COLD void tcp_bbr_give(struct leat_tcp *conn, struct transfer *transfer);

#endif
