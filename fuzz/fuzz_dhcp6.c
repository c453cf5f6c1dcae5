/*
 * fuzz_dhcp6.c -- arbitrary DHCPv6 servers: every accepted lease is legal, no address is used after
 * its end, and its settings are withdrawn with it.
 *
 * The input is messages: a byte of flags for the parts that are set correctly, a length, and the
 * options.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/dhcp6.h>
#include <leat/leat.h>

#include "core/checksum.h"
#include "fake_netif.h"
#include "frames.h"
#include "family.h"
#include "link/link.h"
#include "wire/bytes.h"
#include "proto/wire/dhcp6.h"
#include "wire/ipv6.h"
#include "wire/ndp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    STEPS_MAX = 32,
    MESSAGE_MAX = 600,
    UDP_BYTES = 8,
    UDP_AT = 14 + IPV6_HEADER_BYTES,
    MESSAGE_AT = UDP_AT + UDP_BYTES,
    ADVERTISEMENT_BYTES = 32,
    TICK_NS = 1100, /* of the timers */
    /* parts of the first byte */
    KIND = 0x07, /* all correct except for the options, see put_right(); WILD: only the xid */
    WILD = 7,
    RAPID = 0x08,
    LET_TIME_PASS = 0x30, /* one of four lengths */
    TAKEN = 0x40,         /* another host claims the address before */
    CALL = 0x80           /* the program makes a call before; the length says which */
};

static const struct leat_ip server = {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}};
static const struct leat_ip leased = {{0x20, 1, 0xd, 0xb8, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x50}};
static const uint8_t server_duid[] = {0, 3, 0, 1, 2, 0, 0, 0, 0, 5};

static struct {
    struct leat *stack;
    struct fake_netif dev;
    struct leat_dhcp6 *dhcp6;
    uint64_t now_ns;
    uint64_t next_ns;
    uint32_t xid; /* xid of the client's last message */
} fuzz;

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static bool is_ours(struct leat_ip ip)
{
    return fuzz.stack->ipv6_family->is_ours(fuzz.stack, ip);
}

static void demand_host(struct leat_ip ip)
{
    demand(!leat_ip_is_v4(ip) && !leat_ip_is_any(ip) && !leat_ip_is_multicast(ip) &&
           !leat_ip_is_loopback(ip));
}

static void demand_legal(const struct leat_dhcp6_lease *lease)
{
    demand(lease->name_server_count <= LEAT_DHCP6_SERVERS_MAX &&
           lease->ntp_server_count <= LEAT_DHCP6_SERVERS_MAX &&
           lease->server_bytes <= LEAT_DHCP6_DUID_MAX);
    for (unsigned i = 0; i < lease->name_server_count; i++)
        demand_host(lease->name_servers[i]);
    for (unsigned i = 0; i < lease->ntp_server_count; i++)
        demand_host(lease->ntp_servers[i]);
    demand(memchr(lease->search, '\0', sizeof lease->search) != NULL);
    demand(memchr(lease->ntp_names, '\0', sizeof lease->ntp_names) != NULL);
    if (leat_ip_is_any(lease->ip)) {
        demand(lease->refresh_s >= 600);
        return;
    }
    demand_host(lease->ip);
    demand(lease->preferred_s <= lease->valid_s && lease->renew_s <= lease->rebind_s);
    demand(lease->valid_s == LEAT_DHCP6_FOR_EVER || lease->rebind_s < lease->valid_s);
    demand(is_ours(lease->ip));
    demand(leat_dhcp6_expires_ns(fuzz.dhcp6) >= fuzz.now_ns ||
           fuzz.now_ns - leat_dhcp6_expires_ns(fuzz.dhcp6) < TICK_NS);
}

/* The invariants between two polls. */
static void check(void)
{
    const struct leat_dhcp6_lease *lease = leat_dhcp6_lease(fuzz.dhcp6);

    if (lease)
        demand_legal(lease);
    else
        demand(!is_ours(leased));
    demand(leat_stats_balance(leat_stats(fuzz.stack)));
}

