/*
 * xdp.h -- AF_XDP as a backend: a queue of a Linux network device, with frames in the pool itself.
 *
 * The stack's memory is the UMEM.  The kernel, or with zero copy the device, writes frames into
 * buffers of the pool, and sends them from there.  A filter takes the frames for leat's addresses;
 * all others go on to Linux, so one device serves both.  Either leat uses the device's own MAC
 * address, and is told its IP addresses.  Or it has a MAC address of its own, and can ask the
 * network for IP addresses.
 *
 * In the library leat-xdp (libxdp, libbpf).  It takes CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF.
 */
#ifndef LEAT_XDP_H
#define LEAT_XDP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/netif.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_xdp;

/** How frames get from the device to the pool. */
enum leat_xdp_copy {
    LEAT_XDP_ANY,       /**< without a copy if the driver can, else copied by the kernel */
    LEAT_XDP_COPY,      /**< copied by the kernel */
    LEAT_XDP_ZERO_COPY, /**< written by the device; opening fails if the driver can't */
};

/** The device and queue, and the frames to take. */
struct leat_xdp_config {
    const char *device;      /**< "eth0" */
    uint32_t queue;          /**< the number of the receive queue */
    struct leat_ip ip;       /**< take IPv4 and ARP frames for this address */
    uint32_t ip_count;       /**< number of such addresses, from ip on; 0 means 1 */
    struct leat_ip ip6;      /**< an IPv6 address of ours; LEAT_IP_ANY: no address.
                                  leat_xdp_take() adds more */
    bool own_mac;            /**< leat has a MAC address of its own: it gets all unicast frames for
                                  it, and both leat and Linux get frames for groups.  Then `ip` to
                                  `ip6` are ignored */
    struct leat_mac mac;     /**< with own_mac: the address; zeros: derived from the device's and
                                  the queue's number, locally administered */
    bool all;                /**< take every frame of the device; Linux gets none */
    void *memory;            /**< the block of leat_init(): page-aligned at both ends; stays until
                                  leat_xdp_close() */
    size_t memory_bytes;     /**< its size, a multiple of a page */
    uint32_t buf_bytes;      /**< leat_config.buf_bytes: 2,048 (or 0) to the size of a page */
    uint16_t rx_buffers;     /**< pool buffers that wait in the device: 0 means 256; a power of 2 */
    enum leat_xdp_copy copy; /**< default: any */
    uint16_t busy_poll_us;   /**< stay awake this long after the last frame, microseconds: meanwhile
                                  the kernel looks at the device when we poll (SO_BUSY_POLL), not
                                  at interrupts; 0: sleep at once */
    struct leat_xdp *first;  /**< for a second queue of a device: the first one, whose filter serves
                                  all.  NULL: this is the first */
    struct leat_posix *posix; /**< its wait() watches the queue; NULL: none */
    uint16_t mtu;             /**< at most as fits with 258 bytes of headroom: 0 means the device's,
                                   or that limit */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Failures and costs; a backend has no other way to report them. */
struct leat_xdp_counters {
    uint64_t rx_starved;    /**< times that too few buffers waited because the pool was empty */
    uint64_t rx_dropped;    /**< frames that the kernel dropped for lack of a buffer */
    uint64_t rx_ring_full;  /**< frames that the kernel dropped because we were slow */
    uint64_t rx_long;       /**< frames dropped: longer than a buffer, and so than the MTU */
    uint64_t tx_refused;    /**< frames lost: not in the pool, or the device disappeared */
    uint64_t tx_copied;     /**< bytes copied: of memory lent by the program, or of frames of more
                                 pieces than the kernel takes */
    uint64_t rx_aside;      /**< with own_mac, frames received by way of Linux: for groups, or by a
                                 queue that isn't ours */
    uint64_t rx_aside_lost; /**< those that were lost: no buffer, too long, or we were slow */
    uint64_t rx_copied;     /**< bytes of frames in rx_aside, which are copied into the pool */
    uint64_t kicks;         /**< system calls */
};

/**
 * Opens a queue and, if it is the first, installs the filter on the device.  On error @p why holds
 * one line with the failure and its remedy.
 *
 * Errors: LEAT_ERR_ARGUMENT (memory that isn't whole pages, an impossible MTU or number),
 * LEAT_ERR_FAMILY (an address of the other family), LEAT_ERR_NOT_FOUND (no such device),
 * LEAT_ERR_MEMORY, LEAT_ERR_DEVICE (no permission, no such queue, a filter of another program, or a
 * driver without a requested feature).
 */
enum leat_err leat_xdp_open(struct leat_xdp **xdp, const struct leat_xdp_config *config,
                            char why[LEAT_WHY_BYTES]);

/** The backend to give to leat_attach(); valid until leat_xdp_close(). */
struct leat_netif *leat_xdp_netif(struct leat_xdp *xdp);

/**
 * Takes frames for @p ip, an IPv6 address, from now on, on all queues of the device, and also
 * neighbour solicitations for it (RFC 4291 2.7.1).  That lasts until the first queue is closed.
 * With a MAC address of our own it is so already.
 * Errors: LEAT_ERR_FAMILY (no IPv6 unicast address), LEAT_ERR_FULL (64 at most), LEAT_ERR_DEVICE.
 */
enum leat_err leat_xdp_take(struct leat_xdp *xdp, struct leat_ip ip);

/** Its counters, as of this call; valid until leat_xdp_close(). */
const struct leat_xdp_counters *leat_xdp_counters(struct leat_xdp *xdp);

/** True if the kernel doesn't copy frames. */
bool leat_xdp_is_zero_copy(const struct leat_xdp *xdp);

/** True once the device has disappeared; no more frames arrive. */
bool leat_xdp_lost(const struct leat_xdp *xdp);

/** Closes it, if leat_close() has not done it, and frees @p xdp.  Close the first queue of a device
 * last.  NULL is allowed. */
void leat_xdp_close(struct leat_xdp *xdp);

#ifdef __cplusplus
}
#endif
#endif
