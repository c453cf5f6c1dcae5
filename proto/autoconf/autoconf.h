/*
 * autoconf.h -- private declarations of a netif's configuration.
 *
 *      autoconf.c    the program's calls, and the events of the DHCP client
 *      apply.c       turns a lease into routes and facts, and withdraws it
 *      routers.c     facts from IPv6 router advertisements
 *      servers6.c    facts from DHCPv6 servers, once routers announce one
 *      link_local.c  an address that we choose ourselves (RFC 3927)
 *      tell.c        reports to the program
 */
#ifndef AUTOCONF_AUTOCONF_H
#define AUTOCONF_AUTOCONF_H

#include <leat/autoconf.h>
#include <leat/timer.h>

#include "service.h"
#include "service_netif.h"

/* The requests to DHCPv6 servers; each one includes those before it. */
enum autoconf_asks {
    AUTOCONF_ASKS_NOTHING,
    AUTOCONF_ASKS_FACTS,
    AUTOCONF_ASKS_ADDRESS
};

struct leat_autoconf {
    struct leat *stack;
    struct leat_netif *netif;
    struct leat_dhcp *dhcp;
    struct leat_autoconf_config config; /* with the defaults filled in */
    struct leat_autoconf_facts facts;
    struct leat_autoconf_facts before; /* a renewal */
    bool was_configured;               /* on_configured has been called */
    bool has_lease;
    struct leat_slaac *slaac;             /* NULL: router advertisements are ignored */
    struct leat_dhcp6 *dhcp6;             /* NULL: no DHCPv6 client */
    uint8_t dhcp6_asks;                   /* enum autoconf_asks */
    uint8_t kept6[LEAT_DHCP6_KEPT_BYTES]; /* for the first start; all 0: no kept lease */
    uint8_t route_count;                  /* routes that we have set */
    struct leat_dhcp_route routes[LEAT_DHCP_ROUTES_MAX];
    /* link-local */
    struct leat_timer timer; /* fires when an address is to be chosen */
    struct address_watch watch;
    leat_ip4 chosen;  /* IP4_ANY: none */
    uint32_t choices; /* addresses chosen so far; each conflict adds one */
};

/* Sets the routes of @lease in the stack, and writes its facts. */
void autoconf_apply(struct leat_autoconf *autoconf, const struct leat_dhcp_lease *lease);

/* Begins to process router advertisements. The stack must have IPv6. */
enum leat_err autoconf_routers_begin(struct leat_autoconf *autoconf);
void autoconf_routers_end(struct leat_autoconf *autoconf);

/* Creates a DHCPv6 client, if the stack has DHCPv6. It must have IPv6. @kept: as in the
 * configuration. */
enum leat_err autoconf_servers6_open(struct leat_autoconf *autoconf, const uint8_t *kept);

/* Writes the IPv6 part of leat_autoconf_keep(); false: there is no lease. */
bool autoconf_servers6_keep(const struct leat_autoconf *autoconf,
                            uint8_t kept[LEAT_DHCP6_KEPT_BYTES]);

/* Has the DHCPv6 client request what router advertisements announce. */
void autoconf_servers6_heed(struct leat_autoconf *autoconf);
void autoconf_servers6_end(struct leat_autoconf *autoconf, bool release);

/* Clears all facts but those of IPv6. */
void autoconf_clear(struct leat_autoconf_facts *facts);

/* Undoes autoconf_apply(). */
void autoconf_withdraw(struct leat_autoconf *autoconf);

/* Reports a new, changed or lost address to the program. Its callback may stop us. */
void autoconf_tell_address(struct leat_autoconf *autoconf);
void autoconf_tell(struct leat_autoconf *autoconf, enum leat_autoconf_change change);

/* Starts the wait for a DHCP server; a link-local address is chosen if none answers in time. */
void autoconf_link_local_await(struct leat_autoconf *autoconf);

/* Withdraws the link-local address, or ends the wait for it. */
void autoconf_link_local_end(struct leat_autoconf *autoconf);

void autoconf_link_local_init(struct leat_autoconf *autoconf);

#endif
