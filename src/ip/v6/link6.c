/* link6.c -- parameters of a link, from routers or by default. */
#include "ip/v6/ipv6.h"

void link6_defaults(struct link *link)
{
    const struct ipv6 *ipv6 = link->stack->ipv6;

    *link6_of(link) = (struct link6){.retrans_ns = 1000000000u, /* RFC 4861 10 */
                                     .reachable_ns = 30000000000u,
                                     .hop_limit = ipv6->config.hop_limit};
}

uint16_t ipv6_mtu(const struct link *link)
{
    const uint16_t said = link6_of(link)->mtu;

    return said > 0 && said < link->mtu ? said : link->mtu;
}
