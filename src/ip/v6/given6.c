/*
 * given6.c -- addresses assigned by the program, or leased by a DHCPv6 server.
 *
 * Both kinds go through address6_place() and address6_start(), as those that slaac makes. They
 * differ in their owner: an address of the program has no end, a leased one ends with its lease.
 */
#include "ip/v6/slaac.h"

/* True for an address that a host may have. */
static bool is_host(struct leat_ip ip)
{
    return !leat_ip_is_multicast(ip) && !leat_ip_is_any(ip) && !leat_ip_is_loopback(ip);
}

enum leat_err address6_add(struct link *link, struct leat_ip ip, uint8_t prefix_bits)
{
    struct address6 *address;

    if (!link || prefix_bits > 128 || !is_host(ip) || link->netif->mtu < IPV6_MTU_MIN)
        return LEAT_ERR_ARGUMENT;
    if (address6_find(link, ip))
        return LEAT_ERR_IN_USE;
    address = address6_place(link, ip, prefix_bits);
    if (!address)
        return LEAT_ERR_FULL;
    address6_start(address);
    return LEAT_OK;
}

enum leat_err address6_remove(struct link *link, struct leat_ip ip)
{
    struct address6 *address = link ? address6_find(link, ip) : 0;

    if (!address)
        return LEAT_ERR_NOT_FOUND;
    address6_stop(address);
    return LEAT_OK;
}

/* RFC 5942 4: a lease implies no on-link prefix. */
static enum leat_err lease_another(struct link *link, struct leat_ip ip,
                                   uint64_t preferred_until_ns, uint64_t valid_until_ns,
                                   struct address_watch *watch)
{
    struct address6 *address = address6_place(link, ip, 128);

    if (!address)
        return LEAT_ERR_FULL;
    address->kind = ADDRESS6_LEASED;
    address->watch = watch;
    address->preferred_until_ns = preferred_until_ns;
    address->valid_until_ns = valid_until_ns;
    address6_start(address);
    slaac_ends_anew(link);
    return LEAT_OK;
}

enum leat_err address6_lease(struct link *link, struct leat_ip ip, uint64_t preferred_until_ns,
                             uint64_t valid_until_ns, struct address_watch *watch)
{
    struct address6 *address = address6_find(link, ip);

    if (!address)
        return lease_another(link, ip, preferred_until_ns, valid_until_ns, watch);
    /* the address may also be the program's, a router's or another client's, and stays theirs */
    if (address->watch != watch)
        return LEAT_ERR_IN_USE;
    /* paths choose their source again when the address becomes deprecated, or is no longer */
    link->stack->route_generation += (address->preferred_until_ns > link->stack->now_ns) !=
                                     (preferred_until_ns > link->stack->now_ns);
    address->preferred_until_ns = preferred_until_ns;
    address->valid_until_ns = valid_until_ns;
    /* the timer of the address follows its new end, then the sweep of the link does */
    address6_ends_anew(address);
    slaac_ends_anew(link);
    return LEAT_OK;
}
