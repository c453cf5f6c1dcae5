/*
 * stable6.c -- stable addresses from routers' prefixes (RFC 4862 5.5.3): processes the prefixes of
 * an advertisement.  temporary6.c makes temporary addresses from the same prefixes.
 */
#include "core/second.h"
#include "ip/v6/slaac.h"
#include "wire/ra.h"

static const uint64_t two_hours_ns = 7200 * second_ns; /* RFC 4862 5.5.3 (e) */

enum {
    PREFIX_BITS = 64
};

/* Records the router as the latest of the two that are kept. */
static void note_router(struct address6 *address, struct leat_ip router)
{
    if (leat_ip_equal(address->routers[0], router))
        return;
    address->routers[1] = address->routers[0];
    address->routers[0] = router;
}

/* RFC 4862 5.5.3 (e): a forged advertisement can't end an address in less than two hours, but can
 * deprecate it. */
static void renew(struct leat_slaac *slaac, struct address6 *address,
                  const struct wire_ra_option *said)
{
    struct leat *stack = slaac->link->stack;
    const uint64_t now_ns = stack->now_ns;
    const uint64_t said_ns = slaac_until_ns(slaac, said->lifetime_s);
    const bool was_preferred = address->preferred_until_ns > now_ns;

    address->preferred_until_ns = slaac_until_ns(slaac, said->preferred_s);
    /* the lifetime is taken as it is if it is longer than two hours, or longer than the rest */
    if (said_ns > now_ns + two_hours_ns || said_ns > address->valid_until_ns)
        address->valid_until_ns = said_ns;
    else if (address->valid_until_ns > now_ns + two_hours_ns)
        address->valid_until_ns = now_ns + two_hours_ns;
    if (address->kind == ADDRESS6_TEMPORARY)
        temporary6_clamp(address);
    stack->route_generation += was_preferred != (address->preferred_until_ns > now_ns);
    address6_ends_anew(address);
}

/* RFC 8981 3.4 (1): temporary addresses of the prefix are renewed, too. */
static void renew_all(struct leat_slaac *slaac, struct address6 *stable,
                      const struct wire_ra_option *said)
{
    struct address6 *all = addresses6_of(slaac->link);

    renew(slaac, stable, said);
    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state == ADDRESS6_NONE || all[i].kind != ADDRESS6_TEMPORARY ||
            !ip6_in_prefix(all[i].ip, stable->ip, PREFIX_BITS))
            continue;
        memcpy(all[i].routers, stable->routers, sizeof all[i].routers);
        renew(slaac, &all[i], said);
    }
    temporary6_ensure(stable);
}

bool address6_advertised(struct link *link, struct leat_ip router,
                         const struct wire_ra_option *said)
{
    struct leat *stack = link->stack;
    struct leat_slaac *slaac = stack->ipv6->links[link - stack->links].slaac;
    struct address6 *address;

    /* RFC 4862 5.5.3 (d): prefix and identifier must have 128 bits; RFC 4291 2.4: 0::/8 is
     * reserved */
    if (said->prefix_bits != PREFIX_BITS || said->prefix.bytes[0] == 0)
        return false;
    address = address6_stable(link, said->prefix);
    if (address) {
        note_router(address, router);
        renew_all(slaac, address, said);
        return true;
    }
    /* RFC 4862 5.5.3 (d): a prefix that ends makes no address */
    if (said->lifetime_s == 0)
        return true;
    /* the limit keeps a flood of prefixes from taking the entries of the program's addresses */
    if (addresses6_of_routers(link) < LEAT_SLAAC_ADDRESSES_MAX)
        address = address6_place(link, said->prefix, PREFIX_BITS);
    if (!address) {
        stack->stats.ndp_limits_reached++;
        return true;
    }
    address->kind = ADDRESS6_STABLE;
    address->preferred_until_ns = slaac_until_ns(slaac, said->preferred_s);
    address->valid_until_ns = slaac_until_ns(slaac, said->lifetime_s);
    note_router(address, router);
    identifier6_make(address);
    address6_start(address);
    temporary6_ensure(address);
    return true;
}

void addresses6_succeed(struct link *link)
{
    struct address6 *all = addresses6_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        const struct address6 *stable =
            all[i].wants_successor ? address6_stable(link, all[i].ip) : 0;

        all[i].wants_successor = false;
        if (stable)
            temporary6_ensure(stable);
    }
}

void addresses6_withdraw(struct link *link)
{
    struct address6 *all = addresses6_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE && all[i].kind >= ADDRESS6_STABLE)
            address6_stop(&all[i]);
    }
}
