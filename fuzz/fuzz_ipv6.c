/*
 * fuzz_ipv6.c -- arbitrary neighbours, routers and remote hosts over IPv6: every transmitted packet
 * is complete with a right checksum, memory stays within the limits, and every packet is counted
 * once.
 *
 * The input is packets: two bytes of flags for the parts that are set correctly, a length, and the
 * bytes after the IPv6 header.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>
#include <leat/slaac.h>

#include "core/checksum.h"
#include "fake_netif.h"
#include "frames.h"
#include "wire/ipv6.h"

#define REASSEMBLY_NS 60000000000u
#define RESOLUTION_NS 10000000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    STEPS_MAX = 48,
    NEIGHBOURS = 8,
    PARKED = 2,
    SHARED = 3,
    PART_MAX = 255,
    ICMP_CHECKSUM_AT = 2,
    NDP_TARGET_AT = 8,
    NDP_BYTES_MIN = 24,
    /* parts of the first byte; its lowest three bits choose a source */
    NEAR = 8, /* hop limit 255 */
    TO_GROUP = 16,
    RIGHT_CHECKSUM = 32,
    LET_TIME_PASS = 0xc0, /* one of four lengths */
    /* parts of the second byte; its lowest three bits choose the next header */
    TARGET_OURS = 8,
    TARGET_SOURCE = 16
};

