/* ndp.c -- neighbour solicitations and advertisements in and out, redirects in (RFC 4861 7.1, 7.2,
 * 8.1, RFC 4862 5.4). */
#include "wire/ndp.h"

#include "core/assert.h"
#include "core/view.h"
#include "ip/v6/ipv6.h"
#include "ip/v6/route6.h"
#include "link/ethernet.h"
#include "wire/ra.h"

static const struct leat_ip all_nodes = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

enum {
    MESSAGE_MAX = NDP_BYTES + NDP_LINK_BYTES + NDP_NONCE_BYTES
};

/* @bytes in a packet of their own, from @src to @dst; NULL: no memory. */
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

static struct leat_buf *packet_of(struct leat *stack, const struct wire_ndp *ndp,
                                  struct leat_ip src, struct leat_ip dst)
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
                           /* RFC 4861 4.3: not from the unspecified address */
                           .has_mac = !leat_ip_is_any(src),
                           .has_nonce = nonce != 0};
    const struct leat_ip dst = to ? target : ip6_solicited_node(target);
    struct leat_buf *packet;

    if (nonce)
        memcpy(ndp.nonce, nonce, sizeof ndp.nonce);
    packet = packet_of(stack, &ndp, src, dst);
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
    /* RFC 4861 4.1, RFC 4429 3.2: an optimist doesn't say where he is, nor who isn't yet anybody */
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

/* RFC 4861 7.2.4 */
static void answer(struct link *link, const struct wire_ndp *solicitation, struct leat_ip asker,
                   bool is_checked)
{
    struct leat *stack = link->stack;
    const bool to_all = leat_ip_is_any(asker);
    const struct wire_ndp ndp = {.type = ICMPV6_NEIGHBOUR_ADVERTISEMENT,
                                 .solicited = !to_all,
                                 .override = is_checked, /* RFC 4429 3.3 */
                                 .target = solicitation->target,
                                 .mac = link->netif->mac,
                                 .has_mac = true};
    const struct leat_ip dst = to_all ? all_nodes : asker;
    struct leat_buf *packet = packet_of(stack, &ndp, solicitation->target, dst);

    if (!packet)
        return;
    stack->stats.ndp_advertisements_sent++;
    if (!to_all && solicitation->has_mac) /* who asks needs no entry to be answered */
        ethernet_output(link, packet, &solicitation->mac, ETHERNET_IPV6);
    else
        neighbour6_output(link, solicitation->target, dst, packet);
}

/* True if the solicitation was for us. */
static bool solicited(struct link *link, const struct packet6 *packet, const struct wire_ndp *ndp)
{
    struct address6 *address = address6_find(link, ndp->target);

    if (!address)
        return false;
    if (address->state != ADDRESS6_USABLE && /* an optimist answers who asks */
        (address->state == ADDRESS6_TENTATIVE || leat_ip_is_any(packet->src))) {
        const bool ours = ndp->has_nonce && address->asked &&
                          memcmp(ndp->nonce, address->nonce, sizeof ndp->nonce) == 0;

        /* RFC 4862 5.4.3; RFC 7527 4.1: what we said comes back */
        if (leat_ip_is_any(packet->src) && !ours)
            address6_collided(address);
        return true;
    }
    if (ndp->has_mac)
        neighbour6_learn(link, packet->src, &ndp->mac);
    answer(link, ndp, packet->src, address->state == ADDRESS6_USABLE);
    return true;
}

/* True if the advertisement was for us. */
static bool advertised(struct link *link, const struct wire_ndp *ndp)
{
    struct address6 *address = address6_find(link, ndp->target);

    if (!address)
        return neighbour6_advertised(link, ndp);
    if (address->state != ADDRESS6_USABLE)
        address6_collided(address); /* RFC 4862 5.4.4 */
    else
        address6_claimed(address);
    return true;
}

/* True if the redirect was believed. */
static bool redirected(struct link *link, const struct packet6 *packet, const struct wire_ndp *ndp)
{
    if (!route6_redirect(link, packet->src, packet->dst, ndp->destination, ndp->target))
        return false;
    if (ndp->has_mac)
        neighbour6_learn(link, ndp->target, &ndp->mac);
    return true;
}

/* RFC 4861 7.1.1, 7.1.2, 8.1, but for what wire_ndp_parse() has seen. */
static bool envelope_is_good(const struct packet6 *packet, const struct wire_ndp *ndp)
{
    /* RFC 6980 5: in fragments nobody could guard against it */
    if (packet->hop_limit != NDP_HOP_LIMIT || packet->had_fragments ||
        (ndp->has_mac && mac_is_group(&ndp->mac)))
        return false;
    if (ndp->type == ICMPV6_REDIRECT) /* to the host whose packet it is about */
        return leat_ip_is_link_local(packet->src) && !packet->is_group;
    if (ndp->type == ICMPV6_NEIGHBOUR_ADVERTISEMENT)
        return !leat_ip_is_any(packet->src) &&
               !(leat_ip_is_multicast(packet->dst) && ndp->solicited);
    if (!leat_ip_is_any(packet->src))
        return true;
    return !ndp->has_mac && leat_ip_equal(packet->dst, ip6_solicited_node(ndp->target));
}

void ndp_input(struct leat *stack, struct packet6 *packet)
{
    const struct leat_buf *buf = packet->buf;
    struct wire_ndp ndp;
    bool ours;

    if (buf->len != leat_buf_total(buf) || !wire_ndp_parse(&ndp, buf->data, buf->len) ||
        !envelope_is_good(packet, &ndp)) {
        stack_end(stack, packet->buf, drop_ndp_format);
        return;
    }
    if (ndp.type == ICMPV6_REDIRECT)
        ours = redirected(packet->link, packet, &ndp);
    else
        ours = ndp.type == ICMPV6_NEIGHBOUR_SOLICITATION ? solicited(packet->link, packet, &ndp)
                                                         : advertised(packet->link, &ndp);
    if (ours)
        stack_end(stack, packet->buf, taken_ndp);
    else
        stack_end(stack, packet->buf, drop_ndp_not_ours);
}
