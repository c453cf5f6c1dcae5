/*
 * stack.h -- the inside of a stack: the one struct that all layers share.
 *
 * Up:   link_poll -> ethernet_input -> ipv4_input -> protocol->input -> ready queue -> callback
 * Down: leat_*_send -> *_output -> ipv4_output -> neighbour_output -> ethernet_output
 *       -> link_enqueue, then transmit_flush
 * Down, to a destination with a cached header: leat_*_send -> *_output -> header_template_send
 *       -> link_enqueue, then transmit_flush
 */
#ifndef STACK_H
#define STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/stack.h>

#include "core/arena.h"
#include "core/assert.h"
#include "core/ip4.h"
#include "core/limiter.h"
#include "core/pool.h"
#include "core/queue.h"
#include "core/siphash.h"
#include "core/timer.h"
#include "core/cold.h"
#include "core/unreachable.h"
#include "link/fair_queue.h"
#include "service.h"

struct neighbours; /* link/arp.h */
struct reassembly; /* ip/reassembly.h */
struct routes;     /* ip/route.h */
struct route_cache_entry;
struct icmp_error; /* ip/icmp.h */
struct address_watch;
struct ipv6;   /* ip/v6/ipv6.h */
struct hosts6; /* ip/host.h */
struct packet6;
struct path; /* ip/ipv4.h */
struct ipv4_options;
struct groups;     /* ip/groups.h */
struct leat_slaac; /* leat/slaac.h */
struct leat_slaac_config;
struct leat_dhcp6; /* leat/dhcp6.h, as the next */
struct leat_dhcp6_lease;
struct leat_dhcp6_config;
struct dhcp6_clients;    /* proto/dhcp/dhcp6.h */
struct leat_ipv6_policy; /* leat/ipv6.h */

/* State of a local address (RFC 5227). */
enum address_state {
    ADDRESS_NONE,
    ADDRESS_PROBING,    /* sending ARP probes, must not be used */
    ADDRESS_ANNOUNCING, /* usable; announcements still to be sent */
    ADDRESS_USABLE
};

struct address {
    leat_ip4 ip;
    uint8_t prefix_bits;
    uint8_t state;           /* enum address_state */
    uint8_t sent;            /* probes or announcements so far */
    bool usable_news;        /* config.on_address is pending */
    bool conflict_news;      /* config.on_conflict is pending */
    uint64_t defended_at_ns; /* last defence (RFC 5227 2.4), 0: never */
    bool asks_beside; /* ADDRESS_ANNOUNCING: the address is lost to a host that answers our probe */
    struct timer timer;
    struct link *link;
    struct ready ready;
    struct address_watch *watch; /* link/address.h; NULL: only the program is told */
};

/* Throughput of a device, measured since it was found full: link/transmit.c. */
struct device_rate {
    uint64_t from_ns;
    uint64_t bytes;
    uint64_t bytes_per_ms; /* 0: not known yet */
    bool is_measured;      /* the device has been full since from_ns */
};

/* An attached backend with the stack's state for it. */
struct link {
    struct leat *stack;
    struct leat_netif *netif;
    struct buf_queue tx; /* frames for the next transmit burst, in order of creation */
    uint32_t tx_waiting; /* frames in `tx` and `flows`, counted as the device takes them: without
                            super-frames if it doesn't support them */
    uint32_t tx_places;  /* below this tx_waiting, TCP sends unchecked (transmit_left()) */
    bool tx_is_slow;     /* the device was full recently: frames go through `flows` */
    uint64_t for_us_begin[2]; /* start of the last header that was addressed to us alone, in the
                                 form of begins_as_before() of ethernet.c */
    struct address addresses[LEAT_ADDRESSES_MAX];
    uint16_t mtu;       /* for sending: the netif's, or less if the network says so */
    uint16_t open_port; /* UDP port that is open to packets for any address (DHCP); 0: none */
    struct leat_udp *open_udp; /* the socket that receives them */
    struct fair_queue flows;   /* frames that wait for a full device */
    struct device_rate rate;
    uint64_t full_ns; /* when the device was full last */
};

/* True if the device segments super-frames, at least for IPv4. Such a device must also complete
 * their checksums. */
static inline bool link_has_tso(const struct link *link)
{
    const uint32_t needed = LEAT_NETIF_TSO | LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_GATHER;

    return (link->netif->capabilities & needed) == needed;
}

/* Pieces of payload behind the headers of one frame that the device takes without a copy. */
static inline uint32_t link_gathers(const struct link *link)
{
    const uint32_t pieces = link ? link->netif->gather_pieces : 0;

    return (pieces > 0 ? pieces : LEAT_NETIF_GATHER_PIECES) - 1;
}

