/*
 * slaac.h -- an IPv6 netif configures itself, as routers say: addresses, routes, name servers.
 *
 * Routers are asked (RFC 4861 6.3.7, RFC 7559) and heard for as long as it runs: default routers
 * with their preference, routes (RFC 4191), prefixes that are on the link, addresses of our own
 * (RFC 4862, 7217), MTU, hop limit, times, name servers (RFC 8106), the prefix of a NAT64 (RFC
 * 8781).  What routers say ends with its lifetime.  A router that doesn't answer any more is
 * avoided while there is another.
 */
#ifndef LEAT_SLAAC_H
#define LEAT_SLAAC_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/err.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_slaac;

/** What is kept of what routers say; of more the first ones stay. */
enum {
    LEAT_SLAAC_ROUTERS_MAX = 4,   /**< default routers */
    LEAT_SLAAC_ROUTES_MAX = 8,    /**< other routes */
    LEAT_SLAAC_PREFIXES_MAX = 8,  /**< prefixes on the link */
    LEAT_SLAAC_ADDRESSES_MAX = 5, /**< addresses of ours made of prefixes */
    LEAT_SLAAC_SERVERS_MAX = 4,   /**< name servers */
    LEAT_SLAAC_DOMAINS_MAX = 4,   /**< domains of the search list */
    LEAT_SLAAC_SEARCH_BYTES = 256 /**< of the search list, its NUL included */
};

/** What is known now.  All zero and "" where it isn't. */
struct leat_slaac_facts {
    struct leat_ip ip;         /**< an address of ours that is global and not deprecated */
    struct leat_ip gateway;    /**< the default router that is used */
    struct leat_ip nat64;      /**< a NAT64's prefix (RFC 8781) */
    uint16_t mtu;              /**< of IPv6 packets that are sent, bytes */
    uint8_t prefix_bits;       /**< of `ip` */
    uint8_t nat64_bits;        /**< of `nat64`; 0: there is none */
    bool managed;              /**< routers say: addresses by DHCPv6, too (RFC 4861 4.2): dhcp6.h */
    bool other;                /**< ... or the rest by DHCPv6 */
    uint8_t name_server_count; /**< in name_servers */
    struct leat_ip name_servers[LEAT_SLAAC_SERVERS_MAX]; /**< in the order of the routers */
    char search[LEAT_SLAAC_SEARCH_BYTES];                /**< domains with spaces between them */
};

/** What is wanted. */
struct leat_slaac_config {
    /** Something of the facts has changed; NULL: not wanted.  Called from leat_poll(); the facts
     * are valid until leat_poll() is called again. */
    void (*on_change)(struct leat_slaac *slaac, const struct leat_slaac_facts *facts, void *arg);
    void *arg; /**< for it */
};

/**
 * Asks the routers of an attached netif, and goes on hearing them until leat_slaac_stop().  Needs
 * leat_ipv6_register(), whose leat_ipv6_config.slaacs says for how many netifs.
 * Errors: LEAT_ERR_ARGUMENT (no IPv6, not attached, an MTU under 1,280), LEAT_ERR_IN_USE (it runs),
 * LEAT_ERR_FULL (no more netifs).
 */
enum leat_err leat_slaac_start(struct leat *stack, struct leat_netif *netif,
                               struct leat_slaac **slaac, const struct leat_slaac_config *config);

/** Takes out whatever routers have brought; @p slaac is void. */
void leat_slaac_stop(struct leat_slaac *slaac);

/** What is known now; valid until leat_poll() or leat_slaac_stop(). */
const struct leat_slaac_facts *leat_slaac_facts(struct leat_slaac *slaac);

#ifdef __cplusplus
}
#endif
#endif
