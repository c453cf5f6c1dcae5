/* world.c -- a stack whose only network is a capture. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <leat/ipv6.h>

#include "core/checksum.h"
#include "packet.h"
#include "wire/arp.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ipv6.h"
#include "wire/ndp.h"

enum {
    MTU = 1500,
    BURST = 16,
    POLLS_AT_ONCE = 64,     /* at one time */
    POLLS_BETWEEN = 100000, /* timers between two frames; an upper bound that is not reached
                             * in practice */
    HEADROOM = LEAT_BUF_HEADROOM - 2,
    NDP_AT = ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES
};

static struct world *world_of(struct leat_netif *netif)
{
    return (struct world *)netif; /* it is the first member */
}

static struct world_neighbour *place_of(struct world *world, struct leat_ip ip)
{
    return &world->neighbours[world_hash(ip) >> 22];
}

void world_learn(struct world *world, struct leat_ip ip, const struct leat_mac *mac)
{
    struct world_neighbour *place = place_of(world, ip);

    place->ip = ip;
    place->mac = *mac;
}

/* Copies a frame into buffers of the pool; most frames need one. */
static struct leat_buf *world_copy(struct world *world, const uint8_t *frame, uint32_t len)
{
    struct leat_buf *made = leat_buf_alloc(leat_pool(world->stack), HEADROOM);
    struct leat_buf *last = made;

    while (last) {
        const uint32_t room = leat_buf_tailroom(last);
        const uint32_t here = room < len ? room : len;

        memcpy(leat_buf_put(last, here), frame, here);
        frame += here;
        len -= here;
        if (len == 0)
            return made;
        last->next = leat_buf_alloc(leat_pool(world->stack), HEADROOM);
        last = last->next;
    }
    leat_buf_free(made);
    return NULL;
}

bool world_queue(struct world *world, const uint8_t *frame, uint32_t len)
{
    struct leat_buf *buf;

    if (world->queue_count == WORLD_QUEUE)
        return false;
    buf = len <= sizeof world->flat ? world_copy(world, frame, len) : NULL;
    if (buf)
        world->queue[world->queue_count++] = buf;
    else
        world->lost_frames++;
    return true;
}

static uint32_t world_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                              struct leat_buf **frames, uint32_t frames_max)
{
    struct world *world = world_of(netif);
    const uint32_t count = world->queue_count < frames_max ? world->queue_count : frames_max;

    (void)now_ns;
    (void)pool;
    world->queue_count -= count;
    for (uint32_t i = 0; i < count; i++)
        frames[i] = world->queue[i];
    for (uint32_t i = 0; i < world->queue_count; i++)
        world->queue[i] = world->queue[count + i];
    return count;
}

static uint32_t world_transmit_room(struct leat_netif *netif)
{
    (void)netif;
    return BURST;
}

/* The link address of a neighbour, made up for unknown ones. */
static struct leat_mac mac_of(struct world *world, struct leat_ip ip)
{
    const struct world_neighbour *place = place_of(world, ip);

    return leat_ip_equal(place->ip, ip) ? place->mac : packet_peer_mac;
}

/* Sends the ARP reply of the neighbour in a request. */
static void world_answer(struct world *world, const struct wire_arp *asked)
{
    const struct leat_mac mac = mac_of(world, leat_ip_v4(asked->tpa));
    const struct wire_ethernet ethernet = {asked->sha, mac, ETHERNET_ARP};
    const struct wire_arp arp = {ARP_REPLY, mac, asked->tpa, asked->sha, asked->spa};
    uint8_t bytes[ETHERNET_FRAME_MIN] = {0};

    wire_ethernet_emit(&ethernet, bytes);
    wire_arp_emit(&arp, bytes + ETHERNET_HEADER_BYTES);
    world_queue(world, bytes, sizeof bytes);
}

static void world_answer_arp(struct world *world, const uint8_t *frame, uint32_t len)
{
    struct wire_arp arp;

    if (len < ETHERNET_HEADER_BYTES || get16(frame + 12) != ETHERNET_ARP)
        return;
    if (wire_arp_parse(&arp, frame + ETHERNET_HEADER_BYTES, len - ETHERNET_HEADER_BYTES) &&
        arp.operation == ARP_REQUEST && arp.tpa != arp.spa)
        world_answer(world, &arp);
}

