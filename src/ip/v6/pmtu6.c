/*
 * pmtu6.c -- caches path MTUs (RFC 8201).
 *
 * This is for packets that may be fragmented, of UDP and echo replies. TCP keeps the path MTU of
 * each connection itself.  An entry expires after ten minutes, because the path may have changed.
 *
 * The sender of an echo request knows the reply, so it could forge a Packet Too Big about it from
 * any address. So only the last few replies are accepted as sent, and entries for echo replies
 * never displace those for datagrams.
 */
#include "ip/v6/ipv6.h"

#include "core/assert.h"

static const uint64_t forget_ns = 600000000000u; /* RFC 8201 4 */

static struct pmtu6 *find(struct ipv6 *ipv6, struct leat_ip dst)
{
    leat_debug_assert(ipv6->pmtu_count <= PMTUS6_MAX);
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

/* A free entry, or the one that expires first; for echo replies within their own limit.  NULL:
 * none. */
static struct pmtu6 *place(struct ipv6 *ipv6, bool of_echo)
{
    struct pmtu6 *first = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < ipv6->pmtu_count; i++) {
        struct pmtu6 *pmtu = &ipv6->pmtus[i];

        if (of_echo && !pmtu->of_echo)
            continue;
        count++;
        if (!first || pmtu->until_ns < first->until_ns)
            first = pmtu;
    }
    if (ipv6->pmtu_count < PMTUS6_MAX && (!of_echo || count < PMTUS6_ECHO_MAX))
        return &ipv6->pmtus[ipv6->pmtu_count++];
    return first;
}

void pmtu6_told(struct leat *stack, struct leat_ip dst, uint32_t mtu, bool of_echo)
{
    struct pmtu6 *pmtu = find(stack->ipv6, dst);

    if (mtu < IPV6_MTU_MIN || mtu > UINT16_MAX) /* RFC 8201 4: no router may report that */
        return;
    if (pmtu && pmtu->until_ns > stack->now_ns && pmtu->mtu <= mtu)
        return;
    if (pmtu) /* an entry for datagrams remains one */
        of_echo = of_echo && pmtu->of_echo;
    else
        pmtu = place(stack->ipv6, of_echo);
    if (pmtu)
        *pmtu = (struct pmtu6){.dst = dst,
                               .until_ns = stack->now_ns + forget_ns,
                               .mtu = (uint16_t)mtu,
                               .of_echo = of_echo};
}

void pmtu6_echoed(struct leat *stack, struct leat_ip dst, uint32_t identity)
{
    struct ipv6 *ipv6 = stack->ipv6;

    ipv6->echoed[ipv6->echoed_at++ % ECHOED6_MAX] =
        (struct echoed6){.dst = dst, .identity = identity};
}

bool pmtu6_has_echoed(const struct leat *stack, struct leat_ip dst, uint32_t identity)
{
    const struct ipv6 *ipv6 = stack->ipv6;

    for (uint32_t i = 0; i < ECHOED6_MAX; i++) {
        if (ipv6->echoed[i].identity == identity && leat_ip_equal(ipv6->echoed[i].dst, dst))
            return true;
    }
    return false;
}
