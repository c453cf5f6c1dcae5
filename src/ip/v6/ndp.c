/* ndp.c -- receives neighbour solicitations, advertisements and redirects (RFC 4861 7.1, 7.2, 8.1,
 * RFC 4862 5.4). */
#include "wire/ndp.h"

#include "core/assert.h"
#include "core/view.h"
#include "ip/v6/ipv6.h"
#include "ip/v6/route6.h"
#include "link/ethernet.h"
#include "wire/ra.h"

static const struct leat_ip all_nodes = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

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
    struct leat_buf *packet = ndp_packet(stack, &ndp, solicitation->target, dst);

    if (!packet)
        return;
    stack->stats.ndp_advertisements_sent++;
    if (!to_all && solicitation->has_mac) /* answer without an entry for the sender */
        ethernet_output(link, packet, &solicitation->mac, ETHERNET_IPV6);
    else
        neighbour6_output(link, solicitation->target, dst, packet);
}

/* Processes a solicitation; true: it was for us. */
static bool solicited(struct link *link, const struct packet6 *packet, const struct wire_ndp *ndp)
{
    struct address6 *address = address6_find(link, ndp->target);

    if (!address)
        return false;
    if (address->state != ADDRESS6_USABLE && /* an optimistic one answers but to "::" */
        (address->state == ADDRESS6_TENTATIVE || leat_ip_is_any(packet->src))) {
        const bool ours = ndp->has_nonce && address->asked &&
                          memcmp(ndp->nonce, address->nonce, sizeof ndp->nonce) == 0;

        /* RFC 4862 5.4.3; RFC 7527 4.1: it may be our own solicitation, looped back */
        if (leat_ip_is_any(packet->src) && !ours)
            address6_collided(address);
        return true;
    }
    if (ndp->has_mac)
        neighbour6_learn(link, packet->src, &ndp->mac);
    answer(link, ndp, packet->src, address->state == ADDRESS6_USABLE);
    return true;
}

/* Processes an advertisement; true: it was for us. */
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

/* Processes a redirect; true: it was accepted. */
static bool redirected(struct link *link, const struct packet6 *packet, const struct wire_ndp *ndp)
{
    if (!route6_redirect(link, packet->src, packet->dst, ndp->destination, ndp->target))
        return false;
    if (ndp->has_mac)
        neighbour6_learn(link, ndp->target, &ndp->mac);
    return true;
}

/* RFC 4861 7.1.1, 7.1.2, 8.1: the checks that wire_ndp_parse() doesn't make. */
static bool envelope_is_good(const struct packet6 *packet, const struct wire_ndp *ndp)
{
    /* RFC 6980 5: fragments are refused, because switches can't filter them */
    if (packet->hop_limit != NDP_HOP_LIMIT || packet->had_fragments ||
        (ndp->has_mac && mac_is_group(&ndp->mac)))
        return false;
    if (ndp->type == ICMPV6_REDIRECT) /* sent to the source of the packet that caused it */
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
