/*
 * netif.h -- the interface of a backend: all frames enter and leave through it.
 *
 * A backend embeds a struct leat_netif, fills in its facts, and points to a table of five
 * functions.  It never calls into the stack; the stack polls it.  A backend that wraps another one
 * (to record frames, or to lose some on purpose) is a backend like any other.  See docs/backend.md.
 */
#ifndef LEAT_NETIF_H
#define LEAT_NETIF_H

#include <stdint.h>

#include <leat/addr.h>
#include <leat/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Capabilities beyond frames in one piece; or-ed into `capabilities`. */
enum leat_netif_capability {
    LEAT_NETIF_GATHER = 1u << 0,      /**< transmits a frame of several pieces without a copy */
    LEAT_NETIF_RX_CHECKSUM = 1u << 1, /**< may mark frames LEAT_CHECKSUM_VERIFIED */
    LEAT_NETIF_TX_CHECKSUM = 1u << 2, /**< completes frames marked LEAT_CHECKSUM_PARTIAL, of TCP and
                                           UDP behind IPv4 or, without extension headers, IPv6 */
    LEAT_NETIF_TSO = 1u << 3,         /**< cuts super-frames of IPv4 with segment_bytes set: TCP
                                           data of up to 64 KiB; needs GATHER and TX_CHECKSUM */
    LEAT_NETIF_GRO = 1u << 4,         /**< may deliver super-frames */
    LEAT_NETIF_NO_PADDING = 1u << 5,  /**< accepts frames under 60 bytes as they are, because no
                                           Ethernet with its minimum length is behind it */
    LEAT_NETIF_TSO6 = 1u << 6,  /**< like TSO for super-frames of IPv6; set together with it */
    LEAT_NETIF_TAGGED = 1u << 7 /**< TX_CHECKSUM, TSO and TSO6 also work for frames with one tag
                                     of IEEE 802.1Q (vlan.h) */
};

/** Pieces of a frame, headers included, that are sent without a copy unless the backend sets
 * another number. */
#define LEAT_NETIF_GATHER_PIECES 17

/** "Only input makes a call necessary": the value of next_look_ns for most devices. */
#define LEAT_NEVER_NS UINT64_MAX

struct leat_netif;

/** The functions of a backend.  All of them are called from leat_poll() only, except close. */
struct leat_netif_ops {
    /**
     * Writes up to @p frames_max received frames into @p frames and returns how many.  Must not
     * wait.  Each frame is a list of buffers from @p pool whose first piece holds at least the
     * Ethernet, IP and transport headers; it starts with the Ethernet header and has no FCS.  The
     * caller owns the frames.  If the pool is empty the frames may stay in the device.
     */
    uint32_t (*receive)(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                        struct leat_buf **frames, uint32_t frames_max);

    /** How many frames transmit() will take now; 0 if the device's queue is full. */
    uint32_t (*transmit_room)(struct leat_netif *netif);

    /**
     * Takes @p frame_count frames, at most transmit_room(), and frees each when the device has
     * read it.  Must not wait and can't fail: a frame that the device refuses is lost, and counted
     * by the backend.  The array belongs to the caller.  Frames have at least 14 bytes, and without
     * LEAT_NETIF_NO_PADDING at least 60.  Without LEAT_NETIF_GATHER every frame is one piece.
     */
    void (*transmit)(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                     uint32_t frame_count);

    /**
     * The time at which the backend wants receive() to be called even if no input wakes the host:
     * @p now_ns if it has frames left, LEAT_NEVER_NS if input always wakes the host.  While
     * transmit_room() is 0 it is the time to ask for room again (the stack does not ask before),
     * unless the host wakes when there is room.
     */
    uint64_t (*next_look_ns)(struct leat_netif *netif, uint64_t now_ns);

    /** Releases the resources of the backend; the struct may be reused afterwards. */
    void (*close)(struct leat_netif *netif);
};

/** A backend as the stack sees it; must not change while it is attached. */
struct leat_netif {
    const struct leat_netif_ops *ops; /**< its functions; static */
    const char *name;                 /**< for messages; static or owned by the backend */
    struct leat_mac mac;              /**< our address on this link */
    uint16_t mtu;           /**< largest IP datagram, bytes, without the Ethernet header; >= 68 */
    uint32_t capabilities;  /**< enum leat_netif_capability, or-ed */
    uint16_t gather_pieces; /**< with LEAT_NETIF_GATHER: most pieces of a frame, headers included,
                                 that are sent without a copy; 0: LEAT_NETIF_GATHER_PIECES */
    uint16_t super_bytes;   /**< with LEAT_NETIF_TSO: most bytes of a super-frame, from the Ethernet
                                 header to the last byte of data; 0: no limit but that of IP */
};

#ifdef __cplusplus
}
#endif
#endif
