/*
 * shm.h -- a backend that connects two processes by shared memory.  It needs neither root nor a
 * device, and under load no system calls.
 *
 * The processes meet at a UNIX socket.  The connecting one hands over a memfd with a ring for each
 * direction.  Each end copies frames from its pool into one ring, and from the other ring into its
 * pool.  So neither can read the other's memory or change a frame after it was checked.  Then the
 * socket is the doorbell: a byte wakes a sleeping peer.  docs/socket.md has the protocol.
 */
#ifndef LEAT_SHM_H
#define LEAT_SHM_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/netif.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_shm;

/** The socket: a path, or a connected descriptor. */
struct leat_shm_config {
    const char *path; /**< of the peer's socket, or, with @c listen, of ours; NULL: use fd */
    int fd;           /**< if path is NULL: a connected UNIX stream socket.  Taken, also on error */
    bool listen;      /**< with a path: wait there for a peer, one at a time; when it leaves, for
                           the next.  With fd: the peer hands the memory over */
    const struct leat_mac *mac; /**< our address; NULL: random, locally administered */
    struct leat_posix *posix;   /**< its wait() watches the socket; NULL: none */
    uint16_t mtu;               /**< both ends must agree: 0 means 1,500; up to 65,535 */
    uint16_t busy_poll_us;      /**< stay awake this long after the last frame, microseconds: no
                                     doorbell is needed meanwhile; 0: sleep at once */
    bool no_offload; /**< compute the checksums of frames that we send: for a peer that forwards
                        them to a wire.  Otherwise they are neither computed nor checked: both ends
                          trust the memory */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Failures and costs; a backend has no other way to report them. */
struct leat_shm_counters {
    uint64_t rx_short;      /**< frames dropped: shorter than an Ethernet header */
    uint64_t rx_long;       /**< frames dropped: longer than the MTU allows */
    uint64_t rx_starved;    /**< times that input had to wait because the pool was empty */
    uint64_t rx_dropped;    /**< frames dropped because the pool stayed too small for them */
    uint64_t rx_copied;     /**< bytes copied out of the ring */
    uint64_t tx_copied;     /**< bytes copied into the ring */
    uint64_t tx_refused;    /**< frames lost because there was no peer */
    uint64_t bells_rung;    /**< system calls that woke the peer */
    uint64_t bells_heard;   /**< system calls that looked whether we were woken */
    uint64_t peers;         /**< peers that connected to a listening socket */
    uint64_t peers_refused; /**< those of them with another protocol, or that broke the rules */
};

/**
 * Opens it, without waiting.  A listening one may be attached before the first peer connects.  On
 * error @p why holds one line with the failure and its remedy.
 *
 * Errors: LEAT_ERR_ARGUMENT (no path and no stream socket, a path too long for a UNIX socket, a
 * group MAC, an MTU under 68), LEAT_ERR_NOT_FOUND (nothing at path), LEAT_ERR_DEVICE (refused, no
 * permission, in use, no memfd, ...), LEAT_ERR_MEMORY.
 */
enum leat_err leat_shm_open(struct leat_shm **shm, const struct leat_shm_config *config,
                            char why[LEAT_WHY_BYTES]);

/** The backend to give to leat_attach(); valid until leat_shm_close(). */
struct leat_netif *leat_shm_netif(struct leat_shm *shm);

/** Its counters; valid until leat_shm_close(). */
const struct leat_shm_counters *leat_shm_counters(const struct leat_shm *shm);

/**
 * The reason why no more frames arrive, as one line: the peer closed the connection, refused us, or
 * broke the protocol.  Earlier frames were delivered.  NULL while it works, and always for one that
 * listens at a path.
 */
const char *leat_shm_lost(const struct leat_shm *shm);

/** Closes it, if leat_close() has not done it, and frees @p shm.  NULL is allowed. */
void leat_shm_close(struct leat_shm *shm);

#ifdef __cplusplus
}
#endif
#endif
