/*
 * old_services.h -- shared by the services of RFC 862 to 864: a port by UDP and by TCP.
 */
#ifndef OLD_SERVICES_H
#define OLD_SERVICES_H

#include "example.h"

/** Opens the port of @p platform by both; returns NULL, or one line with the reason of the failure.
 */
static inline const char *
old_service_open(struct leat_platform *platform, const struct leat_udp_events *datagrams,
                 void (*on_acceptable)(struct leat_tcp_listener *listener, void *arg))
{
    const struct leat_tcp_listen_config listen = {.port = platform->port,
                                                  .backlog = 1024,
                                                  .idle_timeout_ns = platform->idle_ns,
                                                  .displace = true,
                                                  .on_acceptable = on_acceptable};
    struct leat_tcp_listener *listener;
    struct leat_udp *udp;

    if (leat_udp_open(platform->stack, &udp, datagrams, NULL) ||
        leat_udp_bind(udp, LEAT_IP_ANY, platform->port))
        return "can't open the UDP port";
    if (leat_tcp_listen(platform->stack, &listener, &listen))
        return EXAMPLE_PORT_TAKEN;
    return NULL;
}

/** Discards all received data; true: the peer has closed. */
static inline bool old_service_discard(struct leat_tcp *conn)
{
    struct leat_buf *data;

    while ((data = leat_tcp_receive(conn, UINT32_MAX))) {
        const uint32_t len = leat_buf_total(data);

        leat_buf_free(data);
        leat_tcp_consumed(conn, len);
    }
    return leat_tcp_at_end(conn);
}

#endif
