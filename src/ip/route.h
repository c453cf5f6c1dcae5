/* route.h -- where packets go: on-link prefixes, routes by way of gateways. */
#ifndef IP_ROUTE_H
#define IP_ROUTE_H

#include "ip/header_template.h"
#include "ip/host.h"
#include "ip/ipv4.h"
#include "stack.h"

COLD size_t routes_cost(const struct leat_config *config);
COLD bool routes_init(struct leat *stack);

/* The address of ours from which @dst is reached, with the longest prefix or route; @next_hop gets
 * the gateway or @dst.  @src other than IP4_ANY: only from there.  NULL: no way. */
COLD const struct address *route_find(struct leat *stack, leat_ip4 src, leat_ip4 dst,
                                      leat_ip4 *next_hop);

/* True if a route by way of a gateway leads exactly there. */
COLD bool route_exists(const struct leat *stack, leat_ip4 network, uint8_t prefix_bits);

enum {
    ROUTE_CACHE_HOSTS = 64, /* on our links; a power of two */
    ROUTE_CACHE_BLOCKS = 16 /* behind gateways: with one of them the Internet is about so many */
};

/* To ourselves, in either family: RFC 1122 3.3.1.1, 3.2.1.3(g); it never leaves us. */
COLD enum leat_err path_to_loopback(const struct leat *stack, struct path *path);

/* A cached path to a host: it has a link, its source is usable there and no broadcast address, its
 * destination is not ours.  Hosts behind a gateway share one, with all of the block of addresses
 * around them for which route_find() would find the same; who asks for it writes its destination.
 */
struct route_cache_entry {
    uint32_t generation; /* stack->route_generation then; 0: none */
    leat_ip4 mask;       /* of the block; of a host on our link all ones */
    bool is_default;     /* its source is what we choose, too, if nobody else does */
    struct path path;
    struct header_template template; /* its path's */
};

/* Peers of one network follow each other, so the low bits tell them apart. */
static inline struct route_cache_entry *route_cache_slot(struct leat *stack, leat_ip4 dst)
{
    return &stack->route_cache[(dst ^ dst >> 8) % ROUTE_CACHE_HOSTS];
}

/* True if the path is good from @src (IP4_ANY: chosen) to @dst. */
static inline bool route_cache_leads(const struct leat *stack,
                                     const struct route_cache_entry *cached, leat_ip4 src,
                                     leat_ip4 dst)
{
    return cached->generation == stack->route_generation &&
           ((cached->path.dst ^ dst) & cached->mask) == 0 &&
           (cached->path.src == src || (src == IP4_ANY && cached->is_default));
}

/* The rest of route_cache_get(). */
struct path *route_cache_look_up(struct leat *stack, leat_ip4 src, leat_ip4 dst);

/* The cached path from @src (IP4_ANY: chosen) to the host @dst, or NULL if it isn't true now.  Good
 * until the next one is asked for. */
static inline struct path *route_cache_get(struct leat *stack, leat_ip4 src, leat_ip4 dst)
{
    struct route_cache_entry *last = stack->route_last;

    /* who sends is answered */
    if (SHORTCUTS && last->path.dst == dst && last->path.src == src &&
        last->generation == stack->route_generation)
        return &last->path;
    return route_cache_look_up(stack, src, dst);
}

/* The path that was asked for last, which may be void now, if it is one of IPv6 from @src to @dst,
 * addresses of 16 bytes; else NULL. */
static inline const struct path *route_last_between(const struct leat *stack, const uint8_t *src,
                                                    const uint8_t *dst)
{
    const struct path *path = &stack->route_last->path;

    if (!path->is_v6 || memcmp(host6_at(stack, path->dst)->ip.bytes, dst, 16) != 0 ||
        memcmp(host6_at(stack, path->src)->ip.bytes, src, 16) != 0)
        return 0;
    return path;
}

/* The cached path, or, if there is none, one looked up and written to @room; NULL: there is no way
 * from @src to @dst. */
static inline struct path *route_cache_find(struct leat *stack, leat_ip4 src, leat_ip4 dst,
                                            struct path *room)
{
    struct path *cached = route_cache_get(stack, src, dst);

    if (cached)
        return cached;
    return ipv4_path(stack, src, dst, room) == LEAT_OK ? room : 0;
}

/* Caches @path, which is of that kind; @is_default: its source was chosen. */
COLD void route_cache_put(struct leat *stack, const struct path *path, bool is_default);

/* The identification of the next packet that may be fragmented: as good as random. */
uint16_t route_next_id(struct leat *stack);

#endif
