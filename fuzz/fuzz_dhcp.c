/*
 * fuzz_dhcp.c -- arbitrary DHCP servers: every accepted lease is legal, no lease is used after its
 * end, and its settings are withdrawn with it.
 *
 * The input is messages: a byte of flags for the parts that are set correctly, a length, and the
 * options.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/autoconf.h>
#include <leat/leat.h>

#include "fake_netif.h"
#include "frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    BOOTP_LEN = 240, /* including the cookie */
    OPTIONS_MAX = 300,
    STEPS_MAX = 24,
    /* parts of the first byte */
    KIND = 0x03, /* all correct except for the options: an OFFER, an ACK, a NAK; nothing correct */
    OTHER_ADDRESS = 0x04,
    TO_ADDRESS = 0x08,
    LET_TIME_PASS = 0x30, /* one of four lengths */
    TAKEN = 0x40          /* another host claims the address before */
};

static const leat_ip4 granted = 0x0a000032; /* 10.0.0.50 */

static struct {
    struct leat *stack;
    struct fake_netif dev;
    struct leat_autoconf *autoconf;
    uint64_t now_ns;
    uint64_t next_ns;
    uint8_t xid[4]; /* xid of the client's last message */
} fuzz;

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void demand_host(struct leat_ip ip)
{
    demand(leat_ip_is_v4(ip) && !leat_ip_is_any(ip) && !leat_ip_is_multicast(ip));
    demand(!leat_ip_equal(ip, LEAT_IP4_BROADCAST));
}

static void demand_text(const char *text)
{
    demand(memchr(text, '\0', LEAT_DHCP_NAME_BYTES) != NULL);
}

static void demand_legal(const struct leat_dhcp_lease *lease)
{
    demand_host(lease->ip);
    demand(lease->prefix_bits <= 32 && lease->router_count <= LEAT_DHCP_SERVERS_MAX &&
           lease->name_server_count <= LEAT_DHCP_SERVERS_MAX &&
           lease->ntp_server_count <= LEAT_DHCP_SERVERS_MAX &&
           lease->route_count <= LEAT_DHCP_ROUTES_MAX);
    demand(lease->lease_s == LEAT_DHCP_FOR_EVER ||
           (lease->renew_s < lease->rebind_s && lease->rebind_s < lease->lease_s));
    demand(lease->mtu == 0 || lease->mtu >= 576);
    for (unsigned i = 0; i < lease->router_count; i++)
        demand_host(lease->routers[i]);
    for (unsigned i = 0; i < lease->name_server_count; i++)
        demand_host(lease->name_servers[i]);
    for (unsigned i = 0; i < lease->ntp_server_count; i++)
        demand_host(lease->ntp_servers[i]);
    for (unsigned i = 0; i < lease->route_count; i++)
        demand(lease->routes[i].prefix_bits <= 32);
    demand_text(lease->host_name);
    demand_text(lease->domain_name);
    demand_text(lease->search);
}

/* The invariants between two polls. */
static void check(void)
{
    const struct leat_dhcp *dhcp = leat_autoconf_dhcp(fuzz.autoconf);
    const struct leat_dhcp_lease *lease = leat_dhcp_lease(dhcp);
    const struct leat_autoconf_facts *facts = leat_autoconf_facts(fuzz.autoconf);

    if (lease) {
        demand_legal(lease);
        demand(leat_dhcp_expires_ns(dhcp) > fuzz.now_ns);
    } else {
        demand(leat_ip_is_any(facts->ip) && facts->name_server_count == 0);
    }
    demand(leat_stats_balance(leat_stats(fuzz.stack)));
}

static void poll_now(void)
{
    const struct fake_frame *frame;

    fuzz.next_ns = leat_poll(fuzz.stack, fuzz.now_ns);
    while ((frame = fake_netif_sent(&fuzz.dev))) {
        if (frame->bytes[FRAME_IP + 9] == 17 && frame_get16(frame->bytes + FRAME_L4 + 2) == 67)
            memcpy(fuzz.xid, frame->bytes + FRAME_UDP_DATA + 4, sizeof fuzz.xid);
    }
    check();
}

