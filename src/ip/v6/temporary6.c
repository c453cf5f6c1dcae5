/*
 * temporary6.c -- temporary addresses from a router's prefix, for connections that the program
 * starts (RFC 8981).
 *
 * An observer of the network, or of logs, can't link one day's address to the next day's.  Some
 * seconds before an address becomes deprecated, a successor is made; the old one stays valid for
 * its connections.  Each lifetime is shorter by a random part, so that many machines don't change
 * their addresses at the same time.
 */
#include "core/assert.h"
#include "core/minmax.h"
#include "core/second.h"
#include "ip/v6/ipv6.h"

enum {
    PREFIX_BITS = 64,
    TEMPORARIES_MAX = 3 /* per netif: the present one, the previous one, and a tentative one */
};

static bool is_of(const struct address6 *address, const struct address6 *stable)
{
    return address->state != ADDRESS6_NONE && address->kind == ADDRESS6_TEMPORARY &&
           ip6_in_prefix(address->ip, stable->ip, PREFIX_BITS);
}

void temporary6_clamp(struct address6 *address)
{
    leat_debug_assert(address->kind == ADDRESS6_TEMPORARY);
    address->preferred_until_ns = min64(address->preferred_until_ns, address->preferred_max_ns);
    address->valid_until_ns = min64(address->valid_until_ns, address->valid_max_ns);
}

/* Makes a temporary address from the prefix of @stable, with lifetimes no longer than its own. */
static void make(const struct address6 *stable, uint64_t preferred_max_ns)
{
    struct link *link = stable->link;
    struct leat *stack = link->stack;
    struct address6 *address = address6_place(link, stable->ip, PREFIX_BITS);

    leat_debug_assert(stable->kind == ADDRESS6_STABLE);
    if (!address) {
        stack->stats.ndp_limits_reached++;
        return;
    }
    address->kind = ADDRESS6_TEMPORARY;
    address->preferred_max_ns = preferred_max_ns;
    address->valid_max_ns = stack->now_ns + stack->ipv6->config.temporary_valid_s * second_ns;
    address->preferred_until_ns = stable->preferred_until_ns;
    address->valid_until_ns = stable->valid_until_ns;
    memcpy(address->routers, stable->routers, sizeof address->routers);
    temporary6_clamp(address);
    identifier6_draw(address);
    address6_start(address);
}

void temporary6_ensure(const struct address6 *stable)
{
    const struct leat_ipv6_config *config = &stable->link->stack->ipv6->config;
    const struct address6 *all = addresses6_of(stable->link);
    struct leat *stack = stable->link->stack;
    uint64_t preferred_max_ns;
    unsigned count = 0;

    if (!config->temporary)
        return;
    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        count += all[i].state != ADDRESS6_NONE && all[i].kind == ADDRESS6_TEMPORARY;
        if (is_of(&all[i], stable) && !address6_ends_soon(stack, all[i].preferred_until_ns))
            return;
    }
    /* RFC 8981 3.8: shorter by DESYNC_FACTOR, at most 0.4 of it */
    preferred_max_ns =
        stack->now_ns +
        (config->temporary_preferred_s -
         (uint64_t)stack_random_below(stack, (config->temporary_preferred_s / 5 * 2) + 1)) *
            second_ns;
    if (address6_ends_soon(stack, min64(preferred_max_ns, stable->preferred_until_ns)))
        return; /* RFC 8981 3.4 (4) */
    if (count < TEMPORARIES_MAX && addresses6_of_routers(stable->link) < LEAT_SLAAC_ADDRESSES_MAX)
        make(stable, preferred_max_ns);
    else
        stack->stats.ndp_limits_reached++;
}
