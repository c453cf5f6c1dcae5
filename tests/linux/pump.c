/*
 * pump.c -- for tests: connections that carry a known stream in one direction or in both.
 *
 *      pump ... listen SEND RECEIVE
 *      pump ... connect COUNT SEND RECEIVE     COUNT connections to the gateway
 *
 * Each connection sends SEND bytes of the stream that flow.py generates, too. At its end it prints
 * how many bytes it has received, and whether they were right. It requests ECN; the peer decides.
 */
#include "example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PERIOD = 1000003, /* of the stream; a prime, so that no shift is missed */
    PIECE = 1 << 16,
    CONNECTIONS_MAX = 64
};

struct pump;

struct flow {
    struct pump *pump; /* NULL: free */
    uint64_t sent;
    uint64_t received;
    uint32_t send_start; /* offset in the period where each direction begins */
    uint32_t receive_start;
    bool shut;
    bool wrong;
};

struct pump {
    struct leat_platform *platform;
    uint64_t send_bytes;
    uint64_t receive_bytes;
    unsigned to_connect;
    bool listening;
    struct flow flows[CONNECTIONS_MAX];
    uint8_t stream[PERIOD + PIECE + 8];
};

/* The stream: xorshift64*, eight bytes at a time, the same as in flow.py. */
static void make_stream(uint8_t *stream)
{
    uint64_t x = 9293;

    for (size_t i = 0; i < PERIOD; i += 8) {
        uint64_t word;

        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        word = x * 2685821657736338717u;
        for (size_t k = 0; k < 8; k++)
            stream[i + k] = (uint8_t)(word >> (8 * k));
    }
    memcpy(stream + PERIOD, stream, PIECE);
}

__attribute__((noinline)) static void say_info(struct pump *pump, const struct leat_tcp *conn)
{
    static char text[LEAT_TCP_INFO_TEXT_BYTES]; /* static, because with the other it is too
                                                 * large for a frame */
    struct leat_tcp_info info;

    leat_tcp_get_info(conn, &info);
    leat_tcp_info_text(&info, text);
    pump->platform->say(pump->platform, text);
}

static void write_more(struct leat_tcp *conn, struct flow *flow)
{
    const struct pump *pump = flow->pump;
    size_t taken = 1;

    while (flow->sent < pump->send_bytes && taken > 0) {
        uint64_t left = pump->send_bytes - flow->sent;
        const uint8_t *from = pump->stream + (flow->send_start + flow->sent) % PERIOD;

        if (leat_tcp_write(conn, from, left < PIECE ? (size_t)left : PIECE, &taken))
            return;
        flow->sent += taken;
    }
}

static void send_more(struct leat_tcp *conn, void *arg)
{
    struct flow *flow = arg;

    write_more(conn, flow);
    if (flow->sent == flow->pump->send_bytes && !flow->shut) {
        flow->shut = true;
        leat_tcp_shutdown(conn);
    }
}

static void check(struct flow *flow, const uint8_t *bytes, uint32_t len)
{
    while (len > 0) {
        uint32_t count = len < PIECE ? len : PIECE;
        uint64_t at = (flow->receive_start + flow->received) % PERIOD;

        if (memcmp(bytes, flow->pump->stream + at, count) != 0)
            flow->wrong = true;
        flow->received += count;
        bytes += count;
        len -= count;
    }
}

static void receive_more(struct leat_tcp *conn, void *arg)
{
    struct flow *flow = arg;
    struct leat_buf *payload;

    while ((payload = leat_tcp_receive(conn, PIECE))) {
        uint32_t len = leat_buf_total(payload);

        for (const struct leat_buf *piece = payload; piece; piece = piece->next)
            check(flow, piece->data, piece->len);
        leat_buf_free(payload);
        leat_tcp_consumed(conn, len);
    }
}

