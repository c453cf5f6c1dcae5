/*
 * solo5.h -- Solo5: leat_host of its guest, and its network and block devices as backends.
 *
 * The same objects run under each of its tenders (hvt, spt, virtio, muen); the link step chooses
 * one.  Only this library calls Solo5.  The program defines solo5_app_main(), which begins with
 * leat_solo5_init().
 */
#ifndef LEAT_SOLO5_H
#define LEAT_SOLO5_H

#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/block.h>
#include <leat/err.h>
#include <leat/host.h>
#include <leat/netif.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_solo5_net;
struct solo5_start_info;

/** The guest; it lives as long as the program. */
struct leat_solo5 {
    /**
     * wait() yields to Solo5, and returns at once if a device of the manifest has unread input:
     * open them all.  It never returns false.  entropy() uses the processor's RDSEED or RDRAND,
     * because Solo5 has no source; without both it returns LEAT_ERR_ENTROPY.
     */
    struct leat_host host;
    uint64_t polled_ns;       /**< the last now_ns(); private */
    uint64_t guard[6];        /**< FS points here, for code with a stack protector; private */
    const char *command_line; /**< the arguments of the image; NUL-terminated, never NULL */
    void *memory;             /**< the heap, but for a part left to the C stack; the program's */
    size_t memory_bytes;      /**< length of `memory` */
};

/** The device, and overrides of its own facts. */
struct leat_solo5_net_config {
    struct leat_solo5 *solo5;         /**< its memory holds the device, and one frame of it */
    const char *device;               /**< its name in the manifest; NULL: "service" */
    const struct leat_mac *mac;       /**< our address on the link; NULL: the tender's */
    uint16_t mtu;                     /**< 0: the device's */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Failures and costs; a backend has no other way to report them. */
struct leat_solo5_net_counters {
    uint64_t rx_cut;          /**< frames dropped: longer than the MTU allows */
    uint64_t rx_error;        /**< reads that Solo5 refused */
    uint64_t rx_starved;      /**< times that the pool had no buffers for the device */
    uint64_t rx_copied_bytes; /**< copied, because the pool's buffers are smaller than a frame */
    uint64_t tx_copied_bytes; /**< copied to join the pieces of frames, with such an MTU */
    uint64_t tx_refused;      /**< frames lost because Solo5 refused them */
};

/**
 * Fills in @p solo5 from the argument of solo5_app_main(), and runs the static constructors of the
 * program: call it once, before anything else.
 */
void leat_solo5_init(struct leat_solo5 *solo5, const struct solo5_start_info *start);

/**
 * Takes @p bytes, aligned to 64, off the front of solo5->memory; not zeroed.  NULL: there aren't so
 * many.
 */
void *leat_solo5_take(struct leat_solo5 *solo5, size_t bytes);

/**
 * Acquires a device; Solo5 allows that once for each.  On error @p why is one line with the
 * failure.
 *
 * Errors: LEAT_ERR_NOT_FOUND (no such network device in the manifest), LEAT_ERR_MEMORY,
 * LEAT_ERR_ARGUMENT (a group MAC, an MTU under 68 or over the device's).
 */
enum leat_err leat_solo5_net_open(struct leat_solo5_net **net,
                                  const struct leat_solo5_net_config *config, const char **why);

/**
 * The backend to give to leat_attach(); valid for ever.
 *
 * Solo5 reads and writes frames in one piece.  They are read straight into buffers of the pool if
 * these hold the MTU, and written without a copy if they are one piece.  All other frames are
 * copied once and counted: in copied_tx_bytes of the stack, or here if the MTU is above 1,900.
 */
struct leat_netif *leat_solo5_net_netif(struct leat_solo5_net *net);

/** Its counters. */
const struct leat_solo5_net_counters *leat_solo5_net_counters(const struct leat_solo5_net *net);

/**
 * Acquires the block device @p name of the manifest, which Solo5 allows once for each; the name
 * must stay.  @p device is for leat_block_open(), and valid for ever.  A request takes one buffer.
 * It is carried out where it is submitted, a call a sector: the guest waits for the host.  Solo5
 * has no flush, so a write whose callback has run survives the end of the guest, but not a loss of
 * the host's power.  On error @p why is one line with the failure.
 *
 * Errors: LEAT_ERR_NOT_FOUND (no such block device in the manifest), LEAT_ERR_MEMORY,
 * LEAT_ERR_DEVICE (its blocks have an impossible size or number).
 */
enum leat_err leat_solo5_block_open(struct leat_block_device **device, struct leat_solo5 *solo5,
                                    const char *name, const char **why);

#ifdef __cplusplus
}
#endif
#endif
