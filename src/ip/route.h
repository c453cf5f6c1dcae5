/* route.h -- where packets go: on-link prefixes, routes by way of gateways. */
#ifndef IP_ROUTE_H
#define IP_ROUTE_H

#include "ip/header_template.h"
#include "ip/ipv4.h"
#include "stack.h"

COLD size_t routes_cost(const struct leat_config *config);
COLD bool routes_init(struct leat *stack);

/* The address of ours from which @dst is reached, with the longest prefix or route; @next_hop gets
 * the gateway or @dst.  @src other than LEAT_IP4_ANY: only from there.  NULL: no way. */
COLD const struct address *route_find(struct leat *stack, leat_ip4 src, leat_ip4 dst,
                                      leat_ip4 *next_hop);

enum {
    KNOWN_PATHS = 64 /* a power of two */
};

/* A path to a host that was found not long ago: it has a link, its source is usable there and no
 * broadcast address, its destination is not ours. */
struct known_path {
    uint32_t generation; /* stack->route_generation then; 0: none */
    bool is_default;     /* its source is what we choose, too, if nobody else does */
    struct path path;
    struct header_template template; /* its path's */
};

/* Peers of one network follow each other, so the low bits tell them apart. */
static inline struct known_path *route_known_slot(struct leat *stack, leat_ip4 dst)
{
    return &stack->known_paths[(dst ^ dst >> 8) % KNOWN_PATHS];
}

/* A way to the host @dst from @src (LEAT_IP4_ANY: chosen) that was found before and is still true,
 * or NULL. */
static inline struct path *route_known(struct leat *stack, leat_ip4 src, leat_ip4 dst)
{
    struct known_path *known = route_known_slot(stack, dst);

    return known->generation == stack->route_generation && known->path.dst == dst &&
                   (known->path.src == src || (src == LEAT_IP4_ANY && known->is_default))
               ? &known->path
               : 0;
}

/* The same, or any other way to anybody, written to @room; NULL: none. */
static inline struct path *route_path(struct leat *stack, leat_ip4 src, leat_ip4 dst,
                                      struct path *room)
{
    struct path *known = route_known(stack, src, dst);

    if (known)
        return known;
    return ipv4_path(stack, src, dst, room) == LEAT_OK ? room : 0;
}

/* Keeps a path of that kind; @is_default: its source was chosen. */
COLD void route_remember(struct leat *stack, const struct path *path, bool is_default);

/* The identification of the next packet that may be fragmented: as good as random. */
uint16_t route_next_id(struct leat *stack);

#endif
