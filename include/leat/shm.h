/*
 * shm.h -- a network of two processes in shared memory, as a backend: no root, no device, and under
 * load no system call.
 *
 * A UNIX socket introduces the two: who connects hands over a memfd with a ring for each direction.
 * Each end copies: out of its pool into the ring, and out of the ring into its pool, so that
 * neither can read the other's memory or change a frame that was checked.  The socket then is the
 * doorbell: a byte wakes a peer that has said to sleep.  docs/socket.md has the protocol.
 */
#ifndef LEAT_SHM_H
#define LEAT_SHM_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/netif.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_shm;

/** What to open: a path, or a descriptor that is connected already. */
struct leat_shm_config {
    const char *path; /**< of the peer's socket, or, with @c listen, of ours; NULL: use fd */
    int fd;           /**< if path is NULL: a connected UNIX stream socket.  Taken, also on error */
    bool listen;      /**< with a path: wait there for a peer, one at a time; when it leaves, for
                           the next.  With fd: the peer is the one that hands the memory over */
    const struct leat_mac *mac; /**< our address; NULL: random, locally administered */
    struct leat_posix *posix;   /**< the host whose wait() shall watch it; NULL: none */
    uint16_t mtu;               /**< both ends must agree: 0 means 1,500; up to 65,535 */
    uint16_t busy_poll_us;      /**< stay awake so long after the last frame, microseconds: no
                                     doorbell is needed meanwhile; 0: sleep at once */
    bool no_offload; /**< complete the checksums of what we send: for a peer that hands frames on to
                          a wire.  Else they aren't computed, nor looked at: both ends trust the
                          memory */
};

/** What the stack can't know of it, because a backend doesn't fail. */
struct leat_shm_counters {
    uint64_t rx_short;      /**< frames shorter than an Ethernet header: thrown away */
    uint64_t rx_long;       /**< frames longer than the MTU allows: thrown away */
    uint64_t rx_starved;    /**< times that input had to wait because the pool was empty */
    uint64_t rx_dropped;    /**< frames given up because the pool stayed too small for them */
    uint64_t rx_copied;     /**< bytes copied out of the ring */
    uint64_t tx_copied;     /**< bytes copied into the ring */
    uint64_t tx_refused;    /**< frames lost for want of a peer */
    uint64_t bells_rung;    /**< system calls that woke the peer */
    uint64_t bells_heard;   /**< system calls that looked whether we were woken */
    uint64_t peers;         /**< peers that came to a listening socket */
    uint64_t peers_refused; /**< of them, what spoke otherwise or broke the rules */
};

/**
 * Opens it, without waiting; who listens may be attached before the first peer comes.  On error
 * @p why holds one line that says what failed and what to do.
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
 * NULL, or one line that says why nothing comes in any more: the peer closed it, refused us, or
 * wrote what can't be.  What came before was delivered.  Who listens at a path is never lost.
 */
const char *leat_shm_lost(const struct leat_shm *shm);

/** Closes it, if leat_close() has not done it, and frees @p shm.  NULL is allowed. */
void leat_shm_close(struct leat_shm *shm);

#ifdef __cplusplus
}
#endif
#endif
