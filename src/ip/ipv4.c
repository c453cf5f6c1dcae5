/* ipv4.c -- IPv4's entry points for the link layer. */
#include "ip/ipv4.h"

#include "ip/icmp.h"

/* Ethernet knows the groups that all hosts hear. IGMP's table knows others, if IGMP is linked. */
static bool hears(const struct link *link, const struct leat_mac *mac)
{
    const struct ipv4_groups *groups = link->stack->ipv4_groups;

    return groups && groups->hears_mac(link, mac);
}

void ipv4_register(struct leat *stack)
{
    static const struct ip_family family = {
        .input = ipv4_input, .hears = hears, .unresolved = icmp_unresolved};

    stack->families[FAMILY4] = &family;
}
