/* ipv6.c -- IPv6 is registered: its memory, its functions for the layers below, its routes. */
#include "ip/v6/ipv6.h"

enum {
    NEIGHBOURS_DEFAULT = 64,
    PARKED_DEFAULT = 4,
    ROUTES_DEFAULT = 8,
    HOP_LIMIT_DEFAULT = 64
};

static struct leat_ipv6_config with_defaults(const struct leat_ipv6_config *given)
{
    struct leat_ipv6_config c = given ? *given : (struct leat_ipv6_config){.hop_limit = 0};

    if (c.neighbours == 0)
        c.neighbours = NEIGHBOURS_DEFAULT;
    if (c.parked == 0)
        c.parked = PARKED_DEFAULT;
    if (c.routes == 0)
        c.routes = ROUTES_DEFAULT;
    if (c.hop_limit == 0)
        c.hop_limit = HOP_LIMIT_DEFAULT;
    return c;
}

size_t leat_ipv6_memory_bytes(const struct leat_ipv6_config *config)
{
    const struct leat_ipv6_config c = with_defaults(config);

    return arena_cost(1, sizeof(struct ipv6)) + arena_cost(c.routes, sizeof(struct route6)) +
           neighbours6_cost(&c);
}

/* The link on which @gateway lies; NULL: none. */
static struct link *link_of(struct leat *stack, struct leat_ip gateway)
{
    for (struct link *link = stack->links; link < stack->links_end; link++) {
        if (address6_on_link(link, gateway) && !address6_find(link, gateway))
            return link;
    }
    return 0;
}

static struct route6 *route_find6(struct ipv6 *ipv6, struct leat_ip network, uint8_t prefix_bits)
{
    for (uint32_t i = 0; i < ipv6->route_count; i++) {
        struct route6 *route = &ipv6->routes[i];

        if (route->prefix_bits == prefix_bits && leat_ip_equal(route->network, network))
            return route;
    }
    return 0;
}

/* True if all bits behind the prefix are 0. */
static bool is_network(struct leat_ip ip, uint8_t prefix_bits)
{
    struct leat_ip masked = ip;

    for (uint32_t bit = prefix_bits; bit < 128; bit++)
        masked.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
    return leat_ip_equal(masked, ip);
}

static enum leat_err route_add(struct leat *stack, struct leat_ip network, uint8_t prefix_bits,
                               struct leat_ip gateway)
{
    struct ipv6 *ipv6 = stack->ipv6;
    struct link *link;
    struct route6 *route;

    if (prefix_bits > 128 || !is_network(network, prefix_bits) || leat_ip_is_multicast(gateway) ||
        leat_ip_is_any(gateway) || leat_ip_is_v4(gateway) || leat_ip_is_loopback(gateway))
        return LEAT_ERR_ARGUMENT;
    link = link_of(stack, gateway);
    if (!link)
        return LEAT_ERR_NO_ROUTE;
    route = route_find6(ipv6, network, prefix_bits);
    if (!route && ipv6->route_count == ipv6->config.routes)
        return LEAT_ERR_FULL;
    if (!route)
        route = &ipv6->routes[ipv6->route_count++];
    *route = (struct route6){
        .network = network, .gateway = gateway, .link = link, .prefix_bits = prefix_bits};
    return LEAT_OK;
}

static enum leat_err route_remove(struct leat *stack, struct leat_ip network, uint8_t prefix_bits)
{
    struct ipv6 *ipv6 = stack->ipv6;
    struct route6 *route = route_find6(ipv6, network, prefix_bits);

    if (!route)
        return LEAT_ERR_NOT_FOUND;
    *route = ipv6->routes[--ipv6->route_count];
    return LEAT_OK;
}

/* True for the group addresses of Ethernet that our groups have (RFC 2464 7). */
static bool hears(const struct link *link, const struct leat_mac *mac)
{
    const struct address6 *all = link->stack->ipv6->addresses[link - link->stack->links];

    if (mac->octet[0] != 0x33 || mac->octet[1] != 0x33)
        return false;
    if (mac->octet[2] == 0 && mac->octet[3] == 0 && mac->octet[4] == 0 && mac->octet[5] == 1)
        return true;
    for (unsigned i = 0; i < LEAT_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_NONE && mac->octet[2] == 0xff &&
            memcmp(mac->octet + 3, all[i].ip.bytes + 13, 3) == 0)
            return true;
    }
    return false;
}

static const struct ipv6_family family = {
    .input = ipv6_input,
    .hears = hears,
    .attached = address6_attached,
    .address_add = address6_add,
    .address_remove = address6_remove,
    .route_add = route_add,
    .route_remove = route_remove,
    .parked_pieces = neighbours6_pieces,
    .close = neighbours6_close,
};

enum leat_err leat_ipv6_register(struct leat *stack, const struct leat_ipv6_config *config)
{
    uint8_t any = 0;
    struct ipv6 *ipv6;

    if (stack->ipv6_family)
        return LEAT_ERR_IN_USE;
    ipv6 = arena_take(&stack->arena, 1, sizeof *ipv6);
    if (!ipv6)
        return LEAT_ERR_MEMORY;
    ipv6->config = with_defaults(config);
    ipv6->routes = arena_take(&stack->arena, ipv6->config.routes, sizeof(struct route6));
    stack->ipv6 = ipv6;
    if (!ipv6->routes || !neighbours6_init(stack))
        return LEAT_ERR_MEMORY;
    for (unsigned i = 0; i < LEAT_IPV6_SECRET_BYTES; i++)
        any |= ipv6->config.secret[i];
    ipv6->secret = any ? siphash_key_from(ipv6->config.secret) : stack->secret_key;
    stack->ipv6_family = &family;
    for (struct link *link = stack->links; link < stack->links_end; link++)
        address6_attached(link);
    return LEAT_OK;
}
