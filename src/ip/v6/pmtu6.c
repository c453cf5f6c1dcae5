/*
 * pmtu6.c -- how large packets may be on their way to some hosts (RFC 8201).
 *
 * Of those that may leave in fragments: UDP's and echo replies.  TCP knows the MTU of each
 * connection's path itself.  What a router said is forgotten after ten minutes, for the path may
 * be another one then.
 */
#include "ip/v6/ipv6.h"

static const uint64_t forget_ns = 600000000000u; /* RFC 8201 4 */

static struct pmtu6 *find(struct ipv6 *ipv6, struct leat_ip dst)
{
    for (uint32_t i = 0; i < ipv6->pmtu_count; i++) {
        if (leat_ip_equal(ipv6->pmtus[i].dst, dst))
            return &ipv6->pmtus[i];
    }
    return 0;
}

uint16_t pmtu6_to(const struct link *link, struct leat_ip dst)
{
    const uint16_t mtu = ipv6_mtu(link);
    struct ipv6 *ipv6 = link->stack->ipv6;
    const struct pmtu6 *pmtu = ipv6->pmtu_count > 0 ? find(ipv6, dst) : 0;

    return pmtu && pmtu->until_ns > link->stack->now_ns && pmtu->mtu < mtu ? pmtu->mtu : mtu;
}

/* The place of the one that ends first, if there are as many as there may be. */
static struct pmtu6 *place(struct ipv6 *ipv6)
{
    struct pmtu6 *first = &ipv6->pmtus[0];

    if (ipv6->pmtu_count < PMTUS6_MAX)
        return &ipv6->pmtus[ipv6->pmtu_count++];
    for (uint32_t i = 1; i < PMTUS6_MAX; i++) {
        if (ipv6->pmtus[i].until_ns < first->until_ns)
            first = &ipv6->pmtus[i];
    }
    return first;
}

void pmtu6_told(struct leat *stack, struct leat_ip dst, uint32_t mtu)
{
    struct pmtu6 *pmtu = find(stack->ipv6, dst);

    if (mtu < IPV6_MTU_MIN || mtu > UINT16_MAX) /* RFC 8201 4: no router may say that */
        return;
    if (pmtu && pmtu->until_ns > stack->now_ns && pmtu->mtu <= mtu)
        return;
    if (!pmtu)
        pmtu = place(stack->ipv6);
    *pmtu = (struct pmtu6){.dst = dst, .until_ns = stack->now_ns + forget_ns, .mtu = (uint16_t)mtu};
}
