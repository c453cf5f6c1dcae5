/*
 * udp_output.c -- sends datagrams.
 *
 * All three calls of the program lead to send_from(): it finds the path, puts the UDP header in
 * front and passes the datagram to IP at once. Nothing is queued here, so a full link drops
 * (transmit.h).
 */
#include "udp/udp.h"

#include "core/checksum.h"
#include "core/view.h"
#include "core/writable.h"
#include "ip/header_template.h"
#include "ip/host.h"
#include "ip/route.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/udp.h"

enum {
    HEADERS_BYTES = ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES + UDP_HEADER_BYTES,
    PAYLOAD_MAX = IPV4_TOTAL_MAX - IPV4_HEADER_BYTES - UDP_HEADER_BYTES,
    PAYLOAD6_MAX = UINT16_MAX - UDP_HEADER_BYTES /* RFC 8200 3: the IPv6 header doesn't count */
};

/* True if a payload of @bytes exceeds the largest packet of the peer's family. */
static inline bool is_too_big(uint32_t bytes, host_id peer)
{
    return bytes > PAYLOAD_MAX && (bytes > PAYLOAD6_MAX || !host_is_v6(peer));
}

/* Provides space for the headers in front of @payload: its own headroom, or a small buffer
 * prepended. Takes @payload; NULL: no memory. */
static struct leat_buf *with_header(struct leat *stack, struct leat_buf *payload)
{
    struct leat_buf *head = payload;

    if (!buf_is_writable(payload) || leat_buf_headroom(payload) < HEADERS_BYTES) {
        head = leat_buf_alloc_small(&stack->pool, LEAT_BUF_HEADROOM);
        if (!head) {
            stack->stats.tx_no_memory++;
            leat_buf_free(payload);
            return 0;
        }
        leat_buf_append(head, payload);
    }
    view_push(head, UDP_HEADER_BYTES);
    return head;
}

static inline void emit_header(const struct path *path, struct leat_buf *datagram, uint16_t length,
                               uint16_t src_port, uint16_t dst_port)
{
    const struct wire_udp header = {.src_port = src_port, .dst_port = dst_port, .length = length};
    uint16_t checksum;

    wire_udp_emit(&header, datagram->data);
    checksum = checksum_finish(path->pseudo_sum + big_endian16(IP_UDP) + big_endian32(length) +
                               checksum_list(datagram));
    if (checksum == 0) /* RFC 768: 0 would mean no checksum */
        checksum = 0xffff;
    put16(datagram->data + UDP_CHECKSUM_AT, checksum);
    /* a payload that was received may still have the marks of its device */
    datagram->checksum = LEAT_CHECKSUM_UNKNOWN;
    datagram->segment_bytes = 0;
}

/* The path for a DHCP client without an address: a broadcast on one link. */
COLD static const struct path *open_path(const struct leat_udp *udp, host_id local_ip,
                                         struct path *room)
{
    *room = (struct path){.link = udp->open_link,
                          .src = local_ip,
                          .dst = IP4_BROADCAST,
                          .next_hop = IP4_BROADCAST,
                          .mtu = udp->open_link->mtu,
                          .pseudo_sum = host_pseudo_sum(udp->stack, local_ip, IP4_BROADCAST),
                          .is_group = true};
    return room;
}

/* Finds the path to @peer, if the socket may send there: *@path is a cached one, or @room with a
 * new one. */
static enum leat_err find_path(struct leat_udp *udp, struct udp_end peer, host_id local_ip,
                               const struct path **path, struct path *room)
{
    struct leat *stack = udp->stack;
    enum leat_err err;

    if (peer.port == 0)
        return LEAT_ERR_ARGUMENT;
    if (udp_excludes(udp, peer.ip))
        return LEAT_ERR_FAMILY;
    *path = route_cache_get(stack, local_ip, peer.ip);
    if (*path) /* cached paths are unicast from our own address, so the checks below would pass */
        return udp_bind_ephemeral(udp);
    *path = room;
    if (udp->open_link && peer.ip == IP4_BROADCAST) {
        *path = open_path(udp, local_ip, room);
        return LEAT_OK;
    }
    /* an answer to a broadcast is sent from one of our addresses (RFC 1122 3.2.1.3) */
    if (ipv4_is_many(stack, local_ip))
        local_ip = IP4_ANY;
    err = ipv4_path(stack, local_ip, peer.ip, room);
    if (err != LEAT_OK)
        return err;
    /* a program that didn't ask for broadcasts has most likely mistaken an address */
    if (room->is_group && !room->is_v6 && !udp->broadcast && !ip4_is_multicast(peer.ip))
        return LEAT_ERR_ARGUMENT;
    return udp_bind_ephemeral(udp);
}

/* Passes @datagram to IP, which makes the header. Takes it. */
static __attribute__((noinline)) enum leat_err
send_by_IP(const struct leat_udp *udp, const struct path *path, struct leat_buf *datagram)
{
    const struct ipv4_options options = {.protocol = IP_UDP, .ttl = udp->ttl, .tos = udp->tos};

    return ip_output(udp->stack, path, &options, datagram);
}

