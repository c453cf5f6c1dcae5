/* admission.h -- admission of a connection to a listener, and the choice of one to end. */
#ifndef TCP_ADMISSION_H
#define TCP_ADMISSION_H

#include "tcp/listener.h"
#include "tcp/tcp.h"

/* True if a connection of @remote_ip may have an entry. Another connection may be ended for it. */
COLD bool tcp_admit_scarce(struct leat_tcp_listener *listener, host_id remote_ip);

static inline bool tcp_admit(struct leat_tcp_listener *listener, host_id remote_ip)
{
    const struct tcp *tcp = listener->tcp;

    return (tcp->conn_count < tcp->config.connections - tcp->config.connections / 16 &&
            (listener->config.connections | listener->config.per_address) == 0) ||
           tcp_admit_scarce(listener, remote_ip);
}

#endif
