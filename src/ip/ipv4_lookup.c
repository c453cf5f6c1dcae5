/*
 * ipv4_lookup.c -- looks up our addresses, group addresses, and protocols.
 *
 * The walks over all links are for packets whose path isn't cached: input and output ask the route
 * cache first (ip/route.h).
 */
#include "ip/ipv4.h"
#include "link/address.h"

static bool is_loopback(leat_ip4 ip)
{
    return ip >> 24 == 127;
}

bool ipv4_is_ours(const struct leat *stack, leat_ip4 ip)
{
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        if (address_is_ours(link, ip))
            return true;
    }
    /* all of 127/8 is ours, without being configured (RFC 1122 3.2.1.3 (g)) */
    return is_loopback(ip);
}

bool ipv4_is_many(const struct leat *stack, leat_ip4 ip)
{
    if (ip4_is_multicast(ip) || ip == IP4_BROADCAST)
        return true;
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        if (address_is_broadcast(link, ip))
            return true;
    }
    return false;
}

const struct protocol *ipv4_protocol(const struct leat *stack, uint8_t number)
{
    return protocol_find(stack, number);
}
