/*
 * stack.h -- the inside of a stack: the one struct that all layers share.
 *
 * Up:   link_poll -> ethernet_input -> ipv4_input -> protocol->input -> ready queue -> callback
 * Down: leat_*_send -> *_output -> ipv4_output -> neighbour_output -> ethernet_output
 *       -> link_enqueue; where a packet went lately: leat_*_send -> *_output
 *       -> header_template_send -> link_enqueue; then transmit_flush
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

/* What an address of ours is doing (RFC 5227). */
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
    bool usable_news;        /* config.on_address is still to be called */
    bool conflict_news;      /* config.on_conflict is still to be called */
    uint64_t defended_at_ns; /* last defence (RFC 5227 2.4), 0: never */
    bool asks_beside;        /* ADDRESS_ANNOUNCING: who answers our probe gets the address */
    struct timer timer;
    struct link *link;
    struct ready ready;
    struct address_watch *watch; /* link/address.h; NULL: nobody but the program */
};

/* Bytes that a device has taken since it was found full: link/transmit.c. */
struct device_rate {
    uint64_t from_ns;
    uint64_t bytes;
    uint64_t bytes_per_ms; /* 0: not known yet */
    bool is_measured;      /* the device has been full since from_ns */
};

/* One attached backend, and what is ours about it. */
struct link {
    struct leat *stack;
    struct leat_netif *netif;
    struct buf_queue tx; /* frames for the next transmit burst, in the order of their making */
    uint32_t tx_waiting; /* how many frames that and `flows` are to the device, which may not take
                            super-frames */
    uint32_t tx_places;  /* while fewer wait, TCP sends without a question (transmit_left()) */
    bool tx_is_slow;     /* the device was full lately: frames go through `flows` */
    uint64_t for_us_begin[2]; /* the header of the last frame for us alone, as
                                 begins_as_before() of ethernet.c reads it */
    struct address addresses[LEAT_ADDRESSES_MAX];
    uint16_t mtu;              /* of what is sent: the netif's, or what the network says */
    uint16_t open_port;        /* UDP: taken whatever host it was sent to; 0: none */
    struct leat_udp *open_udp; /* the socket that it is for */
    struct fair_queue flows;   /* frames that wait for a full device */
    struct device_rate rate;
    uint64_t full_ns; /* when the device was full last */
};

/* True if the device cuts super-frames, of IPv4 at least.  Such a device must complete their
 * checksums. */
static inline bool link_has_tso(const struct link *link)
{
    const uint32_t needed = LEAT_NETIF_TSO | LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_GATHER;

    return (link->netif->capabilities & needed) == needed;
}

/* Pieces of text behind the headers of one frame that the device takes without a copy. */
static inline uint32_t link_gathers(const struct link *link)
{
    const uint32_t pieces = link ? link->netif->gather_pieces : 0;

    return (pieces > 0 ? pieces : LEAT_NETIF_GATHER_PIECES) - 1;
}

/* A packet of either family on its way up: headers checked, `buf` starts at the transport header
 * and ends with the IP datagram; the IP headers lie right in front of buf->data. */
struct packet {
    struct leat_buf *buf;
    struct link *link; /* NULL: from ourselves */
    leat_ip4 src;      /* of IPv6: the numbers of ip/host.h */
    leat_ip4 dst;
    uint16_t header_bytes; /* of the IP header, options or extension headers included */
    uint8_t protocol;
    uint8_t ttl;
    uint8_t tos;         /* DSCP and ECN */
    bool is_group;       /* broadcast or multicast, by link or IP address: no errors, no RST */
    bool reassembled;    /* came in fragments */
    uint64_t pseudo_sum; /* of IPv6: of both addresses; else it says nothing */
};

/* A transport protocol: registered by a call, so that who does not call it does not link it. */
struct protocol {
    /* Takes packet->buf; counts it once, as taken or dropped. */
    void (*input)(struct leat *stack, struct packet *packet);
    /* An ICMP error about something that we sent; the quote has been checked to be from us.  False:
     * of this nothing is on its way, so it is late or forged, and was ignored. */
    bool (*icmp_error)(struct leat *stack, const struct icmp_error *error);
    /* Sends what has become due since the last call; NULL if it never waits.  True: more waits for
     * its turn, or for room in a transmit queue, so the next poll should come at once, unless the
     * queues wait for devices. */
    bool (*flush)(struct leat *stack);
    /* Adds what it holds of the pool; NULL if that is nothing. */
    void (*holdings)(const struct leat *stack, struct leat_holdings *holdings);
    /* Frees what it holds, at leat_close(). */
    void (*close)(struct leat *stack);
    /* Super-frames; all NULL if it has none.
     *
     * burst: merges what of @frames, @count of them as they came, belongs together; how many frames
     * are left.  gso: takes the first segment off a super-frame, as a frame of its own; the last is
     * @frame itself.  @device_sums: the device completes checksums.  NULL: no memory, and @frame is
     * as it was. */
    uint32_t (*burst)(struct leat *stack, struct leat_buf **frames, uint32_t count);
    struct leat_buf *(*gso)(struct leat *stack, struct leat_buf *frame, bool device_sums);
    /* Half of the frames that @waiter had in the queue of a link has left (link/transmit.h). */
    void (*wake)(struct leat *stack, uint32_t waiter);
    uint8_t number; /* as in the IP header */
};

