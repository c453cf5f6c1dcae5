/* route.c -- routes packets (RFC 1122 3.3.1), and makes their identifications (RFC 6864). */
#include "ip/route.h"

#include "core/assert.h"
#include "ip/host.h"
#include "ip/ipv4.h"
#include "link/address.h"

enum {
    IDS_ARE_DRAWN = 0x6964 /* separates this use of the secret from others */
};

struct route {
    leat_ip4 network;
    leat_ip4 gateway;  /* IP4_ANY: the network is on `link` */
    struct link *link; /* link of the gateway; NULL: determined by our prefixes */
    uint8_t prefix_bits;
};

/* Unused identifications.  They are random, because even keyed counters would reveal to hosts that
 * share one how much we send to others (RFC 7739 5.3). The price is that an identification may
 * repeat before 65,536 are used. */
struct ids {
    uint64_t draws;
    uint64_t bits;
    uint32_t generation; /* stack->route_generation at the draw: a new secret voids them */
    uint32_t left;       /* identifications of 16 bits left in `bits` */
};

struct routes {
    struct route *routes;
    uint16_t count;
    uint8_t block_hand; /* index of the block that is replaced next */
    struct ids ids;
};

size_t routes_cost(const struct leat_config *config)
{
    return arena_cost(1, sizeof(struct routes)) + arena_cost(config->routes, sizeof(struct route)) +
           arena_cost(ROUTE_CACHE_HOSTS + ROUTE_CACHE_BLOCKS, sizeof(struct route_cache_entry));
}

bool routes_init(struct leat *stack)
{
    struct routes *table = arena_take(&stack->arena, 1, sizeof *table);

    leat_assert(!stack->routes);
    if (!table)
        return false;
    table->routes = arena_take(&stack->arena, stack->config.routes, sizeof(struct route));
    stack->route_cache = arena_take(&stack->arena, ROUTE_CACHE_HOSTS + ROUTE_CACHE_BLOCKS,
                                    sizeof *stack->route_cache);
    stack->route_last = stack->route_cache; /* its generation is 0, so it matches nothing */
    stack->routes = table;
    stack->route_generation = 1;
    stack->neighbour_generation = 1;
    return table->routes && stack->route_cache;
}

/* The usable address of ours with the longest prefix that contains @ip; or NULL. */
static const struct address *on_link(struct leat *stack, leat_ip4 src, leat_ip4 ip)
{
    const struct address *best = 0;

    for (struct link *link = stack->links; link < stack->links_end; link++) {
        const struct address *address = address_toward(link, src, ip);

        if (address && (!best || address->prefix_bits > best->prefix_bits))
            best = address;
    }
    return best;
}

static inline bool is_on_link(const struct route *route)
{
    return route->gateway == IP4_ANY;
}

/* The link that routes declare @ip to be on, or NULL. */
static struct link *routed_link(const struct routes *table, leat_ip4 ip)
{
    const struct route *best = 0;

    for (uint32_t i = 0; i < table->count; i++) {
        const struct route *route = &table->routes[i];

        if (is_on_link(route) && ((ip ^ route->network) & ip4_mask(route->prefix_bits)) == 0 &&
            (!best || route->prefix_bits > best->prefix_bits))
            best = route;
    }
    return best ? best->link : 0;
}

/* The usable address @src of the link, or its first one if @src is IP4_ANY; or NULL. */
static const struct address *usable_on(struct link *link, leat_ip4 src)
{
    if (src == IP4_ANY)
        return address_first(link);
    return address_is_ours(link, src) ? address_find(link, src) : 0;
}

/* Like on_link(), for the gateway of @route: @src need not share its prefix, only its link (RFC
 * 1122 3.3.4.2, the strong model). */
static const struct address *toward_gateway(struct leat *stack, leat_ip4 src,
                                            const struct route *route)
{
    const struct address *near = route->link ? address_toward(route->link, IP4_ANY, route->gateway)
                                             : on_link(stack, IP4_ANY, route->gateway);
    struct link *link = route->link ? route->link
                        : near      ? near->link
                                    : routed_link(stack->routes, route->gateway);

    /* the address in the gateway's prefix is the one that it can answer directly */
    if (near && src == IP4_ANY)
        return near;
    return link ? usable_on(link, src) : 0;
}