/* The same for a neighbour solicitation from @ethernet and @ip (RFC 4861 7.2.4). */
static void world_advertise(struct world *world, const struct wire_ethernet *ethernet,
                            const struct wire_ipv6 *ip, struct leat_ip target)
{
    const struct leat_mac mac = mac_of(world, target);
    const struct wire_ndp ndp = {.type = ICMPV6_NEIGHBOUR_ADVERTISEMENT,
                                 .solicited = true,
                                 .override = true,
                                 .has_mac = true,
                                 .mac = mac,
                                 .target = target};
    const struct wire_ethernet to_us = {ethernet->src, mac, ETHERNET_IPV6};
    struct wire_ipv6 header = {
        .src = target, .dst = ip->src, .next_header = IPV6_ICMP, .hop_limit = NDP_HOP_LIMIT};
    uint8_t bytes[NDP_AT + NDP_BYTES + NDP_LINK_BYTES];

    header.payload_bytes = (uint16_t)wire_ndp_emit(&ndp, bytes + NDP_AT);
    checksum_put(bytes + NDP_AT + 2,
                 checksum_pseudo6(&header.src, &header.dst, IPV6_ICMP, header.payload_bytes) +
                     checksum_bytes(bytes + NDP_AT, header.payload_bytes));
    wire_ethernet_emit(&to_us, bytes);
    wire_ipv6_emit(&header, bytes + ETHERNET_HEADER_BYTES);
    world_queue(world, bytes, (uint32_t)NDP_AT + header.payload_bytes);
}

static void world_answer_ndp(struct world *world, const uint8_t *frame, uint32_t len)
{
    struct wire_ethernet ethernet;
    struct wire_ipv6 ip;
    struct wire_ndp ndp;

    if (len < NDP_AT + NDP_BYTES || get16(frame + 12) != ETHERNET_IPV6)
        return;
    if (!wire_ethernet_parse(&ethernet, frame, len))
        return;
    len -= ETHERNET_HEADER_BYTES;
    if (!wire_ipv6_parse(&ip, frame + ETHERNET_HEADER_BYTES, len, len) ||
        ip.next_header != IPV6_ICMP || frame[NDP_AT] != ICMPV6_NEIGHBOUR_SOLICITATION)
        return;
    if (wire_ndp_parse(&ndp, frame + NDP_AT, ip.payload_bytes) && !leat_ip_is_any(ip.src))
        world_advertise(world, &ethernet, &ip, ndp.target);
}

static void world_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                           uint32_t frame_count)
{
    struct world *world = world_of(netif);

    for (uint32_t i = 0; i < frame_count; i++) {
        const uint8_t *bytes = frames[i]->data;
        const uint32_t len = leat_buf_total(frames[i]);

        if (frames[i]->next) {
            leat_buf_read(frames[i], 0, world->flat, sizeof world->flat);
            bytes = world->flat;
        }
        world->sent_frames++;
        world_answer_arp(world, bytes, len);
        world_answer_ndp(world, bytes, len);
        if (world->config.on_sent)
            world->config.on_sent(world->config.arg, now_ns, bytes, len);
        leat_buf_free(frames[i]);
    }
}

static uint64_t world_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    return world_of(netif)->queue_count > 0 ? now_ns : LEAT_NEVER_NS;
}

static void world_close_netif(struct leat_netif *netif)
{
    struct world *world = world_of(netif);

    for (uint32_t i = 0; i < world->queue_count; i++)
        leat_buf_free(world->queue[i]);
    world->queue_count = 0;
}

static const struct leat_netif_ops world_ops = {.receive = world_receive,
                                                .transmit_room = world_transmit_room,
                                                .transmit = world_transmit,
                                                .next_look_ns = world_next_look_ns,
                                                .close = world_close_netif};

/* Uses large pages, if the system has any: the first access to 12 MB page by page takes as
 * long as 40,000 frames. */
static void *new_block(size_t bytes)
{
    enum {
        LARGE_PAGE = 2 * 1024 * 1024
    };
    const size_t whole = (bytes + LARGE_PAGE - 1) & ~(size_t)(LARGE_PAGE - 1);
    void *block = aligned_alloc(LARGE_PAGE, whole);

    if (block)
        (void)madvise(block, whole, MADV_HUGEPAGE); /* without them it is slower */
    return block;
}

static void *take_memory(struct world_memory *kept, size_t bytes)
{
    if (!kept)
        return new_block(bytes);
    if (kept->bytes < bytes) {
        free(kept->block);
        kept->block = new_block(bytes);
        kept->bytes = kept->block ? bytes : 0;
    }
    return kept->block;
}

