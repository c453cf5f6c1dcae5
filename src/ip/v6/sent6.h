/* sent6.h -- caches the headers of recent packets, by destination. */
#ifndef IP_V6_SENT6_H
#define IP_V6_SENT6_H

#include "ip/route.h"
#include "ip/v6/block6.h"

/* The flow label of a flow, with its identity: the sum of both addresses, ports and protocol. */
struct flow6 {
    uint64_t pseudo_sum;
    uint64_t rest; /* 0: unused */
    uint32_t label;
};

/* The cache entry of a recent destination. */
struct sent6 {
    struct flow6 flow; /* of the last packet */
    struct headers6 headers;
};

size_t paths6_cost(void);
bool paths6_init(struct leat *stack);

/* The entry for @dst, which another host may occupy. */
static inline struct sent6 *sent6_to(const struct leat *stack, host_id dst)
{
    return &stack->ipv6->sent[(dst ^ dst >> 8) % ROUTE_CACHE_HOSTS];
}

/* Voids the headers for the number @host, which another address gets. */
void sent6_forget(const struct leat *stack, host_id host);

#endif
