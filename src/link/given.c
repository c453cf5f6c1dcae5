/*
 * given.c -- adds and removes addresses of a link for the program or DHCP.
 *
 * address.c looks them up. conflict.c has their life in between: probes, announcements, defence.
 */
#include "core/assert.h"
#include "family.h"
#include "link/address.h"
#include "link/arp.h"

/* True if @ip is the network address or the broadcast address of its prefix. A /31 and a /32 have
 * neither (RFC 3021). */
static bool is_edge(leat_ip4 ip, uint8_t prefix_bits)
{
    const leat_ip4 host = ~ip4_mask(prefix_bits);

    return prefix_bits <= 30 && ((ip & host) == 0 || (ip & host) == host);
}

/* All links count: an address on two would have two answers to which device a packet leaves by. */
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
    if (prefix_bits > 32 || ip4_is_no_host(ip) || is_edge(ip, prefix_bits))
        return LEAT_ERR_ARGUMENT;
    if (have_already(link->stack, ip))
        return LEAT_ERR_IN_USE;
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        struct address *address = &link->addresses[i];

        /* an address that was lost to a conflict is kept until on_conflict has been called */
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
    /* other hosts may be on-link now, or no longer */
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
    /* its callbacks are withdrawn, too, so the owner hears nothing of its own removal */
    address_stop(address);
    return LEAT_OK;
}
