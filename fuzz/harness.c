/* harness.c -- a stack that inputs are fed to. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "tcp_check.h"
#include "translate.h"

enum {
    POLLS_MAX = 1000,
    STALLS_MAX = 16
};

static void demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void echo_datagram(struct leat_udp *udp, struct leat_buf *payload,
                          const struct leat_endpoint *peer, const struct leat_endpoint *local,
                          void *arg)
{
    (void)arg;
    leat_udp_send_from(udp, payload, peer, local->ip);
}

static void read_datagram(struct leat_udp *udp, struct leat_buf *payload,
                          const struct leat_endpoint *peer, const struct leat_endpoint *local,
                          void *arg)
{
    uint8_t bytes[256];

    (void)udp;
    (void)peer;
    (void)local;
    (void)arg;
    leat_buf_read(payload, 0, bytes, sizeof bytes);
    leat_buf_free(payload);
}

static const struct leat_udp_events echo_events = {.on_datagram = echo_datagram};
static const struct leat_udp_events client_events = {.on_datagram = read_datagram};

static void echo_data(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data;

    (void)arg;
    /* as much as can be echoed; the window closes for the rest */
    while ((data = leat_tcp_receive(conn, leat_tcp_send_room(conn)))) {
        const uint32_t bytes = leat_buf_total(data);

        demand(leat_tcp_send(conn, data) == LEAT_OK, "there was room");
        leat_tcp_consumed(conn, bytes);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

/* Receives all data, and does nothing else. */
static void take_data(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);

    (void)arg;
    leat_tcp_consumed(conn, leat_buf_total(data));
    leat_buf_free(data);
}

static void forget(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct leat_tcp **place = arg;

    (void)why;
    demand(*place == conn, "on_closed of a connection that isn't ours");
    *place = 0;
}

static const struct leat_tcp_events tcp_events = {
    .on_readable = echo_data, .on_writable = echo_data, .on_closed = forget};

static const struct leat_tcp_events quiet_events = {.on_readable = take_data, .on_closed = forget};

static const struct leat_tcp_events *events_of(const struct harness *harness)
{
    return harness->options & HARNESS_QUIET ? &quiet_events : &tcp_events;
}

/* A free place for a connection; there are more places than connections. */
static struct leat_tcp **free_place(struct harness *harness)
{
    unsigned i = 0;

    while (i < HARNESS_CONNS && harness->conns[i])
        i++;
    demand(i < HARNESS_CONNS, "more connections than the limit");
    return &harness->conns[i];
}

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_tcp **place;

    do {
        place = free_place(arg);
        *place = leat_tcp_accept(listener, events_of(arg), place);
    } while (*place);
}

/* The stack's address that corresponds to a test address. */
static struct leat_ip ip_of(const struct harness *harness, leat_ip4 ip4)
{
    struct leat_ip ip = leat_ip_v4(ip4);

    if (harness->is_ipv6)
        translate_address(ip4, ip.bytes);
    return ip;
}

struct leat_tcp *harness_connect(struct harness *harness)
{
    const struct leat_endpoint remote =
        leat_endpoint_of(ip_of(harness, IP_PEER), HARNESS_SERVER_PORT);
    struct leat_tcp **place = free_place(harness);

    if (leat_tcp_connect(harness->stack, place, &remote, 0, events_of(harness), place))
        *place = 0;
    return *place;
}

static const struct leat_config config = {
    .seed = {1},
    .buf_count = 64,
    .small_count = 64,
    .view_count = 96,
    .tx_queue_frames = 24,
    .arp_entries = 8,
    .routes = 2,
    .reassemblies = 4,
    .reassembly_bytes = 32 * 1024,
    .icmp_errors_per_s = 20,
    .icmp_echo_per_s = 50,
};

static const struct leat_udp_config udp_config = {.sockets = 4, .queue_max = 8};

static const struct leat_tcp_config tcp_config = {
    .connections = 4,
    .half_open = 4,
    .time_wait = 4,
    .listeners = 2,
    .reorder_runs = 80,
    .sent_segments = 128,
    .receive_window_bytes = 16 * 1024,
    .send_queue_bytes = 8 * 1024,
};

/* The configuration, with the options applied. */
static struct leat_tcp_config tcp_config_of(uint8_t options)
{
    struct leat_tcp_config tcp = tcp_config;

