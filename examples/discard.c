/* discard.c -- the Discard Protocol (RFC 863): all received data is discarded. */
#include "old_services.h"

static void discard_data(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    if (old_service_discard(conn))
        leat_tcp_close(conn);
}

static const struct leat_tcp_events discard_events = {.on_readable = discard_data};

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    while (leat_tcp_accept(listener, &discard_events, arg)) {
    }
}

static void discard_datagram(struct leat_udp *udp, struct leat_buf *payload,
                             const struct leat_endpoint *peer, const struct leat_endpoint *local,
                             void *arg)
{
    (void)udp;
    (void)peer;
    (void)local;
    (void)arg;
    leat_buf_free(payload);
}

static const struct leat_udp_events datagram_events = {.on_datagram = discard_datagram};

static const char *start(struct leat_platform *platform)
{
    return old_service_open(platform, &datagram_events, accept_all);
}

const struct leat_app example = {.name = "discard",
                                 .summary = "Throws away what comes by TCP and UDP (RFC 863).",
                                 .arguments = "",
                                 .default_port = 9,
                                 .start = start};
