/* evict.h -- takes memory back from connections that don't use it (evict.c). */
#ifndef TCP_EVICT_H
#define TCP_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/err.h>

#include "core/cold.h"
#include "core/timer.h"

struct tcp;
struct leat_tcp;

/* The state of the clock hands. */
struct eviction {
    struct timer timer;
    uint32_t hand;      /* the transfer to look at next */
    uint32_t conn_hand; /* the connection to look at next, for admission.c */
    bool early_seen;    /* out-of-order data was seen since the hand passed the first transfer */
};

/* Schedules a look at the transfers: soon if memory is @low, else when out-of-order data is too
 * old. Defined in account.c, because lower folders don't call evict.c. */
COLD void tcp_watch_memory(struct tcp *tcp, bool low);
timer_fn tcp_eviction_timer;

/* How long the peer of @conn has acknowledged too little of the queue, as of the last look. 0: it
 * makes progress. */
uint32_t tcp_stalled_ms(struct leat_tcp *conn);

/* How long a connection may be stalled, at the present amount of free memory. */
uint32_t tcp_patience_ms(const struct tcp *tcp);

/* Resets it. Its program gets @why as the error. */
COLD void tcp_end_early(struct leat_tcp *conn, enum leat_err why);

#endif