    tcp.fast_open = options & HARNESS_FAST_OPEN;
    tcp.no_timestamps = options & HARNESS_NO_TIMESTAMPS;
    tcp.no_sack = options & HARNESS_NO_SACK;
    tcp.no_rack = options & HARNESS_NO_RACK;
    tcp.no_pacing = options & HARNESS_NO_PACING;
    tcp.no_cookies = options & HARNESS_NO_COOKIES;
    tcp.ecn = options & HARNESS_ECN ? LEAT_TCP_ECN_ASK : LEAT_TCP_ECN_ACCEPT;
    return tcp;
}

static void add_sockets(struct harness *harness)
{
    const struct leat_tcp_listen_config listen = {
        .port = HARNESS_ECHO_PORT, .backlog = 2, .on_acceptable = accept_all, .arg = harness};
    struct leat *stack = harness->stack;

    demand(leat_udp_open(stack, &harness->echo, &echo_events, 0) == LEAT_OK, "open");
    demand(leat_udp_open(stack, &harness->client, &client_events, 0) == LEAT_OK, "open");
    demand(leat_udp_bind(harness->echo, LEAT_IP_ANY, HARNESS_ECHO_PORT) == LEAT_OK, "bind");
    demand(leat_udp_bind(harness->client, LEAT_IP_ANY, HARNESS_CLIENT_PORT) == LEAT_OK, "bind");
    demand(leat_udp_connect(harness->client, ip_of(harness, IP_PEER), HARNESS_SERVER_PORT) ==
               LEAT_OK,
           "connect");
    demand(leat_tcp_listen(stack, &harness->listener, &listen) == LEAT_OK, "listen");
}

static const struct leat_ipv6_config ipv6_config = {
    .neighbours = 8, .hosts = 64, .no_duplicate_check = true};

/* Adds the address and the default route of the family. */
static void add_addresses(struct harness *harness)
{
    struct leat *stack = harness->stack;
    struct leat_netif *netif = &harness->dev.netif;

    if (harness->is_ipv6) {
        demand(leat_ipv6_register(stack, &ipv6_config) == LEAT_OK, "ipv6");
        harness->dev.to_stack = translate_to_ipv6;
        harness->dev.from_stack = translate_to_ipv4;
        netif->mtu += TRANSLATE_MTU_MORE;
    }
    demand(leat_attach(stack, netif) == LEAT_OK, "attach");
    demand(leat_address_add(stack, netif, ip_of(harness, IP_US),
                            harness->is_ipv6 ? TRANSLATE_PREFIX_BITS + 24 : 24) == LEAT_OK,
           "address");
    demand(leat_route_add(stack, harness->is_ipv6 ? LEAT_IP_ANY : LEAT_IP4_ANY, 0,
                          ip_of(harness, IP_PEER)) == LEAT_OK,
           "route");
}

struct harness *harness_open(uint8_t options)
{
    const struct leat_tcp_config tcp = tcp_config_of(options);
    const struct frame greeting = frame_arp(1, &MAC_PEER, IP_PEER, IP_US);
    static struct harness harness;
    static void *memory;
    const size_t bytes = leat_memory_bytes(&config) + leat_udp_memory_bytes(&udp_config) +
                         leat_tcp_memory_bytes(&tcp_config) + leat_ipv6_memory_bytes(&ipv6_config);

    if (!memory)
        memory = malloc(bytes);
    demand(memory != 0, "malloc");
    fake_netif_init(&harness.dev);
    memset(harness.conns, 0, sizeof harness.conns);
    harness.options = options;
    harness.is_ipv6 = translate_wanted();
    harness.now_ns = 1000000000u;
    demand(leat_init(&harness.stack, memory, bytes, &config) == LEAT_OK, "init");
    add_addresses(&harness);
    demand(leat_udp_register(harness.stack, &udp_config) == LEAT_OK, "udp");
    demand(leat_tcp_register(harness.stack, &tcp) == LEAT_OK, "tcp");
    add_sockets(&harness);
    harness_poll(&harness);
    /* makes the peer known, so that a conversation can begin at once */
    harness_feed(&harness, greeting.bytes, greeting.len);
    fake_netif_forget(&harness.dev);
    return &harness;
}

