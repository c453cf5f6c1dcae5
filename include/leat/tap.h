/*
 * tap.h -- a Linux TAP device as a backend: whole Ethernet frames to and from the kernel.
 *
 * A device may have several queues, each a backend of its own, for a stack of its own.  A frame may
 * be sent by any queue.  A frame from the kernel comes to one queue: the kernel spreads flows by a
 * hash.  Once a frame of a flow has been sent by a queue, the flow comes to that queue, until a few
 * seconds after the last such frame.  That suits queues of one host that share their state.  Stacks
 * that share nothing each take an address of their own; leat_tap_steer() makes the kernel choose
 * the queue by address.
 */
#ifndef LEAT_TAP_H
#define LEAT_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/netif.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Linux's limit of queues, and the default backlog of a device that we make. */
enum {
    LEAT_TAP_QUEUES_MAX = 256,
    LEAT_TAP_BACKLOG_FRAMES = 4096 /**< Linux's own is 500 or 1,000 */
};

struct leat_tap;

/** The device, and how it is opened. */
struct leat_tap_config {
    const char *device;         /**< its name; NULL: "leat0" */
    const struct leat_mac *mac; /**< our address on the link; NULL: random, locally administered */
    struct leat_posix *posix;   /**< its wait() watches the device; NULL: none */
    bool tun;                   /**< a TUN device: IP packets without Ethernet, which pass by
                                     ip_link.h; `mac` is not used */
    bool create;                /**< make the device if there is none; it goes with the process */
    uint16_t backlog_frames; /**< of a device that we make: how many frames may wait in the kernel
                                  (txqueuelen).  It should exceed the number of connections that
                                  send at once; 0: LEAT_TAP_BACKLOG_FRAMES.  An existing device
                                  keeps its own */
    uint16_t mtu;            /**< ours, at most the device's; 0: that of the device */
    bool no_offload;         /**< no super-frames, and all checksums computed, as on a wire; the
                                  same for all queues of a device */
    uint16_t queues;         /**< queues of a device made for several (ip tuntap add ...
                                  multi_queue); 0: it was made for one */
    uint16_t queue;          /**< the number of this queue; open them in order, from 0 */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Failures and costs; a backend has no other way to report them. */
struct leat_tap_counters {
    uint64_t rx_cut;       /**< frames dropped: longer than the MTU allows */
    uint64_t rx_starved;   /**< times that input had to wait because the pool was empty */
    uint64_t tx_refused;   /**< frames that the kernel did not accept */
    uint64_t rx_copied;    /**< bytes of super-frames that were copied: short ends of them, or all
                                slabs were lent */
    uint64_t tx_flattened; /**< frames copied because they had more pieces than writev takes */
};

/**
 * Opens the device, without waiting, and brings it up if it is down.  Frames pass between leat and
 * the kernel as both use them inside: TCP super-frames of up to 64 KiB, and no checksums, as there
 * is no wire (IFF_VNET_HDR).  The exceptions are kernels that can't do it, and `no_offload`.
 * If the device has several queues, it opens one.  Each may be polled by a thread of its own.
 * On error @p why holds one line with the failure and its remedy.
 *
 * Errors: LEAT_ERR_ARGUMENT (an illegal name, a group MAC, an MTU under 68 or over the device's, a
 * queue that is not below queues, queues over LEAT_TAP_QUEUES_MAX), LEAT_ERR_NOT_FOUND (no such
 * device), LEAT_ERR_MEMORY, LEAT_ERR_DEVICE (no permission, in use, made for one queue when it is
 * opened for several or the other way round, a kernel without queues, queues opened out of order,
 * ...).
 */
enum leat_err leat_tap_open(struct leat_tap **tap, const struct leat_tap_config *config,
                            char why[LEAT_WHY_BYTES]);

/**
 * Says whether leat_tap_open() would open the device, and changes nothing.  It looks at the device,
 * its owner, group and MTU, and at this process' rights.  A device that another program has open
 * counts as one that can be opened.  Errors and @p why are those of leat_tap_open().
 */
enum leat_err leat_tap_check(const struct leat_tap_config *config, char why[LEAT_WHY_BYTES]);

/**
 * Makes the kernel choose the queue of a frame by its destination address.  IPv4 packets to
 * @p first + i, and ARP packets about that address, come to queue i, for each i below @p count. All
 * others (broadcasts, multicasts, other protocols) come to queue 0.  It applies to the device until
 * @p tap is closed; open all the queues before.
 *
 * Errors: LEAT_ERR_FAMILY (@p first is of IPv6), LEAT_ERR_DEVICE (no permission: it takes CAP_BPF
 * and CAP_NET_ADMIN; a kernel before Linux 4.16), with @p why.
 */
enum leat_err leat_tap_steer(struct leat_tap *tap, struct leat_ip first, uint16_t count,
                             char why[LEAT_WHY_BYTES]);

/** The backend to give to leat_attach(); for a TUN device the wrapper of ip_link.h around it. Valid
 * until leat_tap_close(). */
struct leat_netif *leat_tap_netif(struct leat_tap *tap);

/** Its counters; valid until leat_tap_close(), also after the stack has closed the device. */
const struct leat_tap_counters *leat_tap_counters(const struct leat_tap *tap);

/** True once the device has disappeared; no more frames arrive. */
bool leat_tap_lost(const struct leat_tap *tap);

/** Closes the device, if leat_close() has not done it, and frees @p tap.  NULL is allowed. */
void leat_tap_close(struct leat_tap *tap);

#ifdef __cplusplus
}
#endif
#endif