static void give_memory(struct world *world)
{
    if (!world->config.memory)
        free(world->memory);
    world->memory = NULL;
}

/* Sets our address and routes. */
static enum leat_err world_address(struct world *world, struct leat_netif *netif)
{
    const struct world_config *config = &world->config;
    const bool has_gateway = config->gateway != IP4_ANY;
    enum leat_err err = leat_address_add(world->stack, netif, config->ip, has_gateway ? 24 : 0);

    if (err == LEAT_OK && has_gateway)
        err = leat_route_add(world->stack, LEAT_IP4_ANY, 0, leat_ip_v4(config->gateway));
    return err;
}

/* Creates the stack on @netif, in world->memory. */
static enum leat_err world_build(struct world *world, struct leat_netif *netif)
{
    const struct world_config *config = &world->config;
    const struct leat_ipv6_config ipv6 = {.neighbours = WORLD_NEIGHBOURS,
                                          .no_duplicate_check = true};
    const bool with_ipv6 = !leat_ip_is_v4(config->ip);
    struct leat_config limits = {.buf_count = config->buffers};
    enum leat_err err = LEAT_ERR_MEMORY;
    size_t bytes;

    memcpy(limits.seed, config->seed, sizeof limits.seed);
    bytes = leat_memory_bytes(&limits) + leat_udp_memory_bytes(NULL) +
            leat_tcp_memory_bytes(&config->tcp) + (with_ipv6 ? leat_ipv6_memory_bytes(&ipv6) : 0);
    world->memory = take_memory(config->memory, bytes);
    if (world->memory)
        err = leat_init(&world->stack, world->memory, bytes, &limits);
    if (err == LEAT_OK && with_ipv6)
        err = leat_ipv6_register(world->stack, &ipv6);
    if (err == LEAT_OK)
        err = leat_attach(world->stack, netif);
    if (err == LEAT_OK)
        err = world_address(world, netif);
    if (err == LEAT_OK)
        err = leat_udp_register(world->stack, NULL);
    return err ? err : leat_tcp_register(world->stack, &config->tcp);
}

bool world_open(struct world *world, const struct world_config *config)
{
    struct leat_netif *netif = &world->netif;
    char why[LEAT_WHY_BYTES];
    enum leat_err err;

    memset(world, 0, sizeof *world);
    world->config = *config;
    *netif = (struct leat_netif){.ops = &world_ops,
                                 .name = "capture",
                                 .mac = config->mac,
                                 .mtu = MTU,
                                 .capabilities = LEAT_NETIF_GATHER};
    if (config->record) {
        if (leat_pcap_recorder_open(&world->recorder, netif, config->record, config->notes, why)) {
            fprintf(stderr, "leat-replay: %s\n", why);
            return false;
        }
        netif = leat_pcap_recorder_netif(world->recorder);
    }
    err = world_build(world, netif);
    if (err == LEAT_OK) {
        if (world->recorder)
            leat_pcap_recorder_watch(world->recorder, leat_stats(world->stack));
        return true;
    }
    fprintf(stderr, "leat-replay: can't build a stack: %s\n", leat_err_text(err));
    leat_pcap_recorder_close(world->recorder);
    give_memory(world);
    return false;
}

bool world_close(struct world *world)
{
    bool good = true;

    if (!world->memory)
        return true;
    leat_close(world->stack);
    if (world->recorder && leat_pcap_recorder_status(world->recorder)) {
        fprintf(stderr, "leat-replay: %s: could not write all frames\n", world->config.record);
        good = false;
    }
    leat_pcap_recorder_close(world->recorder);
    give_memory(world);
    return good;
}

void world_poll(struct world *world, uint64_t now_ns)
{
    if (now_ns > world->now_ns) /* time in a capture may go back, the stack's may not */
        world->now_ns = now_ns;
    for (unsigned i = 0; i < POLLS_AT_ONCE; i++) {
        world->next_ns = leat_poll(world->stack, world->now_ns);
        if (world->next_ns > world->now_ns)
            return;
    }
}

void world_run_timers(struct world *world, uint64_t now_ns)
{
    for (unsigned i = 0; i < POLLS_BETWEEN && world->now_ns > 0 && world->next_ns < now_ns; i++)
        world_poll(world, world->next_ns);
}