void harness_poll(struct harness *harness)
{
    const char *wrong;

    if (fake_netif_sent_count(&harness->dev) > FAKE_TX_MAX / 2)
        fake_netif_forget(&harness->dev);
    harness->next_ns = leat_poll(harness->stack, harness->now_ns);
    demand(harness->next_ns >= harness->now_ns, "leat_poll() wants to be called in the past");
    demand(leat_stats_balance(leat_stats(harness->stack)), "the statistics don't balance");
    wrong = tcp_check(harness->stack);
    demand(!wrong, wrong);
}

void harness_wait(struct harness *harness, uint64_t ns)
{
    const uint64_t until_ns = harness->now_ns + ns;
    unsigned stalls = 0;

    for (unsigned polls = 0; polls < POLLS_MAX && harness->next_ns <= until_ns; polls++) {
        /* with a full device the stack asks to be polled again and again */
        stalls = harness->next_ns == harness->now_ns ? stalls + 1 : 0;
        if (stalls > STALLS_MAX)
            break;
        harness->now_ns = harness->next_ns;
        harness_poll(harness);
    }
    harness->now_ns = until_ns;
    harness_poll(harness);
}

void harness_feed(struct harness *harness, const uint8_t *bytes, uint32_t len)
{
    fake_netif_feed(&harness->dev, bytes, len);
    harness_poll(harness);
}

static void repair_transport(uint8_t *ip, uint32_t header_bytes, uint32_t total)
{
    uint8_t *transport = ip + header_bytes;
    const uint32_t len = total - header_bytes;
    const uint32_t field = ip[9] == 1 ? 2 : ip[9] == 6 ? 16 : 6;
    uint32_t start = 0;

    if (len < field + 2 || (ip[9] != 1 && ip[9] != 6 && ip[9] != 17))
        return;
    if (ip[9] != 1) {
        start = ip[9] + len;
        for (uint32_t i = 12; i < 20; i += 2)
            start += frame_get16(ip + i);
    }
    frame_put16(transport + field, 0);
    frame_put16(transport + field, frame_sum(transport, len, start));
}

/* Repairs IPv6 in the same way, if the transport header follows directly. */
static void repair_ipv6(uint8_t *ip, uint32_t len)
{
    const uint32_t payload = len >= 40 ? frame_get16(ip + 4) : 0;
    const uint32_t field = ip[6] == 58 ? 2 : ip[6] == 6 ? 16 : 6;
    uint32_t start = ip[6] + payload;

    if (payload < field + 2 || payload > len - 40 || (ip[6] != 58 && ip[6] != 6 && ip[6] != 17))
        return;
    for (uint32_t i = 8; i < 40; i += 2)
        start += frame_get16(ip + i);
    frame_put16(ip + 40 + field, 0);
    frame_put16(ip + 40 + field, frame_sum(ip + 40, payload, start));
}

void harness_repair(uint8_t *bytes, uint32_t len)
{
    uint8_t *ip = bytes + FRAME_IP;
    uint32_t header_bytes, total;

    if (len < FRAME_IP)
        return;
    if (!(bytes[0] & 1))
        memcpy(bytes, MAC_US.octet, 6);
    if (frame_get16(bytes + 12) == 0x86dd)
        repair_ipv6(ip, len - FRAME_IP);
    if (frame_get16(bytes + 12) != 0x0800 || len < FRAME_IP + 20)
        return;
    header_bytes = (ip[0] & 15) * 4u;
    total = frame_get16(ip + 2);
    if (header_bytes < 20 || total < header_bytes || total > len - FRAME_IP)
        return;
    frame_put16(ip + 10, 0);
    frame_put16(ip + 10, frame_sum(ip, header_bytes, 0));
    repair_transport(ip, header_bytes, total);
}

void harness_end_all(struct harness *harness)
{
    static const uint64_t patience_ns =
        400000000000u; /* SYNs time out after 180 s, data after 100 s */

    harness->dev.room = UINT32_MAX;
    leat_udp_close(harness->echo); /* two echo sockets could send each other the same datagram
                                    * for ever */
    for (unsigned i = 0; i < HARNESS_CONNS; i++) {
        if (harness->conns[i])
            (void)leat_tcp_close(harness->conns[i]);
    }
    harness_wait(harness, patience_ns / 2);
    harness_wait(harness, patience_ns / 2);
    for (unsigned i = 0; i < HARNESS_CONNS; i++)
        demand(!harness->conns[i], "a connection doesn't end");
}

void harness_close(struct harness *harness)
{
    leat_close(harness->stack);
    demand(pool_is_whole(&harness->stack->pool), "a buffer is lost");
}
