/* sent6.h -- the headers of packets that have left lately, by the hosts to which they went. */
#ifndef IP_V6_SENT6_H
#define IP_V6_SENT6_H

#include "ip/route.h"
#include "ip/v6/block6.h"

/* A flow, and what makes it: both addresses in one sum, ports, protocol. */
struct flow6 {
    uint64_t pseudo_sum;
    uint64_t rest; /* 0: none yet */
    uint32_t label;
};

/* Of a host to which a packet went lately. */
struct sent6 {
    struct flow6 flow; /* of the last one */
    struct headers6 headers;
};

size_t paths6_cost(void);
bool paths6_init(struct leat *stack);

/* The place of @dst; another host may have it. */
static inline struct sent6 *sent6_to(const struct leat *stack, leat_ip4 dst)
{
    return &stack->ipv6->sent[(dst ^ dst >> 8) % ROUTE_CACHE_HOSTS];
}

/* @host stands for another address from now on: the headers that went to the old one are void. */
void sent6_forget(const struct leat *stack, leat_ip4 host);

#endif
