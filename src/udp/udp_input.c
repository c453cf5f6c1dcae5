/*
 * udp_input.c -- delivers datagrams and ICMP errors to the program.
 *
 * udp_input() and udp_icmp_error() only queue, in the step of receiving. udp_run() calls the
 * program in the step of callbacks, where it may close the socket or send.
 */
#include "udp/ports.h"

#include "core/checksum.h"
#include "core/view.h"
#include "ip/icmp.h"
#include "ip/host.h"
#include "wire/bytes.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/udp.h"

enum {
    /* flags and fields of ip_header_at */
    REASSEMBLED = 0x8000,
    ZONE_SHIFT = 11, /* IPv6: the link by which it came */
    ZONE_MASK = 15 << ZONE_SHIFT,
    BACK_MASK = (1 << ZONE_SHIFT) - 1
};

_Static_assert(LEAT_NETIFS_MAX <= ZONE_MASK >> ZONE_SHIFT, "a zone has four bits");

/* RFC 768: checksum 0 means that the sender computed none. RFC 8200 8.1: IPv6 requires one. */
HOT bool checksum_is_ok(const struct packet *packet, const struct wire_udp *header)
{
    if (header->checksum == 0)
        return !host_is_v6(packet->src);
    return packet->buf->checksum == LEAT_CHECKSUM_VERIFIED ||
           checksum_agrees(packet->pseudo_sum + big_endian16(IP_UDP) +
                           big_endian32(header->length) + checksum_list(packet->buf));
}

static void refuse(struct leat *stack, struct packet *packet)
{
    /* RFC 1122 4.1.3.1, RFC 4443 3.1; the sender of errors leaves out groups and other errors */
    if (host_is_v6(packet->src))
        stack->ipv6_family->port_unreachable(stack, packet);
    else
        icmp_send_error(stack, packet, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0);
    stack_end(stack, packet->buf, drop_udp_port);
}

/* Queues the payload.  The headers stay before it in the buffer and are parsed again on delivery,
 * so that queuing needs no memory.  Until then ip_header_at holds the offset back to the IP header,
 * the flag for fragments and the link. */
HOT void enqueue(struct leat *stack, struct leat_udp *udp, struct packet *packet)
{
    struct leat_buf *buf = packet->buf;

    view_pull(buf, UDP_HEADER_BYTES);
    buf->ip_header_at = (uint16_t)(packet->header_bytes + UDP_HEADER_BYTES);
    if (packet->reassembled)
        buf->ip_header_at |= REASSEMBLED;
    if (host_is_v6(packet->src))
        buf->ip_header_at |= (uint16_t)(host6_at(stack, packet->src)->link << ZONE_SHIFT);
    udp->counts.received++;
    queue_put(&udp->queue, buf);
    stack->stats.taken_udp++;
    stack_ready(stack, &udp->ready);
}

/* The socket that accepts @port for any address: leat_udp_bind_netif(). */
COLD static struct leat_udp *find_open(const struct packet *packet, uint16_t port)
{
    return packet->link && packet->link->open_port == port ? packet->link->open_udp : 0;
}

/* Datagrams to a group that sockets have joined go only to its members. */
COLD static bool is_in_group(const struct leat *stack, const struct leat_udp *udp,
                             const struct packet *packet)
{
    const struct udp *table = stack->udp;
    const struct leat_ip group = host_ip(stack, packet->dst);
    bool is_joined = false;

    for (uint32_t i = 0; i < table->membership_count; i++) {
        const struct udp_membership *membership = &table->memberships[i];

        if (membership->link != packet->link || !leat_ip_equal(membership->group, group))
            continue;
        if (membership->udp == udp)
            return true;
        is_joined = true;
    }
    return !is_joined;
}

/* The counter for the reason why the socket refuses a datagram to its port; NULL: it accepts. */
static inline uint64_t *objection(const struct leat *stack, struct leat_udp *udp,
                                  const struct packet *packet, const struct wire_udp *header)
{
    if (!udp_talks_to(udp, packet->src, header->src_port))
        return &udp->counts.drop_peer;
    if (udp_excludes(udp, packet->src))
        return &udp->counts.drop_family;
    return packet->is_group && !is_in_group(stack, udp, packet) ? &udp->counts.drop_group : 0;
}

/* Takes the datagram with @header for @udp. */
HOT void take(struct leat *stack, struct leat_udp *udp, struct packet *packet,
              const struct wire_udp *header)
{
    /* RFC 768: the length of UDP may be less than IP's; the rest isn't part of the datagram */
    view_trim(packet->buf, header->length);
    if (!checksum_is_ok(packet, header)) {
        udp->counts.drop_checksum++;
        stack_end(stack, packet->buf, drop_udp_checksum);
    } else if (udp->queue.count >= stack->udp->queue_max) {
        udp->counts.drop_full++;
        stack_end(stack, packet->buf, drop_udp_full);
    } else {
        enqueue(stack, udp, packet);
    }
}

/* Handles a datagram that the socket which was found first doesn't take, or for which none was
 * found. Separate, and with a header of its own, so that the others keep theirs in registers. */
