/*
 * ndp_output.c -- sends messages of neighbour discovery (RFC 4861 4).
 *
 * Their hop limit is 255, and receivers refuse any other. No router forwards a packet without
 * lowering it, so a message proves that it was sent on this link (RFC 4861 3.1).
 */
#include "core/assert.h"
#include "core/view.h"
#include "ip/v6/ipv6.h"
#include "link/ethernet.h"
#include "wire/ndp.h"
#include "wire/ra.h"

enum {
    MESSAGE_MAX = NDP_BYTES + NDP_LINK_BYTES + NDP_NONCE_BYTES
};

/* A packet from @src to @dst with @bytes as payload; NULL: no memory. */
static struct leat_buf *packet_with(struct leat *stack, const uint8_t *bytes, uint32_t len,
                                    struct leat_ip src, struct leat_ip dst)
{
    struct leat_buf *packet = leat_buf_alloc_small(&stack->pool, LEAT_BUF_HEADROOM);
    uint8_t *at = packet ? leat_buf_put(packet, len) : 0;
    const struct wire_ipv6 header = {.src = src,
                                     .dst = dst,
                                     .payload_bytes = (uint16_t)len,
                                     .next_header = IPV6_ICMP,
                                     .hop_limit = NDP_HOP_LIMIT};

    if (!at) {
        stack->stats.tx_no_memory++;
        leat_buf_free(packet);
        return 0;
    }
    memcpy(at, bytes, len);
    icmpv6_put_checksum(packet, &src, &dst);
    wire_ipv6_emit(&header, view_push(packet, IPV6_HEADER_BYTES));
    return packet;
}

struct leat_buf *ndp_packet(struct leat *stack, const struct wire_ndp *ndp, struct leat_ip src,
                            struct leat_ip dst)
{
    uint8_t bytes[MESSAGE_MAX];
    const uint32_t len = wire_ndp_emit(ndp, bytes);

    leat_assert(len <= sizeof bytes);
    return packet_with(stack, bytes, len, src, dst);
}

void ndp_output_to_group(struct link *link, struct leat_ip group, struct leat_buf *packet)
{
    const struct leat_mac mac = {{0x33, 0x33, group.bytes[12], group.bytes[13], group.bytes[14],
                                  group.bytes[15]}}; /* RFC 2464 7 */

    ethernet_output(link, packet, &mac, ETHERNET_IPV6);
}

void ndp_solicit(struct link *link, struct leat_ip src, struct leat_ip target,
                 const struct leat_mac *to, const uint8_t *nonce)
{
    struct leat *stack = link->stack;
    struct wire_ndp ndp = {.type = ICMPV6_NEIGHBOUR_SOLICITATION,
                           .target = target,
                           .mac = link->netif->mac,
                           /* RFC 4861 4.3: omitted if the source is unspecified */
                           .has_mac = !leat_ip_is_any(src),
                           .has_nonce = nonce != 0};
    /* one station is asked by the neighbour's own address, all others by the group that it must be
     * in */
    const struct leat_ip dst = to ? target : ip6_solicited_node(target);
    struct leat_buf *packet;

    if (nonce)
        memcpy(ndp.nonce, nonce, sizeof ndp.nonce);
    packet = ndp_packet(stack, &ndp, src, dst);
    if (!packet)
        return;
    stack->stats.ndp_solicitations_sent++;
    if (to)
        ethernet_output(link, packet, to, ETHERNET_IPV6);
    else
        ndp_output_to_group(link, dst, packet);
}

void ndp_solicit_routers(struct link *link)
{
    static const struct leat_ip all_routers = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
    struct leat *stack = link->stack;
    const struct address6 *from = address6_toward(link, all_routers);
    /* RFC 4861 4.1, RFC 4429 3.2: without a usable address, neither source nor link-layer address
     * is given */
    const bool is_ours = from && from->state == ADDRESS6_USABLE;
    uint8_t bytes[RS_BYTES_MAX];
    const uint32_t len = wire_rs_emit(bytes, is_ours ? &link->netif->mac : 0);
    struct leat_buf *packet =
        packet_with(stack, bytes, len, is_ours ? from->ip : LEAT_IP_ANY, all_routers);

    if (!packet)
        return;
    stack->stats.ndp_router_solicitations_sent++;
    ndp_output_to_group(link, all_routers, packet);
}
