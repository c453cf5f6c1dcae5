/* address.c -- the addresses of a link. */
#include "link/address.h"

#include "core/assert.h"
#include "link/arp.h"

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
        if ((ip & host) == host || (ip & host) == 0)
            return true;
    }
    return false;
}

bool address_is_no_host(leat_ip4 ip)
{
    const uint32_t first = ip >> 24;

    return first == 0 || first == 127 || first >= 224;
}

/* True if the prefix makes @ip its network or its broadcast address. */
static bool is_edge(leat_ip4 ip, uint8_t prefix_bits)
{
    const leat_ip4 host = ~ip4_mask(prefix_bits);

    return prefix_bits <= 30 && ((ip & host) == 0 || (ip & host) == host);
}

static bool have_already(struct leat *stack, leat_ip4 ip)
{
    for (struct link *link = stack->links; link < stack->links_end; link++) {
        if (address_find(link, ip))
            return true;
    }
    return false;
}

COLD enum leat_err address_add(struct link *link, leat_ip4 ip, uint8_t prefix_bits,
                               enum address_check check, struct address_watch *watch)
{
    if (prefix_bits > 32 || address_is_no_host(ip) || is_edge(ip, prefix_bits))
        return LEAT_ERR_ARGUMENT;
    if (have_already(link->stack, ip))
        return LEAT_ERR_IN_USE;
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        struct address *address = &link->addresses[i];

        /* one that was lost to a conflict is kept until the program has heard of it */
        if (address->state != ADDRESS_NONE || address->conflict_news)
            continue;
        address->ip = ip;
        address->prefix_bits = prefix_bits;
        address->link = link;
        address->watch = watch;
        address_start(address, (int)check);
        return LEAT_OK;
    }
    return LEAT_ERR_FULL;
}

COLD void address_set_prefix(struct link *link, leat_ip4 ip, uint8_t prefix_bits)
{
    struct address *address = address_find(link, ip);

    leat_assert(prefix_bits <= 32);
    if (!address || address->prefix_bits == prefix_bits)
        return;
    address->prefix_bits = prefix_bits;
    link->stack->route_generation++;
}

COLD enum leat_err leat_address_add(struct leat *stack, struct leat_netif *netif,
                                    struct leat_ip given, uint8_t prefix_bits)
{
    struct link *link = stack_link(stack, netif);
    const enum address_check check =
        stack->config.arp_probe ? ADDRESS_CHECK_FIRST : ADDRESS_CHECK_NONE;
    leat_ip4 ip;

    if (!ip4_of(given, &ip))
        return stack->ipv6_family ? stack->ipv6_family->address_add(link, given, prefix_bits)
                                  : LEAT_ERR_FAMILY;
    return link ? address_add(link, ip, prefix_bits, check, 0) : LEAT_ERR_ARGUMENT;
}

enum leat_err leat_address_remove(struct leat *stack, struct leat_netif *netif,
                                  struct leat_ip given)
{
    struct link *link = stack_link(stack, netif);
    struct address *address;
    leat_ip4 ip;

    if (!ip4_of(given, &ip))
        return stack->ipv6_family ? stack->ipv6_family->address_remove(link, given)
                                  : LEAT_ERR_FAMILY;
    address = link ? address_find(link, ip) : 0;
    if (!address)
        return LEAT_ERR_NOT_FOUND;
    address_stop(address);
    return LEAT_OK;
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
