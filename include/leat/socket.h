/*
 * socket.h -- a network over a UNIX socket as a backend: no root, no device.
 *
 * Two framings, both as others speak them:
 *
 *   stream    each frame behind its length, 4 bytes, most significant first: QEMU
 *             (-netdev stream), passt, gvproxy, vde and slirp tools
 *   datagram  each frame is a datagram: QEMU (-netdev dgram), vfkit, libkrun
 *
 * A burst is written by one system call, and one reads as much as there is.  Received frames stay
 * where the kernel put them: short ones share a buffer of the pool, each with a view of its own.
 */
#ifndef LEAT_SOCKET_H
#define LEAT_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/netif.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How frames lie in the socket. */
enum leat_socket_framing {
    LEAT_SOCKET_STREAM,  /**< SOCK_STREAM: a length of 4 bytes in front of each frame */
    LEAT_SOCKET_DATAGRAM /**< SOCK_DGRAM: a datagram each */
};

struct leat_socket;

/** What to open: a path, or a descriptor that is connected already. */
struct leat_socket_config {
    const char *path;       /**< of the peer's socket, or, with @c listen, of ours; NULL: use fd */
    const char *local_path; /**< datagrams: where ours is bound, for the peer to answer */
    int fd;                 /**< if path is NULL: a connected UNIX socket (one end of a
                                 socketpair, say).  Taken, also on error */
    bool listen;            /**< streams: wait at path for a peer, one at a time; when it leaves,
                                 for the next.  A socket left there by a program that died is
                                 replaced, and ours is removed at the end */
    enum leat_socket_framing framing; /**< default: stream */
    const struct leat_mac *mac;       /**< our address; NULL: random, locally administered */
    struct leat_posix *posix;         /**< the host whose wait() shall watch it; NULL: none */
    uint16_t mtu;                     /**< both ends must agree: 0 means 1,500; up to 65,535 */
    bool marks;      /**< streams, both ends leat's, with this set: the checksums of TCP and UDP are
                          left out, and marks in front of each frame say so.  Whatever else is at
                          the other end doesn't understand them: the connection ends at once */
    bool no_offload; /**< with marks: complete the checksums of what we send nevertheless, for a
                          peer that hands frames on to a wire, or records them */
};

/** What the stack can't know of a socket, because a backend doesn't fail. */
struct leat_socket_counters {
    uint64_t rx_short;   /**< frames shorter than an Ethernet header: thrown away */
    uint64_t rx_long;    /**< frames longer than the MTU allows: thrown away */
    uint64_t rx_starved; /**< times that input had to wait because the pool was empty */
    uint64_t rx_dropped; /**< frames given up because the pool stayed empty in their middle */
    uint64_t rx_copied;  /**< bytes of headers that lay across two buffers */
    uint64_t rx_calls;   /**< system calls that read something */
    uint64_t tx_calls;   /**< system calls that wrote something */
    uint64_t tx_refused; /**< frames lost: no peer, or the socket broke */
    uint64_t peers;      /**< peers that came to a listening socket */
};

/**
 * Opens it, without waiting; who listens may be attached before the first peer comes.  On error
 * @p why holds one line that says what failed and what to do.
 *
 * Errors: LEAT_ERR_ARGUMENT (no path and no descriptor, a path too long for a UNIX socket, a group
 * MAC, an MTU under 68, datagrams that listen or have marks), LEAT_ERR_NOT_FOUND (nothing at path),
 * LEAT_ERR_DEVICE (refused, no permission, in use, another kind of socket, ...), LEAT_ERR_MEMORY.
 */
enum leat_err leat_socket_open(struct leat_socket **socket, const struct leat_socket_config *config,
                               char why[LEAT_WHY_BYTES]);

/** The backend to give to leat_attach(); valid until leat_socket_close(). */
struct leat_netif *leat_socket_netif(struct leat_socket *socket);

/** Its counters; valid until leat_socket_close(). */
const struct leat_socket_counters *leat_socket_counters(const struct leat_socket *socket);

/**
 * NULL, or one line that says why nothing comes in any more: the peer closed it, or sent what can't
 * be a frame.  What came before was delivered.  A listening socket is never lost.
 */
const char *leat_socket_lost(const struct leat_socket *socket);

/** Closes it, if leat_close() has not done it, and frees @p socket.  NULL is allowed. */
void leat_socket_close(struct leat_socket *socket);

/** How passt (https://passt.top) is to be started: a user's way into the network of the host. */
struct leat_passt_config {
    const char *program;    /**< NULL: "passt", looked for in PATH */
    const char *const *tcp; /**< ports forwarded to us, "[ADDRESS/]PORT[:OURS]"; ends with NULL */
    const char *const *udp; /**< the same for UDP; either may be NULL: none */
    struct leat_ip ip;      /**< our address, that passt shall answer for */
    uint8_t prefix_bits;    /**< of its network */
    struct leat_ip gateway; /**< passt's own address in it */
    struct leat_ip ip6;     /**< our address over IPv6, of a /64; LEAT_IP_ANY: this machine's */
    bool ipv4_only;         /**< no IPv6; else there is, if this machine has a way out by it */
    uint16_t mtu;           /**< 0: 32,808, or more is lost than won (docs/socket.md) */
    const struct leat_mac *mac; /**< as in struct leat_socket_config */
    struct leat_posix *posix;   /**< the same */
};

/**
 * Starts passt as a child that ends with us, and opens the socket to it.  Errors are those of
 * leat_socket_open(), and LEAT_ERR_NOT_FOUND: there is no such program.
 */
enum leat_err leat_passt_open(struct leat_socket **socket, const struct leat_passt_config *config,
                              char why[LEAT_WHY_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
