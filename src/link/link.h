/* link.h -- an attached backend with the stack's state for it, and its IPv4 addresses. */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include <leat/netif.h>

#include "base.h"
#include "link/fair_queue.h"

struct address_watch; /* link/watch.h */

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
    struct address_watch *watch; /* link/watch.h; NULL: only the program is told */
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
    struct buf_queue tx;   /* frames for the next transmit burst, in order of creation */
    uint32_t tx_waiting;   /* frames in `tx` and `flows`, counted as the device takes them: without
                              super-frames if it doesn't support them */
    uint32_t tx_places;    /* below this tx_waiting, TCP sends unchecked (transmit_left()) */
    bool tx_is_slow;       /* the device was full recently: frames go through `flows` */
    uint8_t for_us_family; /* the family of the next header: an index of stack->families */
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

/* Payload of TCP behind headers of @header_bytes, Ethernet's among them, in the longest super-frame
 * that the device takes; UINT32_MAX: the device has no limit. */
static inline uint32_t link_super_data(const struct link *link, uint32_t header_bytes)
{
    const uint32_t most = link ? link->netif->super_bytes : 0;

    if (most == 0)
        return UINT32_MAX;
    return most > header_bytes ? most - header_bytes : 0;
}

/* The link of an attached backend, or NULL. */
struct link *stack_link(struct leat *stack, const struct leat_netif *netif);

/* The link of the only netif that is attached, or NULL. */
static inline struct link *stack_only_link(struct leat *stack)
{
    return stack->links_end == stack->links + 1 ? stack->links : 0;
}

/* Limits packets sent on @link to @mtu bytes; the limit of its netif still applies. 0: no limit but
 * that of the netif. */
COLD void link_set_mtu(struct link *link, uint16_t mtu);

#endif
