/*
 * xdp.h -- AF_XDP as a backend: a queue of a Linux network device, its frames in the pool itself.
 *
 * The stack's memory is the UMEM: the kernel, or with zero copy the device, writes frames into
 * buffers of the pool, and sends them from there.  A filter takes what is for leat's addresses; all
 * else goes on to Linux, so one device serves both.  leat speaks with the device's own MAC address,
 * and is told its addresses; or it has a MAC address of its own, and can ask the network for them.
 *
 * In the library leat-xdp (libxdp, libbpf).  It takes CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF.
 */
#ifndef LEAT_XDP_H
#define LEAT_XDP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/netif.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_xdp;

/** How frames come from the device to the pool. */
enum leat_xdp_copy {
    LEAT_XDP_ANY,       /**< without a copy if the driver can, else with one by the kernel */
    LEAT_XDP_COPY,      /**< by the kernel */
    LEAT_XDP_ZERO_COPY, /**< by the device, or not at all: opening fails then */
};

/** What to open. */
struct leat_xdp_config {
    const char *device;       /**< "eth0" */
    uint32_t queue;           /**< which of its receive queues */
    struct leat_ip ip;        /**< whose frames, IPv4 and ARP, are ours */
    uint32_t ip_count;        /**< so many addresses from ip on; 0 means 1 */
    struct leat_ip ip6;       /**< an IPv6 address of ours; LEAT_IP_ANY: none.  More of them:
                                   leat_xdp_take() */
    bool own_mac;             /**< leat has a MAC address of its own: all unicast frames for it are
                                   ours, and frames for groups both ours and Linux's; ip to all say
                                   nothing then */
    struct leat_mac mac;      /**< with own_mac: which; zeros: one made of the device's and the
                                   queue's number, locally administered */
    bool all;                 /**< every frame of the device's is ours, none Linux's */
    void *memory;             /**< the block of leat_init(): begins on a page, and so does what
                                   follows it; stays until leat_xdp_close() */
    size_t memory_bytes;      /**< its size, a multiple of a page */
    uint32_t buf_bytes;       /**< leat_config.buf_bytes: 2,048 (or 0) to the size of a page */
    uint16_t rx_buffers;      /**< of the pool that wait in the device: 0 means 256; a power of 2 */
    enum leat_xdp_copy copy;  /**< default: any */
    uint16_t busy_poll_us;    /**< stay awake so long after the last frame, microseconds: meanwhile
                                   the kernel asks the device when we poll (SO_BUSY_POLL), not by
                                   interrupts; 0: sleep at once */
    struct leat_xdp *first;   /**< for a second queue of a device: what opened the first, whose
                                   filter serves all.  NULL: this is the first */
    struct leat_posix *posix; /**< the host whose wait() shall watch it; NULL: none */
    uint16_t mtu;             /**< at most what fits beside 258 bytes of headroom: 0 means the
                                   device's, or that */
};

/** What the stack can't know of a device, because a backend doesn't fail. */
struct leat_xdp_counters {
    uint64_t rx_starved;   /**< times that fewer buffers waited than should, the pool being empty */
    uint64_t rx_dropped;   /**< frames that the kernel dropped for want of a buffer */
    uint64_t rx_ring_full; /**< the same because we were slow */
    uint64_t rx_long;      /**< frames longer than a buffer, and so than the MTU: dropped */
    uint64_t tx_refused;   /**< frames lost: not in the pool, or the device went */
    uint64_t tx_copied;    /**< bytes copied: of memory lent by the program, or of frames of more
                                pieces than the kernel takes */
    uint64_t rx_aside;     /**< with own_mac, frames that came by way of Linux: for groups, or by a
                                queue that isn't ours */
    uint64_t rx_aside_lost; /**< of them, lost: no buffer, longer than a frame, or we were slow */
    uint64_t rx_copied;     /**< bytes of those that came: each was copied into the pool */
    uint64_t kicks;         /**< system calls */
};

/**
 * Opens a queue and, if it is the first, puts the filter on the device.  On error @p why holds one
 * line that says what failed and what to do.
 *
 * Errors: LEAT_ERR_ARGUMENT (memory that isn't whole pages, an MTU or numbers that can't be),
 * LEAT_ERR_FAMILY (an address of the other family), LEAT_ERR_NOT_FOUND (no such device),
 * LEAT_ERR_DEVICE (no permission, no such queue, a filter of another program's, a driver without
 * what was asked for), LEAT_ERR_MEMORY.
 */
enum leat_err leat_xdp_open(struct leat_xdp **xdp, const struct leat_xdp_config *config,
                            char why[LEAT_WHY_BYTES]);

/** The backend to give to leat_attach(); valid until leat_xdp_close(). */
struct leat_netif *leat_xdp_netif(struct leat_xdp *xdp);

/**
 * From now on frames for @p ip, an IPv6 address, are ours on all queues of the device, and so are
 * the questions of its neighbours (RFC 4291 2.7.1).  It stays so until the first queue is closed.
 * With a MAC address of our own they are so already.
 * Errors: LEAT_ERR_FAMILY (no IPv6 unicast address), LEAT_ERR_FULL (64 at most), LEAT_ERR_DEVICE.
 */
enum leat_err leat_xdp_take(struct leat_xdp *xdp, struct leat_ip ip);

/** Its counters, as of this call; valid until leat_xdp_close(). */
const struct leat_xdp_counters *leat_xdp_counters(struct leat_xdp *xdp);

/** True if frames pass without a copy by the kernel. */
bool leat_xdp_is_zero_copy(const struct leat_xdp *xdp);

/** True once the device has gone away under us; nothing comes in any more. */
bool leat_xdp_lost(const struct leat_xdp *xdp);

/** Closes it, if leat_close() has not done it, and frees @p xdp; the first of a device last.  NULL
 * is allowed. */
void leat_xdp_close(struct leat_xdp *xdp);

#ifdef __cplusplus
}
#endif
#endif
