/*
 * family.h -- a received packet, and the tables by which a layer calls those above it: transport
 * protocols and families of IP. So each layer can be read and used without those above it.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include "base.h"

struct address_watch; /* link/watch.h */
struct drain_look;    /* life.h */
struct flow_headers;  /* ip/flow_headers.h */
struct icmp_error;    /* ip/icmp.h */
struct path;          /* ip/ipv4.h */
struct ipv4_options;
struct neighbour6; /* ip/v6/neighbour6.h, as the next */
struct neighbours6;
struct leat_slaac; /* leat/slaac.h */
struct leat_slaac_config;

/* A received packet of either family. Its IP headers are checked, `buf` starts at the transport
 * header and ends with the IP datagram. The IP headers are still in memory before buf->data. */
struct packet {
    struct leat_buf *buf;
    struct link *link; /* NULL: from ourselves */
    host_id dst;       /* as in struct tcb: the address of the local end first */
    host_id src;
    uint16_t header_bytes; /* of the IP header, options or extension headers included */
    uint8_t protocol;
    uint8_t ttl;
    uint8_t tos;      /* DSCP and ECN */
    bool is_group;    /* sent to broadcast or multicast (IP or link): gets no ICMP error or RST */
    bool reassembled; /* came in fragments */
    uint64_t pseudo_sum; /* of both addresses: part of a transport's checksum */
};

/* A transport protocol. Programs register it by a call, so that others don't link it. */
struct protocol {
    /* Takes packet->buf; counts it once, as taken or dropped. */
    void (*input)(struct leat *stack, struct packet *packet);
    /* An ICMP error for a packet that we sent; the caller has checked that the quoted source is
     * ours. False: ignored as late or forged, because no such data is in flight. */
    bool (*icmp_error)(struct leat *stack, const struct icmp_error *error);
    /* Sends what has become due since the last call; NULL if the protocol never defers. True: more
     * is left, for want of budget or of space in a transmit queue. The next poll should then follow
     * at once, unless the queues wait for devices. */
    bool (*flush)(struct leat *stack);
    /* Adds the buffers that the protocol holds; NULL if it holds none. */
    void (*holdings)(const struct leat *stack, struct leat_holdings *holdings);
    /* Takes a step of a drain (life.h), which may call the program's on_drain; NULL if the protocol
     * has no connections. */
    void (*drain)(struct leat *stack, struct drain_look *look);
    /* Frees the buffers that the protocol holds, at leat_close(). */
    void (*close)(struct leat *stack);
    /* For super-frames, as the next; both NULL if the protocol or this build has none.  Merges
     * segments that belong together among the @count received @frames; returns how many frames are
     * left. */
    uint32_t (*burst)(struct leat *stack, struct leat_buf **frames, uint32_t count);
    /* Detaches the first segment of a super-frame as a frame of its own; the last segment is @frame
     * itself.  @device_sums: the device completes checksums.  NULL: no memory, and @frame is
     * unchanged. */
    struct leat_buf *(*gso)(struct leat *stack, struct leat_buf *frame, bool device_sums);
    /* @waiter has half as many frames left in the queue of a link as it had (link/transmit.h).
     * NULL if the protocol has no super-frames. */
    void (*wake)(struct leat *stack, uint32_t waiter);
    uint8_t number; /* as in the IP header */
};

/* A family of IP as the link layer calls it. Lower layers call higher ones only through such
 * tables, so each layer can be read and used without those above it. */
struct ip_family {
    /* Takes a packet from a link (Ethernet header pulled off) or, with @link NULL, from ourselves.
     * @is_group: its link address was a broadcast or multicast. */
    void (*input)(struct leat *stack, struct link *link, struct leat_buf *packet, bool is_group);
    /* True if @link listens to the group that has this Ethernet address. */
    bool (*hears)(const struct link *link, const struct leat_mac *mac);
    /* Reports a local failure to the sender of @packet, a packet of ours, whose next hop doesn't
     * answer; as for an ICMP host unreachable (RFC 1122 3.2.2.1).  Doesn't take @packet.  NULL for
     * IPv6, which has its own neighbour cache. */
    void (*unresolved)(struct leat *stack, const struct leat_buf *packet);
};

