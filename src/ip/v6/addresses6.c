/*
 * addresses6.c -- looks up the IPv6 addresses of a link. address6.c changes them.
 *
 * The states are ordered (enum address6_state). From ADDRESS6_TENTATIVE on an entry has an address
 * that others must not take. From ADDRESS6_OPTIMISTIC on packets may be sent from it, and those to
 * it are ours.
 */
#include "core/assert.h"
#include "core/second.h"
#include "ip/v6/slaac.h"

enum {
    PREFIX_BITS = 64,
    REGEN_ADVANCE_S = 5 /* RFC 8981 3.8: 2 s, plus 1 s for each of three checks */
};

struct address6 *address6_find(struct link *link, struct leat_ip ip)
{
    struct address6 *all = addresses6_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        /* a failed entry only blocks its prefix: its last identifier is another host's */
        if (all[i].state >= ADDRESS6_TENTATIVE && leat_ip_equal(all[i].ip, ip))
            return &all[i];
    }
    return 0;
}

bool address6_is_usable(const struct link *link, struct leat_ip ip)
{
    const struct address6 *all = addresses6_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state >= ADDRESS6_OPTIMISTIC && leat_ip_equal(all[i].ip, ip))
            return true;
    }
    return false;
}

bool addresses6_are_probed(const struct leat *stack)
{
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        const struct address6 *all = addresses6_of(link);

        for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
            if (all[i].state == ADDRESS6_TENTATIVE)
                return true;
        }
    }
    return false;
}

bool addresses6_are_global(const struct leat *stack)
{
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        const struct address6 *all = addresses6_of(link);

        for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
            if (address6_is_usable(link, all[i].ip) && !leat_ip_is_link_local(all[i].ip))
                return true;
        }
    }
    return false;
}

bool ipv6_is_ours(const struct leat *stack, struct leat_ip ip)
{
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        if (address6_is_usable(link, ip))
            return true;
    }
    /* ::1 is on no link (RFC 4291 2.5.3) */
    return leat_ip_is_loopback(ip);
}

bool address6_on_link(const struct link *link, struct leat_ip dst)
{
    const struct address6 *all = addresses6_of(link);

    /* fe80::/10 is on every link, whatever the routes are */
    if (leat_ip_is_link_local(dst))
        return true;
    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        /* An address from a router or a server says nothing about its neighbours (RFC 5942 4). The
         * program states a prefix with each of its own. */
        if (all[i].state >= ADDRESS6_TENTATIVE && all[i].kind == ADDRESS6_GIVEN &&
            ip6_in_prefix(all[i].ip, dst, all[i].prefix_bits))
            return true;
    }
    return slaac_is_on_link(link, dst);
}

bool address6_hears(struct link *link, struct leat_ip ip)
{
    static const struct leat_ip all_nodes = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    const struct address6 *all = addresses6_of(link);

    if (leat_ip_equal(ip, all_nodes))
        return true;
    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        /* tentative addresses count, because another host may check the same one (RFC 4862
         * 5.4.2) */
        if (all[i].state >= ADDRESS6_TENTATIVE && leat_ip_equal(ip6_solicited_node(all[i].ip), ip))
            return true;
    }
    return link->stack->ipv6->joined > 0 && groups_hear(&link->stack->ipv6->groups, link, ip);
}

struct leat_ip address6_link_local(const struct link *link)
{
    const struct address6 *all = addresses6_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state >= ADDRESS6_OPTIMISTIC && all[i].kind == ADDRESS6_LINK_LOCAL)
            return all[i].ip;
    }
    return LEAT_IP_ANY;
}

struct address6 *address6_stable(struct link *link, struct leat_ip prefix)
{
    struct address6 *all = addresses6_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE && all[i].kind == ADDRESS6_STABLE &&
            ip6_in_prefix(all[i].ip, prefix, PREFIX_BITS))
            return &all[i];
    }
    return 0;
}

unsigned addresses6_of_routers(const struct link *link)
{
    const struct address6 *all = addresses6_of(link);
    unsigned count = 0;

    /* failed ones count, so that an advertisement can't make us try one prefix after another */
    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++)
        count += all[i].state != ADDRESS6_NONE && all[i].kind >= ADDRESS6_STABLE;
    return count;
}

bool address6_is_of_router(const struct address6 *address, struct leat_ip router)
{
    return leat_ip_equal(address->routers[0], router) || leat_ip_equal(address->routers[1], router);
}

const struct address6 *address6_preferred(const struct link *link)
{
    const struct address6 *all = addresses6_of(link);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        /* temporary addresses aren't reported, because the program wants one that lasts */
        if (all[i].state >= ADDRESS6_OPTIMISTIC && all[i].kind != ADDRESS6_LINK_LOCAL &&
            all[i].kind != ADDRESS6_TEMPORARY && all[i].preferred_until_ns > link->stack->now_ns)
            return &all[i];
    }
    return 0;
}

uint64_t addresses6_next_deprecation_ns(const struct link *link)
{
    const struct address6 *all = addresses6_of(link);
    uint64_t next_ns = IP6_FOR_EVER;

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE && all[i].preferred_until_ns > link->stack->now_ns &&
            all[i].preferred_until_ns < next_ns)
            next_ns = all[i].preferred_until_ns;
    }
    return next_ns;
}

/* A successor must have passed its check by the time the old address is deprecated (RFC 8981
 * 3.4). */
bool address6_ends_soon(const struct leat *stack, uint64_t preferred_until_ns)
{
    return preferred_until_ns <= stack->now_ns + REGEN_ADVANCE_S * second_ns;
}

uint64_t address6_next_ns(const struct address6 *address)
{
    const uint64_t now_ns = address->link->stack->now_ns;
    const uint64_t preferred_ns = address->preferred_until_ns;

    leat_debug_assert(address->state == ADDRESS6_USABLE);
    /* only the end is left, if the address is deprecated already or never will be */
    if (preferred_ns == IP6_FOR_EVER || preferred_ns <= now_ns)
        return address->valid_until_ns;
    return address->kind != ADDRESS6_TEMPORARY ||
                   address6_ends_soon(address->link->stack, preferred_ns)
               ? preferred_ns
               : preferred_ns - REGEN_ADVANCE_S * second_ns;
}
