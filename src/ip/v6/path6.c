/*
 * path6.c -- finds paths to hosts, and sends packets of UDP and TCP on them.
 *
 * The headers of a recent packet to the same host are reused, as by header_template.h for IPv4:
 * they are the result of ipv6_output()'s decisions.  They are valid while packets don't change the
 * neighbour's state (RFC 4861 7.3.3), and no address, route or neighbour has changed. Other hosts
 * of the same block (block6.h) have the same headers, except for the destination.
 */
#include "core/view.h"
#include "ip/flow_headers.h"
#include "ip/host.h"
#include "ip/route.h"
#include "ip/v6/block6.h"
#include "ip/v6/neighbour6.h"
#include "ip/v6/sent6.h"
#include "wire/bytes.h"

/* Our address on @link for packets to @dst. If @src isn't "::", only this one is considered.  NULL:
 * no address, or no route. */
static const struct address6 *source_on(struct link *link, struct leat_ip src, struct leat_ip dst)
{
    const struct address6 *address;

    if (!leat_ip_is_multicast(dst) && !ipv6_next_hop(link, src, dst))
        return 0;
    if (leat_ip_is_any(src))
        return address6_toward(link, dst);
    address = address6_find(link, src);
    return address && address->state >= ADDRESS6_OPTIMISTIC ? address : 0;
}

/* The source address for packets to @dst on the first link that has one. If @zone isn't 0, only
 * that link is considered. */
static const struct address6 *source_toward(struct leat *stack, uint32_t zone, struct leat_ip src,
                                            struct leat_ip dst)
{
    for (struct link *link = stack->links; link < stack->links_end; link++) {
        const struct address6 *address;

        if (zone > 0 && link != &stack->links[zone - 1])
            continue;
        address = source_on(link, src, dst);
        if (address)
            return address;
    }
    return 0;
}

/* The slow part of ipv6_path(): finds the source address and the link. */
static bool find_source(struct leat *stack, struct path *path)
{
    const uint32_t zone = host6_at(stack, path->dst)->link;
    const struct leat_ip dst = host_ip(stack, path->dst);
    struct leat_ip src = host_ip(stack, path->src);
    const struct address6 *from;

    if (path->src == IP4_ANY || leat_ip_is_multicast(src))
        src = LEAT_IP_ANY; /* for the answer to a packet to a group we choose a source */
    from = source_toward(stack, zone, src, dst);
    if (!from)
        return false;
    path->link = from->link;
    if (leat_ip_is_any(src) || ip6_stays_on_link(src))
        path->src = host6_of(stack, from->ip, (uint8_t)(from->link - stack->links + 1));
    else if (zone == 0 && !path->is_group)
        block6_put(stack, path->src, dst, from->link);
    return true;
}

enum leat_err ipv6_path(struct leat *stack, struct path *path)
{
    const bool is_chosen = path->src == IP4_ANY;
    const struct leat_ip dst = host_ip(stack, path->dst);
    struct block6 *block;

    path->is_group = leat_ip_is_multicast(dst);
    if (ipv6_is_ours(stack, dst)) {
        const enum leat_err err = path_to_loopback(stack, path);

        path->pseudo_sum = host_pseudo_sum(stack, path->src, path->dst);
        return err;
    } else if (!find_source(stack, path)) {
        return LEAT_ERR_NO_ROUTE;
    }
    path->mtu = ipv6_mtu(path->link);
    path->pseudo_sum = host_pseudo_sum(stack, path->src, path->dst);
    host6_at(stack, path->src)->is_ours = true;
    path->headers = &sent6_to(stack, path->dst)->headers;
    block = is_chosen ? 0 : block6_find(stack, path->src, &dst);
    if (block)
        block6_share(stack, block, path);
    else if (!path->is_group)
        route_cache_put(stack, path, is_chosen);
    return LEAT_OK;
}

/* True if the headers are still valid for the source of the path. */
HOT bool headers_lead(const struct leat *stack, const struct path *path,
                      const struct headers6 *headers)
{
    return headers->neighbour_generation == stack->neighbour_generation &&
           headers->route_generation == stack->route_generation && headers->src == path->src;
}

/* True if @payload of @bytes may be sent with the cached headers. */
HOT bool headers_fit(const struct leat *stack, const struct path *path,
                     const struct headers6 *headers, const struct leat_buf *payload, uint32_t bytes)
{
    return SHORTCUTS && headers_lead(stack, path, headers) &&
           neighbour6_only_sends(headers->hop, stack->now_ns) &&
           bytes + IPV6_HEADER_BYTES <= path->mtu && payload->segment_bytes == 0 &&
           ipv4_output_room(stack, path);
}

/* The cached headers of a packet to the destination, or to another host of its block; or NULL. */
static inline const struct headers6 *headers_toward(struct leat *stack, const struct path *path,
                                                    const struct headers6 *sent)
{
    const struct block6 *block;

    if (!SHORTCUTS || sent->dst == path->dst)
        return sent;
    block = block6_find(stack, path->src, &host6_at(stack, path->dst)->ip);
    return block ? &block->headers : 0;
}

