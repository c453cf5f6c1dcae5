/* lifetime.h -- how long a connection may live: its listener's limits, keep-alive, R2. */
#ifndef TCP_LIFETIME_H
#define TCP_LIFETIME_H

#include "tcp/listener.h"
#include "tcp/tcp.h"

/* The listener that @conn came to, if that has limits and still exists; else NULL. */
struct leat_tcp_listener *tcp_listener_of(const struct leat_tcp *conn);

/* Counts @conn at @listener, which has limits, until @conn ends. */
COLD void tcp_admitted_begin(struct leat_tcp *conn, struct leat_tcp_listener *listener);
COLD void tcp_admitted_end(struct leat_tcp *conn);

static inline bool tcp_has_limits(const struct leat_tcp_listener *listener)
{
    const struct leat_tcp_listen_config *config = &listener->config;

    return (config->idle_timeout_ns | config->lifetime_ns | config->connections) != 0 ||
           config->displace;
}

/* The listener closes: its connections live on without its limits. */
COLD void tcp_admitted_forget(struct leat_tcp_listener *listener);

/* Time until the connection may reach its listener's limits, ns. LEAT_NEVER_NS: it has none. 0: it
 * has reached them. */
COLD uint64_t tcp_admitted_left_ns(struct leat_tcp *conn);

/* How long data may stay unacknowledged, ms (R2). */
uint32_t tcp_give_up_ms(const struct leat_tcp *conn);

/* Starts or stops the keep-alive timer, as options and state of the connection require. */
void tcp_run_keepalive(struct leat_tcp *conn);

/* Starts the keep-alive timer for @ns, or less if the connection may reach its listener's limits
 * before. */
void tcp_arm_keepalive(struct leat_tcp *conn, uint64_t ns);

#endif
