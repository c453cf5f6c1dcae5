/* tap.h -- a Linux TAP device as a backend: whole Ethernet frames to and from the kernel. */
#ifndef LEAT_TAP_H
#define LEAT_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/netif.h>
#include <leat/posix.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_tap;

/** What to open. */
struct leat_tap_config {
    const char *device;         /**< "leat0"; NULL: that */
    const struct leat_mac *mac; /**< our address on the link; NULL: random, locally administered */
    struct leat_posix *posix;   /**< the host whose wait() shall watch it; NULL: none */
    bool create;                /**< make the device if there is none; it goes with the process */
    uint16_t mtu;               /**< ours, at most the device's; 0: that of the device */
    bool no_offload;            /**< every frame alone, every checksum computed: as on a wire */
};

/** What the stack can't know of a device, because a backend doesn't fail. */
struct leat_tap_counters {
    uint64_t rx_cut;       /**< frames longer than the MTU allows: thrown away */
    uint64_t rx_starved;   /**< times that input had to wait because the pool was empty */
    uint64_t tx_refused;   /**< frames that the kernel did not take */
    uint64_t rx_copied;    /**< bytes of super-frames that came when none was expected */
    uint64_t tx_flattened; /**< frames copied because they had more pieces than writev takes */
};

/**
 * Opens the device, without waiting, and brings it up if it is down.  Frames pass between leat and
 * the kernel as they are inside of both: TCP super-frames of up to 64 KiB, checksums that nobody
 * computes for a wire that isn't there (IFF_VNET_HDR), unless the kernel can't or the configuration
 * says so.
 * On error @p why holds one line that says what failed and what to do.
 *
 * Errors: LEAT_ERR_ARGUMENT (a name that can't be one, a group MAC, an
 * MTU that is not 68 to the device's), LEAT_ERR_NOT_FOUND (no such
 * device), LEAT_ERR_DEVICE (no permission, in use, ...), LEAT_ERR_MEMORY.
 */
enum leat_err leat_tap_open(struct leat_tap **tap, const struct leat_tap_config *config,
                            char why[LEAT_WHY_BYTES]);

/** The backend to give to leat_attach(); valid until leat_tap_close(). */
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
