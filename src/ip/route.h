/* route.h -- where packets go: on-link prefixes, routes by way of gateways. */
#ifndef IP_ROUTE_H
#define IP_ROUTE_H

#include "stack.h"

size_t routes_cost(const struct leat_config *config);
bool routes_init(struct leat *stack);

/* The address of ours from which @dst is reached, with the longest prefix or route; @next_hop gets
 * the gateway or @dst.  @src other than LEAT_IP4_ANY: only from there.  NULL: no way. */
const struct address *route_find(struct leat *stack, leat_ip4 src, leat_ip4 dst,
                                 leat_ip4 *next_hop);

struct path;

/* A way to the host @dst from @src that was found before and is still true, or NULL.  It has a
 * link,
 * @src is usable there and no broadcast address, @dst is a host's and not ours. */
const struct path *route_known(struct leat *stack, leat_ip4 src, leat_ip4 dst);

/* Keeps a path of that kind. */
void route_remember(struct leat *stack, const struct path *path);

/* The identification of the next packet from @src to @dst that may be fragmented. */
uint16_t route_next_id(struct leat *stack, leat_ip4 src, leat_ip4 dst, uint8_t protocol);

#endif
