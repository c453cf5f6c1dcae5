/*
 * solo5.h -- Solo5: leat_host of its guest, and its network devices as backends.
 *
 * The same objects run under each of its tenders (hvt, spt, virtio, muen); which one is chosen when
 * the image is linked.  Everything that is asked of Solo5 is asked here; the program has
 * solo5_app_main() and begins with leat_solo5_init().
 */
#ifndef LEAT_SOLO5_H
#define LEAT_SOLO5_H

#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>
#include <leat/host.h>
#include <leat/netif.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_solo5_net;
struct solo5_start_info;

/** The guest as it was found; lives as long as the program. */
struct leat_solo5 {
    /**
     * wait() yields to Solo5, and returns at once if a device of the manifest has input that nobody
     * reads: open them all.  It never says that the program shall end.  entropy() is the
     * processor's RDSEED or RDRAND, for Solo5 has none: LEAT_ERR_ENTROPY without.
     */
    struct leat_host host;
    uint64_t polled_ns;       /**< the last now_ns(); private */
    uint64_t guard[6];        /**< FS points here, for code with a stack protector; private */
    const char *command_line; /**< what stood behind the image; NUL-terminated, never NULL */
    void *memory;             /**< the heap without what is left for the C stack: the program's */
    size_t memory_bytes;      /**< of it */
};

/** Which device, and what differs from its own facts. */
struct leat_solo5_net_config {
    struct leat_solo5 *solo5;   /**< its memory holds the device, and one frame of it */
    const char *device;         /**< its name in the manifest; NULL: "service" */
    const struct leat_mac *mac; /**< our address on the link; NULL: the tender's */
    uint16_t mtu;               /**< 0: the device's */
};

/** What the stack can't know of a device, because a backend doesn't fail. */
struct leat_solo5_net_counters {
    uint64_t rx_cut;          /**< frames longer than the MTU allows: dropped */
    uint64_t rx_error;        /**< reads that Solo5 refused */
    uint64_t rx_starved;      /**< times that the pool had no buffers for the device */
    uint64_t rx_copied_bytes; /**< read beside the pool: its buffers are smaller than a frame */
    uint64_t tx_copied_bytes; /**< of frames in pieces, of a device with such an MTU */
    uint64_t tx_refused;      /**< frames that Solo5 refused: lost */
};

/** Fills in @p solo5 from what Solo5 gave to solo5_app_main(). */
void leat_solo5_init(struct leat_solo5 *solo5, const struct solo5_start_info *start);

/**
 * Takes @p bytes, aligned to 64, off the front of solo5->memory; not zeroed.  NULL: there is not as
 * much.
 */
void *leat_solo5_take(struct leat_solo5 *solo5, size_t bytes);

/**
 * Acquires a device; Solo5 allows that once for each.  On error @p why is one line that says what
 * failed.
 *
 * Errors: LEAT_ERR_NOT_FOUND (no such network device in the manifest), LEAT_ERR_MEMORY,
 * LEAT_ERR_ARGUMENT (a group MAC, an MTU under 68 or over the device's).
 */
enum leat_err leat_solo5_net_open(struct leat_solo5_net **net,
                                  const struct leat_solo5_net_config *config, const char **why);

/**
 * The backend to give to leat_attach(); valid for ever.
 *
 * Solo5 takes and gives a frame in one piece.  Frames are read straight into buffers of the pool
 * if these hold the MTU, and written from where they lie if they are one piece; all else is copied
 * once and counted: in copied_tx_bytes of the stack, or here if the MTU is above 1,900.
 */
struct leat_netif *leat_solo5_net_netif(struct leat_solo5_net *net);

/** Its counters. */
const struct leat_solo5_net_counters *leat_solo5_net_counters(const struct leat_solo5_net *net);

#ifdef __cplusplus
}
#endif
#endif