static void wait_for(uint64_t ns)
{
    const uint64_t until_ns = fuzz.now_ns + ns;

    for (unsigned i = 0; i < 200 && fuzz.next_ns <= until_ns; i++) {
        if (fuzz.next_ns > fuzz.now_ns)
            fuzz.now_ns = fuzz.next_ns;
        poll_now();
    }
    fuzz.now_ns = until_ns;
    poll_now();
}

static void feed(const struct frame *frame)
{
    fake_netif_feed(&fuzz.dev, frame->bytes, frame->len);
    poll_now();
    poll_now(); /* usable addresses are reported in the next turn */
}

/* Writes the options of a correct server; returns their length. */
static uint32_t put_right(uint8_t *at, uint8_t kind)
{
    static const uint8_t types[] = {2, 5, 6};
    static const uint8_t rest[] = {54, 4, 10, 0, 0, 2, 51, 4, 0, 0, 0, 60, 1, 4, 255, 255, 255, 0};

    at[0] = 53;
    at[1] = 1;
    at[2] = types[kind];
    memcpy(at + 3, rest, sizeof rest);
    return 3 + sizeof rest;
}

static void take_step(uint8_t how, const uint8_t *options, uint32_t len)
{
    static const uint64_t waits_ns[] = {0, 3000000000, 40000000000, 1000000000000};
    const leat_ip4 ip = how & OTHER_ADDRESS ? granted + 1 : granted;
    const struct frame claim = frame_arp(2, &MAC_OTHER, ip, ip);
    uint8_t bytes[BOOTP_LEN + OPTIONS_MAX] = {2, 1, 6};
    uint32_t at = BOOTP_LEN;
    struct frame frame;

    wait_for(waits_ns[(how & LET_TIME_PASS) >> 4]);
    if (how & TAKEN)
        feed(&claim);
    memcpy(bytes + 4, fuzz.xid, sizeof fuzz.xid);
    frame_put32(bytes + 16, ip);
    memcpy(bytes + 28, MAC_US.octet, sizeof MAC_US.octet);
    frame_put32(bytes + 236, 0x63825363);
    if ((how & KIND) < KIND)
        at += put_right(bytes + at, how & KIND);
    memcpy(bytes + at, options, len);
    at += len;
    if ((how & KIND) < KIND && len % 2 == 0)
        bytes[at++] = 255;
    frame = frame_udp(IP_PEER, 67, how & TO_ADDRESS ? ip : 0xffffffff, 68, bytes, at);
    if (!(how & TO_ADDRESS))
        frame_to(&frame, &MAC_ALL);
    feed(&frame);
}

static void begin(bool probe_first)
{
    static const struct leat_config config = {.seed = {1}, .buf_count = 64};
    const struct leat_autoconf_config autoconf = {
        .host_name = "fuzz", .probe_first = probe_first, .routes = true};
    const size_t bytes =
        leat_memory_bytes(&config) + leat_udp_memory_bytes(NULL) + leat_autoconf_memory_bytes();
    static void *memory;

    if (!memory)
        memory = malloc(bytes);
    demand(memory != NULL);
    fake_netif_init(&fuzz.dev);
    memset(fuzz.xid, 0, sizeof fuzz.xid);
    fuzz.now_ns = 1000000000;
    demand(leat_init(&fuzz.stack, memory, bytes, &config) == LEAT_OK);
    demand(leat_attach(fuzz.stack, &fuzz.dev.netif) == LEAT_OK);
    demand(leat_udp_register(fuzz.stack, NULL) == LEAT_OK);
    leat_poll(fuzz.stack, fuzz.now_ns);
    demand(leat_autoconf_start(fuzz.stack, &fuzz.dev.netif, &fuzz.autoconf, &autoconf) == LEAT_OK);
    poll_now();
    wait_for(8192);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin(size > 0 && data[0] & 0x80);
    for (unsigned steps = 0; steps < STEPS_MAX && size >= 2; steps++) {
        const uint32_t len = data[1] <= size - 2 ? data[1] : (uint32_t)(size - 2);

        take_step(data[0], data + 2, len);
        data += 2 + len;
        size -= 2 + len;
    }
    leat_autoconf_stop(fuzz.autoconf, false);
    poll_now();
    demand(leat_ip_is_any(leat_autoconf_facts(fuzz.autoconf)->ip));
    leat_close(fuzz.stack);
    return 0;
}
