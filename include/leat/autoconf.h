/*
 * autoconf.h -- a netif configures itself: address, routes, MTU, servers, as the network says: by
 * DHCP for IPv4 and, if it is wanted, by routers for IPv6 (leat/slaac.h), side by side; and by DHCPv6
 * (leat/dhcp6.h) where routers say so.
 *
 * What a network says today it may take back tomorrow: addresses and routes are set in the stack,
 * and withdrawn, as leases come and go, and the program is told.
 */
#ifndef LEAT_AUTOCONF_H
#define LEAT_AUTOCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    /** Of what leat_autoconf_keep() writes: DHCPv4's and DHCPv6's. */
    LEAT_AUTOCONF_KEPT_BYTES = LEAT_DHCP_KEPT_BYTES + LEAT_DHCP6_KEPT_BYTES
};

/** What is known of the network now.  Texts are "" and addresses LEAT_IP_ANY where it isn't. */
struct leat_autoconf_facts {
    struct leat_ip ip;         /**< ours */
    uint8_t prefix_bits;       /**< of its network */
    bool is_link_local;        /**< ours was chosen by ourselves (RFC 3927): there is no way out */
    struct leat_ip gateway;    /**< of the default route that was set */
    uint16_t mtu;              /**< of what is sent */
    uint8_t name_server_count; /**< in name_servers */
    uint8_t ntp_server_count;  /**< in ntp_servers */
    struct leat_ip name_servers[LEAT_DHCP_SERVERS_MAX]; /**< the preferred one first */
    struct leat_ip ntp_servers[LEAT_DHCP_SERVERS_MAX];  /**< the preferred one first */
    char host_name[LEAT_DHCP_NAME_BYTES];               /**< what the network calls us */
    char domain_name[LEAT_DHCP_NAME_BYTES];             /**< of the network */
    char search[LEAT_DHCP_NAME_BYTES];                  /**< domains with spaces between them */
    struct leat_slaac_facts ipv6; /**< what routers say, if config.slaac; `ip` of it may be a
                                       DHCPv6 server's */
    struct leat_dhcp6_lease dhcp6; /**< what that says; all 0: nothing.  The rest is IPv4's */
};

/** What has changed. */
enum leat_autoconf_change {
    LEAT_AUTOCONF_ADDRESS,  /**< another address, or none: then its routes are gone, too */
    LEAT_AUTOCONF_FACTS,    /**< the address is the same, but something else isn't */
    LEAT_AUTOCONF_SILENCE,  /**< no server answers; we go on trying: leat_autoconf_waited_ns() */
    LEAT_AUTOCONF_REFUSED,  /**< a server has refused what we asked for */
    LEAT_AUTOCONF_CONFLICT, /**< another host has the address that a server has given us */
    LEAT_AUTOCONF_IPV6,     /**< routers say something else: facts.ipv6 */
    LEAT_AUTOCONF_DHCP6,    /**< a DHCPv6 server says something else, or nothing any more:
                                 facts.dhcp6 */
    LEAT_AUTOCONF_DHCP6_SILENCE, /**< routers say that there is one, but none answers; we go on
                                      trying */
    LEAT_AUTOCONF_DHCP6_REFUSED, /**< it has refused what we asked for */
    LEAT_AUTOCONF_DHCP6_CONFLICT /**< another host has the address that it has given us */
};

/** What is wanted.  Every 0 means the default that is named beside it. */
struct leat_autoconf_config {
    const char *host_name; /**< ours, told to the server; NULL: none */
    const char *vendor_class; /**< as in leat_dhcp_config: option 43 of the answer is in the lease
                                   that on_lease and leat_dhcp_lease() show; NULL: none */
    const uint8_t *kept; /**< LEAT_AUTOCONF_KEPT_BYTES of leat_autoconf_keep(), or NULL; read at
                              once */
    bool probe_first;    /**< probe for an address before it is used (RFC 5227): 4 to 7 s more */
    bool routes;         /**< take the routes of option 121; see leat_dhcp_config.routes */
    bool link_local;     /**< without a server, choose an address (RFC 3927) */
    bool slaac;          /**< hear IPv6 routers beside it, if leat_ipv6_register() was called; and
                              ask DHCPv6 servers as they say, if leat_dhcp6_register() was */
    uint64_t link_local_after_ns; /**< ... after so long: 10 s; it is probed for then */
    /** The first time that there is an address, of either family; NULL: not wanted, as the next
     * two. */
    void (*on_configured)(struct leat_autoconf *autoconf, const struct leat_autoconf_facts *facts,
                          void *arg);
    /** What has changed since, and what goes on until then. */
    void (*on_change)(struct leat_autoconf *autoconf, enum leat_autoconf_change change,
                      const struct leat_autoconf_facts *facts, void *arg);
    /** As in leat_dhcp_config: do we want this lease? */
    bool (*on_lease)(struct leat_autoconf *autoconf, const struct leat_dhcp_lease *lease,
                     void *arg);
    void *arg; /**< for the three */
};

/** Bytes that leat_autoconf_start() takes from the stack's block. */
size_t leat_autoconf_memory_bytes(void);

/**
 * Begins to configure an attached netif, and goes on until leat_autoconf_stop().  Takes one UDP
 * socket; UDP must be registered.  @p config is copied; host_name and vendor_class must stay.  Callbacks come from
 * leat_poll().  A default route that is there already is left alone.
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_IN_USE (the netif has a DHCP client, or hears routers),
 * LEAT_ERR_ARGUMENT; with config.slaac LEAT_ERR_FULL (leat_ipv6_config.slaacs, the clients of
 * leat_dhcp6_register()).
 */
enum leat_err leat_autoconf_start(struct leat *stack, struct leat_netif *netif,
                                  struct leat_autoconf **autoconf,
                                  const struct leat_autoconf_config *config);

/** Withdraws all that was set, and rests.  @p release: tell the server that the address is free. */
void leat_autoconf_stop(struct leat_autoconf *autoconf, bool release);

/** Begins again after leat_autoconf_stop(): LEAT_ERR_IN_USE before that. */
enum leat_err leat_autoconf_restart(struct leat_autoconf *autoconf);

/** What is known now. */
const struct leat_autoconf_facts *leat_autoconf_facts(const struct leat_autoconf *autoconf);

/** For how long no server has answered. */
uint64_t leat_autoconf_waited_ns(const struct leat_autoconf *autoconf);

/** Writes the addresses of both families that the next start may ask for again; 0 for one that no
 * server gave.  False: there is no lease.  What it writes changes with LEAT_AUTOCONF_ADDRESS and
 * LEAT_AUTOCONF_DHCP6. */
bool leat_autoconf_keep(const struct leat_autoconf *autoconf,
                        uint8_t kept[LEAT_AUTOCONF_KEPT_BYTES]);

/** The DHCP client inside, for its counters and its lease; to be looked at only. */
const struct leat_dhcp *leat_autoconf_dhcp(const struct leat_autoconf *autoconf);

/** The DHCPv6 client inside, likewise; NULL: there is none. */
const struct leat_dhcp6 *leat_autoconf_dhcp6(const struct leat_autoconf *autoconf);

#ifdef __cplusplus
}
#endif
#endif
