/* sent6.h -- caches the headers of recent packets, by destination, and the labels of recent flows.
 */
#ifndef IP_V6_SENT6_H
#define IP_V6_SENT6_H

#include "ip/route.h"
#include "ip/v6/block6.h"

enum {
    FLOW_LABEL_BITS = 20,
    FLOW_LABEL_MAX = (1 << FLOW_LABEL_BITS) - 1,
    FLOWS6_MAX = 1024
};

/* The flow label of a flow, with its identity: the sum of both addresses, ports and protocol. */
struct flow6 {
    uint64_t pseudo_sum;
    uint64_t rest_and_label; /* 0: unused, as no label is 0 */
};

/* The cache entry of a recent destination. */
struct sent6 {
    struct headers6 headers; /* of the last packet */
};

size_t paths6_cost(const struct leat_ipv6_config *config);
bool paths6_init(struct leat *stack);

/* The entry for @dst, which another host may occupy. */
static inline struct sent6 *sent6_to(const struct leat *stack, host_id dst)
{
    return &stack->ipv6->sent[(dst ^ dst >> 8) % ROUTE_CACHE_HOSTS];
}

/* The place of a flow. @rest: the ports, and the protocol in the last byte. Addresses of one
 * network have different last bits, and so do the ports of one address. */
static inline struct flow6 *flow6_at(const struct ipv6 *ipv6, uint64_t pseudo_sum, uint64_t rest)
{
    const uint32_t ports = (uint32_t)(rest >> 8);

    return &ipv6->flows[((ports ^ ports >> 16) + (uint32_t)(pseudo_sum >> 24) * 2) &
                        ipv6->flow_mask];
}

/* Voids the headers for the number @host, which another address gets. */
void sent6_forget(const struct leat *stack, host_id host);

#endif
