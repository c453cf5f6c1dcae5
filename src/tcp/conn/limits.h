/* limits.h -- how long a connection may go on: its listener's limits, keep-alive, R2. */
#ifndef TCP_LIMITS_H
#define TCP_LIMITS_H

#include "tcp/listener.h"
#include "tcp/tcp.h"

/* The listener that it came to, if that has limits and is still there; else NULL. */
struct leat_tcp_listener *tcp_listener_of(const struct leat_tcp *conn);

/* @conn has come to @listener, which has limits: it counts there until it ends. */
COLD void tcp_admitted_begin(struct leat_tcp *conn, struct leat_tcp_listener *listener);
COLD void tcp_admitted_end(struct leat_tcp *conn);

static inline bool tcp_has_limits(const struct leat_tcp_listener *listener)
{
    const struct leat_tcp_listen_config *config = &listener->config;

    return (config->idle_timeout_ns | config->lifetime_ns | config->connections) != 0 ||
           config->displace;
}

/* The listener is no more: its connections go on without its limits. */
COLD void tcp_admitted_forget(struct leat_tcp_listener *listener);

/* ns until the connection may have come to its listener's limits; LEAT_NEVER_NS: it has none;
 * 0: it has. */
COLD uint64_t tcp_admitted_left_ns(struct leat_tcp *conn);

/* How long unacknowledged data may wait (R2). */
uint32_t tcp_give_up_ms(const struct leat_tcp *conn);

/* Starts or stops the keep-alive timer as the connection is now. */
void tcp_run_keepalive(struct leat_tcp *conn);

/* The keep-alive timer runs for @ns, or until the connection may be at its listener's limits. */
void tcp_arm_keepalive(struct leat_tcp *conn, uint64_t ns);

#endif
