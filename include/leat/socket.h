/*
 * socket.h -- a backend that carries frames over a UNIX socket.  It needs neither root nor a
 * device.
 *
 * There are two framings, both compatible with other programs:
 *
 *   stream    each frame behind its length, 4 bytes, most significant first: QEMU
 *             (-netdev stream), passt, gvproxy, vde and slirp tools
 *   datagram  each frame is a datagram: QEMU (-netdev dgram), vfkit, libkrun
 *
 * One system call writes a burst, and one reads all that has arrived.  Received frames stay where
 * the kernel put them: short ones share a buffer of the pool, each with a view of its own.
 */
#ifndef LEAT_SOCKET_H
#define LEAT_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/netif.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The framing of the socket. */
enum leat_socket_framing {
    LEAT_SOCKET_STREAM,  /**< SOCK_STREAM: a length of 4 bytes in front of each frame */
    LEAT_SOCKET_DATAGRAM /**< SOCK_DGRAM: a datagram per frame */
};

struct leat_socket;

/** The socket: a path, or a connected descriptor. */
struct leat_socket_config {
    const char *path;       /**< of the peer's socket, or, with @c listen, of ours; NULL: use fd */
    const char *local_path; /**< datagrams: our own path, for the peer's answers */
    int fd;                 /**< if path is NULL: a connected UNIX socket, such as one end of a
                                 socketpair.  Taken, also on error */
    bool listen;            /**< streams: wait at path for a peer, one at a time; when it leaves,
                                 for the next.  A socket left there by a dead program is replaced,
                                 and ours is removed at the end */
    enum leat_socket_framing framing; /**< default: stream */
    const struct leat_mac *mac;       /**< our address; NULL: random, locally administered */
    struct leat_posix *posix;         /**< its wait() watches the socket; NULL: none */
    uint16_t mtu;                     /**< both ends must agree: 0 means 1,500; up to 65,535 */
    bool marks; /**< streams between two stacks of leat that both set this: the checksums of TCP
                     and UDP are left out, and marks in front of each frame say so.  No other
                     program understands the marks: the connection ends at once */
    bool no_offload; /**< with marks: compute the checksums of frames that we send nevertheless, for
                        a peer that forwards frames to a wire, or records them */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Failures and costs; a backend has no other way to report them. */
struct leat_socket_counters {
    uint64_t rx_short;   /**< frames dropped: shorter than an Ethernet header */
    uint64_t rx_long;    /**< frames dropped: longer than the MTU allows */
    uint64_t rx_starved; /**< times that input had to wait because the pool was empty */
    uint64_t rx_dropped; /**< frames dropped because the pool stayed empty within them */
    uint64_t rx_copied;  /**< bytes of headers that lay across two buffers */
    uint64_t rx_calls;   /**< system calls that read something */
    uint64_t tx_calls;   /**< system calls that wrote something */
    uint64_t tx_refused; /**< frames lost: no peer, or the socket broke */
    uint64_t peers;      /**< peers that connected to a listening socket */
};

/**
 * Opens it, without waiting.  A listening one may be attached before the first peer connects.  On
 * error @p why holds one line with the failure and its remedy.
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
 * The reason why no more frames arrive, as one line: the peer closed the connection, or sent
 * something that can't be a frame.  Earlier frames were delivered.  NULL while it works, and always
 * for a listening socket.
 */
const char *leat_socket_lost(const struct leat_socket *socket);

/** Closes it, if leat_close() has not done it, and frees @p socket.  NULL is allowed. */
void leat_socket_close(struct leat_socket *socket);

/** Options for passt (https://passt.top), which gives a program without root the host's network. */
struct leat_passt_config {
    const char *program;    /**< NULL: "passt", looked for in PATH */
    const char *const *tcp; /**< ports forwarded to us, "[ADDRESS/]PORT[:OURS]"; ends with NULL */
    const char *const *udp; /**< the same for UDP; either may be NULL: none */
    struct leat_ip ip;      /**< our address, for which passt answers */
    uint8_t prefix_bits;    /**< of its network */
    struct leat_ip gateway; /**< passt's own address in it */
    struct leat_ip ip6;     /**< our IPv6 address, of a /64; LEAT_IP_ANY: this machine's */
    bool ipv4_only;         /**< no IPv6; otherwise there is IPv6 if this machine has a route */
    uint16_t mtu;           /**< 0: 32,808; larger ones are slower (docs/socket.md) */
    const struct leat_mac *mac;       /**< as in struct leat_socket_config */
    struct leat_posix *posix;         /**< the same */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/**
 * Starts passt as a child that ends with us, and opens the socket to it.  Errors: those of
 * leat_socket_open(); LEAT_ERR_NOT_FOUND also if there is no such program.
 */
enum leat_err leat_passt_open(struct leat_socket **socket, const struct leat_passt_config *config,
                              char why[LEAT_WHY_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
