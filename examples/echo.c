/* echo.c -- the Echo Protocol (RFC 862): data is sent back in the buffers in which it came. */
#include "old_services.h"

/* Sends received data back, as far as there is room; the rest waits in leat. */
static void echo_data(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    for (;;) {
        uint32_t room = leat_tcp_send_room(conn);
        struct leat_buf *data = room > 0 ? leat_tcp_receive(conn, room) : NULL;
        uint32_t len;

        if (!data)
            break;
        len = leat_buf_total(data);
        if (leat_tcp_send(conn, data)) {
            leat_tcp_abort(conn); /* better no echo than one with a hole */
            return;
        }
        leat_tcp_consumed(conn, len);
    }
    /* The peer has closed, and all its data is queued: now close our direction, too. */
    if (leat_tcp_at_end(conn))
        leat_tcp_shutdown(conn);
}

static const struct leat_tcp_events echo_events = {.on_readable = echo_data,
                                                   .on_writable = echo_data};

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, &echo_events, arg)))
        leat_tcp_set_nodelay(conn, true); /* the peer decides how much a segment holds */
}

static void echo_datagram(struct leat_udp *udp, struct leat_buf *payload,
                          const struct leat_endpoint *peer, const struct leat_endpoint *local,
                          void *arg)
{
    (void)arg;
    if (peer->port == local->port)
        leat_buf_free(payload); /* two echo servers would never stop */
    else
        leat_udp_send_from(udp, payload, peer, local->ip);
}

static const struct leat_udp_events datagram_events = {.on_datagram = echo_datagram};

static const char *start(struct leat_platform *platform)
{
    return old_service_open(platform, &datagram_events, accept_all);
}

const struct leat_app example = {.name = "echo",
                                 .summary = "Echoes TCP and UDP (RFC 862).",
                                 .arguments = "",
                                 .default_port = 7,
                                 .start = start};