/* Families of IP. */
enum family {
    FAMILY4,
    FAMILY6, /* if leat_ipv6_register() was called */
    FAMILIES
};

/* What the link layer asks of a family.  No layer calls a higher one by name, so what is below can
 * be read, and used, without what is above. */
struct ip_family {
    /* Takes a packet from a link (Ethernet header pulled off) or, with @link NULL, from ourselves.
     * @is_group: its link address was a broadcast or multicast. */
    void (*input)(struct leat *stack, struct link *link, struct leat_buf *packet, bool is_group);
    /* True if @link listens to the group that has this Ethernet address. */
    bool (*hears)(const struct link *link, const struct leat_mac *mac);
    /* Tells the sender of @packet, a packet of ours, that its next hop doesn't answer, as if an
     * ICMP host unreachable had come (RFC 1122 3.2.2.1).  Doesn't take @packet.  NULL: of IPv6,
     * which keeps its neighbours itself. */
    void (*unresolved)(struct leat *stack, const struct leat_buf *packet);
};

/* IPv6 as the layers beside and above it call it: set by leat_ipv6_register(), so that programs
 * that don't call that don't link IPv6. */
struct ipv6_family {
    void (*attached)(struct link *link); /* a new link */
    /* leat/stack.h's functions; @link may be NULL: not attached. */
    enum leat_err (*address_add)(struct link *link, struct leat_ip ip, uint8_t prefix_bits);
    enum leat_err (*address_remove)(struct link *link, struct leat_ip ip);
    enum leat_err (*route_add)(struct leat *stack, struct link *link, struct leat_ip network,
                               uint8_t prefix_bits, struct leat_ip gateway);
    enum leat_err (*route_remove)(struct leat *stack, struct leat_ip network, uint8_t prefix_bits);
    /* Our address until then, which a server has leased: added, checked and told to @watch; or, if
     * it is @watch's already, with other ends.  LEAT_ERR_IN_USE: it is somebody else's. */
    enum leat_err (*address_lease)(struct link *link, struct leat_ip ip,
                                   uint64_t preferred_until_ns, uint64_t valid_until_ns,
                                   struct address_watch *watch);
    /* The link-local address of @link, if it may be used; else "::". */
    struct leat_ip (*link_local)(const struct link *link);
    /* Of our address @ip of @link: the bits of its prefix, and whether it is deprecated. */
    void (*source_facts)(const struct link *link, struct leat_ip ip, uint8_t *prefix_bits,
                         bool *is_deprecated);
    /* leat/slaac.h's. */
    enum leat_err (*slaac_start)(struct link *link, struct leat_slaac **slaac,
                                 const struct leat_slaac_config *config);
    void (*slaac_stop)(struct leat_slaac *slaac);
    /* A program listens to @group on @link; a leave takes one join back. */
    enum leat_err (*group_join)(struct link *link, struct leat_ip group);
    void (*group_leave)(struct link *link, struct leat_ip group);
    uint32_t (*parked_pieces)(const struct leat *stack); /* buffers that parked frames hold */
    /* The number of @ip (ip/host.h) on link @zone, from 1 on. */
    leat_ip4 (*host_of)(struct leat *stack, struct leat_ip ip, uint8_t zone);
    /* The number that these 16 bytes have on some link, or IP4_ANY: none. */
    leat_ip4 (*host_known)(const struct leat *stack, const uint8_t *ip);
    /* True for an address of ours that may be used, and for ::1. */
    bool (*is_ours)(const struct leat *stack, struct leat_ip ip);
    /* True while an address of ours is being checked, and may not be used yet. */
    bool (*is_probing)(const struct leat *stack);
    /* ipv4_path() and ipv4_output() of IPv6. */
    enum leat_err (*path)(struct leat *stack, struct path *path);
    enum leat_err (*output)(struct leat *stack, const struct path *path,
                            const struct ipv4_options *options, struct leat_buf *payload);
    /* Tells the sender of @packet that nobody has that port.  Doesn't take packet->buf. */
    void (*port_unreachable)(struct leat *stack, const struct packet *packet);
    void (*reached)(struct path *path); /* ipv4_tell_reached() */
    void (*close)(struct leat *stack);  /* frees what it holds */
};

