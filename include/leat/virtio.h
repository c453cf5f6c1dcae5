/*
 * virtio.h -- a virtio-net device as a backend: frames straight into and out of the pool.
 *
 * virtio 1.x, split queues, over memory-mapped registers or PCI.  The device writes received frames
 * into buffers of the pool, and reads sent ones from where they lie; no byte is copied.
 */
#ifndef LEAT_VIRTIO_H
#define LEAT_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>
#include <leat/metal.h>
#include <leat/netif.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_virtio;

/** Most pairs of queues, and stacks, of one device. */
enum {
    LEAT_VIRTIO_PAIRS_MAX = 16
};

/** The device, and overrides of its own facts. */
struct leat_virtio_config {
    struct leat_metal *metal;   /**< the machine; its memory holds the queues */
    unsigned number;            /**< of the network device, from 0 */
    const struct leat_mac *mac; /**< our address on the link; NULL: the device's, else random */
    uint16_t mtu;               /**< 0: the device's, else 1500 */
    bool no_offload;            /**< no super-frames: for a pool of less than 256 KiB, half of which
                                     would have to hold the largest one */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Failures and costs; a backend has no other way to report them. */
struct leat_virtio_counters {
    uint64_t rx_header;    /**< frames dropped: their virtio-net header is out of range */
    uint64_t rx_length;    /**< frames dropped: impossible length, or longer than the MTU allows */
    uint64_t rx_starved;   /**< times that the pool had no buffer for the device */
    uint64_t tx_flattened; /**< frames copied because they had more pieces than a chain holds */
    uint64_t tx_lost;      /**< frames lost for lack of a buffer, or of a device */
    uint64_t resets;       /**< 1: the device broke the rules of its queues, and was reset */
    uint64_t link_changes; /**< times that the device's link was seen to go down, or up */
    uint64_t rx_handed;    /**< copies of frames given to the stacks of other pairs */
    uint64_t rx_unhanded;  /**< such copies lost: the other stack is slow, or the frame is long */
    uint64_t rx_unowned;   /**< frames dropped: a fragment of TCP, or a header that is cut */
    uint64_t tx_elsewhere; /**< frames not sent: they open a connection whose frames would come to
                                another stack (leat_virtio_is_answered()) */
};

/**
 * Finds the device and brings it up.  On error @p why is one line with the failure.
 *
 * Errors: LEAT_ERR_NOT_FOUND (no such device, or one that is older than virtio 1),
 * LEAT_ERR_DEVICE (it doesn't work without a feature, whose name @p why has, or has no queues),
 * LEAT_ERR_MEMORY, LEAT_ERR_ENTROPY (none for a random MAC), LEAT_ERR_ARGUMENT (a group MAC, an MTU
 * under 68 or over the device's).
 */
enum leat_err leat_virtio_open(struct leat_virtio **virtio, const struct leat_virtio_config *config,
                               const char **why);

/**
 * leat_virtio_open() for several stacks on one device, each with a pair of queues of its own.  They
 * have one MAC address, and get the same IP addresses.  Stack i attaches the netif of @p pairs[i],
 * and runs on processor i (leat_metal_start_processor()).
 *
 * Frames of TCP and UDP come to the stack that owns their flow, by the device's RSS and a secret
 * key.  Other frames come to stack 0.  The other stacks get copies of those that tell of
 * neighbours, routers and paths.  Fragments of TCP are dropped.  So a listener on every stack
 * serves a share of the connections.  The answer to a packet that a stack sends by itself comes to
 * the owner of that flow, unless leat_virtio_is_answered().  So DHCP, DNS and the like are for
 * programs with one stack.
 *
 * @p count: how many are wanted, 2 to LEAT_VIRTIO_PAIRS_MAX; then how many there are.  If it
 * becomes 1, the device works with one stack, and @p why is one line with the reason; otherwise @p
 * why is NULL.  Closing one stack stops the device for all, so close them when all their loops have
 * ended.
 *
 * Errors: as leat_virtio_open(); LEAT_ERR_ENTROPY also for the key.
 */
enum leat_err leat_virtio_open_pairs(struct leat_virtio **pairs, unsigned *count,
                                     const struct leat_virtio_config *config, const char **why);

/**
 * True if frames from @p remote to @p local come to this pair's stack.  A stack that opens a
 * connection, or sends from a port of its own, looks for a local port of which that is true; a SYN
 * from another port isn't sent.
 */
bool leat_virtio_is_answered(const struct leat_virtio *virtio, const struct leat_endpoint *local,
                             const struct leat_endpoint *remote);

/** The backend to give to leat_attach(); valid for ever. */
struct leat_netif *leat_virtio_netif(struct leat_virtio *virtio);

/** Its counters; also valid after the stack has closed the device. */
const struct leat_virtio_counters *leat_virtio_counters(const struct leat_virtio *virtio);

/**
 * True once the device can't be used any more, for the reason of leat_virtio_why(), or because it
 * was closed.  No more frames arrive, and sent ones are lost.
 */
bool leat_virtio_lost(const struct leat_virtio *virtio);

/**
 * Why the device was lost: the host has unplugged it, it broke the rules, or it asked for a reset.
 * One line, valid for ever; NULL: it isn't lost, or it was closed.  The first and the last are seen
 * within a second of leat_poll().
 */
const char *leat_virtio_why(const struct leat_virtio *virtio);

/** False: at the last look, once a second, the device reported that its link is down. */
bool leat_virtio_link_up(const struct leat_virtio *virtio);

/**
 * Makes leat_metal use the first virtio-rng device for entropy if the processor has none.
 * LEAT_ERR_NOT_FOUND: there is no such device of virtio 1; LEAT_ERR_DEVICE: it doesn't work without
 * a feature, or has no queue; LEAT_ERR_MEMORY.
 */
enum leat_err leat_virtio_rng_use(struct leat_metal *metal);

#ifdef __cplusplus
}
#endif
#endif
