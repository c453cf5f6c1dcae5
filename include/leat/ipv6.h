/*
 * ipv6.h -- IPv6 (RFC 8200), for a stack that calls leat_ipv6_register().
 *
 * So far: addresses of our own, given by the program, link-local or of routers (leat/slaac.h), each
 * checked for duplicates; neighbour discovery; ICMPv6 echo and errors; UDP and TCP; fragments.
 */
#ifndef LEAT_IPV6_H
#define LEAT_IPV6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_IPV6_SECRET_BYTES = 16,
    LEAT_IPV6_ADDRESSES_MAX = 8 /**< of a netif: link-local, of routers, leased, given */
};

/** A line of the policy table (RFC 6724 2.1); IPv4 is the prefix of LEAT_IP4_ANY, 96 bits. */
struct leat_ipv6_policy {
    struct leat_ip prefix; /**< of a destination or a source; the longest that holds it counts */
    uint8_t prefix_bits;   /**< 0..128 */
    uint8_t precedence;    /**< of destinations the one with the highest goes first */
    uint8_t label;         /**< sources of the same label suit a destination */
};

/** Limits and the secret of IPv6.  Every 0 means the default that is named beside it. */
struct leat_ipv6_config {
    /** Makes the identifiers of our own addresses (RFC 7217): keep it, and they stay the same from
     * one boot to the next.  All zero: drawn from the stack's seed. */
    uint8_t secret[LEAT_IPV6_SECRET_BYTES];
    uint16_t neighbours; /**< known at a time: 64 */
    uint8_t parked;      /**< frames waiting for one neighbour's address: 4 */
    uint8_t routes;      /**< routes with a gateway: 8 */
    uint8_t redirects;   /**< destinations that routers have redirected: 16 */
    uint8_t hop_limit;   /**< of packets we send: 64 */
    /** IPv6 addresses, of others and of ours, that TCP and UDP can deal with at a time: 2,048, at
     * least 64; 24 to 28 bytes each.  A connection, also one that is half open or in TIME-WAIT, and
     * a socket that is bound or connected, hold theirs, at most 7/8 of all; those that have the
     * same share it.  Without a free one a SYN is answered by a cookie, and a connection isn't
     * opened. */
    uint32_t hosts;
    uint8_t slaacs;  /**< netifs that may be configured by routers (leat/slaac.h): 1 */
    uint16_t groups; /**< groups that programs join (leat_udp_join()) at a time: 8 */
    /** Beside each address made of a router's prefix another one whose identifier is drawn anew
     * each day, for what the program begins (RFC 8981): what is seen of it tells nobody who it was
     * before. */
    bool temporary;
    uint32_t temporary_preferred_s; /**< its preferred lifetime at most: a day */
    uint32_t temporary_valid_s;     /**< its valid lifetime at most: two days */
    /** Which source suits a destination, and which of several destinations leat_connect() tries
     * first; stays the program's, and valid.  NULL: the table of RFC 6724 2.1.  What no line holds
     * has precedence 40 and label 1. */
    const struct leat_ipv6_policy *policies;
    uint8_t policy_count;    /**< in policies */
    bool no_redirects;       /**< routers redirect nothing (RFC 4861 8) */
    bool no_duplicate_check; /**< use an address at once, without RFC 4862 5.4 */
    bool optimistic;         /**< use an address while it is checked (RFC 4429) */
    /** Each transition of a neighbour in ndp.rl, as numbers: for tests; NULL: nobody watches. */
    void (*on_transition)(void *arg, uint8_t from, uint8_t event, uint8_t to);
    void *arg; /**< for it */
};

/** Bytes that leat_ipv6_register() takes from the stack's block.  @p config may be NULL. */
size_t leat_ipv6_memory_bytes(const struct leat_ipv6_config *config);

/**
 * Adds IPv6 to the stack, once.  @p config may be NULL (defaults).  Each netif, also one that is
 * attached later, gets a link-local address (RFC 4862 5.3, RFC 7217); an MTU under 1,280 gets none.
 * leat_address_add(), leat_address_remove(), leat_route_add() and leat_route_remove() take IPv6
 * addresses from then on; a link-local gateway is on the first netif.
 * Errors: LEAT_ERR_IN_USE (registered already), LEAT_ERR_MEMORY.
 */
enum leat_err leat_ipv6_register(struct leat *stack, const struct leat_ipv6_config *config);

#ifdef __cplusplus
}
#endif
#endif
