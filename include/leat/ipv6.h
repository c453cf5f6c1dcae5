/*
 * ipv6.h -- IPv6 (RFC 8200), for a stack that calls leat_ipv6_register().
 *
 * Supported: addresses of our own, configured by the program, link-local or from routers
 * (leat/slaac.h), each checked for duplicates; neighbour discovery; ICMPv6 echo and errors; UDP and
 * TCP; fragments.
 */
#ifndef LEAT_IPV6_H
#define LEAT_IPV6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_IPV6_SECRET_BYTES = 16,
    LEAT_IPV6_ADDRESSES_MAX = 8 /**< of a netif: link-local, from routers, leased, configured */
};

/** A line of the policy table (RFC 6724 2.1).  IPv4 has the prefix LEAT_IP4_ANY, 96 bits. */
struct leat_ipv6_policy {
    struct leat_ip prefix; /**< of a destination or a source; the longest match is used */
    uint8_t prefix_bits;   /**< 0..128 */
    uint8_t precedence;    /**< the destination with the highest one is tried first */
    uint8_t label;         /**< a source with the destination's label is preferred */
};

/** Limits and the secret of IPv6.  Every 0 means the default that is named beside it. */
struct leat_ipv6_config {
    /** Generates the interface identifiers of our addresses (RFC 7217).  Store it, and they stay
     * the same from one boot to the next.  All zero: drawn from the stack's seed. */
    uint8_t secret[LEAT_IPV6_SECRET_BYTES];
    uint16_t neighbours; /**< entries of the neighbour cache: 64 */
    uint8_t parked;      /**< frames waiting for one neighbour's address: 4 */
    uint8_t routes;      /**< routes with a gateway: 8 */
    uint8_t redirects;   /**< destinations that routers have redirected: 16 */
    uint8_t hop_limit;   /**< of packets we send: 64 */
    /** IPv6 addresses, remote and local, that TCP and UDP can use at a time: 2,048, at least 64; 24
     * to 28 bytes each.  A connection, also one that is half open or in TIME-WAIT, and a socket
     * that is bound or connected, hold theirs, at most 7/8 of all.  Equal addresses share an entry.
     * Without a free entry a SYN is answered with a cookie, and a new connection fails. */
    uint32_t hosts;
    uint8_t slaacs;  /**< netifs that may be configured by routers (leat/slaac.h): 1 */
    uint16_t groups; /**< groups that programs join (leat_udp_join()) at a time: 8 */
    /** Add a temporary address (RFC 8981) to each address made of a router's prefix.  Its
     * identifier is drawn again each day, and connections that the program begins use it, so that
     * observers can't recognize the host from one day to the next. */
    bool temporary;
    uint32_t temporary_preferred_s; /**< its preferred lifetime at most: a day */
    uint32_t temporary_valid_s;     /**< its valid lifetime at most: two days */
    /** The policy table: which source fits a destination, and which of several destinations
     * leat_connect() tries first.  It stays the program's, and valid.  NULL: the table of RFC 6724
     * 2.1.  An address that no line matches has precedence 40 and label 1. */
    const struct leat_ipv6_policy *policies;
    uint8_t policy_count;    /**< in policies */
    bool no_redirects;       /**< ignore redirects (RFC 4861 8) */
    bool no_duplicate_check; /**< use an address at once, without RFC 4862 5.4 */
    bool optimistic;         /**< use an address while it is checked (RFC 4429) */
    /** Reports each transition of a neighbour in ndp.rl as numbers, for tests.  May be NULL. */
    void (*on_transition)(void *arg, uint8_t from, uint8_t event, uint8_t to);
    void *arg;                        /**< the first argument of on_transition */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Bytes that leat_ipv6_register() takes from the stack's block.  @p config may be NULL. */
size_t leat_ipv6_memory_bytes(const struct leat_ipv6_config *config);

/**
 * Adds IPv6 to the stack, once.  @p config may be NULL (defaults).  Each netif, also one that is
 * attached later, gets a link-local address (RFC 4862 5.3, RFC 7217); one with an MTU under 1,280
 * gets none.  From then on leat_address_add(), leat_address_remove(), leat_route_add() and
 * leat_route_remove() accept IPv6 addresses; a link-local gateway is on the first netif.
 * Errors: LEAT_ERR_IN_USE (registered already), LEAT_ERR_MEMORY.
 */
enum leat_err leat_ipv6_register(struct leat *stack, const struct leat_ipv6_config *config);

#ifdef __cplusplus
}
#endif
#endif
