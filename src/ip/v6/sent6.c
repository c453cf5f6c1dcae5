/* sent6.c -- caches the headers of recent packets, by destination. */
#include "ip/v6/sent6.h"

size_t paths6_cost(void)
{
    return arena_cost(ROUTE_CACHE_HOSTS, sizeof(struct sent6));
}

bool paths6_init(struct leat *stack)
{
    stack->ipv6->sent = arena_take(&stack->arena, ROUTE_CACHE_HOSTS, sizeof(struct sent6));
    return stack->ipv6->sent;
}

void sent6_forget(const struct leat *stack, host_id host)
{
    struct headers6 *headers = &sent6_to(stack, host)->headers;

    if (headers->dst == host)
        headers->neighbour_generation = 0;
}
