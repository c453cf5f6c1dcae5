/* udp.h -- sockets and their lookup (RFC 768, RFC 1122 4.1).
 *
 * socket.c opens, binds and closes sockets; ports.c finds them; groups.c handles multicast groups;
 * udp_input.c queues received datagrams and errors and delivers them to the program; udp_output.c
 * sends. */
#ifndef UDP_UDP_H
#define UDP_UDP_H

#include <leat/udp.h>

#include "ip/host.h"
#include "base.h"

/* An endpoint of a conversation. */
struct udp_end {
    host_id ip; /* of either family: ip/host.h */
    uint16_t port;
};

/* The families of a socket or an address. */
enum udp_families {
    UDP_V4 = 1,
    UDP_V6 = 2,
    UDP_BOTH = UDP_V4 | UDP_V6
};

struct leat_udp {
    struct ready ready; /* first, so that a ready entry can be cast to its socket */
    struct leat *stack;
    struct leat_udp *chain; /* next in the bucket, or in the free list */
    const struct leat_udp_events *events;
    void *arg;
    struct udp_end local;   /* port 0: not bound */
    struct udp_end peer;    /* port 0: not connected */
    host_id bound_ip;       /* local.ip before connect() restricted it */
    struct link *open_link; /* by leat_udp_bind_netif(), in no bucket then; or NULL */
    bool open;
    bool is_extra; /* the memory belongs to the opener, not to the table */
    bool broadcast;
    uint8_t only;                       /* UDP_V4: bound to 0.0.0.0; UDP_V6; 0: both families */
    bool reassembled;                   /* the datagram that was delivered last came in fragments */
    uint8_t ttl, tos;                   /* for sending; 0: IP's default */
    uint8_t received_ttl, received_tos; /* of the datagram that was delivered last */
    uint8_t sent;                       /* datagrams sent: 0, 1, or 2 for more */
    uint32_t quote; /* length and checksum of the last datagram, which an ICMP error quotes */
    struct buf_queue queue;
    enum leat_err error; /* pending for on_error, or LEAT_OK */
    struct leat_endpoint error_peer;
    struct leat_udp_counts counts;
};

/* Membership of a socket in a multicast group. */
struct udp_membership {
    struct leat_udp *udp;
    struct link *link;
    struct leat_ip group;
};

struct udp {
    struct leat_udp *sockets;
    struct leat_udp *free;
    struct leat_udp *found;    /* result of the last lookup, or NULL */
    struct leat_udp *running;  /* the socket that is called back; NULL: closed meanwhile */
    struct leat_udp **buckets; /* by port */
    uint32_t bucket_mask;
    uint16_t socket_count;
    uint16_t queue_max;
    uint16_t membership_count;
    uint16_t membership_max;
    struct udp_membership *memberships;
    void (*leave_all)(struct leat_udp *udp); /* NULL: no socket has ever joined a group */
};

/* True if the socket exchanges datagrams with this peer: it is unconnected, or connected to it. */
static inline bool udp_talks_to(const struct leat_udp *udp, host_id peer_ip, uint16_t peer_port)
{
    return udp->peer.port == 0 || (udp->peer.ip == peer_ip && udp->peer.port == peer_port);
}

/* True if the socket is for the other family than @ip's. */
static inline bool udp_excludes(const struct leat_udp *udp, host_id ip)
{
    return udp->only != 0 && (udp->only == UDP_V6) != host_is_v6(ip);
}

/* Binds to an unpredictable free port (RFC 6056), unless the socket is bound.  LEAT_ERR_IN_USE: no
 * port is free. */
enum leat_err udp_bind_ephemeral(struct leat_udp *udp);

/* The functions of the protocol, and the callback of a socket in the ready queue. */
void udp_input(struct leat *stack, struct packet *packet);
COLD bool udp_icmp_error(struct leat *stack, const struct icmp_error *error);
void udp_run(struct leat *stack, struct ready *ready);

#endif
