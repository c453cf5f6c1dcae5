/* guest.h -- connections that came to a listener: who may, for how long, and who goes for whom. */
#ifndef TCP_GUEST_H
#define TCP_GUEST_H

#include "tcp/tcp.h"

/* True if a connection of @remote_ip may have an entry; may make somebody else go for it. */
COLD bool tcp_admit_scarce(struct leat_tcp_listener *listener, leat_ip4 remote_ip);

static inline bool tcp_admit(struct leat_tcp_listener *listener, leat_ip4 remote_ip)
{
    const struct tcp *tcp = listener->tcp;

    return (tcp->conn_count < tcp->config.connections - tcp->config.connections / 16 &&
            (listener->config.connections | listener->config.per_address) == 0) ||
           tcp_admit_scarce(listener, remote_ip);
}

/* A connection of @listener begins: one with limits has guests.  And one that is a guest ends. */
COLD void tcp_guest_begin(struct leat_tcp *conn, struct leat_tcp_listener *listener);
COLD void tcp_guest_end(struct leat_tcp *conn);

static inline bool tcp_has_limits(const struct leat_tcp_listener *listener)
{
    const struct leat_tcp_listen_config *config = &listener->config;

    return (config->idle_timeout_ns | config->lifetime_ns | config->connections) != 0 ||
           config->displace;
}

/* The listener is no more: its connections go on without its limits. */
COLD void tcp_guests_forget(struct leat_tcp_listener *listener);

/* ns until the connection may have come to its listener's limits; LEAT_NEVER_NS: it has none;
 * 0: it has. */
COLD uint64_t tcp_guest_left_ns(struct leat_tcp *conn);

#endif