/* Caches the headers of @packet, which has just been queued. */
static void keep_headers(struct leat *stack, const struct path *path, struct headers6 *headers,
                         const struct leat_buf *packet)
{
    const struct leat_ip dst = host6_at(stack, path->dst)->ip;
    struct neighbour6 *hop = stack->ipv6->hop;
    struct block6 *block;

    if (!hop || !neighbour6_only_sends(hop, stack->now_ns) || packet->len < HEADERS6_BYTES ||
        memcmp(packet->data + ETHERNET_HEADER_BYTES + IPV6_DST_AT, dst.bytes, sizeof dst.bytes) !=
            0)
        return;
    headers->neighbour_generation = stack->neighbour_generation;
    headers->route_generation = stack->route_generation;
    headers->hop = hop;
    headers->src = path->src;
    headers->dst = path->dst;
    memcpy(headers->bytes, packet->data, sizeof headers->bytes);
    block = block6_find(stack, path->src, &dst);
    if (!block)
        return;
    block->headers = *headers;
    block->headers.is_of_block = true;
}

/* True if @flow holds the label of the flow with this identity. */
static inline bool is_flow(const struct flow6 *flow, uint64_t pseudo_sum, uint64_t rest)
{
    return SHORTCUTS && flow->pseudo_sum == pseudo_sum &&
           flow->rest_and_label >> FLOW_LABEL_BITS == rest;
}

/* The number by which flows between two addresses differ. @transport: its header, which starts with
 * the ports. */
static inline uint64_t rest_of_flow(uint8_t protocol, const uint8_t *transport)
{
    return (uint64_t)get32(transport) << 8 | protocol;
}

/* The kept label of a flow; 0: none. */
static inline uint32_t kept_label(struct ipv6 *ipv6, const struct path *path, uint64_t rest)
{
    const struct flow6 *flow = ipv6->last_flow;

    if (!is_flow(flow, path->pseudo_sum, rest)) {
        ipv6->last_flow = flow6_at(ipv6, path->pseudo_sum, rest);
        flow = ipv6->last_flow;
        if (!is_flow(flow, path->pseudo_sum, rest))
            return 0;
    }
    return flow->rest_and_label & FLOW_LABEL_MAX;
}

/* RFC 6437 3: the label is the same for all packets of a flow, and unpredictable for other
 * flows. */
static uint32_t flow_label(struct ipv6 *ipv6, const struct path *path, uint64_t rest)
{
    const uint32_t kept = kept_label(ipv6, path, rest);
    struct flow6 *flow = ipv6->last_flow;
    uint64_t label;

    if (kept > 0)
        return kept;
    label = siphash13_15(&ipv6->secret, path->pseudo_sum, rest) & FLOW_LABEL_MAX;
    label += label == 0; /* 0 would mean no label */
    flow->pseudo_sum = path->pseudo_sum;
    flow->rest_and_label = rest << FLOW_LABEL_BITS | label;
    return (uint32_t)label;
}

/* True if a known path MTU is smaller than the packet. */
static inline bool is_too_long(const struct leat *stack, const struct path *path, uint32_t bytes)
{
    return stack->ipv6->pmtu_count > 0 &&
           bytes + IPV6_HEADER_BYTES > pmtu6_to(path->link, host6_at(stack, path->dst)->ip);
}

/* Sends @payload of @bytes with the cached headers, and the destination of the path.  Takes it.
 * Always inline: it is the end of both functions that call it.
 * NOLINTNEXTLINE(readability-function-size) */
HOT void send_kept(struct leat *stack, const struct path *path, const struct ipv4_options *options,
                   const struct headers6 *headers, uint32_t label, struct leat_buf *payload,
                   uint32_t bytes)
{
    const uint32_t hop_limit = options->ttl ? options->ttl : ipv6_hop_limit(path->link);
    uint8_t *at = view_push(payload, HEADERS6_BYTES);

    memcpy(headers->hop->asker.bytes, headers->bytes + ETHERNET_HEADER_BYTES + IPV6_SRC_AT,
           sizeof(struct leat_ip));
    memcpy(at, headers->bytes, HEADERS6_BYTES);
    if (headers->dst != path->dst)
        memcpy(at + ETHERNET_HEADER_BYTES + IPV6_DST_AT, host6_at(stack, path->dst)->ip.bytes,
               sizeof(struct leat_ip));
    put32(at + ETHERNET_HEADER_BYTES, 6u << 28 | (uint32_t)options->tos << 20 | label);
    put32(at + ETHERNET_HEADER_BYTES + IPV6_PAYLOAD_AT,
          bytes << 16 | (uint32_t)options->protocol << 8 | hop_limit);
    link_enqueue(path->link, payload, 1);
}

