/*
 * link.h -- a simulated wire between two stacks in one process, with configurable faults.
 *
 * All faults come from a seed, so a run can be repeated byte for byte.  The wire copies frames: the
 * stack at each end receives them in buffers of its own pool, as from a device.
 */
#ifndef LEAT_LINK_H
#define LEAT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/netif.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Faults of one direction; all 0: a perfect wire of infinite speed. */
struct leat_link_faults {
    uint64_t delay_ns;        /**< every frame travels for this long */
    uint64_t jitter_ns;       /**< a random 0 to this is added: frames overtake each other */
    uint64_t bits_per_s;      /**< the rate of the wire; 0: infinite */
    uint32_t queue_frames;    /**< frames that may wait for the wire, more are lost; 0: no limit */
    uint32_t loss_per_m;      /**< frames lost, of a million */
    uint32_t duplicate_per_m; /**< frames that arrive twice */
    uint32_t corrupt_per_m;   /**< frames with one bit flipped */
    uint32_t reorder_per_m;   /**< frames held back for reorder_ns */
    uint64_t reorder_ns;      /**< how long reordered frames are held back */
};

/** Counters of one direction. */
struct leat_link_counts {
    uint64_t sent;        /**< frames that the end gave to the wire */
    uint64_t lost;        /**< frames lost because of loss_per_m */
    uint64_t duplicated;  /**< copies made by duplicate_per_m */
    uint64_t corrupted;   /**< frames with a bit flipped */
    uint64_t reordered;   /**< frames held back */
    uint64_t overflowed;  /**< frames lost because the wire or its queue was full */
    uint64_t wait_ns;     /**< sum of the times that frames waited for earlier ones */
    uint64_t wait_max_ns; /**< the longest of these times */
    uint64_t delivered;   /**< frames that the other end took */
    uint64_t cut;         /**< frames added because super-frames were split */
    uint64_t completed;   /**< frames whose checksum was completed, super-frames aside */
    uint64_t verified;    /**< frames marked LEAT_CHECKSUM_VERIFIED for the other end */
    uint64_t merged;      /**< frames of `delivered` that were merged into the one before */
};

struct leat_link;

/** Sees every frame that an end sends, before any fault; for tests and recorders. */
typedef void leat_link_tap(void *arg, int from_end, uint64_t now_ns, const uint8_t *frame,
                           uint32_t len);

/** Bytes that leat_link_init() needs for @p frames frames on the wire of at most @p frame_bytes. */
size_t leat_link_memory_bytes(uint32_t frames, uint32_t frame_bytes);

/**
 * Makes a wire in @p memory (any alignment, leat_link_memory_bytes() of it).  Both ends get the
 * MTU @p frame_bytes - 14 and the MACs 02:00:00:00:00:01 and :02.
 */
struct leat_link *leat_link_init(void *memory, uint32_t frames, uint32_t frame_bytes,
                                 uint64_t seed);

/** The backend of end 0 or 1. */
struct leat_netif *leat_link_end(struct leat_link *link, int end);

/**
 * Sets the capabilities of @p end, like those of a network card (enum leat_netif_capability,
 * or-ed). The default is only LEAT_NETIF_GATHER.  Call it before the end is attached.  Checksums
 * are completed and super-frames cut before the tap sees them.  LEAT_NETIF_GRO merges consecutive
 * segments that have arrived, and needs LEAT_NETIF_RX_CHECKSUM.
 */
void leat_link_set_offloads(struct leat_link *link, int end, uint32_t capabilities);

/** Sets the faults for frames that end @p from_end sends from now on. */
void leat_link_set_faults(struct leat_link *link, int from_end,
                          const struct leat_link_faults *faults);

/** Shows all frames to @p tap, which may be NULL. */
void leat_link_set_tap(struct leat_link *link, leat_link_tap *tap, void *arg);

/** The counters of the frames that end @p from_end sent. */
struct leat_link_counts leat_link_counts(const struct leat_link *link, int from_end);

#ifdef __cplusplus
}
#endif
#endif
