/* udp.h -- datagrams (RFC 768, RFC 1122 4.1). */
#ifndef LEAT_UDP_H
#define LEAT_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_udp;

/** Limits of UDP.  Every 0 means the default named beside it. */
struct leat_udp_config {
    uint16_t sockets;                 /**< sockets of leat_udp_open() at a time: 64 */
    uint16_t queue_max;               /**< datagrams waiting for one socket's callback: 256 */
    uint16_t groups;                  /**< memberships of leat_udp_join() at a time: 8 */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** The callbacks of a socket.  Called from leat_poll() only; any may be NULL. */
struct leat_udp_events {
    /**
     * A datagram from @p peer to @p local, which may be a broadcast address of ours.  The buffer
     * list (its payload, maybe of length 0) now belongs to the program.
     */
    void (*on_datagram)(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg);
    /**
     * An ICMP error for a datagram that this socket sent to @p peer: LEAT_ERR_REFUSED (port
     * unreachable), LEAT_ERR_UNREACHABLE, LEAT_ERR_TOO_BIG (RFC 1122 4.1.3.3).  If there are
     * several in one poll, the latest is reported.  An attacker who guesses the ports can forge
     * one, so it is only a hint.
     */
    void (*on_error)(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                     void *arg);
};

/** Bytes that leat_udp_register() takes from the stack's block. */
size_t leat_udp_memory_bytes(const struct leat_udp_config *config);

/** Adds UDP to the stack, once, before the first poll.  @p config may be NULL (defaults). */
enum leat_err leat_udp_register(struct leat *stack, const struct leat_udp_config *config);

/**
 * Opens a socket.  @p events must outlive it; @p arg is handed to each callback.
 * Errors: LEAT_ERR_MEMORY (all sockets in use), LEAT_ERR_PROTOCOL (no leat_udp_register()).
 */
enum leat_err leat_udp_open(struct leat *stack, struct leat_udp **udp,
                            const struct leat_udp_events *events, void *arg);

/** Bytes of a socket, for leat_udp_open_in(); a multiple of 8. */
size_t leat_udp_socket_bytes(void);

/**
 * leat_udp_open() in @p memory of leat_udp_socket_bytes(), aligned for uint64_t.  It takes none of
 * leat_udp_config.sockets, so it can't fail for lack of one.  The memory belongs to the socket
 * until leat_udp_close().  Error: LEAT_ERR_PROTOCOL.
 */
enum leat_err leat_udp_open_in(struct leat *stack, void *memory, struct leat_udp **udp,
                               const struct leat_udp_events *events, void *arg);

/**
 * Receives datagrams to @p ip (LEAT_IP_ANY: all of our addresses of both families, and broadcasts;
 * LEAT_IP4_ANY: the same of IPv4 only) and @p port; 0 picks an unpredictable free one (RFC 6056). A
 * socket that is bound to all addresses of a family doesn't share its port in that family.
 * Errors: LEAT_ERR_IN_USE, LEAT_ERR_ARGUMENT (bound already, or not our address), LEAT_ERR_FAMILY
 * (an IPv6 address without leat_ipv6_register(), an IPv4 one after leat_udp_set_v6_only()),
 * LEAT_ERR_MEMORY (struct leat_ipv6_config.hosts).
 */
enum leat_err leat_udp_bind(struct leat_udp *udp, struct leat_ip ip, uint16_t port);

/**
 * Receives the datagrams to @p port that come by @p netif and match no other socket, whatever their
 * destination address.  It sends to 255.255.255.255 by that netif, from 0.0.0.0 or the address
 * given to leat_udp_send_from().  So a host without an address can ask for one (RFC 2131 4.1).
 * Errors: LEAT_ERR_IN_USE (a netif has one such socket), LEAT_ERR_ARGUMENT (bound already, port 0,
 * or not attached).
 */
enum leat_err leat_udp_bind_netif(struct leat_udp *udp, struct leat_netif *netif, uint16_t port);

/**
 * Sets the peer: only its datagrams and errors are received, and leat_udp_send() sends to it. Binds
 * to an ephemeral port if the socket was not bound.  A peer of LEAT_IP_ANY, port 0, removes the
 * peer.  A link-local IPv6 address means a host on the first netif.
 * Errors: LEAT_ERR_NO_ROUTE, LEAT_ERR_IN_USE (no port left), LEAT_ERR_FAMILY (an IPv6 address
 * without leat_ipv6_register(), or a peer of another family than the socket's only one),
 * LEAT_ERR_MEMORY (struct leat_ipv6_config.hosts).
 */
enum leat_err leat_udp_connect(struct leat_udp *udp, struct leat_ip ip, uint16_t port);

/** leat_udp_connect() to an endpoint, whose zone gives the netif of a link-local address. */
enum leat_err leat_udp_connect_to(struct leat_udp *udp, const struct leat_endpoint *peer);

/**
 * Joins @p group, of either family, at @p netif (NULL: the first), and receives its datagrams to
 * the socket's port.  Routers and switches are notified (IGMPv3, RFC 3376; MLDv2, RFC 3810; older
 * versions for routers that speak those).  Only sockets that have joined a group receive its
 * datagrams.  Datagrams that we send to a group are not looped back; leat_udp_send_from() chooses
 * their netif by its address, or for IPv6 by a zone.
 * Errors: LEAT_ERR_ARGUMENT (no group, not attached, IPv6 with an MTU under 1,280), LEAT_ERR_IN_USE
 * (joined already), LEAT_ERR_FULL (struct leat_udp_config.groups, leat_ipv6_config.groups),
 * LEAT_ERR_FAMILY (IPv6 without leat_ipv6_register(), or not the only family of the socket).
 */
enum leat_err leat_udp_join(struct leat_udp *udp, struct leat_netif *netif, struct leat_ip group);

/** Leaves a group, as leat_udp_close() does.  LEAT_ERR_NOT_FOUND: it was not joined. */
enum leat_err leat_udp_leave(struct leat_udp *udp, struct leat_netif *netif, struct leat_ip group);

/** Has LEAT_IP_ANY mean IPv6 alone when the socket is bound (RFC 3493 5.3), so that another socket
 * may have the port of IPv4.  It exchanges no datagrams over IPv4 then.  Not after it was bound. */
void leat_udp_set_v6_only(struct leat_udp *udp, bool v6_only);

/** Allows the socket to send to broadcast addresses; without it such a send is an error. */
void leat_udp_set_broadcast(struct leat_udp *udp, bool broadcast);

/**
 * Sets the TTL of sent datagrams; 0: the stack's, or 1 to a multicast address (RFC 1112 6.1).
 */
void leat_udp_set_ttl(struct leat_udp *udp, uint8_t ttl);

/** Sets the TOS octet of sent datagrams, DSCP and ECN (RFC 2474, RFC 3168); the default is 0. */
void leat_udp_set_tos(struct leat_udp *udp, uint8_t tos);

/**
 * Sends one datagram to @p peer; takes @p payload, whatever is returned.  Headers are written into
 * the payload's headroom unless its storage is shared.  A large datagram is fragmented, over IPv6
 * also for a smaller path MTU reported by a router (RFC 8201).  A link-local IPv6 address without a
 * zone is on the first netif.
 * Errors: LEAT_ERR_TOO_BIG (over 65,507 bytes, of IPv6 over 65,527), LEAT_ERR_NO_ROUTE,
 * LEAT_ERR_MEMORY (also if @p payload is NULL, so the result of an allocation may be passed on as
 * it is), LEAT_ERR_ARGUMENT (port 0, or a broadcast address without leat_udp_set_broadcast()),
 * LEAT_ERR_FAMILY (an IPv6 address without leat_ipv6_register(), or not the socket's only family).
 */
enum leat_err leat_udp_send_to(struct leat_udp *udp, struct leat_buf *payload,
                               const struct leat_endpoint *peer);

/** Sends @p payload to the connected peer, as leat_udp_send_to().  LEAT_ERR_CLOSED: the socket has
 * no peer. */
enum leat_err leat_udp_send(struct leat_udp *udp, struct leat_buf *payload);

/**
 * Sends from @p local_ip, an address of ours, instead of the one of the route.  A server gives the
 * address of on_datagram, so that its reply comes from where the request went.  For a broadcast or
 * multicast address the one of the route is used.
 */
enum leat_err leat_udp_send_from(struct leat_udp *udp, struct leat_buf *payload,
                                 const struct leat_endpoint *peer, struct leat_ip local_ip);

/** The local end: port 0 if unbound. */
struct leat_endpoint leat_udp_local(const struct leat_udp *udp);

/**
 * In on_datagram: true if the datagram came in fragments.  An attacker who can forge addresses can
 * put bytes of his own into later fragments, because these contain no port (RFC 8900 3.7).
 */
bool leat_udp_was_fragmented(const struct leat_udp *udp);

/** In on_datagram: the TTL (IPv6: hop limit) that the datagram arrived with. */
uint8_t leat_udp_received_ttl(const struct leat_udp *udp);

/** In on_datagram: its TOS octet (IPv6: traffic class), DSCP and ECN. */
uint8_t leat_udp_received_tos(const struct leat_udp *udp);

/** The stack of a socket. */
struct leat *leat_udp_stack(const struct leat_udp *udp);

/** Counters of a socket since it was opened: X(name, meaning). */
/* clang-format off */
#define LEAT_UDP_COUNTS(X)                                                                         \
    X(received, "datagrams that the program got, or that wait for it")                             \
    X(sent, "datagrams sent")                                                                      \
    X(unsent, "datagrams that could not be sent: no route, no memory, too long")                   \
    X(drop_checksum, "datagrams with a wrong checksum")                                            \
    X(drop_full, "datagrams for which its queue had no place (queue_max)")                         \
    X(drop_peer, "datagrams of a sender that it is not connected to")                              \
    X(drop_family, "datagrams over IPv6 while it is bound to 0.0.0.0")                             \
    X(drop_group, "datagrams to a group that only others have joined")
/* clang-format on */

/** The counters of a socket, 64 bits each.  The stack also counts a datagram that a socket drops:
 * under drop_udp_checksum, drop_udp_full or, for the last three, drop_udp_port. */
struct leat_udp_counts {
#define LEAT_UDP_COUNTS_FIELD(name, text) uint64_t name;
    LEAT_UDP_COUNTS(LEAT_UDP_COUNTS_FIELD)
#undef LEAT_UDP_COUNTS_FIELD
};

/** The counters; live until the socket is closed. */
const struct leat_udp_counts *leat_udp_counts(const struct leat_udp *udp);

/** Closes; datagrams not yet delivered are freed.  No callback comes after this. */
void leat_udp_close(struct leat_udp *udp);

#ifdef __cplusplus
}
#endif
#endif
