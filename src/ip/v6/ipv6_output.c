/* ipv6_output.c -- sends packets: header, next hop, routes. */
#include "core/assert.h"
#include "core/view.h"
#include "ip/ipv4.h"
#include "ip/v6/fragment6.h"
#include "ip/v6/ipv6.h"
#include "ip/v6/route6.h"

/* The slow part of ipv6_next_hop(); false: no route. */
static bool find_way(struct way6 *way)
{
    struct choice6 choice;

    way->next_hop = way->dst;
    way->ask = 0;
    /* RFC 4861 5.2: a neighbour needs no router */
    if (address6_on_link(way->link, way->dst))
        return true;
    choice = route6_to(way->link, way->src, way->dst);
    if (choice.route)
        way->next_hop = choice.route->gateway;
    way->ask = choice.ask;
    return choice.route != 0;
}

struct way6 *ipv6_next_hop(const struct link *link, struct leat_ip src, struct leat_ip dst)
{
    struct leat *stack = link->stack;
    struct way6 *last = &stack->ipv6->way;

    /* a path lookup is followed by a packet on that path */
    if (SHORTCUTS && last->now_ns == stack->now_ns &&
        last->route_generation == stack->route_generation && last->link == link &&
        leat_ip_equal(last->dst, dst) && leat_ip_equal(last->src, src))
        return last;
    *last = (struct way6){.now_ns = stack->now_ns, .link = link, .src = src, .dst = dst};
    if (!find_way(last))
        return 0; /* its generation is 0, so it matches nothing */
    last->route_generation = stack->route_generation;
    return last;
}

/* RFC 4191 3.5: probes a better gateway that didn't answer. This happens when a packet is sent, and
 * then not again for a while. */
static void ask_for(struct way6 *way)
{
    struct route6 *route = way->ask;

    leat_debug_assert(route->suspect_ns != 0);
    way->ask = 0;
    route->asked_ns = route->link->stack->now_ns;
    neighbour6_ask(route->link, way->src, route->gateway);
}

static struct wire_ipv6 wire_of(const struct ipv6_header *header, uint8_t hop_limit,
                                uint32_t payload_bytes)
{
    const struct wire_ipv6 wire = {.src = header->src,
                                   .dst = header->dst,
                                   .flow_label = header->flow_label,
                                   .payload_bytes = (uint16_t)payload_bytes,
                                   .traffic_class = header->traffic_class,
                                   .next_header = header->next_header,
                                   .hop_limit = header->hop_limit ? header->hop_limit : hop_limit};

    return wire;
}

void ipv6_send_home(struct leat *stack, const struct ipv6_header *header, struct leat_buf *payload)
{
    const struct wire_ipv6 wire =
        wire_of(header, stack->ipv6->config.hop_limit, leat_buf_total(payload));

    wire_ipv6_emit(&wire, view_push(payload, IPV6_HEADER_BYTES));
    ip_send_home(stack, payload);
}

enum leat_err ipv6_output(struct link *link, const struct ipv6_header *header,
                          struct leat_buf *payload)
{
    const uint32_t bytes = leat_buf_total(payload);
    const struct wire_ipv6 wire = wire_of(header, ipv6_hop_limit(link), bytes);
    /* a sender that may not fragment (TCP) keeps the path's MTU itself */
    const uint16_t mtu = header->may_fragment ? pmtu6_to(link, header->dst) : ipv6_mtu(link);
    const bool is_long = bytes + IPV6_HEADER_BYTES > mtu && payload->segment_bytes == 0;
    struct leat_ip next_hop = header->dst;
    struct way6 *way;

    /* a super-frame may exceed the MTU, because it is segmented later */
    if (bytes > UINT16_MAX || (is_long && !header->may_fragment)) {
        leat_buf_free(payload);
        return LEAT_ERR_TOO_BIG;
    }
    /* a group has no next hop: its Ethernet address follows from it */
    if (!leat_ip_is_multicast(header->dst)) {
        way = ipv6_next_hop(link, header->src, header->dst);
        if (!way) {
            leat_buf_free(payload);
            return LEAT_ERR_NO_ROUTE;
        }
        next_hop = way->next_hop;
        if (way->ask)
            ask_for(way);
    }
    if (is_long)
        return fragment6_output(link, &wire, next_hop, mtu, payload);
    wire_ipv6_emit(&wire, view_push(payload, IPV6_HEADER_BYTES));
    neighbour6_output(link, header->src, next_hop, payload);
    return LEAT_OK;
}