static const struct leat_ip us = {{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

static struct {
    struct leat *stack;
    struct leat_slaac *slaac;
    struct fake_netif dev;
    uint64_t now_ns;
} fuzz;

static void demand(bool condition)
{
    if (!condition)
        abort();
}

/* Source and target addresses: two in our network, one behind a router, one link-local, one
 * unused.
 */
static struct leat_ip peer(unsigned which)
{
    struct leat_ip ip = us;

    ip.bytes[15] = (uint8_t)(2 + which);
    if (which == 5)
        ip.bytes[7] = 9;
    else if (which == 6)
        ip = (struct leat_ip){{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
    else if (which == 7)
        ip = LEAT_IP_ANY;
    return ip;
}

static bool checksum_is_right(const uint8_t *packet, const struct wire_ipv6 *header)
{
    return checksum_agrees(
        checksum_pseudo6(&header->src, &header->dst, IPV6_ICMP, header->payload_bytes) +
        checksum_bytes(packet + IPV6_HEADER_BYTES, header->payload_bytes));
}

/* Checks a transmitted packet. */
static void look_at(const struct fake_frame *frame)
{
    struct wire_ipv6 header;
    const uint8_t *packet = frame->bytes + 14;

    if (frame_get16(frame->bytes + 12) != 0x86dd)
        return;
    demand(wire_ipv6_parse(&header, packet, frame->len - 14, frame->len - 14));
    demand(header.hop_limit > 0);
    demand(!leat_ip_is_multicast(header.src) && !leat_ip_is_any(header.dst));
    if (header.next_header == IPV6_FRAGMENT)
        return;
    demand(header.next_header == IPV6_ICMP);
    demand(checksum_is_right(packet, &header));
}

/* Checks that router facts are within bounds. */
static void look_at_facts(const struct leat_slaac_facts *facts)
{
    demand(facts->mtu >= IPV6_MTU_MIN && facts->mtu <= fuzz.dev.netif.mtu);
    demand(facts->name_server_count <= LEAT_SLAAC_SERVERS_MAX && facts->nat64_bits <= 96);
    demand(memchr(facts->search, 0, sizeof facts->search) != NULL);
    demand(!leat_ip_is_multicast(facts->ip) && !leat_ip_is_multicast(facts->gateway));
}

static void poll_now(void)
{
    const struct fake_frame *frame;
    struct leat_holdings holdings;

    leat_poll(fuzz.stack, fuzz.now_ns);
    while ((frame = fake_netif_sent(&fuzz.dev)))
        look_at(frame);
    leat_holdings(fuzz.stack, &holdings);
    demand(holdings.held_parked <= (NEIGHBOURS * PARKED + SHARED) * 2);
    look_at_facts(leat_slaac_facts(fuzz.slaac));
}

static void wait_for(uint64_t ns)
{
    for (unsigned i = 0; i < 4; i++) {
        fuzz.now_ns += ns / 4;
        poll_now();
    }
}

static uint8_t next_header(unsigned which, uint8_t other)
{
    static const uint8_t all[] = {IPV6_ICMP,     IPV6_ICMP,        IPV6_ICMP, IPV6_HOP_BY_HOP,
                                  IPV6_FRAGMENT, IPV6_DESTINATION, IPV6_NONE};

    return which < sizeof all ? all[which] : other;
}

/* Delivers a packet with @part, as @step describes. */
static void feed(const uint8_t *step, uint8_t *part, uint8_t len)
{
    struct wire_ipv6 header = {.src = peer(step[0] & 7),
                               .dst = us,
                               .payload_bytes = len,
                               .next_header = next_header(step[1] & 7, len),
                               .hop_limit = step[0] & NEAR ? 255 : 64};
    const struct leat_ip target = step[1] & TARGET_OURS ? us : peer(step[1] >> 5);
    uint8_t packet[IPV6_HEADER_BYTES + PART_MAX];
    struct frame frame;

    if (step[0] & TO_GROUP)
        header.dst = (struct leat_ip){{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 1}};
    if (len >= NDP_BYTES_MIN && step[1] & (TARGET_OURS | TARGET_SOURCE))
        memcpy(part + NDP_TARGET_AT, target.bytes, sizeof target.bytes);
    wire_ipv6_emit(&header, packet);
    memcpy(packet + IPV6_HEADER_BYTES, part, len);
    if (step[0] & RIGHT_CHECKSUM && header.next_header == IPV6_ICMP && len >= 4) {
        memset(packet + IPV6_HEADER_BYTES + ICMP_CHECKSUM_AT, 0, 2);
        checksum_put(packet + IPV6_HEADER_BYTES + ICMP_CHECKSUM_AT,
                     checksum_pseudo6(&header.src, &header.dst, IPV6_ICMP, len) +
                         checksum_bytes(packet + IPV6_HEADER_BYTES, len));
    }
    frame = frame_ethernet(0x86dd, packet, IPV6_HEADER_BYTES + (uint32_t)len);
    if (step[0] & TO_GROUP) {
        frame.bytes[0] = frame.bytes[1] = 0x33;
        memcpy(frame.bytes + 2, header.dst.bytes + 12, 4);
    }
    fake_netif_feed(&fuzz.dev, frame.bytes, frame.len);
    poll_now();
}

static void begin(void)
{
    static const struct leat_config config = {.seed = {1}, .buf_count = 64, .arp_shared = SHARED};
    static const struct leat_ipv6_config ipv6 = {.neighbours = NEIGHBOURS, .parked = PARKED};
    const size_t bytes = leat_memory_bytes(&config) + leat_ipv6_memory_bytes(&ipv6);
    static void *memory;

    if (!memory)
        memory = malloc(bytes);
    demand(memory != NULL);
    fake_netif_init(&fuzz.dev);
    fuzz.now_ns = 1000000000;
    demand(leat_init(&fuzz.stack, memory, bytes, &config) == LEAT_OK);
    demand(leat_attach(fuzz.stack, &fuzz.dev.netif) == LEAT_OK);
    demand(leat_ipv6_register(fuzz.stack, &ipv6) == LEAT_OK);
    demand(leat_slaac_start(fuzz.stack, &fuzz.dev.netif, &fuzz.slaac, NULL) == LEAT_OK);
    demand(leat_address_add(fuzz.stack, &fuzz.dev.netif, us, 64) == LEAT_OK);
    demand(leat_route_add(fuzz.stack, LEAT_IP_ANY, 0, peer(6)) == LEAT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t waits_ns[] = {0, 300000000, 1100000000, 40000000000};
    const uint32_t buffers = 64;

    begin();
    for (unsigned steps = 0; steps < STEPS_MAX && size >= 3; steps++) {
        const uint8_t len = data[2] <= size - 3 ? data[2] : (uint8_t)(size - 3);
        uint8_t part[PART_MAX];

        memcpy(part, data + 3, len);
        wait_for(waits_ns[data[0] >> 6]);
        feed(data, part, len);
        data += 3u + len;
        size -= 3u + len;
    }
    demand(leat_stats_balance(leat_stats(fuzz.stack)));
    wait_for(REASSEMBLY_NS); /* nothing waits for ever: fragments no longer than this, */
    wait_for(RESOLUTION_NS); /* and ICMP errors about them no longer than neighbour resolution */
    demand(leat_pool_free_count(leat_pool(fuzz.stack)) == buffers);
    leat_close(fuzz.stack);
    return 0;
}
