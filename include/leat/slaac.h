/*
 * slaac.h -- IPv6 autoconfiguration of a netif by router advertisements: addresses, routes, name
 * servers.
 *
 * While it runs it solicits routers (RFC 4861 6.3.7, RFC 7559) and applies their advertisements.
 * It takes default routers with their preference, routes (RFC 4191), on-link prefixes, addresses of
 * our own (RFC 4862, 7217), MTU, hop limit, timers, name servers (RFC 8106) and the prefix of a
 * NAT64 (RFC 8781).  Everything expires with its lifetime.  An unreachable router is avoided while
 * there is another one.
 */
#ifndef LEAT_SLAAC_H
#define LEAT_SLAAC_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/err.h>
#include <leat/refusal.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_slaac;

/** Limits; beyond them the first entries are kept and later ones ignored. */
enum {
    LEAT_SLAAC_ROUTERS_MAX = 4,   /**< default routers */
    LEAT_SLAAC_ROUTES_MAX = 8,    /**< other routes */
    LEAT_SLAAC_PREFIXES_MAX = 8,  /**< prefixes on the link */
    LEAT_SLAAC_ADDRESSES_MAX = 5, /**< our addresses made of prefixes */
    LEAT_SLAAC_SERVERS_MAX = 4,   /**< name servers */
    LEAT_SLAAC_DOMAINS_MAX = 4,   /**< domains of the search list */
    LEAT_SLAAC_SEARCH_BYTES = 256 /**< of the search list, the NUL included */
};

/** The configuration as it is known now.  Unknown values are zero or "". */
struct leat_slaac_facts {
    struct leat_ip ip;      /**< an address of ours that is global and not deprecated */
    struct leat_ip gateway; /**< the default router in use */
    struct leat_ip nat64;   /**< a NAT64's prefix (RFC 8781) */
    uint16_t mtu;           /**< for sending IPv6 packets, bytes */
    uint8_t prefix_bits;    /**< of `ip` */
    uint8_t nat64_bits;     /**< of `nat64`; 0: there is none */
    bool managed; /**< flag M (RFC 4861 4.2): addresses are available by DHCPv6, dhcp6.h */
    bool other;   /**< flag O: other configuration is available by DHCPv6 */
    uint8_t name_server_count;                           /**< in name_servers */
    struct leat_ip name_servers[LEAT_SLAAC_SERVERS_MAX]; /**< in the order of the routers */
    char search[LEAT_SLAAC_SEARCH_BYTES];                /**< domains with spaces between them */
};

/** The callback. */
struct leat_slaac_config {
    /** Some of the facts have changed.  May be NULL.  Called from leat_poll(); the facts are valid
     * until leat_poll() is called again. */
    void (*on_change)(struct leat_slaac *slaac, const struct leat_slaac_facts *facts, void *arg);
    void *arg;                        /**< the last argument of on_change */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/**
 * Solicits the routers of an attached netif, and applies their advertisements until
 * leat_slaac_stop().  Needs leat_ipv6_register(); leat_ipv6_config.slaacs limits the number of
 * netifs.  Errors: LEAT_ERR_ARGUMENT (no IPv6, not attached, an MTU under 1,280), LEAT_ERR_IN_USE
 * (it runs already), LEAT_ERR_FULL (no more netifs).
 */
enum leat_err leat_slaac_start(struct leat *stack, struct leat_netif *netif,
                               struct leat_slaac **slaac, const struct leat_slaac_config *config);

/** Withdraws everything that came from routers; @p slaac is invalid afterwards. */
void leat_slaac_stop(struct leat_slaac *slaac);

/** The configuration as it is known now; valid until leat_poll() or leat_slaac_stop(). */
const struct leat_slaac_facts *leat_slaac_facts(struct leat_slaac *slaac);

/** Counters of a netif's advertisements, from leat_slaac_start() on. */
struct leat_slaac_counts {
    uint64_t taken;         /**< advertisements */
    uint64_t refused;       /**< advertisements that RFC 4861 6.1.2 demands to drop */
    uint64_t ignored_parts; /**< malformed or impossible options: left out of an advertisement */
    uint8_t ignored_option; /**< the type of the first of them */
};

/** The counters; live, valid until leat_slaac_stop(). */
const struct leat_slaac_counts *leat_slaac_counts(const struct leat_slaac *slaac);

/** The last advertisement that was refused since leat_slaac_start(), or since one was taken; live,
 * valid until leat_slaac_stop(). */
const struct leat_refusal *leat_slaac_refusal(const struct leat_slaac *slaac);

#ifdef __cplusplus
}
#endif
#endif
