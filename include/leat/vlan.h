/*
 * vlan.h -- virtual LANs (IEEE 802.1Q): one device, and a netif for each VLAN on it.
 *
 * Each netif has addresses, routes, DHCP and statistics of its own in the stack, as a device of its
 * own would.  A received frame is given to the netif of its VLAN, without its tag; a sent frame
 * gets the tag of its netif.  Neither copies payload.  Frames without a tag, and those whose tag
 * has VLAN 0 (only a priority), belong to the netif with VLAN 0.
 *
 *      leat_vlan_init -> leat_vlan_netif, leat_attach for each VLAN
 *
 * All netifs of one device must be attached to one stack.
 */
#ifndef LEAT_VLAN_H
#define LEAT_VLAN_H

#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>
#include <leat/netif.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_VLAN_NETIFS_MAX = 8,  /**< VLANs on one device: as many as a stack has netifs */
    LEAT_VLAN_UNTAGGED = 0,    /**< the VLAN of frames without a tag */
    LEAT_VLAN_ID_MAX = 4094,   /**< the highest number of a VLAN (IEEE 802.1Q 9.6) */
    LEAT_VLAN_PRIORITY_MAX = 7 /**< the highest priority (PCP) */
};

/** A VLAN. */
struct leat_vlan_member {
    uint16_t id;      /**< 1 to LEAT_VLAN_ID_MAX, or LEAT_VLAN_UNTAGGED */
    uint8_t priority; /**< PCP in the tag of sent frames, 0 to 7; untagged frames have none */
};

/** The VLANs of a device.  Every 0 means the default named beside it. */
struct leat_vlan_config {
    const struct leat_vlan_member *members; /**< read by leat_vlan_init() only */
    uint32_t member_count;                  /**< 1 to LEAT_VLAN_NETIFS_MAX */
    /** Largest IP datagram of each netif: the device's own.  The tag adds 4 bytes to a frame, which
     * devices and switches allow for (IEEE 802.3 3.2.7).  For one that does not, give 4 less. */
    uint16_t mtu;
    uint32_t queue_frames; /**< frames that wait for their netif's turn, per netif: 64; more are
                                lost */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of frames that no netif got or sent. */
struct leat_vlan_counts {
    uint64_t rx_unknown;    /**< of a VLAN that is not a member; see `last_unknown` */
    uint64_t rx_malformed;  /**< with a tag that is cut off, or VLAN 4,095, which is reserved */
    uint64_t rx_overflowed; /**< over `queue_frames` */
    uint64_t tx_no_memory;  /**< without a buffer for their tag */
    uint16_t last_unknown;  /**< the VLAN of the last frame in `rx_unknown` */
};

struct leat_vlan;

/** Bytes that leat_vlan_init() needs. */
size_t leat_vlan_memory_bytes(void);

/**
 * Divides @p device, which isn't attached itself; it is closed with the last of the netifs.
 * @p memory (any alignment) of @p bytes belongs to it until then.
 * Errors: LEAT_ERR_ARGUMENT (a number out of range, or twice; an MTU over the device's),
 * LEAT_ERR_MEMORY.
 */
enum leat_err leat_vlan_init(struct leat_vlan **vlan, struct leat_netif *device, void *memory,
                             size_t bytes, const struct leat_vlan_config *config);

/** The backend of VLAN @p id, for leat_attach(); NULL: it is not a member. */
struct leat_netif *leat_vlan_netif(struct leat_vlan *vlan, uint16_t id);

/** The counters; live, valid until the last netif is closed. */
const struct leat_vlan_counts *leat_vlan_counts(const struct leat_vlan *vlan);

#ifdef __cplusplus
}
#endif
#endif