/* Like on_link(), but @src may have another prefix of that link (RFC 1122 3.3.4.2, the strong
 * model). @bits gets the length of the prefix that contains @dst. */
static const struct address *from_here(struct leat *stack, leat_ip4 src, leat_ip4 dst,
                                       uint32_t *bits)
{
    const struct address *own = on_link(stack, src, dst);
    const struct address *near = own || src == IP4_ANY ? own : on_link(stack, IP4_ANY, dst);

    if (!near)
        return 0;
    *bits = near->prefix_bits;
    return own ? own : usable_on(near->link, src);
}

const struct address *route_find(struct leat *stack, leat_ip4 src, leat_ip4 dst, leat_ip4 *next_hop)
{
    const struct routes *table = stack->routes;
    uint32_t best_bits = 0;
    const struct address *best = from_here(stack, src, dst, &best_bits);

    *next_hop = dst;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct route *route = &table->routes[i];
        const bool is_itself = route->link && dst == route->gateway; /* an on-link host, too */
        const uint32_t bits = is_itself ? 32 : route->prefix_bits;
        const struct address *from;

        if (!is_itself && (dst ^ route->network) & ip4_mask(route->prefix_bits))
            continue;
        /* at equal length our own prefix wins over a route */
        if (best && bits <= best_bits)
            continue;
        from = is_on_link(route) ? usable_on(route->link, src) : toward_gateway(stack, src, route);
        if (!from)
            continue;
        best = from;
        best_bits = bits;
        *next_hop = is_on_link(route) ? dst : route->gateway;
    }
    return best;
}

/* The number of leading bits that both have in common. */
static uint32_t common_bits(leat_ip4 a, leat_ip4 b)
{
    return a == b ? 32 : (uint32_t)__builtin_clz(a ^ b);
}

/* Narrows a block of @bits around @dst until it lies entirely inside the prefix or outside. */
static uint32_t bits_apart(uint32_t bits, leat_ip4 dst, leat_ip4 network, uint32_t prefix_bits)
{
    const uint32_t common = common_bits(dst, network);
    const uint32_t least = common >= prefix_bits ? prefix_bits : common + 1;

    leat_debug_assert(prefix_bits <= 32);
    return least > bits ? least : bits;
}

/* The length of the largest block around @dst whose addresses all have the same result in
 * route_find() and in ip4_is_no_host().  0: @dst is in a prefix of ours, in any state of the
 * address. */
COLD static uint32_t block_bits(struct leat *stack, leat_ip4 dst)
{
    const struct routes *table = stack->routes;
    /* ranges that no host has: 0/8, 127/8, and 224/3 */
    uint32_t bits =
        bits_apart(bits_apart(bits_apart(0, dst, 0, 8), dst, 0x7f000000, 8), dst, 0xe0000000, 3);

    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        for (unsigned k = 0; k < LEAT_ADDRESSES_MAX; k++) {
            const struct address *address = &link->addresses[k];

            if (address->state == ADDRESS_NONE)
                continue;
            if (common_bits(dst, address->ip) >= address->prefix_bits)
                return 0;
            bits = bits_apart(bits, dst, address->ip, address->prefix_bits);
        }
    }
    for (uint32_t i = 0; i < table->count; i++) {
        const struct route *route = &table->routes[i];

        bits = bits_apart(bits, dst, route->network, route->prefix_bits);
        if (route->link && !is_on_link(route))
            bits = bits_apart(bits, dst, route->gateway, 32);
    }
    return bits;
}

/* The cached path through a gateway to the block of @dst, or NULL. */
static struct route_cache_entry *find_block(struct leat *stack, leat_ip4 src, leat_ip4 dst)
{
    struct route_cache_entry *const blocks = &stack->route_cache[ROUTE_CACHE_HOSTS];

    for (uint32_t i = 0; i < ROUTE_CACHE_BLOCKS; i++) {
        if (route_cache_leads(stack, &blocks[i], src, dst))
            return &blocks[i];
    }
    return 0;
}