static void poll_now(void)
{
    const struct fake_frame *frame;

    fuzz.next_ns = leat_poll(fuzz.stack, fuzz.now_ns);
    while ((frame = fake_netif_sent(&fuzz.dev))) {
        if (frame->len > MESSAGE_AT && frame->bytes[20] == 17 &&
            get16(frame->bytes + UDP_AT + 2) == DHCP6_SERVER_PORT)
            fuzz.xid = get32(frame->bytes + MESSAGE_AT) & DHCP6_XID_MASK;
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

/* Delivers a packet. Its checksum is at @checksum_at of @payload, where there is a 0. */
static void feed(struct leat_ip src, struct leat_ip dst, uint8_t next_header, uint8_t *payload,
                 uint32_t len, uint32_t checksum_at)
{
    static const struct leat_mac group = {{0x33, 0x33, 0, 0, 0, 1}};
    const struct wire_ipv6 header = {.src = src,
                                     .dst = dst,
                                     .payload_bytes = (uint16_t)len,
                                     .next_header = next_header,
                                     .hop_limit = 255};
    uint8_t frame[UDP_AT + UDP_BYTES + MESSAGE_MAX];

    put16(payload + checksum_at, checksum_finish(checksum_pseudo6(&src, &dst, next_header, len) +
                                                 checksum_bytes(payload, len)));
    memcpy(frame, leat_ip_is_multicast(dst) ? group.octet : MAC_US.octet, 6);
    memcpy(frame + 6, MAC_OTHER.octet, 6);
    put16(frame + 12, 0x86dd);
    wire_ipv6_emit(&header, frame + 14);
    memcpy(frame + UDP_AT, payload, len);
    fake_netif_feed(&fuzz.dev, frame, UDP_AT + len);
    poll_now();
    poll_now(); /* usable addresses are reported in the next turn */
}

/* Writes the options of a correct server. */
static void put_right(struct wire_dhcp6_writer *writer, uint8_t kind)
{
    static const uint8_t statuses[] = {0, 0, 0, DHCP6_NO_BINDING, DHCP6_NOT_ON_LINK, 0, 0};
    uint8_t duid[10] = {0, 3, 0, 1}, ia[44] = {0};
    struct leat_ip ip = leased;

    memcpy(duid + 4, MAC_US.octet, 6);
    wire_dhcp6_put(writer, DHCP6_CLIENT_ID, duid, sizeof duid);
    wire_dhcp6_put(writer, DHCP6_SERVER_ID, server_duid, sizeof server_duid);
    if (statuses[kind])
        wire_dhcp6_put16(writer, DHCP6_STATUS, statuses[kind]);
    if (kind > 2)
        return;
    if (kind == 2)
        ip.bytes[15]++;
    memcpy(ia, MAC_US.octet + 2, 4);
    put16(ia + 12, DHCP6_IA_ADDRESS);
    put16(ia + 14, 24);
    memcpy(ia + 16, ip.bytes, sizeof ip.bytes);
    ia[35] = ia[39] = 60; /* lifetimes */
    wire_dhcp6_put(writer, DHCP6_IA_NA, ia, 40);
}

static void say(uint8_t how, const uint8_t *options, uint32_t len)
{
    const uint8_t kind = how & KIND;
    const struct leat_ip us = fuzz.stack->ipv6_family->link_local(fuzz.stack->links);
    uint8_t datagram[UDP_BYTES + MESSAGE_MAX] = {0};
    uint8_t type = kind == 0 ? DHCP6_ADVERTISE : DHCP6_REPLY;
    struct wire_dhcp6_writer writer;

    if (kind == WILD && len > 0) {
        type = options[0];
        options++;
        len--;
    }
    wire_dhcp6_write(&writer, type, fuzz.xid, datagram + UDP_BYTES, MESSAGE_MAX);
    if (kind != WILD)
        put_right(&writer, kind);
    if (how & RAPID)
        wire_dhcp6_put(&writer, DHCP6_RAPID_COMMIT, NULL, 0);
    memcpy(datagram + UDP_BYTES + writer.len, options, len);
    len += UDP_BYTES + writer.len;
    put16(datagram, DHCP6_SERVER_PORT);
    put16(datagram + 2, DHCP6_CLIENT_PORT);
    put16(datagram + 4, (uint16_t)len);
    feed(server, us, 17, datagram, len, 6);
}

/* Another host claims the address (RFC 4861 4.4). */
static void claim(void)
{
    static const struct leat_ip all = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    uint8_t message[ADVERTISEMENT_BYTES] = {ICMPV6_NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, 0x20};

    memcpy(message + 8, leased.bytes, sizeof leased.bytes);
    message[24] = 2;
    message[25] = 1;
    memcpy(message + 26, MAC_OTHER.octet, 6);
    feed(leased, all, IPV6_ICMP, message, sizeof message, 2);
}

/* Restarts the client, possibly in the middle of a release, and with an address of an earlier
 * start. */
static void start_again(bool with_kept)
{
    const struct leat_dhcp6_lease lease = {.ip = leased};
    uint8_t kept[LEAT_DHCP6_KEPT_BYTES];

    leat_dhcp6_keep(&lease, kept);
    leat_dhcp6_start(fuzz.dhcp6, with_kept ? kept : NULL);
}

static void call(uint8_t which)
{
    switch (which % 4) {
    case 0:
        leat_dhcp6_confirm(fuzz.dhcp6);
        break;
    case 1:
        leat_dhcp6_release(fuzz.dhcp6);
        break;
    case 2:
        leat_dhcp6_stop(fuzz.dhcp6);
        break;
    default:
        leat_dhcp6_stop(fuzz.dhcp6);
        demand(leat_dhcp6_inform(fuzz.dhcp6) == LEAT_OK);
        break;
    }
    poll_now();
    if (which % 4 == 1 || which % 4 == 2)
        start_again(which & 4);
}

static void take_step(uint8_t how, const uint8_t *options, uint8_t len)
{
    static const uint64_t waits_ns[] = {0, 1200000000, 20000000000, 2000000000000};

    if (how & CALL)
        call(len);
    wait_for(waits_ns[(how & LET_TIME_PASS) >> 4]);
    if (how & TAKEN)
        claim();
    say(how, options, len);
}

static void begin(void)
{
    static const struct leat_config config = {.seed = {1}, .buf_count = 64};
    static const struct leat_ipv6_config ipv6 = {.hosts = 64};
    const struct leat_dhcp6_config dhcp6 = {.rapid_commit = true};
    const size_t bytes = leat_memory_bytes(&config) + leat_udp_memory_bytes(NULL) +
                         leat_ipv6_memory_bytes(&ipv6) + leat_dhcp6_memory_bytes(1);
    static void *memory;

    if (!memory)
        memory = malloc(bytes);
    demand(memory != NULL);
    fake_netif_init(&fuzz.dev);
    fuzz.xid = 0;
    fuzz.now_ns = 1000000000;
    demand(leat_init(&fuzz.stack, memory, bytes, &config) == LEAT_OK);
    demand(leat_attach(fuzz.stack, &fuzz.dev.netif) == LEAT_OK);
    demand(leat_udp_register(fuzz.stack, NULL) == LEAT_OK);
    demand(leat_ipv6_register(fuzz.stack, &ipv6) == LEAT_OK);
    demand(leat_dhcp6_register(fuzz.stack, 1) == LEAT_OK);
    demand(leat_dhcp6_open(fuzz.stack, &fuzz.dev.netif, &fuzz.dhcp6, &dhcp6) == LEAT_OK);
    fuzz.next_ns = leat_poll(fuzz.stack, fuzz.now_ns);
    wait_for(2000000000);
    demand(leat_dhcp6_start(fuzz.dhcp6, NULL) == LEAT_OK);
    poll_now();
    wait_for(100000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin();
    for (unsigned steps = 0; steps < STEPS_MAX && size >= 2; steps++) {
        const uint8_t len = data[1] <= size - 2 ? data[1] : (uint8_t)(size - 2);

        take_step(data[0], data + 2, len);
        data += 2 + len;
        size -= 2u + len;
    }
    leat_dhcp6_stop(fuzz.dhcp6);
    poll_now();
    demand(!is_ours(leased));
    leat_close(fuzz.stack);
    return 0;
}
