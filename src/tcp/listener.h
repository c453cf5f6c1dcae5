/* listener.h -- input of a listener: SYNs, ACKs of cookies, connections to be accepted. */
#ifndef TCP_LISTENER_H
#define TCP_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/tcp.h>

#include "core/cold.h"
#include "core/near.h"
#include "base.h"
#include "tcp/conn/tcb.h"

struct tcp;
struct tcp_half;
struct tcp_segment;
struct tcp_time_wait;

struct leat_tcp_listener {
    struct tcb tcb;
    struct tcp *tcp;
    struct leat_tcp_listen_config config;
    struct ready ready;
    struct near_ring acceptable;
    uint32_t half_count;
    uint32_t acceptable_count;
    uint32_t admitted_count;  /* connections in use that came to this listener */
    uint8_t send_queue;       /* class of the send queue, for its connections */
    uint8_t congestion_place; /* tcp_congestion_place(), for its connections */
    bool v4_only;             /* bound to 0.0.0.0, not to "::" */
};

/* Handles a SYN for @listener: makes a half-open connection, which may reopen @before
 * (tcp_half_new()), or sends a cookie. False: no room. */
bool tcp_listener_SYN(struct leat_tcp_listener *listener, struct tcp_segment *segment,
                      struct tcp_time_wait *before);

/* Handles an ACK for @listener that may answer a cookie. True: it does, and @half is the half-open
 * connection that was made for it, or NULL if there is no room for one. */
COLD bool tcp_listener_ACK(struct leat_tcp_listener *listener, struct tcp_segment *segment,
                           struct tcp_half **half);

#endif
