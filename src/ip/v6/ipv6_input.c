/* ipv6_input.c -- receives packets: the checks, in their order, before a packet is delivered. */
#include "core/checksum.h"
#include "core/view.h"
#include "ip/route.h"
#include "ip/v6/block6.h"
#include "ip/v6/fragment6.h"
#include "ip/v6/ipv6.h"
#include "wire/bytes.h"
#include "wire/ndp.h"

/* True for a neighbour advertisement: ndp_input() must see one from a host that has our address. */
static bool is_advertisement(const struct leat_buf *buf)
{
    return buf->len > IPV6_HEADER_BYTES && buf->data[IPV6_NEXT_AT] == IPV6_ICMP &&
           buf->data[IPV6_HEADER_BYTES] == ICMPV6_NEIGHBOUR_ADVERTISEMENT;
}

/* RFC 4291 2.5.3, 2.5.5.2, 2.7: addresses that can't be a source. */
static bool source_is_martian(struct link *link, struct leat_ip src, const struct leat_buf *buf)
{
    if (leat_ip_is_multicast(src) || leat_ip_is_v4(src))
        return true;
    if (!link) /* sent by ourselves */
        return false;
    return leat_ip_is_loopback(src) || (address6_find(link, src) && !is_advertisement(buf));
}

static bool is_for_us(const struct leat *stack, struct link *link, struct leat_ip dst)
{
    const struct address6 *address;

    if (!link)
        return ipv6_is_ours(stack, dst);
    if (leat_ip_is_multicast(dst))
        return address6_hears(link, dst);
    address = address6_find(link, dst);
    return address && address->state >= ADDRESS6_OPTIMISTIC;
}

static void walk_headers(struct leat *stack, struct packet6 *packet)
{
    const struct leat_buf *buf = packet->buf;
    struct wire_ipv6_chain chain;

    if (!ipv6_chain_is_good(
            stack, packet, &chain,
            wire_ipv6_walk(&chain, buf->data, buf->len, leat_ip_is_multicast(packet->dst))))
        return;
    if (chain.is_fragment)
        fragment6_input(stack, packet, &chain);
    else
        ipv6_deliver_behind(stack, packet, &chain);
}

static __attribute__((noinline)) void input_any(struct leat *stack, struct link *link,
                                                struct leat_buf *buf, bool is_group)
{
    struct wire_ipv6 header;
    struct packet6 packet = {.buf = buf, .link = link};

    if (!wire_ipv6_parse(&header, buf->data, buf->len, leat_buf_total(buf))) {
        stack_end(stack, buf, drop_ip6_header);
        return;
    }
    /* the source comes first, so that a martian is counted as one even if it is for another host */
    if (source_is_martian(link, header.src, buf)) {
        stack_end(stack, buf, drop_ip6_source);
        return;
    }
    if (!is_for_us(stack, link, header.dst)) {
        stack_end(stack, buf, drop_ip6_not_ours);
        return;
    }
    /* Ethernet's padding is cut off, since it isn't part of the packet */
    view_trim(buf, IPV6_HEADER_BYTES + (uint32_t)header.payload_bytes);
    packet.src = header.src;
    packet.dst = header.dst;
    packet.next_header = header.next_header;
    packet.hop_limit = header.hop_limit;
    packet.traffic_class = header.traffic_class;
    /* the link address counts, too, because an error about the packet would go out once for each
     * receiver */
    packet.is_group = is_group || leat_ip_is_multicast(header.dst);
    walk_headers(stack, &packet);
}

/* Fills in the host numbers of both ends if the block of the last lookup has a path back to the
 * sender. */
static bool is_from_block(struct leat *stack, const struct link *link, const uint8_t *bytes,
                          struct packet *packet)
{
    struct blocks6 *blocks = stack->ipv6->blocks;
    struct block6 *block = &blocks->all[blocks->last];
    struct leat_ip src;

    if (block->link != link || block->shared.generation != stack->route_generation ||
        !block6_leads(stack, block, block->src, bytes + IPV6_SRC_AT) ||
        memcmp(host6_at(stack, block->src)->ip.bytes, bytes + IPV6_DST_AT, sizeof src.bytes) != 0)
        return false;
    memcpy(src.bytes, bytes + IPV6_SRC_AT, sizeof src.bytes);
    packet->src = host6_of(stack, src, 0);
    packet->dst = block->src;
    packet->pseudo_sum = block6_toward(stack, block, packet->src)->pseudo_sum;
    return true;
}

/* The path of the last lookup, if it leads back to the sender on @link. Then the addresses need no
 * check: one is ours on this link, the other one is unicast and not ours. */
static inline const struct path *path_of_known(const struct leat *stack, const struct link *link,
                                               const uint8_t *bytes)
{
    const struct path *path = route_last_between(stack, bytes + IPV6_DST_AT, bytes + IPV6_SRC_AT);

    return path && path->link == link && stack->route_last->generation == stack->route_generation
               ? path
               : 0;
}

/* Passes a plain packet, of which @packet has the ends, to its transport. Takes @buf. */
HOT void deliver_known(struct leat *stack, struct packet *packet, struct link *link,
                       const struct protocol *protocol, struct leat_buf *buf)
{
    const uint8_t *bytes = buf->data;

    view_pull(buf, IPV6_HEADER_BYTES);
    packet->buf = buf;
    packet->link = link;
    packet->header_bytes = IPV6_HEADER_BYTES;
    packet->protocol = bytes[IPV6_NEXT_AT];
    packet->ttl = bytes[IPV6_HOP_LIMIT_AT];
    packet->tos = (uint8_t)(get16(bytes) >> 4);
    packet->is_group = packet->reassembled = false;
    protocol->input(stack, packet);
}

/* True for a packet without extension headers in front of TCP or UDP, and without padding. */
static inline bool is_plain(const struct leat_buf *buf)
{
    const uint8_t *bytes = buf->data;

    return buf->len >= IPV6_HEADER_BYTES && bytes[0] >> 4 == 6 &&
           (uint32_t)get16(bytes + IPV6_PAYLOAD_AT) + IPV6_HEADER_BYTES == view_total(buf);
}

/* Takes a plain packet that came on another path than the last, from a block of hosts. False: it
 * didn't, and nothing has been done. Separate, so that the path of most packets saves no registers.
 * input_any() isn't called here, which would make the deepest stack deeper. */
static __attribute__((noinline)) bool take_from_block(struct leat *stack, struct link *link,
                                                      struct leat_buf *buf,
                                                      const struct protocol *protocol)
{
    struct packet packet;

    if (!is_from_block(stack, link, buf->data, &packet))
        return false;
    deliver_known(stack, &packet, link, protocol, buf);
    return true;
}

void ipv6_input(struct leat *stack, struct link *link, struct leat_buf *buf, bool is_group)
{
    const struct protocol *protocol =
        SHORTCUTS && !is_group && is_plain(buf) ? protocol_find(stack, buf->data[IPV6_NEXT_AT]) : 0;
    const struct path *path;
    struct packet packet;

    if (!protocol) {
        input_any(stack, link, buf, is_group);
        return;
    }
    path = path_of_known(stack, link, buf->data);
    if (!path) {
        if (!take_from_block(stack, link, buf, protocol))
            input_any(stack, link, buf, false);
        return;
    }
    packet.src = path->dst;
    packet.dst = path->src;
    packet.pseudo_sum = path->pseudo_sum;
    deliver_known(stack, &packet, link, protocol, buf);
}
