/* ipv4.h -- datagrams in and out (RFC 791, RFC 1122 3). */
#ifndef IP_IPV4_H
#define IP_IPV4_H

#include "stack.h"

enum {
    IP_ICMP = 1,
    IP_IGMP = 2,
    IP_TCP = 6,
    IP_UDP = 17
};

/* Gives a whole datagram to its protocol.  Takes packet->buf. */
void ipv4_deliver(struct leat *stack, struct packet *packet);

/* The protocol of @number, or NULL.  ICMP isn't among them: it is part of IP (RFC 792). */
const struct protocol *ipv4_protocol(const struct leat *stack, uint8_t number);

/* The same, in line. */
static inline const struct protocol *protocol_find(const struct leat *stack, uint8_t number)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): as in ipv4_input() */
    for (unsigned i = 0; i < stack->protocol_count; i++) {
        if (stack->protocols[i]->number == number)
            return stack->protocols[i];
    }
    return 0;
}

/* struct ip_family's of IPv4. */
void ipv4_input(struct leat *stack, struct link *link, struct leat_buf *packet, bool is_group);

/* Puts IPv4 into @stack's table of families. */
COLD void ipv4_register(struct leat *stack);

struct header_template; /* ip/header_template.h */

/* How one packet goes out: found once, used for many. */
struct path {
    struct link *link; /* NULL: to ourselves */
    leat_ip4 src;      /* our address there */
    leat_ip4 dst;
    leat_ip4 next_hop;                /* of IPv4 */
    uint16_t mtu;                     /* bytes of an IP datagram */
    bool is_group;                    /* broadcast or multicast */
    bool hop_is_host;                 /* next_hop is neither */
    uint64_t reached_until_ns;        /* ARP knows so long that the next hop is alive */
    struct header_template *template; /* NULL in a copy of the path */
    uint64_t pseudo_sum;              /* of both addresses: part of a transport's checksum */
    const struct link *known_link; /* by it comes IPv4 from dst to src; NULL: of IPv6, or unknown */
    bool is_v6;                    /* src and dst are numbers of ip/host.h */
};

/* Finds the way to @dst, a host of either family; @src may fix our address (IP4_ANY: chosen).
 * LEAT_ERR_NO_ROUTE if there is none. */
enum leat_err ipv4_path(struct leat *stack, leat_ip4 src, leat_ip4 dst, struct path *path);

/* The rest of ipv4_reached(). */
COLD void ipv4_tell_reached(struct path *path);

/* What was sent this way has arrived: the next hop is alive (RFC 1122 2.3.2.1 (3)). */
static inline void ipv4_reached(struct path *path)
{
    if (path->link && path->link->stack->now_ns >= path->reached_until_ns)
        ipv4_tell_reached(path);
}

/* What the sender decides of an IP header. */
struct ipv4_options {
    uint8_t protocol;
    uint8_t tos;
    uint8_t ttl;        /* 0: the configuration's */
    bool dont_fragment; /* then too large is LEAT_ERR_TOO_BIG, else it is fragmented */
};

/* Puts the IPv4 header in front of @payload and sends it.  Takes @payload, whatever is returned.
 * The payload's first piece must have LEAT_BUF_HEADROOM less the transport's header in front, and
 * nobody else may look at its storage there. */
enum leat_err ipv4_output(struct leat *stack, const struct path *path,
                          const struct ipv4_options *options, struct leat_buf *payload);

/* True if a link's transmit queue has room: a sender that can wait should. */
static inline bool ipv4_output_room(const struct leat *stack, const struct path *path)
{
    if (!path->link)
        return stack->loopback.count < LOOPBACK_FRAMES;
    return path->link->tx_waiting < stack->config.tx_queue_frames;
}

/* Queues a packet, its header in front, to ourselves.  Takes @packet. */
void ip_send_home(struct leat *stack, struct leat_buf *packet);

/* True if @ip is a usable address of ours, or 127/8: that never leaves us. */
bool ipv4_is_ours(const struct leat *stack, leat_ip4 ip);

/* True if @ip is a broadcast address on one of our links (RFC 919, RFC 922), or multicast. */
bool ipv4_is_many(const struct leat *stack, leat_ip4 ip);

#endif
