/*
 * iperf.c -- the server of iperf 2: its clients send to us by TCP and UDP, and with -R,
 * --full-duplex, -r and -d we send to them: by TCP, and with -R by UDP too.
 *
 * Sent data lies in static memory, and received data is freed unread: no byte is copied.
 */
#include "iperf.h"

#include <stdio.h>
#include <string.h>

enum {
    FLOWS_MAX = 128,
    ACK_WORDS = 7,
    ACK_TYPE = 2,
    BACK_TRIES = 100 /* to connect for a test back, 10 ms apart */
};

/* A connection, in one direction or in both. */
struct flow {
    struct leat_tcp *conn; /* NULL: free */
    struct leat_endpoint peer;
    uint64_t begun_ns;
    uint64_t received;
    uint64_t sent;
    struct iperf_goal goal;
    uint16_t back_port; /* 0: no test back when this one ends */
    uint16_t tries;     /* left, of a test back: its client may ask before it listens */
    struct leat_timer again;
    bool sending;
    bool shut;
    uint8_t have; /* bytes of the head */
    uint8_t head[4 * IPERF_WORDS];
};

static struct leat_platform *platform;
static struct flow flows[FLOWS_MAX];
static char pattern[IPERF_PATTERN_BYTES];

void iperf_say(struct leat_platform *to, const struct leat_endpoint *peer, const char *what,
               uint64_t bytes, uint64_t ns)
{
    const uint64_t ms = ns / 1000000 ? ns / 1000000 : 1;
    const uint64_t tenths = bytes * 8 / ms / 100; /* of Mbit/s */
    char end[LEAT_ENDPOINT_TEXT_BYTES];
    char line[160];

    leat_endpoint_format(peer, end);
    snprintf(line, sizeof line, "%s %s %llu bytes in %llu.%03llu s, %llu.%llu Mbit/s", end, what,
             (unsigned long long)bytes, (unsigned long long)(ms / 1000),
             (unsigned long long)(ms % 1000), (unsigned long long)(tenths / 10),
             (unsigned long long)(tenths % 10));
    to->say(to, line);
}

static uint64_t now_ns(void)
{
    return leat_now_ns(platform->stack);
}

/* ---- Sending ------------------------------------------------------------------------------ */

const char *iperf_pattern(void)
{
    return pattern;
}

struct iperf_goal iperf_goal(const uint8_t *head, uint64_t from_ns)
{
    const uint32_t amount = iperf_get(head, IPERF_AMOUNT);
    const uint64_t hundredth_ns = 10000000;
    const uint64_t time = amount ? UINT32_MAX - amount + 1 : 1000u; /* ten seconds */

    if (amount == 0 || amount > INT32_MAX)
        return (struct iperf_goal){UINT64_MAX, from_ns + time * hundredth_ns};
    return (struct iperf_goal){amount, UINT64_MAX};
}

static void begin_sending(struct flow *flow)
{
    flow->sending = true;
    flow->goal = iperf_goal(flow->head, now_ns());
}

static void send_more(struct leat_tcp *conn, void *arg)
{
    struct flow *flow = arg;
    uint32_t room;

    if (!flow->sending)
        return;
    if (now_ns() >= flow->goal.until_ns)
        flow->goal.bytes = flow->sent;
    while (flow->sent < flow->goal.bytes && (room = leat_tcp_send_room(conn)) > 0) {
        const uint64_t left = flow->goal.bytes - flow->sent;
        uint32_t len = room < IPERF_PATTERN_BYTES ? room : IPERF_PATTERN_BYTES;
        struct leat_buf *data;

        len = left < len ? (uint32_t)left : len;
        data = leat_buf_lend(leat_pool(platform->stack), pattern, len, NULL, NULL);
        if (!data || leat_tcp_send(conn, data)) {
            leat_tcp_abort(conn);
            return;
        }
        flow->sent += len;
    }
    if (flow->sent >= flow->goal.bytes && !flow->shut) {
        flow->shut = true;
        leat_tcp_shutdown(conn);
    }
}

/* ---- Receiving ---------------------------------------------------------------------------- */

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg);
static void receive_more(struct leat_tcp *conn, void *arg);

static const struct leat_tcp_events events = {.on_open = send_more,
                                              .on_readable = receive_more,
                                              .on_writable = send_more,
                                              .on_closed = on_closed};

static struct flow *free_flow(void)
{
    for (unsigned i = 0; i < FLOWS_MAX; i++) {
        if (!flows[i].conn && !leat_timer_is_set(&flows[i].again))
            return &flows[i];
    }
    return NULL;
}

static void connect_flow(struct flow *flow)
{
    flow->begun_ns = now_ns();
    if (leat_tcp_connect(platform->stack, &flow->conn, &flow->peer, NULL, &events, flow))
        flow->conn = NULL;
    else
        begin_sending(flow);
}

static void try_again(struct leat_timer *timer, void *arg)
{
    (void)timer;
    connect_flow(arg);
}

