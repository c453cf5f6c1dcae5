/*
 * ipv6.h -- IPv6 (RFC 8200), for a stack that calls leat_ipv6_register().
 *
 * So far: addresses of our own, given by the program or link-local, each checked for duplicates;
 * neighbour discovery; ICMPv6 echo and errors.  UDP and TCP don't use it yet, and fragments are
 * dropped.
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
    LEAT_IPV6_SECRET_BYTES = 16
};

/** Limits and the secret of IPv6.  Every 0 means the default that is named beside it. */
struct leat_ipv6_config {
    /** Makes the identifiers of our own addresses (RFC 7217): keep it, and they stay the same from
     * one boot to the next.  All zero: drawn from the stack's seed. */
    uint8_t secret[LEAT_IPV6_SECRET_BYTES];
    uint16_t neighbours;     /**< known at a time: 64 */
    uint8_t parked;          /**< frames waiting for one neighbour's address: 4 */
    uint8_t routes;          /**< routes with a gateway: 8 */
    uint8_t hop_limit;       /**< of packets we send: 64 */
    bool no_duplicate_check; /**< use an address at once, without RFC 4862 5.4 */
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
