/* discard.c -- the Discard Protocol (RFC 863): whatever comes is thrown away. */
#include "example.h"

static void discard_text(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *text;

    (void)arg;
    while ((text = leat_tcp_receive(conn, UINT32_MAX))) {
        const uint32_t len = leat_buf_total(text);

        leat_buf_free(text);
        leat_tcp_consumed(conn, len);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static const struct leat_tcp_events discard_events = {.on_readable = discard_text};

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

static const char *start(struct example_platform *platform)
{
    struct leat_tcp_listen_config listen = {.port = platform->port,
                                            .backlog = 1024,
                                            .idle_timeout_ns = platform->idle_ns,
                                            .displace = true,
                                            .on_acceptable = accept_all};
    struct leat_tcp_listener *listener;
    struct leat_udp *udp;

    if (leat_udp_open(platform->stack, &udp, &datagram_events, NULL) ||
        leat_udp_bind(udp, LEAT_IP_ANY, platform->port))
        return "can't open the UDP port";
    if (leat_tcp_listen(platform->stack, &listener, &listen))
        return "can't open the TCP port";
    return NULL;
}

const struct example example = {.name = "discard",
                                .summary = "Throws away what comes by TCP and UDP (RFC 863).",
                                .arguments = "",
                                .default_port = 9,
                                .start = start};