/* Prints the result while the connection still has its information. */
static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct flow *flow = arg;
    struct pump *pump = flow->pump;
    const bool right = why == LEAT_OK && !flow->wrong && flow->received == pump->receive_bytes;
    char line[120];

    say_info(pump, conn);
    snprintf(line, sizeof line, "%s: %s, received %llu, %s", example.name,
             right ? "right" : "wrong", (unsigned long long)flow->received, leat_err_text(why));
    pump->platform->say(pump->platform, line);
    flow->pump = NULL;
}

static void on_open(struct leat_tcp *conn, void *arg);

static const struct leat_tcp_events events = {.on_open = on_open,
                                              .on_readable = receive_more,
                                              .on_writable = send_more,
                                              .on_closed = on_closed};

/* An unused flow; the client's port determines where in the stream each direction begins. */
static struct flow *new_flow(struct pump *pump, uint16_t client_port)
{
    const uint32_t start = client_port * 7919u % PERIOD;
    const uint32_t back = (start + PERIOD / 2) % PERIOD;

    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct flow *flow = &pump->flows[i];

        if (flow->pump)
            continue;
        *flow = (struct flow){.pump = pump,
                              .send_start = pump->listening ? back : start,
                              .receive_start = pump->listening ? start : back};
        return flow;
    }
    return NULL;
}

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, NULL, NULL))) {
        struct leat_tcp_info info;
        struct flow *flow;

        leat_tcp_get_info(conn, &info);
        flow = new_flow(arg, info.remote.port);
        if (!flow) {
            leat_tcp_abort(conn);
            continue;
        }
        leat_tcp_set_events(conn, &events, flow);
        send_more(conn, flow);
    }
}

static bool connect_one(struct pump *pump)
{
    const struct leat_endpoint peer =
        leat_endpoint_of(pump->platform->gateway, pump->platform->port);
    const struct leat_endpoint local =
        leat_endpoint_of(LEAT_IP_ANY, (uint16_t)(20000 + pump->to_connect));
    struct flow *flow = new_flow(pump, local.port);
    struct leat_tcp *conn;

    pump->to_connect--;
    if (!flow || leat_tcp_connect(pump->platform->stack, &conn, &peer, &local, &events, flow))
        return false;
    write_more(conn, flow); /* Fast Open sends data in the SYN */
    return true;
}

/* One connection resolves the neighbour for all, because not every SYN can wait for that. */
static void on_open(struct leat_tcp *conn, void *arg)
{
    struct flow *flow = arg;
    struct pump *pump = flow->pump;

    send_more(conn, flow);
    while (pump->to_connect > 0)
        if (!connect_one(pump))
            pump->platform->say(pump->platform, "pump: wrong, can't connect");
}

static const char *start(struct leat_platform *platform)
{
    static struct pump pump;
    const char *const *words = platform->arguments;
    const int count = platform->argument_count;
    struct leat_tcp_listen_config listen = {
        .port = platform->port, .on_acceptable = accept_all, .arg = &pump};
    struct leat_tcp_listener *listener;

    make_stream(pump.stream);
    pump.platform = platform;
    pump.listening = count == 3 && strcmp(words[0], "listen") == 0;
    if (!pump.listening && (count != 4 || strcmp(words[0], "connect") != 0))
        return "listen SEND RECEIVE, or connect COUNT SEND RECEIVE";
    pump.send_bytes = strtoull(words[count - 2], NULL, 10);
    pump.receive_bytes = strtoull(words[count - 1], NULL, 10);
    if (!pump.listening) {
        pump.to_connect = (unsigned)atoi(words[1]);
        return connect_one(&pump) ? NULL : "can't connect";
    }
    return leat_tcp_listen(platform->stack, &listener, &listen) ? "can't listen" : NULL;
}

static const struct leat_tcp_config tcp = {.ecn = LEAT_TCP_ECN_ASK};

const struct leat_app example = {.name = "pump",
                                 .summary = "Carries a known stream (for tests).",
                                 .arguments = "listen SEND RECEIVE | connect COUNT SEND RECEIVE",
                                 .default_port = 5001,
                                 .tcp = &tcp,
                                 .start = start};