/* The test back of -r and -d: on a connection that we open. */
static void connect_back(const struct flow *from, uint16_t port)
{
    struct flow *flow = free_flow();

    if (!flow)
        return;
    *flow = (struct flow){.peer = {from->peer.ip, port, from->peer.zone},
                          .have = sizeof flow->head,
                          .tries = BACK_TRIES,
                          .again = {.on_time = try_again, .arg = flow}};
    memcpy(flow->head, from->head, sizeof flow->head);
    connect_flow(flow);
}

/* Its client waits for this before it sends more than the head. */
static void acknowledge(struct leat_tcp *conn)
{
    uint8_t ack[4 * ACK_WORDS] = {0};
    size_t taken;

    iperf_put(ack, 0, ACK_TYPE);
    iperf_put(ack, 1, sizeof ack);
    iperf_put(ack, 3, 0x00020001); /* the version that is spoken: 2.1.8 */
    iperf_put(ack, 4, 0x00080003);
    leat_tcp_write(conn, ack, sizeof ack, &taken); /* without it the client waits a little */
}

/* The head is complete: begins the test. */
static void begin_test(struct flow *flow)
{
    const uint32_t flags = iperf_get(flow->head, IPERF_FLAGS);
    const uint32_t more = flags & IPERF_EXTEND ? iperf_get(flow->head, IPERF_MORE) : 0;

    if (flags & IPERF_BACK) {
        flow->back_port = (uint16_t)iperf_get(flow->head, IPERF_PORT);
        if (flags & IPERF_BACK_NOW) {
            connect_back(flow, flow->back_port);
            flow->back_port = 0;
        }
    }
    if (more & (IPERF_REVERSE | IPERF_DUPLEX)) {
        begin_sending(flow);
        send_more(flow->conn, flow);
    } else if (flags & IPERF_EXTEND) {
        acknowledge(flow->conn);
    }
}

static void receive_more(struct leat_tcp *conn, void *arg)
{
    struct flow *flow = arg;
    struct leat_buf *data;

    while ((data = leat_tcp_receive(conn, UINT32_MAX))) {
        const uint32_t len = leat_buf_total(data);

        if (flow->have < sizeof flow->head) {
            flow->have =
                (uint8_t)(flow->have + leat_buf_read(data, 0, flow->head + flow->have,
                                                     (uint32_t)sizeof flow->head - flow->have));
            if (flow->have == sizeof flow->head)
                begin_test(flow);
        }
        flow->received += len;
        leat_buf_free(data);
        leat_tcp_consumed(conn, len);
    }
    if (leat_tcp_at_end(conn) && !flow->sending && !flow->shut) {
        flow->shut = true;
        leat_tcp_shutdown(conn);
    }
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct flow *flow = arg;
    const uint64_t ns = now_ns() - flow->begun_ns;

    (void)conn;
    flow->conn = NULL;
    if (why == LEAT_ERR_REFUSED && flow->tries > 0) {
        if (--flow->tries > 0)
            leat_timer_set(platform->stack, &flow->again, now_ns() + 10000000);
        else
            platform->say(platform, "iperf: the client refuses the test back that it wants");
        return;
    }
    if (flow->received > 0)
        iperf_say(platform, &flow->peer, "received", flow->received, ns);
    if (flow->sent > 0)
        iperf_say(platform, &flow->peer, "sent", flow->sent, ns);
    if (flow->back_port > 0) {
        const struct flow ended = *flow; /* the new one may take its place */

        connect_back(&ended, ended.back_port);
    }
}

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_tcp *conn;

    (void)arg;
    while ((conn = leat_tcp_accept(listener, NULL, NULL))) {
        struct flow *flow = free_flow();
        struct leat_tcp_info info;

        if (!flow) {
            leat_tcp_abort(conn);
            continue;
        }
        leat_tcp_get_info(conn, &info);
        *flow = (struct flow){.conn = conn, .peer = info.remote, .begun_ns = now_ns()};
        leat_tcp_set_events(conn, &events, flow);
    }
}

static const char *start(struct leat_platform *given)
{
    struct leat_tcp_listen_config listen = {.port = given->port,
                                            .connections = FLOWS_MAX,
                                            .idle_timeout_ns = given->idle_ns,
                                            .displace = true,
                                            .on_acceptable = accept_all};
    struct leat_tcp_listener *listener;

    bool any_rate = false;

    platform = given;
    for (int i = 0; i < platform->argument_count; i++) {
        if (strcmp(platform->arguments[i], "any-rate") != 0)
            return "iperf takes no argument but \"any-rate\": it is the server";
        any_rate = true;
    }
    for (unsigned i = 0; i < IPERF_PATTERN_BYTES; i++)
        pattern[i] = (char)('0' + i % 10);
    if (!iperf_udp_open(platform, any_rate))
        return "can't open the UDP port";
    return leat_tcp_listen(platform->stack, &listener, &listen) ? EXAMPLE_PORT_TAKEN : NULL;
}

const struct leat_app example = {.name = "iperf",
                                 .summary = "Measures throughput with clients of iperf 2.",
                                 .arguments = "[any-rate]",
                                 .default_port = 5001,
                                 .start = start};