static __attribute__((noinline)) void take_unclaimed(struct leat *stack, struct packet *packet)
{
    struct leat_buf *buf = packet->buf;
    struct wire_udp header = {0};
    struct leat_udp *udp = 0;
    uint64_t *refused = 0;

    (void)wire_udp_parse(&header, buf->data, buf->len, view_total(buf)); /* as before */
    /* port 0 is of no socket: an unbound one has it as a mark */
    if (header.dst_port != 0) {
        udp = ports_look_up(stack, packet->dst, header.dst_port);
        refused = udp ? objection(stack, udp, packet, &header) : 0;
        if (!udp || refused)
            udp = find_open(packet, header.dst_port);
    }
    if (udp) {
        take(stack, udp, packet, &header);
        return;
    }
    view_trim(buf, header.length);
    /* the checksum comes before a port unreachable: a damaged port must not make a peer give up */
    if (!checksum_is_ok(packet, &header)) {
        stack_end(stack, buf, drop_udp_checksum);
        return;
    }
    if (refused)
        ++*refused;
    refuse(stack, packet);
}

void udp_input(struct leat *stack, struct packet *packet)
{
    const struct leat_buf *buf = packet->buf;
    struct wire_udp header;
    struct leat_udp *udp;

    if (!wire_udp_parse(&header, buf->data, buf->len, view_total(buf))) {
        stack_end(stack, packet->buf, drop_udp_format);
        return;
    }
    udp = header.dst_port != 0 ? ports_find(stack, packet->dst, header.dst_port) : 0;
    if (udp && !objection(stack, udp, packet, &header))
        take(stack, udp, packet, &header);
    else
        take_unclaimed(stack, packet);
}

bool udp_icmp_error(struct leat *stack, const struct icmp_error *error)
{
    const uint16_t local_port = get16(error->transport);
    const uint16_t remote_port = get16(error->transport + 2);
    struct leat_udp *udp = ports_look_up(stack, error->local_ip, local_port);

    if (!udp || local_port == 0 || udp_excludes(udp, error->remote_ip) ||
        !udp_talks_to(udp, error->remote_ip, remote_port))
        return false;
    /* an attacker that guesses the port of a socket with one sent datagram must also guess its
     * checksum; of several datagrams the quoted one isn't kept */
    if (udp->sent == 1 && get32(error->transport + UDP_LENGTH_AT) != udp->quote)
        return false;
    /* if several errors arrive before on_error is called, it gets the last one */
    udp->error = icmp_error_meaning(error);
    udp->error_peer = host_endpoint(stack, error->remote_ip, remote_port);
    stack_ready(stack, &udp->ready);
    return true;
}

/* Fills in an endpoint for the program from an address and a port in wire format. */
static inline void read_end(struct leat_endpoint *end, const uint8_t *ip, const uint8_t *port)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    memcpy(end->ip.bytes, mapped, sizeof mapped);
    memcpy(end->ip.bytes + sizeof mapped, ip, sizeof(leat_ip4));
    end->port = get16(port);
    end->zone = 0;
}

static void read_end6(struct leat_endpoint *end, const uint8_t *ip, const uint8_t *port,
                      uint8_t zone)
{
    memcpy(end->ip.bytes, ip, sizeof end->ip.bytes);
    end->port = get16(port);
    end->zone = leat_ip_is_link_local(end->ip) ? zone : 0;
}

/* Delivers one datagram to the program. */
static void deliver(struct leat_udp *udp, struct leat_buf *payload)
{
    const uint8_t *ip = payload->data - (payload->ip_header_at & BACK_MASK);
    const uint8_t *ports = payload->data - UDP_HEADER_BYTES;
    struct leat_endpoint peer, local;

    if (ip[0] >> 4 == 6) {
        const uint8_t zone = (uint8_t)((payload->ip_header_at & ZONE_MASK) >> ZONE_SHIFT);

        read_end6(&peer, ip + IPV6_SRC_AT, ports, zone);
        read_end6(&local, ip + IPV6_DST_AT, ports + 2, zone);
        udp->received_ttl = ip[IPV6_HOP_LIMIT_AT];
        udp->received_tos = (uint8_t)(ip[0] << 4 | ip[1] >> 4);
    } else {
        read_end(&peer, ip + IPV4_SRC_AT, ports);
        read_end(&local, ip + IPV4_DST_AT, ports + 2);
        udp->received_ttl = ip[IPV4_TTL_AT];
        udp->received_tos = ip[IPV4_TOS_AT];
    }
    udp->reassembled = payload->ip_header_at & REASSEMBLED;
    payload->segment_bytes = 0;
    if (udp->events->on_datagram)
        udp->events->on_datagram(udp, payload, &peer, &local, udp->arg);
    else
        leat_buf_free(payload);
}

void udp_run(struct leat *stack, struct ready *ready)
{
    struct leat_udp *udp = (struct leat_udp *)(void *)ready; /* its first member */
    struct udp *table = stack->udp;
    const enum leat_err error = udp->error;
    const struct leat_endpoint error_peer = udp->error_peer;

    table->running = udp;
    udp->error = LEAT_OK;
    if (error != LEAT_OK && udp->events->on_error)
        udp->events->on_error(udp, error, &error_peer, udp->arg);
    /* a callback may close the socket, open another in its memory, or free that memory */
    if (table->running != udp)
        return;
    /* datagrams that come during the callbacks, from ourselves, wait for the next turn */
    for (uint32_t left = udp->queue.count; left > 0; left--) {
        struct leat_buf *payload;

        payload = queue_take(&udp->queue);
        if (!payload)
            return;
        deliver(udp, payload);
        if (table->running != udp)
            return;
    }
}
