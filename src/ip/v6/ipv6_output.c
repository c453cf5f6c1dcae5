/* ipv6_output.c -- packets out: the header, the next hop, routes. */
#include "core/view.h"
#include "ip/v6/ipv6.h"

/* The gateway of the longest prefix that holds @dst and begins on @link, or NULL. */
static const struct route6 *route_to(const struct link *link, struct leat_ip dst)
{
    const struct ipv6 *ipv6 = link->stack->ipv6;
    const struct route6 *best = 0;

    for (uint32_t i = 0; i < ipv6->route_count; i++) {
        const struct route6 *route = &ipv6->routes[i];

        if (route->link == link && ip6_in_prefix(route->network, dst, route->prefix_bits) &&
            (!best || route->prefix_bits > best->prefix_bits))
            best = route;
    }
    return best;
}

enum leat_err ipv6_output(struct link *link, const struct ipv6_header *header,
                          struct leat_buf *payload)
{
    const struct leat *stack = link->stack;
    const uint32_t bytes = leat_buf_total(payload);
    const struct wire_ipv6 wire = {.src = header->src,
                                   .dst = header->dst,
                                   .payload_bytes = (uint16_t)bytes,
                                   .traffic_class = header->traffic_class,
                                   .next_header = header->next_header,
                                   .hop_limit = header->hop_limit ? header->hop_limit
                                                                  : stack->ipv6->config.hop_limit};
    struct leat_ip next_hop = header->dst;

    if (bytes + IPV6_HEADER_BYTES > link->mtu) {
        leat_buf_free(payload);
        return LEAT_ERR_TOO_BIG;
    }
    if (!leat_ip_is_multicast(next_hop) && !address6_on_link(link, next_hop)) {
        const struct route6 *route = route_to(link, next_hop);

        if (!route) {
            leat_buf_free(payload);
            return LEAT_ERR_NO_ROUTE;
        }
        next_hop = route->gateway;
    }
    wire_ipv6_emit(&wire, view_push(payload, IPV6_HEADER_BYTES));
    neighbour6_output(link, header->src, next_hop, payload);
    return LEAT_OK;
}
