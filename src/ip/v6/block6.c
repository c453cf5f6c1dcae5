/* block6.c -- caches paths for blocks of addresses behind a gateway. */
#include "ip/v6/block6.h"

#include "core/assert.h"
#include "ip/v6/route6.h"
#include "ip/v6/slaac.h"

size_t blocks6_cost(void)
{
    return arena_cost(1, sizeof(struct blocks6));
}

bool blocks6_init(struct leat *stack)
{
    stack->ipv6->blocks = arena_take(&stack->arena, 1, sizeof(struct blocks6));
    return stack->ipv6->blocks != 0;
}

static __attribute__((noinline)) struct block6 *block_of_any(struct leat *stack, host_id src,
                                                             const struct leat_ip *dst)
{
    struct blocks6 *table = stack->ipv6->blocks;

    for (uint32_t i = 0; i < BLOCKS6; i++) {
        if (block6_leads(stack, &table->all[i], src, dst->bytes)) {
            table->last = i;
            return &table->all[i];
        }
    }
    return 0;
}

struct block6 *block6_find(struct leat *stack, host_id src, const struct leat_ip *dst)
{
    struct blocks6 *table = stack->ipv6->blocks;

    if (block6_leads(stack, &table->all[table->last], src, dst->bytes))
        return &table->all[table->last];
    return block_of_any(stack, src, dst);
}

/* ---- size of a block ----------------------------------------------------------------------- */

/* Narrows a block of @bits around @dst until it lies entirely inside the prefix or outside. */
static uint32_t bits_apart(uint32_t bits, struct leat_ip dst, struct leat_ip network,
                           uint32_t prefix_bits)
{
    const uint32_t common = ip6_common_bits(dst, network);
    const uint32_t least = common >= prefix_bits ? prefix_bits : common + 1;

    leat_debug_assert(prefix_bits <= 128);
    return least > bits ? least : bits;
}

/* Narrows the block until it excludes our addresses on @link, in any state, and lies inside or
 * outside each on-link prefix of its routers. */
static uint32_t bits_apart_from_link(uint32_t bits, struct leat_ip dst, const struct link *link)
{
    const struct ipv6 *ipv6 = link->stack->ipv6;
    const struct address6 *all = ipv6->addresses[link - link->stack->links];
    const struct leat_slaac *slaac = ipv6->links[link - link->stack->links].slaac;

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE)
            bits = bits_apart(bits, dst, all[i].ip, 128);
    }
    for (unsigned i = 0; slaac && i < LEAT_SLAAC_PREFIXES_MAX; i++)
        bits = bits_apart(bits, dst, slaac->prefixes[i].prefix, slaac->prefixes[i].prefix_bits);
    return bits;
}

/* The length of the largest block around @dst whose addresses all have the same result in
 * ipv6_path() and route6_to().  Excluding fe80::/10 excludes all multicast groups as well. */
static uint32_t block_bits(const struct leat *stack, struct leat_ip dst)
{
    static const struct leat_ip unspecified = {{0}};
    static const struct leat_ip link_local = {{0xfe, 0x80}};
    const struct ipv6 *ipv6 = stack->ipv6;
    uint32_t bits = bits_apart(bits_apart(0, dst, unspecified, 8), dst, link_local, 10);

    for (const struct link *link = stack->links; link < stack->links_end; link++)
        bits = bits_apart_from_link(bits, dst, link);
    for (uint32_t i = 0; i < ipv6->route_count; i++) {
        const struct route6 *route = &ipv6->routes[i];

        bits = bits_apart(bits, dst, route->network, route->prefix_bits);
        if (!route->is_learned)
            bits = bits_apart(bits, dst, route->gateway, 128);
    }
    return bits;
}

void block6_put(struct leat *stack, host_id src, struct leat_ip dst, struct link *link)
{
    struct blocks6 *table = stack->ipv6->blocks;
    const uint32_t bits = block_bits(stack, dst);
    struct block6 *block;
    struct leat_ip mask = {{0}};

    leat_debug_assert(table->hand < BLOCKS6);
    /* On-link hosts have next hops of their own. A block of 128 bits is a single host, for which
     * the cache of paths is there. ::/8 contains "::", loopback and IPv4. */
    if (address6_on_link(link, dst) || bits == 128 || dst.bytes[0] == 0)
        return;
    for (uint32_t i = 0; i < bits; i++)
        mask.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
    table->last = table->hand;
    table->hand = (table->hand + 1) % BLOCKS6;
    block = &table->all[table->last];
    *block = (struct block6){.generation = stack->route_generation, .src = src, .link = link};
    memcpy(block->mask, mask.bytes, sizeof block->mask);
    memcpy(block->network, dst.bytes, sizeof block->network);
}

void block6_share(const struct leat *stack, struct block6 *block, const struct path *path)
{
    leat_debug_assert(path->link == block->link);
    block->shared.generation = stack->route_generation;
    block->shared.mask = UINT32_MAX; /* numbers of hosts don't show their blocks */
    block->shared.path = *path;
    block->shared.path.headers = &block->headers;
}

/* The cached path of a host alone, or NULL. */
static struct path *own_path(struct leat *stack, host_id src, host_id dst)
{
    struct route_cache_entry *own = route_cache_slot(stack, dst);

    if (!route_cache_leads(stack, own, src, dst))
        return 0;
    stack->route_last = own;
    return &own->path;
}

/* The path of any block but the last that was used. */
static __attribute__((noinline)) struct path *own_path_or_block(struct leat *stack, host_id src,
                                                                host_id dst)
{
    struct path *own = own_path(stack, src, dst);
    struct block6 *block = own ? 0 : block_of_any(stack, src, &host6_at(stack, dst)->ip);

    return block && block->shared.generation == stack->route_generation
               ? block6_toward(stack, block, dst)
               : own;
}

struct path *block6_cached_path(struct leat *stack, host_id src, host_id dst)
{
    struct blocks6 *table = stack->ipv6->blocks;
    struct block6 *last = &table->all[table->last];

    if (!SHORTCUTS)
        return own_path(stack, src, dst);
    if (block6_leads(stack, last, src, host6_at(stack, dst)->ip.bytes) &&
        last->shared.generation == stack->route_generation)
        return block6_toward(stack, last, dst);
    return own_path_or_block(stack, src, dst);
}
