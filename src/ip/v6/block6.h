/*
 * block6.h -- caches paths for blocks of addresses behind a gateway.
 *
 * A server has many peers, nearly all of them behind one router, more than the cache of paths can
 * hold. But a routing decision for one address holds for its whole block, until one of our
 * addresses, prefixes or routes changes. So it is made once per block, as ip/route.c does for IPv4.
 * Packets whose source the stack chooses are excluded, because RFC 6724 5 compares sources with the
 * exact destination.
 */
#ifndef IP_V6_BLOCK6_H
#define IP_V6_BLOCK6_H

#include "ip/route.h"
#include "ip/v6/ipv6.h"
#include "wire/ethernet.h"

enum {
    HEADERS6_BYTES = ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES,
    BLOCKS6 = 16 /* a default route makes about so many blocks */
};

/* The headers of a packet that was sent from @src to @dst. Those of a block serve all its hosts. */
struct headers6 {
    uint64_t neighbour_generation; /* stack->neighbour_generation at that time; 0: unused */
    struct neighbour6 *hop;        /* with a known Ethernet address */
    uint32_t route_generation;
    host_id src;
    host_id dst;
    bool is_of_block;
    uint8_t bytes[HEADERS6_BYTES];
};

/* The addresses that equal `network` in the bits of `mask`; both in network byte order. */
struct block6 {
    uint64_t network[2];
    uint64_t mask[2];
    uint32_t generation; /* stack->route_generation at that time; 0: unused */
    host_id src;         /* our address for packets to them */
    struct link *link;
    struct route_cache_entry shared; /* the path to the host that was looked up last */
    struct headers6 headers;         /* of the last packet to the block */
};

struct blocks6 {
    struct block6 all[BLOCKS6];
    uint32_t last; /* index of the last lookup */
    uint32_t hand; /* index of the entry that is replaced next */
};

size_t blocks6_cost(void);
bool blocks6_init(struct leat *stack);

/* The block of @dst, if it holds a valid path from @src; or NULL. */
struct block6 *block6_find(struct leat *stack, host_id src, const struct leat_ip *dst);

/* True if @block contains @dst, and its path from @src is valid. */
static inline bool block6_leads(const struct leat *stack, const struct block6 *block, host_id src,
                                const uint8_t dst[16])
{
    uint64_t words[2];

    memcpy(words, dst, sizeof words);
    return block->generation == stack->route_generation && block->src == src &&
           (((block->network[0] ^ words[0]) & block->mask[0]) |
            ((block->network[1] ^ words[1]) & block->mask[1])) == 0;
}

/* Caches that packets from @src to @dst leave by @link, for the whole block of @dst. @dst is
 * unicast and not ours. On-link destinations have no block and aren't cached. */
COLD void block6_put(struct leat *stack, host_id src, struct leat_ip dst, struct link *link);

/* Caches @path, which leads to a host of @block, for all of them. */
COLD void block6_share(const struct leat *stack, struct block6 *block, const struct path *path);

/* The cached path from @src to the host @dst, its own or its block's; or NULL. */
struct path *block6_cached_path(struct leat *stack, host_id src, host_id dst);

/* The cached path of @block with its host @dst filled in. It may be used until the next
 * lookup. */
static inline struct path *block6_toward(struct leat *stack, struct block6 *block, host_id dst)
{
    struct path *path = &block->shared.path;

    path->dst = dst;
    path->pseudo_sum = host_pseudo_sum(stack, path->src, dst);
    stack->route_last = &block->shared;
    return path;
}

#endif
