/*
 * destination.c -- sorts destination addresses by RFC 6724 section 6: see service.h.
 *
 * Rules 4 (home addresses) and 7 (tunnels) don't apply: the stack has neither.
 */
#include "ip/host.h"
#include "ip/route.h"
#include "policy.h"
#include "family.h"
#include "link/link.h"

enum {
    SCOPE_LINK_LOCAL = 2, /* RFC 4291 2.7 */
    SCOPE_SITE_LOCAL = 5,
    SCOPE_GLOBAL = 14,
    IP_BITS = 128,
    IP4_FRONT_BITS = 96 /* the IPv4-mapped prefix, ::ffff:0:0/96 */
};

/* RFC 6724 3.1, 3.2. Multicast scopes are left out: a destination is never a group here. */
static unsigned scope_of(const struct leat_ip *ip)
{
    const uint8_t *bytes = ip->bytes;

    if (leat_ip_is_v4(*ip))
        return bytes[12] == 127 || (bytes[12] == 169 && bytes[13] == 254) ? SCOPE_LINK_LOCAL
                                                                          : SCOPE_GLOBAL;
    if (leat_ip_is_link_local(*ip) || leat_ip_is_loopback(*ip))
        return SCOPE_LINK_LOCAL;
    return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0xc0 ? SCOPE_SITE_LOCAL : SCOPE_GLOBAL;
}

/* RFC 6724 2.2: CommonPrefixLen(), which ends at the prefix length of the source. */
static unsigned common_bits(const struct destination *destination)
{
    unsigned bits = 0;

    while (bits < destination->source_bits &&
           ((destination->ip.bytes[bits / 8] ^ destination->source.bytes[bits / 8]) &
            0x80 >> bits % 8) == 0)
        bits++;
    return bits;
}

static bool is_reachable(const struct destination *destination)
{
    return !leat_ip_is_any(destination->source);
}

static void look_at_source(const struct link *link, leat_ip4 src, struct destination *destination)
{
    /* an IPv4 address counts as IPv4-mapped, so its prefix is 96 bits longer */
    destination->source_bits = IP_BITS;
    if (!link)
        return; /* the destination is one of our own addresses */
    if (host_is_v6(src)) {
        link->stack->ipv6_family->source_facts(link, destination->source, &destination->source_bits,
                                               &destination->is_deprecated);
        return;
    }
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        if (link->addresses[i].ip == src)
            destination->source_bits = (uint8_t)(IP4_FRONT_BITS + link->addresses[i].prefix_bits);
    }
}

void destination_look(struct leat *stack, const struct leat_endpoint *end,
                      struct destination *destination)
{
    const struct path *path;
    struct path room;
    leat_ip4 dst;

    *destination = (struct destination){.ip = end->ip};
    if (!host_of(stack, end->ip, end->zone, &dst))
        return;
    path = route_cache_find(stack, IP4_ANY, dst, &room);
    if (!path)
        return;
    destination->source = host_ip(stack, path->src);
    look_at_source(path->link, path->src, destination);
}

bool destination_goes_before(const struct leat *stack, const struct destination *a,
                             const struct destination *b)
{
    const struct leat_ipv6_policy *policy_a = policy_of(stack, &a->ip);
    const struct leat_ipv6_policy *policy_b = policy_of(stack, &b->ip);
    const unsigned scope_a = scope_of(&a->ip), scope_b = scope_of(&b->ip);
    const bool matches_a = scope_a == scope_of(&a->source);
    const bool matches_b = scope_b == scope_of(&b->source);
    const bool suits_a = policy_a->label == policy_of(stack, &a->source)->label;
    const bool suits_b = policy_b->label == policy_of(stack, &b->source)->label;

    if (is_reachable(a) != is_reachable(b)) /* rule 1 */
        return is_reachable(a);
    /* By now both have a source or none has. Without one there is no scope and no label to
     * compare. */
    if (matches_a != matches_b && is_reachable(a)) /* rule 2 */
        return matches_a;
    if (a->is_deprecated != b->is_deprecated) /* rule 3 */
        return b->is_deprecated;
    if (suits_a != suits_b && is_reachable(a)) /* rule 5 */
        return suits_a;
    if (policy_a->precedence != policy_b->precedence) /* rule 6 */
        return policy_a->precedence > policy_b->precedence;
    if (scope_a != scope_b) /* rule 8 */
        return scope_a < scope_b;
    /* rule 9: within a family, the longest prefix in common with the source wins */
    return leat_ip_is_v4(a->ip) == leat_ip_is_v4(b->ip) && common_bits(a) > common_bits(b);
}

/* Insertion sort: the lists are short, and it is stable, as rule 10 asks. */
void destinations_sort(struct leat *stack, struct leat_endpoint *ends, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        const struct leat_endpoint end = ends[i];
        struct destination it, other;
        unsigned at = i;

        destination_look(stack, &end, &it);
        while (at > 0) {
            /* the other destination is looked up again, so that no array of destinations needs a
             * limit */
            destination_look(stack, &ends[at - 1], &other);
            if (!destination_goes_before(stack, &it, &other))
                break;
            ends[at] = ends[at - 1];
            at--;
        }
        ends[at] = end;
    }
}