/* What autoconf/ asks of DHCPv6, which is linked where it is registered: leat/dhcp6.h's functions.
 */
struct dhcp6_calls {
    enum leat_err (*open)(struct leat *stack, struct leat_netif *netif, struct leat_dhcp6 **dhcp6,
                          const struct leat_dhcp6_config *config);
    enum leat_err (*start)(struct leat_dhcp6 *dhcp6, const uint8_t *kept);
    enum leat_err (*inform)(struct leat_dhcp6 *dhcp6);
    void (*stop)(struct leat_dhcp6 *dhcp6);
    void (*release)(struct leat_dhcp6 *dhcp6);
    void (*keep)(const struct leat_dhcp6_lease *lease, uint8_t *kept);
};

/* Which groups of IPv4 programs have joined: there when one does, so that who doesn't links none of
 * it. */
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
    FRAMES_AT_ONCE = 16, /* handed over in one call of a backend: what a small stack can hold */
    FLOWS_MIN = 8,
    FRAMES_TAKEN_MAX = 64 /* taken in one call: what is looked through for what can be merged */
};

/* What is small and asked for often stands first: code needs shorter addresses for it. */
struct leat {
    uint64_t now_ns;           /* of this poll */
    uint32_t now_ms;           /* the same, for whom 49 days are enough */
    uint32_t route_generation; /* changes of addresses and routes: what was derived is void */
    struct tcp *tcp;           /* tcp/tcp.h; NULL: not registered */
    struct udp *udp;           /* udp/udp.h; NULL: not registered */
    struct route_cache_entry *route_cache; /* ip/route.h */
    struct route_cache_entry *route_last;  /* of these: asked for last, or the first */
    struct neighbours *neighbours;
    struct reassembly *reassembly;
    struct routes *routes;
    const struct protocol *super; /* whose frames may be super-frames; NULL: nobody's */
    struct link *links_end;       /* behind the last one in `links` */
    uint8_t protocol_count;
    uint8_t flush_count;           /* of these: they stand first */
    uint8_t slow_links;            /* links whose tx_is_slow */
    bool has_woken;                /* protocol->wake() was called since the protocols' flush */
    uint16_t taken_max;            /* frames that are taken before the first of them goes up */
    uint64_t neighbour_generation; /* neighbours that went or moved: their headers are void */
    struct ready ready;            /* head of the ring */
    struct ready ready_same_turn;  /* another: to be called in the same turn */
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
    struct leat_buf *taken[FRAMES_TAKEN_MAX]; /* by link_poll(), on their way up */
    uint64_t civil_at_zero_ns; /* civil time when now_ns was 0, modulo 2^64; civil.c alone */
    bool civil_known;
    const struct ip_family *families[FAMILIES];
    const struct ipv6_family *ipv6_family; /* NULL: not registered */
    struct ipv6 *ipv6;                     /* ip/v6/ipv6.h */
    const struct ipv4_groups *ipv4_groups; /* NULL: no socket has joined any */
    struct groups *igmp;             /* ip/igmp.h: room for them; NULL: UDP isn't registered */
    struct hosts6 *hosts6;           /* ip/host.h; NULL as well */
    const struct dhcp6_calls *dhcp6; /* NULL: not registered, as the next */
    struct dhcp6_clients *dhcp6_clients;
    const struct leat_ipv6_policy *policies; /* the program's (policy.h); NULL: RFC 6724's */
    uint8_t policy_count;
};

_Static_assert(offsetof(struct leat, now_ns) == 0, "where service_now_ns() reads it");

/* Ends a packet: counts it under @stat (a TAKEN or DROP) and frees it.  Takes @buf. */
#define stack_end(stack, buf, stat)                                                                \
    do {                                                                                           \
        (stack)->stats.stat++;                                                                     \
        leat_buf_free(buf);                                                                        \
    } while (0)

/* ---- services.c: what every layer may ask of its stack */

/* Adds a transport; false: no room. */
COLD bool stack_register(struct leat *stack, const struct protocol *protocol);

/* Puts @ready, which is in no ring, at the end of that of @head. */
void ready_put(struct ready *head, struct ready *ready);

/* Puts @ready at the end of the ring, if it isn't in it. */
static inline void stack_ready(struct leat *stack, struct ready *ready)
{
    if (!ready->prev)
        ready_put(&stack->ready, ready);
}

/* The same for what a callback has just made ready by taking it from a bounded queue: it is called
 * in the same turn, so that what it sends can share a packet with our answer. */
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

/* What is sent on @link has at most @mtu bytes, and what its netif carries; 0: that alone. */
COLD void link_set_mtu(struct link *link, uint16_t mtu);

#endif
