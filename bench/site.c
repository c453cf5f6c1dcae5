#include "site.h"

#include <leat/ipv6.h>
#include <leat/slaac.h>

#include <stdio.h>
#include <stdlib.h>

#include "translate.h"

enum {
    POLLS_MAX = 1000000
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "floods: %s\n", what);
    exit(1);
}

void demand(bool condition, const char *what)
{
    if (!condition)
        fail(what);
}

/* ---- the program -------------------------------------------------------------------------- */

static void echo(struct leat_udp *udp, struct leat_buf *payload, const struct leat_endpoint *peer,
                 const struct leat_endpoint *local, void *arg)
{
    (void)arg;
    leat_udp_send_from(udp, payload, peer, local->ip);
}

static void swallow(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    (void)arg;
    leat_buf_free(data);
    leat_tcp_consumed(conn, len);
}

static void note_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    ((struct end *)arg)->conn = NULL;
}

static const struct leat_tcp_events tcp_events = {.on_readable = swallow, .on_closed = note_closed};

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    struct site *site = arg;
    struct end *end = &site->ends[site->ends_count];
    struct leat_tcp *conn;

    while (site->ends_count < CONNECTIONS &&
           (conn = leat_tcp_accept(listener, &tcp_events, end)) != NULL) {
        end->conn = conn;
        end = &site->ends[++site->ends_count];
    }
}

static void open_sockets(struct site *site)
{
    static const struct leat_udp_events events = {.on_datagram = echo};
    const struct leat_tcp_listen_config listen = {
        .port = PORT_ECHO, .on_acceptable = accept_all, .arg = site};
    struct leat_tcp_listener *listener;
    struct leat_udp *udp;

    demand(leat_udp_open(site->stack, &udp, &events, NULL) == LEAT_OK, "UDP socket");
    demand(leat_udp_bind(udp, LEAT_IP_ANY, PORT_ECHO) == LEAT_OK, "UDP port");
    demand(leat_tcp_listen(site->stack, &listener, &listen) == LEAT_OK, "listener");
}

/* ---- the stack ---------------------------------------------------------------------------- */

const struct leat_config site_config = {.seed = {1}};

uint64_t site_poll(struct site *site)
{
    fake_netif_forget(&site->dev);
    return leat_poll(site->stack, site->now_ns);
}

void site_feed(struct site *site, const struct frame *frame)
{
    struct frame other;

    if (!site->ipv6) {
        fake_netif_feed(&site->dev, frame->bytes, frame->len);
        return;
    }
    other = *frame;
    other.len = translate_to_ipv6(other.bytes, other.len);
    fake_netif_feed(&site->dev, other.bytes, other.len);
}

void site_wait(struct site *site, uint64_t ns)
{
    const uint64_t until_ns = site->now_ns + ns;
    uint64_t next_ns = site->now_ns;

    for (unsigned i = 0; next_ns <= until_ns; i++) {
        demand(i < POLLS_MAX, "it polls without end");
        site->now_ns = next_ns > site->now_ns ? next_ns : site->now_ns;
        next_ns = site_poll(site);
    }
    site->now_ns = until_ns;
}

static struct leat_ip address_of(const struct site *site, leat_ip4 ip4)
{
    struct leat_ip ip = leat_ip_v4(ip4);

    if (site->ipv6)
        translate_address(ip4, ip.bytes);
    return ip;
}

static void begin_ipv6(struct site *site)
{
    struct leat_slaac *slaac;

    demand(leat_ipv6_register(site->stack, NULL) == LEAT_OK, "IPv6");
    demand(leat_slaac_start(site->stack, &site->dev.netif, &slaac, NULL) == LEAT_OK, "SLAAC");
}

size_t site_bytes(void)
{
    return leat_memory_bytes(&site_config) + leat_udp_memory_bytes(NULL) +
           leat_tcp_memory_bytes(NULL) + leat_ipv6_memory_bytes(NULL);
}

struct site *site_open(void *memory, size_t bytes, bool ipv6)
{
    const struct frame greeting = frame_arp(1, &MAC_PEER, IP_PEER, IP_US);
    struct site *site = calloc(1, sizeof *site);

    demand(site != NULL, "no memory");
    fake_netif_init(&site->dev);
    site->dev.answers_arp = true;
    site->now_ns = second_ns;
    demand(leat_init(&site->stack, memory, bytes, &site_config) == LEAT_OK, "leat_init()");
    demand(leat_attach(site->stack, &site->dev.netif) == LEAT_OK, "leat_attach()");
    site->ipv6 = ipv6;
    if (ipv6)
        begin_ipv6(site);
    demand(leat_address_add(site->stack, &site->dev.netif, address_of(site, IP_US),
                            ipv6 ? 24 + TRANSLATE_PREFIX_BITS : 24) == LEAT_OK,
           "address");
    demand(leat_route_add(site->stack, ipv6 ? LEAT_IP_ANY : leat_ip_v4(0), 0,
                          address_of(site, IP_PEER)) == LEAT_OK,
           "route");
    demand(leat_udp_register(site->stack, NULL) == LEAT_OK, "UDP");
    demand(leat_tcp_register(site->stack, NULL) == LEAT_OK, "TCP");
    open_sockets(site);
    site_wait(site, 10 * second_ns);
    site_feed(site, &greeting);
    site_poll(site);
    return site;
}

/* ---- the peer ----------------------------------------------------------------------------- */

struct frame site_segment(const struct site *site, uint32_t end, uint8_t flags, uint32_t seq,
                          uint16_t window, uint32_t len)
{
    const struct frame_segment says = {.src_port = (uint16_t)(2000 + end),
                                       .dst_port = PORT_ECHO,
                                       .seq = ISS_PEER + seq,
                                       .ack = site->ends[end].iss + 1,
                                       .flags = flags,
                                       .window = window};

    return frame_tcp(&says, site->data, len);
}

void site_connect(struct site *site, uint32_t count, const void *options, uint32_t options_len)
{
    site->dev.from_stack = site->ipv6 ? translate_to_ipv4 : NULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct frame_segment syn = {.src_port = (uint16_t)(2000 + i),
                                          .dst_port = PORT_ECHO,
                                          .seq = ISS_PEER,
                                          .flags = SYN,
                                          .window = 60000,
                                          .options = options,
                                          .options_len = options_len};
        const struct fake_frame *answer;
        struct frame frame = frame_tcp(&syn, NULL, 0);

        site_feed(site, &frame);
        site_poll(site);
        answer = fake_netif_sent(&site->dev);
        demand(answer && answer->bytes[FRAME_L4 + 13] == (SYN | ACK), "no SYN,ACK");
        site->ends[i].iss = frame_get32(answer->bytes + FRAME_L4 + 4);
        frame = site_segment(site, i, ACK, 1, 60000, 0);
        site_feed(site, &frame);
        site_poll(site);
        demand(site->ends_count == i + 1, "a connection doesn't open");
    }
    site->dev.from_stack = NULL;
}
