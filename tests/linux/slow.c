/*
 * slow.c -- for tests: a slow server. Each datagram makes it accept one connection, and read all
 * data of all connections; it prints how many bytes it has read so far.
 */
#include "example.h"

#include <stdio.h>

enum {
    CONNECTIONS_MAX = 64,
    BACKLOG = 4
};

struct slow {
    struct leat_platform *platform;
    struct leat_tcp_listener *listener;
    struct leat_tcp *conns[CONNECTIONS_MAX]; /* NULL: closed */
    unsigned count;
    unsigned long long bytes;
};

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct slow *slow = arg;

    (void)why;
    for (unsigned i = 0; i < slow->count; i++)
        if (slow->conns[i] == conn)
            slow->conns[i] = NULL;
}

static const struct leat_tcp_events events = {.on_closed = on_closed};

/* Echoes the received data of one connection. */
static void serve(struct slow *slow, struct leat_tcp *conn)
{
    struct leat_buf *data;

    while ((data = leat_tcp_receive(conn, leat_tcp_send_room(conn)))) {
        uint32_t len = leat_buf_total(data);

        slow->bytes += len;
        if (leat_tcp_send(conn, data))
            return;
        leat_tcp_consumed(conn, len);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_shutdown(conn);
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct slow *slow = arg;
    char line[64];

    (void)local;
    if (slow->count < CONNECTIONS_MAX) {
        struct leat_tcp *conn = leat_tcp_accept(slow->listener, &events, slow);

        if (conn)
            slow->conns[slow->count++] = conn;
    }
    for (unsigned i = 0; i < slow->count; i++)
        if (slow->conns[i])
            serve(slow, slow->conns[i]);
    snprintf(line, sizeof line, "slow: %u accepted, %llu bytes", slow->count, slow->bytes);
    slow->platform->say(slow->platform, line);
    leat_udp_send_to(udp, payload, peer); /* acknowledges the datagram */
}

static const struct leat_udp_events datagram_events = {.on_datagram = on_datagram};

static const char *start(struct leat_platform *platform)
{
    static struct slow slow;
    struct leat_tcp_listen_config listen = {.port = platform->port, .backlog = BACKLOG};
    struct leat_udp *udp;

    slow.platform = platform;
    if (leat_udp_open(platform->stack, &udp, &datagram_events, &slow) ||
        leat_udp_bind(udp, LEAT_IP_ANY, platform->port))
        return "can't open the UDP port";
    if (leat_tcp_listen(platform->stack, &slow.listener, &listen))
        return "can't open the TCP port";
    return NULL;
}

const struct leat_app example = {.name = "slow",
                                 .summary = "Accepts and reads when a datagram comes.",
                                 .arguments = "",
                                 .default_port = 7,
                                 .start = start};