/* Passes the complete @datagram of @bytes to IP.  Takes it. */
static inline enum leat_err send_down(const struct leat_udp *udp, const struct path *path,
                                      struct leat_buf *datagram, uint32_t bytes)
{
    struct leat *stack = udp->stack;
    uint32_t id;

    /* a template has the configured TTL */
    if (udp->ttl != 0 || !header_template_fits(stack, path, datagram, bytes))
        return send_by_IP(udp, path, datagram);
    id = route_next_id(stack);
    header_template_send(stack, path, IP_UDP, udp->tos, id << 16, datagram, bytes);
    return LEAT_OK;
}

/* Sends @payload from @local_ip to @peer.  Takes @payload. */
static enum leat_err send_from(struct leat_udp *udp, struct leat_buf *payload, struct udp_end peer,
                               host_id local_ip)
{
    struct leat *stack = udp->stack;
    const struct path *path;
    struct path room;
    enum leat_err err;
    uint32_t bytes;

    leat_assert(udp->open);
    if (!payload)
        return LEAT_ERR_MEMORY;
    bytes = view_total(payload) + UDP_HEADER_BYTES;
    err = is_too_big(bytes - UDP_HEADER_BYTES, peer.ip)
              ? LEAT_ERR_TOO_BIG
              : find_path(udp, peer, local_ip, &path, &room);
    if (err != LEAT_OK) {
        udp->counts.unsent++;
        leat_buf_free(payload);
        return err;
    }
    payload = with_header(stack, payload);
    if (!payload) {
        udp->counts.unsent++;
        return LEAT_ERR_MEMORY;
    }
    emit_header(path, payload, (uint16_t)bytes, udp->local.port, peer.port);
    /* an ICMP error must quote this word of the header: length and checksum */
    udp->quote = get32(payload->data + UDP_LENGTH_AT);
    udp->sent = udp->sent == 0 ? 1 : 2;
    err = send_down(udp, path, payload, bytes);
    if (err == LEAT_OK) {
        stack->stats.udp_sent++;
        udp->counts.sent++;
    } else {
        udp->counts.unsent++;
    }
    return err;
}

/* Takes @payload. */
static enum leat_err refuse_family(struct leat_buf *payload)
{
    leat_buf_free(payload);
    return LEAT_ERR_FAMILY;
}

/* True if @end, an end of the IPv6 path @path, has the address @ip. One that is valid on one link
 * only must be looked up with its zone. */
static inline bool path_ends_at(const struct leat *stack, const struct path *path, host_id end,
                                const struct leat_ip *ip)
{
    return SHORTCUTS && path->is_v6 &&
           memcmp(host6_at(stack, end)->ip.bytes, ip->bytes, sizeof ip->bytes) == 0 &&
           host6_at(stack, end)->link == 0;
}

/* leat_udp_send_from() over IPv6. Separate, so that IPv4 saves no registers. */
static __attribute__((noinline)) enum leat_err send_from6(struct leat_udp *udp,
                                                          struct leat_buf *payload,
                                                          const struct leat_endpoint *peer,
                                                          struct leat_ip local_ip)
{
    const struct path *last = &udp->stack->route_last->path;
    struct udp_end to = {.port = peer->port};
    host_id from;

    /* an answer mostly has the ends of the last path, and always our end of it */
    if (path_ends_at(udp->stack, last, last->dst, &peer->ip))
        to.ip = last->dst;
    else if (!host_of(udp->stack, peer->ip, peer->zone, &to.ip))
        return refuse_family(payload);
    if (path_ends_at(udp->stack, last, last->src, &local_ip))
        from = last->src;
    else if (!host_of(udp->stack, local_ip, peer->zone, &from))
        return refuse_family(payload);
    return send_from(udp, payload, to, from);
}

enum leat_err leat_udp_send_from(struct leat_udp *udp, struct leat_buf *payload,
                                 const struct leat_endpoint *peer, struct leat_ip local_ip)
{
    struct udp_end to = {.port = peer->port};
    host_id from;

    if (!host_of_v4(peer->ip, &to.ip) || !host_of_v4(local_ip, &from))
        return send_from6(udp, payload, peer, local_ip);
    return send_from(udp, payload, to, from);
}

/* leat_udp_send_to() over IPv6. */
static __attribute__((noinline)) enum leat_err
send_to6(struct leat_udp *udp, struct leat_buf *payload, const struct leat_endpoint *peer)
{
    struct udp_end to = {.port = peer->port};

    if (!host_of_v6(udp->stack, peer->ip, peer->zone, &to.ip))
        return refuse_family(payload);
    return send_from(udp, payload, to, udp->local.ip);
}

enum leat_err leat_udp_send_to(struct leat_udp *udp, struct leat_buf *payload,
                               const struct leat_endpoint *peer)
{
    struct udp_end to = {.port = peer->port};

    if (!host_of_v4(peer->ip, &to.ip))
        return send_to6(udp, payload, peer);
    return send_from(udp, payload, to, udp->local.ip);
}

enum leat_err leat_udp_send(struct leat_udp *udp, struct leat_buf *payload)
{
    if (udp->peer.port == 0) {
        leat_buf_free(payload);
        return LEAT_ERR_CLOSED;
    }
    return send_from(udp, payload, udp->peer, udp->local.ip);
}
