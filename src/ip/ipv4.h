/* ipv4.h -- receives and sends datagrams (RFC 791, RFC 1122 3). */
#ifndef IP_IPV4_H
#define IP_IPV4_H

#include "family.h"
#include "link/link.h"

enum {
    IP_ICMP = 1,
    IP_IGMP = 2,
    IP_TCP = 6,
    IP_UDP = 17
};

/* Passes a complete datagram to its protocol.  Takes packet->buf. */
void ipv4_deliver(struct leat *stack, struct packet *packet);

/* The protocol of @number, or NULL.  ICMP isn't in the table, because it is part of IP (RFC
 * 792). */
const struct protocol *ipv4_protocol(const struct leat *stack, uint8_t number);

/* ipv4_protocol(), inline. */
static inline const struct protocol *protocol_find(const struct leat *stack, uint8_t number)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): as in ipv4_input() */
    for (unsigned i = 0; i < stack->protocol_count; i++) {
        if (stack->protocols[i]->number == number)
            return stack->protocols[i];
    }
    return 0;
}

/* `input` in struct ip_family, for IPv4. */
void ipv4_input(struct leat *stack, struct link *link, struct leat_buf *packet, bool is_group);

/* Registers IPv4 in @stack's table of families. */
COLD void ipv4_register(struct leat *stack);

struct header_template; /* ip/header_template.h */
struct headers6;        /* ip/v6/block6.h */

/* The path of packets to a destination: found once, used for many. */
struct path {
    struct link *link; /* NULL: to ourselves */
    host_id src;       /* our address */
    host_id dst;
    leat_ip4 next_hop;                /* for IPv4 only */
    uint16_t mtu;                     /* bytes of an IP datagram */
    bool is_group;                    /* broadcast or multicast */
    bool hop_is_host;                 /* next_hop is neither */
    uint64_t reached_until_ns;        /* until then, ARP knows that the next hop is alive */
    struct header_template *template; /* NULL in a copy of the path */
    struct headers6 *headers;         /* the same for IPv6 (ip/v6/block6.h) */
    uint64_t pseudo_sum;              /* of both addresses: part of a transport's checksum */
    const struct link *known_link; /* link of IPv4 packets from dst to src; NULL: unknown or IPv6 */
    bool is_v6;                    /* src and dst are IPv6 hosts */
};

/* Finds the path to @dst, a host of either family; @src: our address, or IP4_ANY to choose one.
 * LEAT_ERR_NO_ROUTE: there is none. */
enum leat_err ipv4_path(struct leat *stack, host_id src, host_id dst, struct path *path);

/* The slow part of ipv4_reached(). */
COLD void ipv4_tell_reached(struct path *path);

/* Confirms that the next hop is alive, because packets on this path arrived (RFC 1122 2.3.2.1
 * (3)). */
static inline void ipv4_reached(struct path *path)
{
    if (path->link && path->link->stack->now_ns >= path->reached_until_ns)
        ipv4_tell_reached(path);
}

/* The fields of an IP header that the sender chooses. */
struct ipv4_options {
    uint8_t protocol;
    uint8_t tos;
    uint8_t ttl;        /* 0: the configured one */
    bool dont_fragment; /* too large: true: LEAT_ERR_TOO_BIG; false: fragmented */
};

/* Prepends the IPv4 header to @payload and sends it.  Takes @payload, even on errors.  The first
 * piece must have LEAT_BUF_HEADROOM, less the transport header, in front, and no other view may
 * share its storage there. */
enum leat_err ipv4_output(struct leat *stack, const struct path *path,
                          const struct ipv4_options *options, struct leat_buf *payload);

/* True if the link's transmit queue has space. Senders that can wait do so otherwise. */
static inline bool ipv4_output_room(const struct leat *stack, const struct path *path)
{
    if (!path->link)
        return stack->loopback.count < LOOPBACK_FRAMES;
    return path->link->tx_waiting < stack->config.tx_queue_frames;
}

/* Queues a packet that starts with its IP header to ourselves.  Takes @packet. */
void ip_send_home(struct leat *stack, struct leat_buf *packet);

/* True if @ip is a usable address of ours, or in 127/8, which never leaves the host. */
bool ipv4_is_ours(const struct leat *stack, leat_ip4 ip);

/* True if @ip is a broadcast address on one of our links (RFC 919, RFC 922), or multicast. */
bool ipv4_is_many(const struct leat *stack, leat_ip4 ip);

#endif