/* Sends @payload through ipv6_output().  Takes it. */
static __attribute__((noinline)) enum leat_err send_anew(struct leat *stack,
                                                         const struct path *path,
                                                         const struct ipv4_options *options,
                                                         struct leat_buf *payload)
{
    const uint32_t label =
        flow_label(stack->ipv6, path, rest_of_flow(options->protocol, payload->data));
    const struct ipv6_header header = {.src = host_ip(stack, path->src),
                                       .flow_label = label,
                                       .dst = host_ip(stack, path->dst),
                                       .next_header = options->protocol,
                                       .hop_limit = options->ttl ? options->ttl : path->is_group,
                                       .traffic_class = options->tos,
                                       .may_fragment = !options->dont_fragment};
    enum leat_err err;

    if (!path->link) {
        ipv6_send_home(stack, &header, payload);
        return LEAT_OK;
    }
    err = ipv6_output(path->link, &header, payload);
    /* only if it was queued as it is: neither parked nor fragmented */
    if (err == LEAT_OK && path->link->tx.last == payload)
        keep_headers(stack, path, &sent6_to(stack, path->dst)->headers, payload);
    return err;
}

/* Sends @payload with headers that were used before the last ones, and takes it. False: they don't
 * serve, and nothing has been done. Separate, so that packets on recent paths save no registers.
 * The general function isn't called here, which would make the deepest stack deeper. */
static __attribute__((noinline)) bool send_with_older(struct leat *stack, const struct path *path,
                                                      const struct ipv4_options *options,
                                                      struct leat_buf *payload)
{
    const uint32_t bytes = view_total(payload);
    const struct headers6 *sent = &sent6_to(stack, path->dst)->headers;
    const struct headers6 *headers = headers_toward(stack, path, sent);
    uint32_t label;

    if (!path->link || !headers || !headers_fit(stack, path, headers, payload, bytes) ||
        (!options->dont_fragment && is_too_long(stack, path, bytes)))
        return false;
    label = flow_label(stack->ipv6, path, rest_of_flow(options->protocol, payload->data));
    neighbour6_used(stack, headers->hop);
    send_kept(stack, path, options, headers, label, payload, bytes);
    return true;
}

/* Sends the first packet of a flow with the headers of its path. */
static __attribute__((noinline)) enum leat_err send_first(struct leat *stack,
                                                          const struct path *path,
                                                          const struct ipv4_options *options,
                                                          struct leat_buf *payload)
{
    const struct headers6 *headers = path->headers;
    const uint32_t label =
        flow_label(stack->ipv6, path, rest_of_flow(options->protocol, payload->data));

    send_kept(stack, path, options, headers, label, payload, view_total(payload));
    return LEAT_OK;
}

enum leat_err ipv6_send(struct leat *stack, const struct path *path,
                        const struct ipv4_options *options, struct leat_buf *payload)
{
    struct ipv6 *ipv6 = stack->ipv6;
    const struct headers6 *headers = path->headers;
    const uint32_t bytes = view_total(payload);
    uint32_t label;

    /* the headers of a host are in a place that another may have taken over */
    if (!FOR_SPEED || !headers || !path->link ||
        (headers->dst != path->dst && !headers->is_of_block) ||
        (!options->dont_fragment && ipv6->pmtu_count > 0) ||
        !headers_fit(stack, path, headers, payload, bytes) ||
        ipv6->neighbours->newest != headers->hop)
        return send_with_older(stack, path, options, payload)
                   ? LEAT_OK
                   : send_anew(stack, path, options, payload);
    label = kept_label(ipv6, path, rest_of_flow(options->protocol, payload->data));
    if (label == 0)
        return send_first(stack, path, options, payload);
    send_kept(stack, path, options, headers, label, payload, bytes);
    return LEAT_OK;
}

void ipv6_flow_headers(struct leat *stack, const struct path *path, uint8_t protocol,
                       uint32_t ports, struct flow_headers *made)
{
    const struct headers6 *headers = path->headers;
    uint8_t *ip = made->bytes + ETHERNET_HEADER_BYTES;

    if (!FOR_SPEED || !headers || (headers->dst != path->dst && !headers->is_of_block) ||
        !headers_lead(stack, path, headers))
        return;
    memcpy(made->bytes, headers->bytes, HEADERS6_BYTES);
    memcpy(ip + IPV6_DST_AT, host6_at(stack, path->dst)->ip.bytes, sizeof(struct leat_ip));
    ip[IPV6_NEXT_AT] = protocol;
    ip[IPV6_HOP_LIMIT_AT] = ipv6_hop_limit(path->link);
    made->first_word = 6u << 28 | flow_label(stack->ipv6, path, (uint64_t)ports << 8 | protocol);
    made->hop6 = headers->hop;
    made->neighbour_generation = stack->neighbour_generation;
}

/* RFC 4861 7.3.1: packets on this path have arrived, which confirms its next hop. */
void ipv6_reached(struct path *path)
{
    struct leat *stack = path->link->stack;
    const struct leat_ip dst = host_ip(stack, path->dst);
    struct block6 *block = block6_find(stack, path->src, &dst);
    const struct way6 *way = ipv6_next_hop(path->link, host_ip(stack, path->src), dst);

    if (block)
        block->shared.path.reached_until_ns = path->reached_until_ns;
    if (way)
        neighbour6_confirmed(path->link, way->next_hop);
}
