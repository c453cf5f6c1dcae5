/*
 * netif.h -- what a backend is: the one way in which frames enter and leave.
 *
 * A backend embeds a struct leat_netif, fills in its facts, and points to a table of five
 * functions.  It never calls into the stack; the stack polls it.  A backend that wraps another one
 * (to record, to lose frames on purpose) is a backend like any other.  See docs/backend.md.
 */
#ifndef LEAT_NETIF_H
#define LEAT_NETIF_H

#include <stdint.h>

#include <leat/addr.h>
#include <leat/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a backend can do beyond one frame in one piece; or-ed into `capabilities`. */
enum leat_netif_capability {
    LEAT_NETIF_GATHER = 1u << 0,      /**< transmits a frame of several pieces without a copy */
    LEAT_NETIF_RX_CHECKSUM = 1u << 1, /**< may mark frames LEAT_CHECKSUM_VERIFIED */
    LEAT_NETIF_TX_CHECKSUM = 1u << 2, /**< completes frames marked LEAT_CHECKSUM_PARTIAL, of TCP and
                                           UDP behind IPv4 or, without extension headers, IPv6 */
    LEAT_NETIF_TSO = 1u << 3,         /**< cuts super-frames of IPv4 with segment_bytes set: TCP
                                           text of up to 64 KiB; needs GATHER and TX_CHECKSUM */
    LEAT_NETIF_GRO = 1u << 4,         /**< may deliver super-frames */
    LEAT_NETIF_NO_PADDING = 1u << 5,  /**< carries frames under 60 bytes as they are: there is no
                                           Ethernet behind it, whose minimum that is */
    LEAT_NETIF_TSO6 = 1u << 6,        /**< as TSO, and besides it: those of IPv6, too */
    LEAT_NETIF_TAGGED = 1u << 7       /**< TX_CHECKSUM, TSO and TSO6 hold for frames with one tag of
                                           IEEE 802.1Q, too (vlan.h) */
};

/** Pieces of a frame, headers included, that go without a copy unless the backend says otherwise.
 */
#define LEAT_NETIF_GATHER_PIECES 17

/** "No need to look before a frame comes": the value of next_look_ns for most devices. */
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
     * read it.  Must not wait and can't fail: what a device refuses is lost and counted by the
     * backend.  The array belongs to the caller.  Frames have at least 14 bytes, and without
     * LEAT_NETIF_NO_PADDING at least 60.  Without LEAT_NETIF_GATHER every frame is one piece.
     */
    void (*transmit)(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                     uint32_t frame_count);

    /**
     * The time at which the backend wants receive() to be called even if no input wakes the host:
     * @p now_ns if it has frames left, LEAT_NEVER_NS if only the device knows.  While
     * transmit_room() is 0, the time to see whether there is room again, unless the host wakes
     * then: the stack does not ask before.
     */
    uint64_t (*next_look_ns)(struct leat_netif *netif, uint64_t now_ns);

    /** Gives back what the backend holds; the struct may be reused afterwards. */
    void (*close)(struct leat_netif *netif);
};

/** A backend as the stack sees it: facts, which must not change while it is attached. */
struct leat_netif {
    const struct leat_netif_ops *ops; /**< how it is done; static */
    const char *name;                 /**< for messages; static or owned by the backend */
    struct leat_mac mac;              /**< our address on this link */
    uint16_t mtu;           /**< largest IP datagram, bytes, without the Ethernet header; >= 68 */
    uint32_t capabilities;  /**< enum leat_netif_capability, or-ed */
    uint16_t gather_pieces; /**< with LEAT_NETIF_GATHER: of one frame, headers included, so many go
                                 without a copy; 0: LEAT_NETIF_GATHER_PIECES */
};

#ifdef __cplusplus
}
#endif
#endif