/* The slow part of route_cache_look_up(): any entry but the last. */
static __attribute__((noinline)) struct path *look_up_any(struct leat *stack, host_id src,
                                                          host_id dst)
{
    struct route_cache_entry *found = route_cache_slot(stack, dst);

    if (!route_cache_leads(stack, found, src, dst))
        found = find_block(stack, src, dst);
    if (!found)
        return 0;
    stack->route_last = found;
    return route_cache_toward(found, dst);
}

struct path *route_cache_look_up(struct leat *stack, host_id src, host_id dst)
{
    struct route_cache_entry *last = stack->route_last;

    /* the hosts of a block share the entry */
    if (SHORTCUTS && route_cache_leads(stack, last, src, dst))
        return route_cache_toward(last, dst);
    if (host_is_v6(dst)) /* or an IPv4 address of 240/8, which no host has */
        return stack->ipv6_family ? stack->ipv6_family->cached_path(stack, src, dst) : 0;
    return look_up_any(stack, src, dst);
}

/* The cache entry for a path that a prefix of @bits shares. */
COLD static struct route_cache_entry *place_for(struct leat *stack, const struct path *path,
                                                uint32_t bits)
{
    struct routes *table = stack->routes;
    uint32_t i;

    if (bits == 32)
        return route_cache_slot(stack, path->dst);
    /* blocks replace each other in turn: any of them is rebuilt by one lookup */
    i = table->block_hand;
    table->block_hand = (uint8_t)((i + 1) % ROUTE_CACHE_BLOCKS);
    return &stack->route_cache[ROUTE_CACHE_HOSTS + i];
}

void route_cache_put(struct leat *stack, const struct path *path, bool is_default)
{
    const uint32_t block = path->next_hop != path->dst ? block_bits(stack, path->dst) : 0;
    const uint32_t bits = block > 0 ? block : 32;
    struct route_cache_entry *cached;

    leat_assert(bits <= 32);
    if (!path->is_v6 && address_is_broadcast(path->link, path->src))
        return; /* ours, but also a broadcast address of another prefix: must always be checked */
    cached = place_for(stack, path, bits);
    cached->generation = stack->route_generation;
    cached->mask = ip4_mask((uint8_t)bits);
    cached->is_default = is_default;
    cached->path = *path;
    cached->path.template = &cached->template;
    cached->template.generation = 0;
}

/* True for an address of ours, even one that is still probed for. */
static bool is_own(struct leat *stack, leat_ip4 ip)
{
    for (struct link *link = stack->links; link < stack->links_end; link++) {
        if (address_find(link, ip))
            return true;
    }
    return false;
}

/* True if the gateway is on a link by a prefix of ours, even one still probed for, or by a
 * route. */
static bool gateway_is_on_link(const struct leat *stack, leat_ip4 gateway)
{
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        for (unsigned k = 0; k < LEAT_ADDRESSES_MAX; k++) {
            const struct address *address = &link->addresses[k];

            /* our own address as gateway would lead back to ourselves */
            if (address->state != ADDRESS_NONE && address->ip != gateway &&
                ((address->ip ^ gateway) & ip4_mask(address->prefix_bits)) == 0)
                return true;
        }
    }
    return routed_link(stack->routes, gateway) != 0;
}

static struct route *find(struct routes *table, leat_ip4 network, uint8_t prefix_bits)
{
    for (uint32_t i = 0; i < table->count; i++) {
        struct route *route = &table->routes[i];

        if (route->prefix_bits == prefix_bits && route->network == network)
            return route;
    }
    return 0;
}

COLD bool route_exists(const struct leat *stack, leat_ip4 network, uint8_t prefix_bits)
{
    return find(stack->routes, network, prefix_bits);
}

/* Adds a route to the table, or replaces the one with the same prefix. */
static enum leat_err set(struct leat *stack, const struct route *made)
{
    struct routes *table = stack->routes;
    struct route *route;

    if (made->prefix_bits > 32 || (made->network & ~ip4_mask(made->prefix_bits)))
        return LEAT_ERR_ARGUMENT;
    route = find(table, made->network, made->prefix_bits);
    if (!route && table->count == stack->config.routes)
        return LEAT_ERR_FULL;
    if (!route)
        route = &table->routes[table->count++];
    stack->route_generation++;
    *route = *made;
    return LEAT_OK;
}