/* A received packet of either family. Its IP headers are checked, `buf` starts at the transport
 * header and ends with the IP datagram. The IP headers are still in memory before buf->data. */
struct packet {
    struct leat_buf *buf;
    struct link *link; /* NULL: from ourselves */
    leat_ip4 src;      /* IPv6: a host number (ip/host.h); so is dst */
    leat_ip4 dst;
    uint16_t header_bytes; /* of the IP header, options or extension headers included */
    uint8_t protocol;
    uint8_t ttl;
    uint8_t tos;      /* DSCP and ECN */
    bool is_group;    /* sent to broadcast or multicast (IP or link): gets no ICMP error or RST */
    bool reassembled; /* came in fragments */
    uint64_t pseudo_sum; /* IPv6: the sum of both addresses; undefined for IPv4 */
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
    /* Frees the buffers that the protocol holds, at leat_close(). */
    void (*close)(struct leat *stack);
    /* For super-frames, as the next; both NULL if the protocol has none.  Merges segments that
     * belong together among the @count received @frames; returns how many frames are left. */
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

/* Families of IP. */
enum family {
    FAMILY4,
    FAMILY6, /* if leat_ipv6_register() was called */
    FAMILIES
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
    leat_ip4 (*host_of)(struct leat *stack, struct leat_ip ip, uint8_t zone);
    /* The host number of these 16 bytes on any link; IP4_ANY: none. */
    leat_ip4 (*host_known)(const struct leat *stack, const uint8_t *ip);
    /* True for a usable address of ours, and for ::1. */
    bool (*is_ours)(const struct leat *stack, struct leat_ip ip);
    /* True while an address of ours is tentative: checked and not usable yet. */
    bool (*is_probing)(const struct leat *stack);
    /* True if a usable address of ours is more than link-local. */
    bool (*is_global)(const struct leat *stack);
    /* The counterparts of ipv4_path() and ipv4_output(). */
    enum leat_err (*path)(struct leat *stack, struct path *path);
    enum leat_err (*output)(struct leat *stack, const struct path *path,
                            const struct ipv4_options *options, struct leat_buf *payload);
    /* Sends a port unreachable to the sender of @packet.  Doesn't take packet->buf. */
    void (*port_unreachable)(struct leat *stack, const struct packet *packet);
    void (*reached)(struct path *path); /* ipv4_tell_reached() */
    void (*close)(struct leat *stack);  /* frees the buffers that IPv6 holds */
};

/* DHCPv6 entry points for autoconf/, set when DHCPv6 is registered; as in leat/dhcp6.h. */
struct dhcp6_calls {
    enum leat_err (*open)(struct leat *stack, struct leat_netif *netif, struct leat_dhcp6 **dhcp6,
                          const struct leat_dhcp6_config *config);
    enum leat_err (*start)(struct leat_dhcp6 *dhcp6, const uint8_t *kept);
    enum leat_err (*inform)(struct leat_dhcp6 *dhcp6);
    void (*stop)(struct leat_dhcp6 *dhcp6);
    void (*release)(struct leat_dhcp6 *dhcp6);
    void (*keep)(const struct leat_dhcp6_lease *lease, uint8_t *kept);
    const struct leat_refusal *(*refusal)(const struct leat_dhcp6 *dhcp6);
};

/* IPv4 group membership. Set by the first join, so that other programs don't link IGMP. */
struct ipv4_groups {
    bool (*hears)(const struct link *link, leat_ip4 group);
    bool (*hears_mac)(const struct link *link, const struct leat_mac *mac);
};

enum {
    PROTOCOLS_MAX = 4,
    READY_BUDGET = 1024,   /* callbacks in one poll */
    TIMER_BUDGET = 4096,   /* timers in one poll */
    LOOPBACK_FRAMES = 256, /* packets to ourselves that wait */
    BURST_MAX = 256,
    FRAMES_AT_ONCE = 16, /* frames in one call of a backend that a small pool can hold */
    FLOWS_MIN = 8,
    FRAMES_TAKEN_MAX = 64 /* received in one call at most; GRO merges among these */
};

/* Small members that are used often come first: their offsets have shorter encodings. */
struct leat {
    uint64_t now_ns;           /* of this poll */
    uint32_t now_ms;           /* now_ns in ms; wraps after 49 days */
    uint32_t route_generation; /* counts changes of addresses and routes; older cached results are
                                  void */
    struct tcp *tcp;           /* tcp/tcp.h; NULL: not registered */
    struct udp *udp;           /* udp/udp.h; NULL: not registered */
    struct route_cache_entry *route_cache; /* ip/route.h */
    struct route_cache_entry *route_last;  /* the entry that was used last, or the first */
    struct neighbours *neighbours;
    struct reassembly *reassembly;
    struct routes *routes;
    const struct protocol *super; /* the protocol with super-frames; NULL: none */
    struct link *links_end;       /* behind the last one in `links` */
    uint8_t protocol_count;
    uint8_t flush_count; /* protocols with a flush; they come first */
    uint8_t slow_links;  /* links whose tx_is_slow */
    bool has_woken;      /* protocol->wake() was called since the last flush of the protocols */
    uint16_t taken_max;  /* frames that are received before the first is processed */
    uint64_t neighbour_generation; /* counts neighbours that were removed or changed; older headers
                                      are void */
    struct ready ready;            /* head of the ready queue */
    struct ready ready_same_turn;  /* head of a second queue: callbacks to run in the same turn */
    struct leat_config config;     /* with the defaults filled in */
    struct leat_stats stats;
    struct leat_pool pool;
    struct arena arena;
    struct timer_wheel timers;
    struct siphash_key table_key;  /* lookups */
    struct siphash_key secret_key; /* ports, ids, sequence numbers */
    struct siphash_key random_key;
    uint64_t random_counter;
    uint32_t seed_generation; /* leat_generation() */
    struct link links[LEAT_NETIFS_MAX];
    struct fair_table flows; /* of all links */
    const struct protocol *protocols[PROTOCOLS_MAX];
    struct buf_queue loopback;  /* packets to ourselves, IP header first */
    struct limiter icmp_errors; /* of both families */
    struct limiter icmp_echoes;
    struct leat_buf *taken[FRAMES_TAKEN_MAX]; /* received by link_poll(), not processed yet */
    uint64_t civil_at_zero_ns; /* civil time when now_ns was 0, modulo 2^64; used only by civil.c */
    bool civil_known;
    const struct ip_family *families[FAMILIES];
    const struct ipv6_family *ipv6_family; /* NULL: not registered */
    struct ipv6 *ipv6;                     /* ip/v6/ipv6.h */
    const struct ipv4_groups *ipv4_groups; /* NULL: no socket has joined any */
    struct groups *igmp;             /* ip/igmp.h: membership table; NULL: UDP isn't registered */
    struct hosts6 *hosts6;           /* ip/host.h; NULL: IPv6 isn't registered */
    const struct dhcp6_calls *dhcp6; /* NULL: not registered; so is the next */
    struct dhcp6_clients *dhcp6_clients;
    const struct leat_ipv6_policy *policies; /* the program's (policy.h); NULL: RFC 6724's */
    uint8_t policy_count;
    struct unreachables unreachables;
};

_Static_assert(offsetof(struct leat, now_ns) == 0, "where service_now_ns() reads it");

/* Ends a packet: counts it under @stat (a TAKEN or DROP) and frees it.  Takes @buf. */
#define stack_end(stack, buf, stat)                                                                \
    do {                                                                                           \
        (stack)->stats.stat++;                                                                     \
        leat_buf_free(buf);                                                                        \
    } while (0)

/* ---- services.c: services for all layers */

/* Adds a transport protocol; false: the table is full. */
COLD bool stack_register(struct leat *stack, const struct protocol *protocol);

/* Appends @ready, which must not be queued, to the queue @head. */
void ready_put(struct ready *head, struct ready *ready);

/* Appends @ready to the ready queue unless it is queued already. */
static inline void stack_ready(struct leat *stack, struct ready *ready)
{
    if (!ready->prev)
        ready_put(&stack->ready, ready);
}

/* Appends @ready to the queue that is run in the same turn, so that packets which its callback
 * sends can share a packet with our answer. Only for entries that a callback has taken from a
 * bounded queue. */
static inline void stack_ready_same_turn(struct leat *stack, struct ready *ready)
{
    if (!ready->prev)
        ready_put(&stack->ready_same_turn, ready);
}

/* The link of an attached backend, or NULL. */
struct link *stack_link(struct leat *stack, const struct leat_netif *netif);

/* The link of the only netif that is attached, or NULL. */
static inline struct link *stack_only_link(struct leat *stack)
{
    return stack->links_end == stack->links + 1 ? stack->links : 0;
}

/* A random number below @bound (> 0). */
uint32_t stack_random_below(struct leat *stack, uint32_t bound);

/* Limits packets sent on @link to @mtu bytes; the limit of its netif still applies. 0: no limit but
 * that of the netif. */
COLD void link_set_mtu(struct link *link, uint16_t mtu);

#endif
