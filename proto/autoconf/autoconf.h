/*
 * autoconf.h -- the inside of a netif's configuration.
 *
 *      autoconf.c    what the program calls, and what the DHCP client tells
 *      apply.c       a lease becomes routes and facts, and is withdrawn
 *      routers.c     what routers of IPv6 say
 *      servers6.c    what DHCPv6 servers say, when routers say that there are any
 *      link_local.c  an address of our own choice (RFC 3927)
 */
#ifndef AUTOCONF_AUTOCONF_H
#define AUTOCONF_AUTOCONF_H

#include <leat/autoconf.h>
#include <leat/timer.h>

#include "link/address.h"
#include "stack.h"

/* What DHCPv6 servers are asked for: the later ones hold the earlier. */
enum autoconf_asks {
    AUTOCONF_ASKS_NOTHING,
    AUTOCONF_ASKS_FACTS,
    AUTOCONF_ASKS_ADDRESS
};

struct leat_autoconf {
    struct leat *stack;
    struct link *link;
    struct leat_dhcp *dhcp;
    struct leat_autoconf_config config; /* with the defaults filled in */
    struct leat_autoconf_facts facts;
    struct leat_autoconf_facts before; /* a renewal */
    bool was_configured;               /* on_configured has been called */
    bool has_lease;
    struct leat_slaac *slaac; /* NULL: no routers are heard */
    struct leat_dhcp6 *dhcp6; /* NULL: there is none */
    uint8_t dhcp6_asks;       /* enum autoconf_asks */
    uint8_t kept6[LEAT_DHCP6_KEPT_BYTES]; /* for the first start; 0: nothing */
    uint8_t route_count;      /* that we have set */
    struct leat_dhcp_route routes[LEAT_DHCP_ROUTES_MAX];
    /* link-local */
    struct leat_timer timer; /* when to choose an address */
    struct address_watch watch;
    leat_ip4 chosen;  /* IP4_ANY: none */
    uint32_t choices; /* so far: each conflict costs one */
};

/* Sets what @lease says in the stack, and writes it to the facts. */
void autoconf_apply(struct leat_autoconf *autoconf, const struct leat_dhcp_lease *lease);

/* Hears routers, if that is wanted and there is IPv6. */
enum leat_err autoconf_routers_begin(struct leat_autoconf *autoconf);
void autoconf_routers_end(struct leat_autoconf *autoconf);

/* Makes a DHCPv6 client, if that is wanted and there is DHCPv6; @kept: as in the configuration. */
enum leat_err autoconf_servers6_open(struct leat_autoconf *autoconf, const uint8_t *kept);

/* Writes what leat_autoconf_keep() does of IPv6; false: there is no lease. */
bool autoconf_servers6_keep(const struct leat_autoconf *autoconf,
                            uint8_t kept[LEAT_DHCP6_KEPT_BYTES]);

/* Has it ask for what routers say that there is. */
void autoconf_servers6_heed(struct leat_autoconf *autoconf);
void autoconf_servers6_end(struct leat_autoconf *autoconf, bool release);

/* True if IPv6 is wanted, and the link can have it. */
bool autoconf_has_ipv6(const struct leat_autoconf *autoconf);

/* Forgets all facts but those of IPv6. */
void autoconf_clear(struct leat_autoconf_facts *facts);

/* Takes that out again. */
void autoconf_withdraw(struct leat_autoconf *autoconf);

/* There is an address, or another one, or none. */
void autoconf_tell_address(struct leat_autoconf *autoconf);
void autoconf_tell(struct leat_autoconf *autoconf, enum leat_autoconf_change change);

/* We wait for a server: an address is chosen if none answers in time. */
void autoconf_link_local_await(struct leat_autoconf *autoconf);

/* It isn't needed any more. */
void autoconf_link_local_end(struct leat_autoconf *autoconf);

void autoconf_link_local_init(struct leat_autoconf *autoconf);

#endif
