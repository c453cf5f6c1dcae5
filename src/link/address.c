/*
 * address.c -- looks up the addresses of a link. given.c adds and removes them.
 *
 * All but address_find() see only usable addresses. While an address is probed for, nothing may be
 * sent from it, and packets to it are for its other owner, if there is one (RFC 5227 2.1).
 */
#include "link/address.h"

#include "family.h"

static bool in_prefix(const struct address *address, leat_ip4 ip)
{
    return ((address->ip ^ ip) & ip4_mask(address->prefix_bits)) == 0;
}

struct address *address_find(struct link *link, leat_ip4 ip)
{
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        struct address *address = &link->addresses[i];

        if (address->state != ADDRESS_NONE && address->ip == ip)
            return address;
    }
    return 0;
}

struct address *address_first(struct link *link)
{
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        if (address_is_usable(&link->addresses[i]))
            return &link->addresses[i];
    }
    return 0;
}

struct address *address_toward(struct link *link, leat_ip4 src, leat_ip4 ip)
{
    struct address *best = 0;

    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        struct address *address = &link->addresses[i];

        if (!address_is_usable(address) || !in_prefix(address, ip))
            continue;
        if (src != IP4_ANY && src != address->ip)
            continue;
        /* the longest prefix wins, as in a routing table */
        if (!best || address->prefix_bits > best->prefix_bits)
            best = address;
    }
    return best;
}

bool address_is_ours(const struct link *link, leat_ip4 ip)
{
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        if (address_is_usable(&link->addresses[i]) && link->addresses[i].ip == ip)
            return true;
    }
    return false;
}

bool address_is_broadcast(const struct link *link, leat_ip4 ip)
{
    if (ip == IP4_BROADCAST)
        return true;
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        const struct address *address = &link->addresses[i];
        const leat_ip4 host = ~ip4_mask(address->prefix_bits);

        /* RFC 3021: a /31 has no broadcast address */
        if (!address_is_usable(address) || address->prefix_bits > 30 || !in_prefix(address, ip))
            continue;
        /* all zeros is the broadcast address of old BSD systems, and no host has it (RFC 1122
         * 3.3.6) */
        if ((ip & host) == host || (ip & host) == 0)
            return true;
    }
    return false;
}

bool leat_address_is_ours(const struct leat *stack, struct leat_ip given)
{
    leat_ip4 ip;

    if (!ip4_of(given, &ip))
        return stack->ipv6_family && stack->ipv6_family->is_ours(stack, given);
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        if (address_is_ours(link, ip))
            return true;
    }
    return false;
}

struct leat_ip leat_address(const struct leat *stack, const struct leat_netif *netif)
{
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        for (unsigned k = 0; link->netif == netif && k < LEAT_ADDRESSES_MAX; k++) {
            if (address_is_usable(&link->addresses[k]))
                return leat_ip_v4(link->addresses[k].ip);
        }
    }
    return LEAT_IP_ANY;
}
