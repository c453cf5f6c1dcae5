/*
 * groups.c -- sockets join and leave multicast groups (RFC 1112 7.1, RFC 3376 2, RFC 3810 3).
 *
 * A link counts its joins of a group, and a socket has at most one membership of each. So the
 * network is informed of the first join and of the last leave only. This file is linked if a
 * program joins groups: closing a socket calls it through udp.leave_all.
 */
#include "udp/udp.h"

#include "ip/igmp.h"

static struct udp_membership *find(const struct leat_udp *udp, const struct link *link,
                                   struct leat_ip group)
{
    const struct udp *table = udp->stack->udp;

    for (uint32_t i = 0; i < table->membership_count; i++) {
        struct udp_membership *membership = &table->memberships[i];

        if (membership->udp == udp && membership->link == link &&
            leat_ip_equal(membership->group, group))
            return membership;
    }
    return 0;
}

/* Removes @membership from the table. */
static void end(struct udp *table, struct udp_membership *membership)
{
    const struct udp_membership was = *membership;

    /* the last one fills the gap, so @was is a copy */
    *membership = table->memberships[--table->membership_count];
    if (leat_ip_is_v4(was.group))
        igmp_leave(was.link, was.group);
    else
        was.link->stack->ipv6_family->group_leave(was.link, was.group);
}

static void leave_all(struct leat_udp *udp)
{
    struct udp *table = udp->stack->udp;

    /* the walk is backwards, because end() moves the last membership here */
    for (uint32_t i = table->membership_count; i > 0; i--) {
        if (table->memberships[i - 1].udp == udp)
            end(table, &table->memberships[i - 1]);
    }
}

/* The link of @netif, or the first link if @netif is NULL.  NULL: not attached. */
static struct link *link_of(const struct leat_udp *udp, const struct leat_netif *netif)
{
    struct leat *stack = udp->stack;

    if (netif)
        return stack_link(stack, netif);
    return stack->links < stack->links_end ? stack->links : 0;
}

enum leat_err leat_udp_join(struct leat_udp *udp, struct leat_netif *netif, struct leat_ip group)
{
    struct udp *table = udp->stack->udp;
    const struct ipv6_family *ipv6 = udp->stack->ipv6_family;
    const bool is_v4 = leat_ip_is_v4(group);
    struct link *link = link_of(udp, netif);
    enum leat_err err;

    leat_assert(udp->open);
    if (!link || !leat_ip_is_multicast(group))
        return LEAT_ERR_ARGUMENT;
    if (is_v4 ? udp->only == UDP_V6 : !ipv6 || udp->only == UDP_V4)
        return LEAT_ERR_FAMILY;
    if (find(udp, link, group))
        return LEAT_ERR_IN_USE;
    if (table->membership_count == table->membership_max)
        return LEAT_ERR_FULL;
    /* the join comes first, because its table of groups may be full; the one here has space */
    err = is_v4 ? igmp_join(link, group) : ipv6->group_join(link, group);
    if (err != LEAT_OK)
        return err;
    table->memberships[table->membership_count++] =
        (struct udp_membership){.udp = udp, .link = link, .group = group};
    table->leave_all = leave_all;
    return LEAT_OK;
}

enum leat_err leat_udp_leave(struct leat_udp *udp, struct leat_netif *netif, struct leat_ip group)
{
    const struct link *link = link_of(udp, netif);
    struct udp_membership *membership = link ? find(udp, link, group) : 0;

    leat_assert(udp->open);
    if (!membership)
        return LEAT_ERR_NOT_FOUND;
    end(udp->stack->udp, membership);
    return LEAT_OK;
}
