/*
 * ipv4_output.c -- sends datagrams: path, header, fragments.
 *
 * A transport gets a path from the cache (route_cache_get()) or from ipv4_path(), and calls
 * ipv4_output(). This also caches the headers of a cached path (header_template_make()), so that
 * the next packets take header_template_send() instead.
 */
#include "ip/ipv4.h"

#include "core/view.h"
#include "ip/header_template.h"
#include "ip/host.h"
#include "ip/route.h"
#include "link/address.h"
#include "link/arp.h"
#include "wire/ipv4.h"

/* Finds the path to a group or a broadcast address: by the link of the source or, without a source,
 * the first usable link.  A host without an address may broadcast (RFC 1122 3.2.1.3(a), DHCP). */
COLD static enum leat_err path_to_group(struct leat *stack, struct path *path)
{
    struct link *bare = 0;

    path->is_group = true;
    for (struct link *link = stack->links; link < stack->links_end; link++) {
        const struct address *first = address_first(link);
        const leat_ip4 ours = first ? first->ip : IP4_ANY;

        path->link = link;
        path->mtu = link->mtu;
        if (path->src != IP4_ANY && address_is_ours(link, path->src))
            return LEAT_OK;
        if (path->src == IP4_ANY && ours != IP4_ANY) {
            path->src = ours;
            return LEAT_OK;
        }
        /* the first link is kept for a host without an address (DHCP) */
        if (!bare)
            bare = link;
    }
    if (!bare || path->src != IP4_ANY || path->dst != IP4_BROADCAST)
        return LEAT_ERR_NO_ROUTE;
    path->link = bare;
    path->mtu = bare->mtu;
    return LEAT_OK;
}

/* Finds an uncached IPv4 path; all but pseudo_sum. */
static enum leat_err find_path(struct leat *stack, struct path *path)
{
    const leat_ip4 src = path->src, dst = path->dst;
    const struct address *from;
    leat_ip4 next_hop;

    /* this is asked first, so that no packet to ourselves leaves the host, whatever the routes
     * are */
    if (ipv4_is_ours(stack, dst))
        return path_to_loopback(stack, path);
    if (ip4_is_multicast(dst) || dst == IP4_BROADCAST)
        return path_to_group(stack, path);
    if (ip4_is_no_host(dst))
        return LEAT_ERR_NO_ROUTE;
    from = route_find(stack, src, dst, &next_hop);
    if (!from)
        return LEAT_ERR_NO_ROUTE;
    path->link = from->link;
    path->src = from->ip;
    path->next_hop = next_hop;
    path->mtu = from->link->mtu;
    path->is_group = address_is_broadcast(from->link, dst);
    path->hop_is_host = !address_is_broadcast(from->link, next_hop);
    if (path->hop_is_host && !path->is_group)
        path->known_link = path->link;
    return LEAT_OK;
}

enum leat_err ipv4_path(struct leat *stack, host_id src, host_id dst, struct path *path)
{
    const struct path *cached = route_cache_get(stack, src, dst);
    enum leat_err err;

    if (cached) {
        *path = *cached;
        /* they point into the cache, where another path may overwrite them */
        path->template = 0;
        path->headers = 0;
        return LEAT_OK;
    }
    *path = (struct path){.src = src, .dst = dst, .next_hop = dst, .is_v6 = host_is_v6(dst)};
    if (path->is_v6) /* IPv6, or an IPv4 address of 240/8, which no host has */
        return stack->ipv6_family ? stack->ipv6_family->path(stack, path) : LEAT_ERR_NO_ROUTE;
    err = find_path(stack, path);
    path->pseudo_sum = host_pseudo_sum(stack, path->src, dst);
    /* groups and ourselves aren't cached: their checks are repeated for each packet */
    if (err == LEAT_OK && path->known_link)
        route_cache_put(stack, path, src == IP4_ANY);
    return err;
}

void ipv4_tell_reached(struct path *path)
{
    const uint64_t often_enough_ns = 1000000000; /* entries are valid for a minute */

    path->reached_until_ns = path->link->stack->now_ns + often_enough_ns;
    if (path->is_v6)
        path->link->stack->ipv6_family->reached(path);
    else
        neighbour_confirmed(path->link, path->next_hop);
}

/* The queue is bounded, because a program that sends to itself could fill the pool within one
 * turn. */
void ip_send_home(struct leat *stack, struct leat_buf *packet)
{
    if (stack->loopback.count >= LOOPBACK_FRAMES) {
        stack->stats.tx_dropped++;
        leat_buf_free(packet);
        return;
    }
    queue_put(&stack->loopback, packet);
}

static struct wire_ipv4 header_for(struct leat *stack, const struct path *path,
                                   const struct ipv4_options *options)
{
    struct wire_ipv4 header = {.src = path->src,
                               .dst = path->dst,
                               .header_bytes = IPV4_HEADER_BYTES,
                               .tos = options->tos,
                               .ttl = options->ttl,
                               .protocol = options->protocol,
                               .dont_fragment = options->dont_fragment};

    /* RFC 1112 6.1: multicast stays on the link unless the sender sets a TTL */
    if (header.ttl == 0)
        header.ttl = ip4_is_multicast(path->dst) ? 1 : stack->config.ttl;
    /* RFC 6864 4: only packets that may be fragmented need an identification */
    if (!options->dont_fragment)
        header.id = route_next_id(stack);
    return header;
}