COLD enum leat_err leat_route_add_on_link(struct leat *stack, const struct leat_netif *netif,
                                          struct leat_ip to, uint8_t prefix_bits)
{
    struct route made = {.link = stack_link(stack, netif), .prefix_bits = prefix_bits};

    if (!ip4_of(to, &made.network))
        return LEAT_ERR_FAMILY;
    return made.link ? set(stack, &made) : LEAT_ERR_ARGUMENT;
}

/* Adds a route through a gateway on @link. NULL: chooses the link by our prefixes and routes, or
 * takes the only one. */
COLD static enum leat_err add_by(struct leat *stack, struct link *link, struct leat_ip to,
                                 uint8_t prefix_bits, struct leat_ip by)
{
    struct route made = {.link = link, .prefix_bits = prefix_bits};

    if (stack->ipv6_family && !leat_ip_is_v4(by))
        return stack->ipv6_family->route_add(stack, link, to, prefix_bits, by);
    if (!ip4_of(to, &made.network) || !ip4_of(by, &made.gateway))
        return LEAT_ERR_FAMILY;
    if (prefix_bits > 32 || (made.network & ~ip4_mask(prefix_bits)) || ip4_is_no_host(made.gateway))
        return LEAT_ERR_ARGUMENT;
    /* a gateway may be outside of all prefixes, as in some clouds; with one link there is no doubt
     * where it is */
    if (!link && !gateway_is_on_link(stack, made.gateway)) {
        made.link = stack_only_link(stack);
        if (!made.link)
            return LEAT_ERR_NO_ROUTE;
    }
    return is_own(stack, made.gateway) ? LEAT_ERR_NO_ROUTE : set(stack, &made);
}

COLD enum leat_err leat_route_add(struct leat *stack, struct leat_ip to, uint8_t prefix_bits,
                                  struct leat_ip by)
{
    return add_by(stack, 0, to, prefix_bits, by);
}

COLD enum leat_err leat_route_add_by(struct leat *stack, const struct leat_netif *netif,
                                     struct leat_ip to, uint8_t prefix_bits, struct leat_ip by)
{
    struct link *link = stack_link(stack, netif);

    return link ? add_by(stack, link, to, prefix_bits, by) : LEAT_ERR_ARGUMENT;
}

enum leat_err leat_route_remove(struct leat *stack, struct leat_ip to, uint8_t prefix_bits)
{
    struct routes *table = stack->routes;
    struct route *route;
    leat_ip4 network;

    if (stack->ipv6_family && !leat_ip_is_v4(to))
        return stack->ipv6_family->route_remove(stack, to, prefix_bits);
    if (!ip4_of(to, &network))
        return LEAT_ERR_FAMILY;
    route = find(table, network, prefix_bits);
    if (!route)
        return LEAT_ERR_NOT_FOUND;
    /* the order of routes means nothing, so the last one fills the gap */
    *route = table->routes[--table->count];
    stack->route_generation++;
    return LEAT_OK;
}

enum leat_err path_to_loopback(const struct leat *stack, struct path *path)
{
    if (path->src == IP4_ANY)
        path->src = path->dst;
    else if (!host_is_ours(stack, path->src))
        return LEAT_ERR_NO_ROUTE;
    path->link = 0;
    path->mtu = UINT16_MAX;
    return LEAT_OK;
}

static inline uint16_t take_id(struct ids *ids)
{
    const uint16_t id = (uint16_t)ids->bits;

    ids->bits >>= 16;
    ids->left--;
    return id;
}

/* Draws four identifications from one hash, and takes the first. */
static __attribute__((noinline)) uint16_t draw_ids(const struct leat *stack, struct ids *ids)
{
    ids->bits = siphash13(&stack->secret_key, ++ids->draws, IDS_ARE_DRAWN);
    ids->left = 4;
    ids->generation = stack->route_generation;
    return take_id(ids);
}

uint16_t route_next_id(struct leat *stack)
{
    struct ids *ids = &stack->routes->ids;

    if (ids->left == 0 || ids->generation != stack->route_generation)
        return draw_ids(stack, ids);
    return take_id(ids);
}
