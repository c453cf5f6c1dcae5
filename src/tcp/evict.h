/* evict.h -- who holds memory for nothing (evict.c). */
#ifndef TCP_EVICT_H
#define TCP_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/err.h>

#include "core/cold.h"
#include "core/timer.h"

struct tcp;
struct leat_tcp;

/* The hand that goes round. */
struct eviction {
    struct timer timer;
    uint32_t hand;      /* the transfer that is looked at next */
    uint32_t conn_hand; /* the connection, for admission.c */
    bool early_seen;    /* data out of order, since the hand was at the first */
};

/* Has a look soon at who holds memory for nothing, or, if memory isn't @low, at data out of order
 * that is too old (account.c: what is below doesn't call evict.c). */
COLD void tcp_watch_memory(struct tcp *tcp, bool low);
timer_fn tcp_eviction_timer;

/* How long the peer of @conn has not got on with what is queued for it, as far as that was looked
 * at; 0: it has. */
uint32_t tcp_stalled_ms(struct leat_tcp *conn);

/* What is too long, with as much memory as there is. */
uint32_t tcp_patience_ms(const struct tcp *tcp);

/* Resets it; its program is told @why. */
COLD void tcp_end_early(struct leat_tcp *conn, enum leat_err why);

#endif
