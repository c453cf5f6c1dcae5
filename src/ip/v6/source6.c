/* source6.c -- selects the source address of a packet (RFC 6724 5). */
#include "policy.h"
#include "ip/v6/route6.h"

enum {
    SCOPE_LINK = 2, /* RFC 4291 2.7 */
    SCOPE_SITE = 5,
    SCOPE_GLOBAL = 14
};

/* RFC 6724 3.1 */
static unsigned scope_of(struct leat_ip ip)
{
    if (ip.bytes[0] == 0xff)
        return ip.bytes[1] & 15;
    if (leat_ip_is_link_local(ip) || leat_ip_is_loopback(ip))
        return SCOPE_LINK;
    return ip.bytes[0] == 0xfe && ip.bytes[1] >> 6 == 3 ? SCOPE_SITE : SCOPE_GLOBAL;
}

/* The criteria for a source address. */
struct wish {
    struct leat_ip dst;
    struct leat_ip gateway; /* "::": none */
    uint64_t now_ns;
    unsigned scope;
    uint8_t label;
};

/* Rule 3; RFC 4429 3.3: an optimistic address counts as deprecated. */
static bool is_preferred(const struct address6 *address, const struct wish *wish)
{
    return address->state == ADDRESS6_USABLE && address->preferred_until_ns > wish->now_ns;
}

/* Rule 8; RFC 6724 2.2: at most the prefix length of our address. */
static uint32_t match_of(const struct address6 *address, struct leat_ip dst)
{
    const uint32_t bits = ip6_common_bits(address->ip, dst);

    return bits < address->prefix_bits ? bits : address->prefix_bits;
}

/* Rule 5.5: the next hop advertised its prefix. */
static bool is_known_there(const struct address6 *address, const struct wish *wish)
{
    return !leat_ip_is_any(wish->gateway) && address6_is_of_router(address, wish->gateway);
}

static bool has_label(const struct address6 *address, const struct wish *wish)
{
    return policy_of(address->link->stack, &address->ip)->label == wish->label;
}

static bool is_temporary(const struct address6 *address)
{
    return address->kind == ADDRESS6_TEMPORARY;
}

/* The first rule that decides is used; rules 4 (mobile hosts) and 5 (several links) don't apply. */
static bool is_better(const struct address6 *a, const struct address6 *b, const struct wish *wish)
{
    const unsigned scope_a = scope_of(a->ip), scope_b = scope_of(b->ip);

    if (leat_ip_equal(a->ip, wish->dst) || leat_ip_equal(b->ip, wish->dst)) /* rule 1 */
        return leat_ip_equal(a->ip, wish->dst);
    if (scope_a != scope_b) /* rule 2 */
        return scope_a < scope_b ? scope_a >= wish->scope : scope_b < wish->scope;
    if (is_preferred(a, wish) != is_preferred(b, wish)) /* rule 3 */
        return is_preferred(a, wish);
    if (is_known_there(a, wish) != is_known_there(b, wish))
        return is_known_there(a, wish);
    if (has_label(a, wish) != has_label(b, wish)) /* rule 6 */
        return has_label(a, wish);
    if (is_temporary(a) != is_temporary(b)) /* rule 7 */
        return is_temporary(a);
    return match_of(a, wish->dst) > match_of(b, wish->dst);
}

/* RFC 4291 2.5.6: routers don't forward packets from link-local addresses. So there is no source
 * while the global address is still tentative. */
static bool suits_gateway(const struct address6 *address, const struct wish *wish)
{
    return leat_ip_is_any(wish->gateway) || wish->scope <= SCOPE_LINK ||
           scope_of(address->ip) > SCOPE_LINK;
}

/* The best source for packets to @dst through @gateway ("::": none); NULL: none is suitable. */
static const struct address6 *best_toward(struct link *link, struct leat_ip dst,
                                          struct leat_ip gateway)
{
    const struct leat *stack = link->stack;
    const struct address6 *all = addresses6_of(link);
    const struct wish wish = {.dst = dst,
                              .gateway = gateway,
                              .now_ns = stack->now_ns,
                              .scope = scope_of(dst),
                              .label = policy_of(stack, &dst)->label};
    const struct address6 *best = 0;

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state >= ADDRESS6_OPTIMISTIC && (!best || is_better(&all[i], best, &wish)))
            best = &all[i];
    }
    return best && suits_gateway(best, &wish) ? best : 0;
}

const struct address6 *address6_beside(struct link *link, struct leat_ip neighbour)
{
    return best_toward(link, neighbour, LEAT_IP_ANY);
}

const struct address6 *address6_toward(struct link *link, struct leat_ip dst)
{
    const struct route6 *route = 0;

    if (!leat_ip_is_multicast(dst) && !address6_on_link(link, dst))
        route = route6_to(link, LEAT_IP_ANY, dst).route;
    return best_toward(link, dst, route ? route->gateway : LEAT_IP_ANY);
}

void address6_source_facts(const struct link *link, struct leat_ip ip, uint8_t *prefix_bits,
                           bool *is_deprecated)
{
    const struct leat *stack = link->stack;
    const struct address6 *all = addresses6_of(link);
    const struct wish wish = {.now_ns = stack->now_ns};

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state < ADDRESS6_OPTIMISTIC || !leat_ip_equal(all[i].ip, ip))
            continue;
        *prefix_bits = all[i].prefix_bits;
        *is_deprecated = !is_preferred(&all[i], &wish);
    }
}
