/* sent6.c -- caches the headers of recent packets, by destination, and the labels of recent flows.
 */
#include "ip/v6/sent6.h"

/* A power of two, at most as many as there are hosts. */
static uint32_t flow_count(const struct leat_ipv6_config *config)
{
    uint32_t count = FLOWS6_MAX;

    while (count > config->hosts)
        count /= 2;
    return count;
}

size_t paths6_cost(const struct leat_ipv6_config *config)
{
    return arena_cost(ROUTE_CACHE_HOSTS, sizeof(struct sent6)) +
           arena_cost(flow_count(config), sizeof(struct flow6));
}

bool paths6_init(struct leat *stack)
{
    struct ipv6 *ipv6 = stack->ipv6;
    const uint32_t count = flow_count(&ipv6->config);

    ipv6->sent = arena_take(&stack->arena, ROUTE_CACHE_HOSTS, sizeof(struct sent6));
    ipv6->flows = arena_take(&stack->arena, count, sizeof(struct flow6));
    ipv6->last_flow = ipv6->flows;
    ipv6->flow_mask = count - 1;
    return ipv6->sent && ipv6->flows;
}

void sent6_forget(const struct leat *stack, host_id host)
{
    struct headers6 *headers = &sent6_to(stack, host)->headers;

    if (headers->dst == host)
        headers->neighbour_generation = 0;
}
