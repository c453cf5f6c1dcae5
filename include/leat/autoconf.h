/*
 * autoconf.h -- configures a netif from the network: address, routes, MTU, servers.
 *
 * IPv4 is configured by DHCP.  If the program wants it, IPv6 is configured by router advertisements
 * (leat/slaac.h) at the same time, and by DHCPv6 (leat/dhcp6.h) where routers ask for that.
 *
 * Addresses and routes are set in the stack, and withdrawn, as leases come and go.  The program is
 * notified of each change.
 */
#ifndef LEAT_AUTOCONF_H
#define LEAT_AUTOCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/dhcp.h>
#include <leat/dhcp6.h>
#include <leat/err.h>
#include <leat/slaac.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_autoconf;

enum {
    /** Bytes that leat_autoconf_keep() writes: the part of DHCPv4 and that of DHCPv6. */
    LEAT_AUTOCONF_KEPT_BYTES = LEAT_DHCP_KEPT_BYTES + LEAT_DHCP6_KEPT_BYTES,
    /** Bytes that leat_autoconf_why() may write, the final NUL included. */
    LEAT_AUTOCONF_WHY_BYTES = 3 * (LEAT_REFUSAL_TEXT_BYTES + 10)
};

/** The configuration as it is known now.  Unknown strings are "", unknown addresses LEAT_IP_ANY. */
struct leat_autoconf_facts {
    struct leat_ip ip;         /**< ours */
    uint8_t prefix_bits;       /**< of its network */
    bool is_link_local;        /**< `ip` was self-assigned (RFC 3927): there is no default route */
    struct leat_ip gateway;    /**< of the default route that was set */
    uint16_t mtu;              /**< for sending */
    uint8_t name_server_count; /**< in name_servers */
    uint8_t ntp_server_count;  /**< in ntp_servers */
    struct leat_ip name_servers[LEAT_DHCP_SERVERS_MAX]; /**< the preferred one first */
    struct leat_ip ntp_servers[LEAT_DHCP_SERVERS_MAX];  /**< the preferred one first */
    char host_name[LEAT_DHCP_NAME_BYTES];               /**< our name, from the server */
    char domain_name[LEAT_DHCP_NAME_BYTES];             /**< of the network */
    char search[LEAT_DHCP_NAME_BYTES];                  /**< domains with spaces between them */
    struct leat_slaac_facts ipv6;  /**< from routers, with config.slaac; its `ip` may come from a
                                        DHCPv6 server */
    struct leat_dhcp6_lease dhcp6; /**< from a DHCPv6 server; all 0: none.  The rest is of IPv4 */
};

/** The kinds of changes that on_change reports. */
enum leat_autoconf_change {
    LEAT_AUTOCONF_ADDRESS,  /**< another address, or none: then its routes are gone, too */
    LEAT_AUTOCONF_FACTS,    /**< the address is the same, other facts changed */
    LEAT_AUTOCONF_SILENCE,  /**< no server answers; we keep trying: leat_autoconf_waited_ns() */
    LEAT_AUTOCONF_REFUSED,  /**< a server has refused our request */
    LEAT_AUTOCONF_CONFLICT, /**< another host has the address that a server gave us */
    LEAT_AUTOCONF_IPV6,     /**< the facts from routers changed: facts.ipv6 */
    LEAT_AUTOCONF_DHCP6,    /**< the DHCPv6 lease changed or is gone: facts.dhcp6 */
    LEAT_AUTOCONF_DHCP6_SILENCE, /**< routers announce DHCPv6, but no server answers; we keep
                                      trying */
    LEAT_AUTOCONF_DHCP6_REFUSED, /**< a DHCPv6 server has refused our request */
    LEAT_AUTOCONF_DHCP6_CONFLICT /**< another host has the address that a DHCPv6 server gave us */
};

