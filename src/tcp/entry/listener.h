/* listener.h -- what comes to a listener: SYNs, answers to cookies, connections to be accepted. */
#ifndef TCP_LISTENER_H
#define TCP_LISTENER_H

#include <stdbool.h>

#include "core/cold.h"

struct leat_tcp;
struct leat_tcp_listener;
struct tcp_half;
struct tcp_segment;
struct tcp_time_wait;

/* A SYN for @listener: makes a half-open connection, which may reopen @before (tcp_half_new()).
 * False: no room. */
bool tcp_listener_SYN(struct leat_tcp_listener *listener, struct tcp_segment *segment,
                      struct tcp_time_wait *before);

/* An ACK to @listener that may answer a cookie.  True: it does, and @half is the half-open
 * connection that it belongs to, made now, or NULL if there is no room for one. */
COLD bool tcp_listener_ACK(struct leat_tcp_listener *listener, struct tcp_segment *segment,
                           struct tcp_half **half);

#endif