/* IPv6 entry points. Filled in by leat_ipv6_register(), so that other programs don't link IPv6. */
struct ipv6_family {
    void (*attached)(struct link *link); /* a new link */
    /* As in leat/stack.h; @link is NULL if the backend isn't attached. */
    enum leat_err (*address_add)(struct link *link, struct leat_ip ip, uint8_t prefix_bits);
    enum leat_err (*address_remove)(struct link *link, struct leat_ip ip);
    enum leat_err (*route_add)(struct leat *stack, struct link *link, struct leat_ip network,
                               uint8_t prefix_bits, struct leat_ip gateway);
    enum leat_err (*route_remove)(struct leat *stack, struct leat_ip network, uint8_t prefix_bits);
    /* Adds an address that a DHCPv6 server has leased; it is checked first, and @watch is told of
     * the result. If @watch has the address already, only its lifetimes change.  LEAT_ERR_IN_USE:
     * the address belongs to another owner. */
    enum leat_err (*address_lease)(struct link *link, struct leat_ip ip,
                                   uint64_t preferred_until_ns, uint64_t valid_until_ns,
                                   struct address_watch *watch);
    /* The link-local address of @link if it is usable, else "::". */
    struct leat_ip (*link_local)(const struct link *link);
    /* The prefix length of our address @ip on @link, and whether the address is deprecated. */
    void (*source_facts)(const struct link *link, struct leat_ip ip, uint8_t *prefix_bits,
                         bool *is_deprecated);
    /* As in leat/slaac.h. */
    enum leat_err (*slaac_start)(struct link *link, struct leat_slaac **slaac,
                                 const struct leat_slaac_config *config);
    void (*slaac_stop)(struct leat_slaac *slaac);
    const struct leat_refusal *(*slaac_refusal)(const struct leat_slaac *slaac);
    /* Joins @group on @link for a program; each leave undoes one join. */
    enum leat_err (*group_join)(struct link *link, struct leat_ip group);
    void (*group_leave)(struct link *link, struct leat_ip group);
    /* Counts the buffers of packets that wait for a neighbour's address. */
    uint32_t (*parked_pieces)(const struct leat *stack);
    /* The host number of @ip (ip/host.h) on link @zone, counted from 1. */
    host_id (*host_of)(struct leat *stack, struct leat_ip ip, uint8_t zone);
    /* The host number of these 16 bytes on any link; IP4_ANY: none. */
    host_id (*host_known)(const struct leat *stack, const uint8_t *ip);
    /* True for a usable address of ours, and for ::1. */
    bool (*is_ours)(const struct leat *stack, struct leat_ip ip);
    /* True while an address of ours is tentative: checked and not usable yet. */
    bool (*is_probing)(const struct leat *stack);
    /* True if a usable address of ours is more than link-local. */
    bool (*is_global)(const struct leat *stack);
    /* route_cache_look_up() for any entry but the last. */
    struct path *(*cached_path)(struct leat *stack, host_id src, host_id dst);
    /* The counterparts of ipv4_path() and ipv4_output(). */
    enum leat_err (*path)(struct leat *stack, struct path *path);
    enum leat_err (*output)(struct leat *stack, const struct path *path,
                            const struct ipv4_options *options, struct leat_buf *payload);
    /* flow_headers_make(): all that differs from IPv4. */
    void (*flow_headers)(struct leat *stack, const struct path *path, uint8_t protocol,
                         uint32_t ports, struct flow_headers *headers);
    void (*renew)(struct neighbours6 *table, struct neighbour6 *n); /* neighbour6_renew() */
    /* Sends a port unreachable to the sender of @packet.  Doesn't take packet->buf. */
    void (*port_unreachable)(struct leat *stack, const struct packet *packet);
    void (*reached)(struct path *path); /* ipv4_tell_reached() */
    void (*close)(struct leat *stack);  /* frees the buffers that IPv6 holds */
};

/* IPv4 group membership. Set by the first join, so that other programs don't link IGMP. */
struct ipv4_groups {
    bool (*hears)(const struct link *link, leat_ip4 group);
    bool (*hears_mac)(const struct link *link, const struct leat_mac *mac);
};

/* Adds a transport protocol; false: the table is full. */
COLD bool stack_register(struct leat *stack, const struct protocol *protocol);

#endif