void header_template_make(const struct path *path)
{
    struct header_template *template = path->template;
    struct link *link = path->link;
    struct neighbour *hop = neighbour_known(link, path->next_hop);
    /* a path to ourselves has no template, so there is a link:
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    struct wire_ethernet ethernet = {.src = link->netif->mac, .type = ETHERNET_IPV4};
    const struct wire_ipv4 ip = {.src = path->src, .dst = path->dst};

    if (!hop)
        return;
    ethernet.dst = hop->mac;
    wire_ethernet_emit(&ethernet, template->bytes);
    wire_ipv4_emit(&ip, template->bytes + ETHERNET_HEADER_BYTES);
    template->hop = hop;
    template->generation = link->stack->neighbour_generation;
}

static void send_on_link(const struct path *path, struct leat_buf *packet)
{
    if (path->hop_is_host)
        neighbour_output_to_host(path->link, path->next_hop, packet);
    else
        neighbour_output(path->link, path->next_hop, packet);
}

/* Sends one fragment: a header of its own, and a slice of the payload.  False: no memory. */
static bool send_fragment(struct leat *stack, const struct path *path,
                          const struct wire_ipv4 *header, const struct leat_buf *payload)
{
    const uint32_t len = (uint32_t)header->total_bytes - IPV4_HEADER_BYTES;
    struct leat_buf *slice = leat_buf_slice(payload, header->fragment_offset, len);
    struct leat_buf *fragment = leat_buf_alloc_small(&stack->pool, LEAT_BUF_HEADROOM);

    if (!slice || !fragment) {
        leat_buf_free(slice);
        leat_buf_free(fragment);
        return false;
    }
    /* fragments share the payload: the header has a buffer of its own, and the slice is linked
     * behind */
    wire_ipv4_emit(header, leat_buf_push(fragment, IPV4_HEADER_BYTES));
    leat_buf_append(fragment, slice);
    stack->stats.ip_fragments_sent++;
    send_on_link(path, fragment);
    return true;
}

/* Takes @payload. */
static enum leat_err send_in_fragments(struct leat *stack, const struct path *path,
                                       struct wire_ipv4 *header, struct leat_buf *payload)
{
    const uint32_t total = leat_buf_total(payload);
    /* offsets count units of 8 bytes, so all fragments but the last are a multiple of that */
    const uint32_t step = (path->mtu - (uint32_t)IPV4_HEADER_BYTES) & ~7u;
    enum leat_err err = LEAT_OK;

    /* the first fragment without memory ends the loop: a datagram with a hole only occupies the
     * receiver */
    for (uint32_t at = 0; at < total && err == LEAT_OK; at += step) {
        const uint32_t here = total - at < step ? total - at : step;

        header->fragment_offset = (uint16_t)at;
        header->more_fragments = at + here < total;
        header->total_bytes = (uint16_t)(IPV4_HEADER_BYTES + here);
        if (!send_fragment(stack, path, header, payload)) {
            stack->stats.tx_no_memory++;
            err = LEAT_ERR_MEMORY;
        }
    }
    leat_buf_free(payload);
    return err;
}

/* Fragments or refuses @payload, which with the header has @total bytes.  Takes @payload. */
COLD static enum leat_err send_too_big(struct leat *stack, const struct path *path,
                                       const struct ipv4_options *options, struct leat_buf *payload,
                                       uint32_t total)
{
    struct wire_ipv4 header;

    if (total > IPV4_TOTAL_MAX || options->dont_fragment) {
        leat_buf_free(payload);
        return LEAT_ERR_TOO_BIG;
    }
    header = header_for(stack, path, options);
    return send_in_fragments(stack, path, &header, payload);
}

enum leat_err ipv4_output(struct leat *stack, const struct path *path,
                          const struct ipv4_options *options, struct leat_buf *payload)
{
    const uint32_t total = IPV4_HEADER_BYTES + leat_buf_total(payload);
    struct wire_ipv4 header;

    /* a super-frame may exceed the MTU, because it is segmented later */
    if (total > path->mtu && (payload->segment_bytes == 0 || !path->link || total > IPV4_TOTAL_MAX))
        return send_too_big(stack, path, options, payload, total);
    header = header_for(stack, path, options);
    header.total_bytes = (uint16_t)total;
    wire_ipv4_emit(&header, view_push(payload, IPV4_HEADER_BYTES));
    if (path->link)
        send_on_link(path, payload);
    else
        ip_send_home(stack, payload);
    /* the next packets may copy the headers that this one has assembled */
    if (path->template && path->template->generation != stack->neighbour_generation)
        header_template_make(path);
    return LEAT_OK;
}