/** Options and callbacks.  Every 0 means the default that is named beside it. */
struct leat_autoconf_config {
    const char *host_name;    /**< our name, sent to the server; NULL: none */
    const char *vendor_class; /**< as in leat_dhcp_config: option 43 of the answer is in the lease
                                   that on_lease and leat_dhcp_lease() show; NULL: none */
    const uint8_t *kept; /**< LEAT_AUTOCONF_KEPT_BYTES from leat_autoconf_keep(), or NULL; not used
                              after leat_autoconf_start() has returned */
    bool probe_first;    /**< probe for an address before it is used (RFC 5227): 4 to 7 s more */
    bool routes;         /**< accept the routes of option 121; see leat_dhcp_config.routes */
    bool link_local;     /**< without a server, choose an address (RFC 3927) */
    bool slaac;          /**< configure IPv6 from routers, if leat_ipv6_register() was called, and
                              from DHCPv6 servers if leat_dhcp6_register() was */
    uint64_t link_local_after_ns; /**< with link_local: wait for a server at least this long before
                                       probing for an address: 10 s */
    /** The first address of either family is usable.  Any of the callbacks may be NULL. */
    void (*on_configured)(struct leat_autoconf *autoconf, const struct leat_autoconf_facts *facts,
                          void *arg);
    /** A change after that, or an obstacle before it. */
    void (*on_change)(struct leat_autoconf *autoconf, enum leat_autoconf_change change,
                      const struct leat_autoconf_facts *facts, void *arg);
    /** As in leat_dhcp_config: false refuses the lease. */
    bool (*on_lease)(struct leat_autoconf *autoconf, const struct leat_dhcp_lease *lease,
                     void *arg);
    void *arg;                        /**< for the three */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Bytes that leat_autoconf_start() takes from the stack's block. */
size_t leat_autoconf_memory_bytes(void);

/**
 * Begins to configure an attached netif, and goes on until leat_autoconf_stop().  Takes one UDP
 * socket; UDP must be registered.  @p config is copied; host_name and vendor_class must stay.
 * Callbacks come from leat_poll().  A default route that exists already is left alone.
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_IN_USE (the netif has a DHCP client, or listens to routers),
 * LEAT_ERR_ARGUMENT; with config.slaac LEAT_ERR_FULL (all of leat_ipv6_config.slaacs, or all
 * clients of leat_dhcp6_register(), are taken).
 */
enum leat_err leat_autoconf_start(struct leat *stack, struct leat_netif *netif,
                                  struct leat_autoconf **autoconf,
                                  const struct leat_autoconf_config *config);

/** Withdraws everything it has set, and pauses.  @p release: tell servers that addresses are free.
 */
void leat_autoconf_stop(struct leat_autoconf *autoconf, bool release);

/** Begins again after leat_autoconf_stop().  LEAT_ERR_IN_USE: it was not stopped. */
enum leat_err leat_autoconf_restart(struct leat_autoconf *autoconf);

/** The configuration as it is known now; live. */
const struct leat_autoconf_facts *leat_autoconf_facts(const struct leat_autoconf *autoconf);

/** For how long no server has answered. */
uint64_t leat_autoconf_waited_ns(const struct leat_autoconf *autoconf);

/** Writes the addresses of both families that the next start may ask for again; 0 for a family
 * without a lease.  False: there is no lease at all.  The result changes with LEAT_AUTOCONF_ADDRESS
 * and LEAT_AUTOCONF_DHCP6. */
bool leat_autoconf_keep(const struct leat_autoconf *autoconf,
                        uint8_t kept[LEAT_AUTOCONF_KEPT_BYTES]);

/**
 * Writes the last refused answer of DHCP servers, of routers and of DHCPv6 servers.  An answer that
 * is taken ends the refusal of its kind.  Example: "DHCP: 10.0.0.1 answered, but with a lease that
 * is too short; router: fe80::1 answered, but ...".  Returns the length; "" and 0: no answer was
 * refused.
 */
size_t leat_autoconf_why(const struct leat_autoconf *autoconf, char text[LEAT_AUTOCONF_WHY_BYTES]);

/** The DHCP client inside, for its counters and its lease; read only. */
const struct leat_dhcp *leat_autoconf_dhcp(const struct leat_autoconf *autoconf);

/** The DHCPv6 client inside, likewise; NULL: there is none. */
const struct leat_dhcp6 *leat_autoconf_dhcp6(const struct leat_autoconf *autoconf);

/** The configuration by routers inside, likewise. */
const struct leat_slaac *leat_autoconf_slaac(const struct leat_autoconf *autoconf);

#ifdef __cplusplus
}
#endif
#endif
