/*
 * tap.h -- a Linux TAP device as a backend: whole Ethernet frames to and from the kernel.
 *
 * A device may have several queues, each a backend of its own, for a stack of its own.  A frame
 * that is sent goes to the kernel whichever queue it takes.  A frame from the kernel comes to one
 * queue: the kernel spreads flows by a hash, and once a frame of a flow has been sent by a queue
 * the flow comes to that one, for as long as a few seconds after the last.  That is enough for
 * queues of one host that share what they know.  Stacks that share nothing each take an address,
 * and leat_tap_steer() lets the kernel go by that.
 */
#ifndef LEAT_TAP_H
#define LEAT_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/netif.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What Linux gives one device, and what we give one that we make. */
enum {
    LEAT_TAP_QUEUES_MAX = 256,
    LEAT_TAP_BACKLOG_FRAMES = 4096 /**< Linux's own is 500 or 1,000 */
};

struct leat_tap;

/** What to open. */
struct leat_tap_config {
    const char *device;         /**< "leat0"; NULL: that */
    const struct leat_mac *mac; /**< our address on the link; NULL: random, locally administered */
    struct leat_posix *posix;   /**< the host whose wait() shall watch it; NULL: none */
    bool tun;                   /**< a TUN device: IP packets without Ethernet, which pass by
                                     ip_link.h; `mac` is not used */
    bool create;                /**< make the device if there is none; it goes with the process */
    uint16_t backlog_frames;    /**< of a device that is made: how many frames wait in the kernel
                                     until they are read (txqueuelen), more than connections that
                                     send at once; 0: LEAT_TAP_BACKLOG_FRAMES.  One that is there
                                     keeps its own */
    uint16_t mtu;               /**< ours, at most the device's; 0: that of the device */
    bool no_offload;            /**< every frame alone, every checksum computed: as on a wire;
                                     the same for all queues of a device */
    uint16_t queues;            /**< of a device made for several (ip tuntap add ... multi_queue);
                                     0: it was made for one */
    uint16_t queue;             /**< which of them this is; they are opened in order, from 0 */
};

/** What the stack can't know of a device, because a backend doesn't fail. */
struct leat_tap_counters {
    uint64_t rx_cut;       /**< frames longer than the MTU allows: thrown away */
    uint64_t rx_starved;   /**< times that input had to wait because the pool was empty */
    uint64_t tx_refused;   /**< frames that the kernel did not take */
    uint64_t rx_copied;    /**< bytes of super-frames read beside the pool: few at the end of
                                one, or all slabs were lent */
    uint64_t tx_flattened; /**< frames copied because they had more pieces than writev takes */
};

/**
 * Opens the device, without waiting, and brings it up if it is down.  Frames pass between leat and
 * the kernel as they are inside of both: TCP super-frames of up to 64 KiB, checksums that nobody
 * computes for a wire that isn't there (IFF_VNET_HDR), unless the kernel can't or the configuration
 * says so.
 * Of a device with several queues it opens one.  Each may be polled by a thread of its own.
 * On error @p why holds one line that says what failed and what to do.
 *
 * Errors: LEAT_ERR_ARGUMENT (a name that can't be one, a group MAC, an
 * MTU that is not 68 to the device's, a queue that is not 0 to one below queues, or queues over
 * LEAT_TAP_QUEUES_MAX), LEAT_ERR_NOT_FOUND (no such device), LEAT_ERR_DEVICE (no permission, in
 * use, made for one queue or for several when it is the other, a kernel without queues, another
 * number of queues open than come before this one, ...), LEAT_ERR_MEMORY.
 */
enum leat_err leat_tap_open(struct leat_tap **tap, const struct leat_tap_config *config,
                            char why[LEAT_WHY_BYTES]);

/**
 * Lets the kernel choose the queue of a frame by the address that it is for: what is sent to
 * @p first + i by IPv4, or asks or tells that address by ARP, comes to queue i, for each i below
 * @p count.  All else (broadcasts, multicasts, other protocols) comes to queue 0.  It holds for the
 * device until @p tap is closed; open all the queues before.
 *
 * Errors: LEAT_ERR_FAMILY (@p first is of IPv6), LEAT_ERR_DEVICE (no permission: it takes CAP_BPF
 * and CAP_NET_ADMIN; a kernel before Linux 4.16), with @p why.
 */
enum leat_err leat_tap_steer(struct leat_tap *tap, struct leat_ip first, uint16_t count,
                             char why[LEAT_WHY_BYTES]);

/** The backend to give to leat_attach(), of a TUN device the one of ip_link.h around it; valid until
 * leat_tap_close(). */
struct leat_netif *leat_tap_netif(struct leat_tap *tap);

/** Its counters; valid until leat_tap_close(), also when the stack has closed the device. */
const struct leat_tap_counters *leat_tap_counters(const struct leat_tap *tap);

/** True once the device has gone away under us; nothing comes in any more. */
bool leat_tap_lost(const struct leat_tap *tap);

/** Closes the device, if leat_close() has not done it, and frees @p tap.  NULL is allowed. */
void leat_tap_close(struct leat_tap *tap);

#ifdef __cplusplus
}
#endif
#endif
