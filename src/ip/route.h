/* route.h -- on-link prefixes, and routes through gateways. */
#ifndef IP_ROUTE_H
#define IP_ROUTE_H

#include "core/parts.h"
#include "ip/header_template.h"
#include "ip/host.h"
#include "ip/ipv4.h"
#include "base.h"

COLD size_t routes_cost(const struct leat_config *config);
COLD bool routes_init(struct leat *stack);

/* Our address for packets to @dst, by the longest prefix or route; @next_hop gets the gateway or
 * @dst.  If @src isn't IP4_ANY, only this source is considered.  NULL: no route. */
COLD const struct address *route_find(struct leat *stack, leat_ip4 src, leat_ip4 dst,
                                      leat_ip4 *next_hop);

/* True if a route through a gateway has exactly this prefix. */
COLD bool route_exists(const struct leat *stack, leat_ip4 network, uint8_t prefix_bits);

enum {
    ROUTE_CACHE_HOSTS = HAS_WIDE_TABLES ? 64 : 4, /* hosts on our links; a power of two */
    /* behind gateways; a default route makes about 16 blocks */
    ROUTE_CACHE_BLOCKS = HAS_WIDE_TABLES ? 16 : 2
};

/* The path to ourselves, in either family; it never leaves the host (RFC 1122 3.3.1.1,
 * 3.2.1.3(g)). */
COLD enum leat_err path_to_loopback(const struct leat *stack, struct path *path);

/* A cached path to a host: it has a link, its source is usable there and no broadcast address, and
 * its destination isn't ours.  Hosts behind a gateway share the entry of a block of addresses: all
 * those for which route_find() finds the same. A lookup writes its destination into the path. */
struct route_cache_entry {
    uint32_t generation; /* stack->route_generation at that time; 0: unused */
    leat_ip4 mask;       /* of the block; all ones for a host on our link */
    bool is_default;     /* the source is also the one that we choose by default */
    struct path path;
    struct header_template template; /* of the path */
};

/* Peers of one network have consecutive addresses, so the low bits spread them. */
static inline struct route_cache_entry *route_cache_slot(struct leat *stack, host_id dst)
{
    return &stack->route_cache[(dst ^ dst >> 8) % ROUTE_CACHE_HOSTS];
}

/* True if the path serves packets from @src (IP4_ANY: chosen) to @dst. */
static inline bool route_cache_leads(const struct leat *stack,
                                     const struct route_cache_entry *cached, host_id src,
                                     host_id dst)
{
    return cached->generation == stack->route_generation &&
           ((cached->path.dst ^ dst) & cached->mask) == 0 &&
           (cached->path.src == src || (src == IP4_ANY && cached->is_default));
}

/* The path of @cached with @dst filled in: that of a block is the same for all its hosts but for
 * the destination and the sum over it. An IPv6 path has the destination already. */
static inline struct path *route_cache_toward(struct route_cache_entry *cached, host_id dst)
{
    struct path *path = &cached->path;

    if (path->dst != dst) {
        path->dst = dst;
        path->pseudo_sum = checksum_addresses4(path->src, dst);
    }
    return path;
}

/* Both ends of a path in one word: one load on a little endian machine. */
static inline uint64_t path_ends(const struct path *path)
{
    return (uint64_t)path->dst << 32 | path->src;
}

/* The slow part of route_cache_get(). */
struct path *route_cache_look_up(struct leat *stack, host_id src, host_id dst);

/* The cached path from @src (IP4_ANY: chosen) to the host @dst, or NULL if there is no valid one.
 * It may be used until the next lookup. */
static inline struct path *route_cache_get(struct leat *stack, host_id src, host_id dst)
{
    struct route_cache_entry *last = stack->route_last;

    /* a reply follows its request, so the last path often matches */
    if (SHORTCUTS && path_ends(&last->path) == ((uint64_t)dst << 32 | src) &&
        last->generation == stack->route_generation)
        return &last->path;
    return route_cache_look_up(stack, src, dst);
}

/* The path of the last lookup if it leads back from the receiver to the sender of the IPv4 header
 * whose addresses begin at @addresses; else NULL. */
static inline const struct path *route_last_back(const struct leat *stack, const uint8_t *addresses)
{
    const struct route_cache_entry *last = stack->route_last;

    return path_ends(&last->path) == get64(addresses) && last->generation == stack->route_generation
               ? &last->path
               : 0;
}

/* The path of the last lookup if it is an IPv6 path from @src to @dst, addresses of 16 bytes; else
 * NULL. It may be outdated. */
static inline const struct path *route_last_between(const struct leat *stack, const uint8_t *src,
                                                    const uint8_t *dst)
{
    const struct path *path = &stack->route_last->path;

    if (!path->is_v6 || memcmp(host6_at(stack, path->dst)->ip.bytes, dst, 16) != 0 ||
        memcmp(host6_at(stack, path->src)->ip.bytes, src, 16) != 0)
        return 0;
    return path;
}

/* The cached path or, without one, a new one in @room; NULL: no route from @src to @dst. */
static inline struct path *route_cache_find(struct leat *stack, host_id src, host_id dst,
                                            struct path *room)
{
    struct path *cached = route_cache_get(stack, src, dst);

    if (cached)
        return cached;
    return ipv4_path(stack, src, dst, room) == LEAT_OK ? room : 0;
}

/* Caches @path, which must be as described at route_cache_entry; @is_default: its source was
 * chosen. */
COLD void route_cache_put(struct leat *stack, const struct path *path, bool is_default);

/* The identification of the next packet that may be fragmented: pseudorandom. */
uint16_t route_next_id(struct leat *stack);

#endif
