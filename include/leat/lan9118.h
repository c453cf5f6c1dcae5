/*
 * lan9118.h -- an Ethernet controller of the LAN9118 family as a backend: frames through FIFOs.
 *
 * LAN9115 to LAN9118, LAN9215 to LAN9218, LAN9220 and LAN9221 have the same registers.  The
 * processor moves each word of a frame between the FIFOs and the buffers of the pool; the
 * controller does no DMA and no offloads.  A frame is sent from its pieces as they lie.
 *
 * The driver reaches the registers by two functions of the program, so they may lie in memory or
 * behind another bus.  A register is a word of 32 bits in the processor's order, which must be
 * little endian.
 */
#ifndef LEAT_LAN9118_H
#define LEAT_LAN9118_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>
#include <leat/netif.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The controller, and overrides of its own facts.  Every 0 means what is named beside it. */
struct leat_lan9118_config {
    /** Reads the register at the offset @p at, of 0 to 0xb4; required. */
    uint32_t (*read)(void *bus, uint32_t at);
    /** Writes @p value to the register at the offset @p at; required. */
    void (*write)(void *bus, uint32_t at, uint32_t value);
    void *bus;                  /**< the first argument of both */
    const struct leat_mac *mac; /**< our address on the link; NULL: that of its EEPROM */
    uint16_t mtu;               /**< 68 to 1500: 1500 */
    bool irq_is_open_drain;     /**< its interrupt line is pulled low; false: it is driven high */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Failures and costs; a backend has no other way to report them. */
struct leat_lan9118_counters {
    uint64_t rx_bad;       /**< frames dropped: the controller found a wrong CRC or another error */
    uint64_t rx_length;    /**< frames dropped: longer than the MTU allows, or than a buffer holds,
                                or shorter than an Ethernet header */
    uint64_t rx_overrun;   /**< frames that the controller dropped because its FIFO was full */
    uint64_t rx_starved;   /**< times that the pool had no buffer for a frame */
    uint64_t tx_bad;       /**< frames that the controller could not send: collisions, no carrier */
    uint64_t tx_lost;      /**< frames lost: too long, or the controller is lost */
    uint64_t resets;       /**< resets because its FIFOs reported an error */
    uint64_t link_changes; /**< times that the link went down, or up */
};

/** A controller.  All members are private; the program gives the memory. */
struct leat_lan9118 {
    struct leat_netif netif;               /**< what the stack attaches */
    struct leat_lan9118_config config;     /**< as it was given */
    struct leat_lan9118_counters counters; /**< since it was opened */
    uint64_t look_ns;                      /**< the next look at the link, while it is down */
    const char *why;                       /**< why it is lost; NULL: it isn't */
    bool is_up;                            /**< the link, at the last look */
    bool is_starved;                       /**< the last receive() found no buffer */
    bool has_more;                         /**< the last receive() stopped at frames_max */
    bool is_open;                          /**< the stack may use it */
};

/**
 * Resets the controller and starts it; the link comes up later.  On error @p why is one line with
 * the failure.
 *
 * Errors: LEAT_ERR_NOT_FOUND (nothing answers at these registers, or in another order of bytes),
 * LEAT_ERR_DEVICE (it doesn't end its reset, or a command), LEAT_ERR_ARGUMENT (a group MAC, no MAC
 * at all, an MTU out of range, a function that is missing).
 */
enum leat_err leat_lan9118_open(struct leat_lan9118 *controller,
                                const struct leat_lan9118_config *config, const char **why);

/** The backend to give to leat_attach(); valid as long as @p controller. */
struct leat_netif *leat_lan9118_netif(struct leat_lan9118 *controller);

/** Its counters; also valid after the stack has closed the controller. */
const struct leat_lan9118_counters *leat_lan9118_counters(const struct leat_lan9118 *controller);

/** False: at the last look the link was down.  Its interrupt tells a change. */
bool leat_lan9118_link_up(const struct leat_lan9118 *controller);

/** Why the controller is lost: it didn't end a command.  One line; NULL: it isn't lost.  No more
 * frames arrive then, and sent ones are lost. */
const char *leat_lan9118_why(const struct leat_lan9118 *controller);

#ifdef __cplusplus
}
#endif
#endif
