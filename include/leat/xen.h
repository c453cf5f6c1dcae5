/*
 * xen.h -- a network interface of Xen as a backend, for a guest of type PVH.
 *
 * A machine is a guest of Xen or it isn't: an image asks leat_xen_here(), and opens virtio.h's
 * device otherwise.  leat_main() does so.
 *
 * The other domain, which has the real network, writes received frames into pages of the backend.
 * These are lent to the stack and go back into the ring when the stack has freed them.  Pages of
 * sent frames are granted to the other domain for good, if the tool stack calls it trusted;
 * otherwise frames are copied once, into pages that hold nothing else.
 *
 * If the other domain offers several queues, that is pairs of rings, it serves them on several
 * processors.  Frames of one flow (one connection of TCP; otherwise all between two addresses) go
 * through one queue, so they stay in order.
 */
#ifndef LEAT_XEN_H
#define LEAT_XEN_H

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

struct leat_xen;

/** The interface, and overrides of its own facts. */
struct leat_xen_config {
    struct leat_metal *metal;         /**< the machine; its memory holds rings and pages */
    unsigned number;                  /**< of the interface: device/vif/NUMBER of xenstore */
    const struct leat_mac *mac;       /**< our address on the link; NULL: the one in xenstore */
    uint16_t mtu;                     /**< 0: the one in xenstore, else 1500 */
    bool no_offload;                  /**< no super-frames, in neither direction */
    uint8_t queues;                   /**< at most so many pairs of rings, 3 MiB each, if the other
                                           domain offers several; 0: one for each 32 MiB of
                                           memory.  More than 4 are not used */
    bool untrusted;                   /**< copy sent frames although the tool stack trusts the other
                                           domain */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Failures and costs; a backend has no other way to report them. */
struct leat_xen_counters {
    uint64_t rx_refused;      /**< frames dropped: an error, or a length, flags or extra information
                                   that can't be */
    uint64_t rx_length;       /**< frames dropped: longer than the MTU allows, or too short */
    uint64_t rx_starved;      /**< frames dropped, or pages not given, for lack of memory */
    uint64_t rx_copied_bytes; /**< bytes of received frames that were copied: short frames, and
                                 others while too many pages are lent */
    uint64_t tx_refused;      /**< frames that the other domain has answered with an error */
    uint64_t tx_copied_bytes; /**< bytes of sent frames that were copied: the other domain isn't
                                   trusted, they lay in more than 18 pages, or an Ethernet header in
                                   two */
    uint64_t tx_lost;         /**< frames lost for lack of room, or of a connection */
    uint64_t pages_kept;      /**< pages given up, because the other domain didn't let go of them */
    uint64_t broken_rules;    /**< times that the other domain broke the rules of its rings, after
                                   which nothing is read from it any more */
    uint64_t
        link_changes; /**< times that the connection to the other domain ended, or began again */
};

/** True if the machine is a guest of Xen. */
bool leat_xen_here(void);

/**
 * Connects to the other domain.  Waits for it at most 30 seconds.  On error @p why is one line with
 * the failure.  A machine can open one interface, once.
 *
 * Errors: LEAT_ERR_NOT_FOUND (this is no guest of Xen, or has no such interface), LEAT_ERR_DEVICE
 * (the other domain doesn't answer, or lacks a feature; or an interface was opened already),
 * LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (a group MAC, an MTU under 68 or over the interface's).
 */
enum leat_err leat_xen_open(struct leat_xen **xen, const struct leat_xen_config *config,
                            const char **why);

/** The backend to give to leat_attach(); valid for ever. */
struct leat_netif *leat_xen_netif(struct leat_xen *xen);

/** Its counters; also valid after the stack has closed the interface. */
const struct leat_xen_counters *leat_xen_counters(const struct leat_xen *xen);

/**
 * True once the interface can't be used any more, for the reason of leat_xen_why(), or because it
 * was closed.  No more frames arrive, and sent ones are lost.
 */
bool leat_xen_lost(const struct leat_xen *xen);

/**
 * Why the interface was lost: the host has taken it away, or the other domain broke the rules.  One
 * line, valid for ever; NULL: it isn't lost, or it was closed.
 */
const char *leat_xen_why(const struct leat_xen *xen);

/** False: the other domain has ended the connection.  The backend waits for it to come back. */
bool leat_xen_link_up(const struct leat_xen *xen);

#ifdef __cplusplus
}
#endif
#endif
