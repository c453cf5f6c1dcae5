/*
 * autoconf.h -- the inside of a netif's configuration.
 *
 *      autoconf.c    what the program calls, and what the DHCP client tells
 *      apply.c       a lease becomes routes and facts, and is withdrawn
 *      routers.c     what routers of IPv6 say
 *      link_local.c  an address of our own choice (RFC 3927)
 */
#ifndef AUTOCONF_AUTOCONF_H
#define AUTOCONF_AUTOCONF_H

#include <leat/autoconf.h>
#include <leat/timer.h>

#include "link/address.h"
#include "stack.h"

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
