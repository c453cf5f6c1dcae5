/* routers.c -- facts from router advertisements, beside those of a DHCP server (leat/slaac.h). */
#include <string.h>

#include "proto/autoconf/autoconf.h"

static void on_routers(struct leat_slaac *slaac, const struct leat_slaac_facts *facts, void *arg)
{
    struct leat_autoconf *autoconf = arg;
    /* The first address of either family is an event of its own, on_configured (tell.c). */
    const bool is_first = !autoconf->was_configured && !leat_ip_is_any(facts->ip);

    (void)slaac;
    autoconf->facts.ipv6 = *facts;
    /* Before the program is told, because the flags M and O of the same advertisement may start
     * DHCPv6. */
    autoconf_servers6_heed(autoconf);
    if (is_first)
        autoconf_tell_address(autoconf);
    else
        autoconf_tell(autoconf, LEAT_AUTOCONF_IPV6);
}

enum leat_err autoconf_routers_begin(struct leat_autoconf *autoconf)
{
    const struct leat_slaac_config config = {.on_change = on_routers, .arg = autoconf};

    /* called by pointer, so that programs without IPv6 don't link it */
    return service_slaac_start(autoconf->stack, autoconf->netif, &autoconf->slaac, &config);
}

void autoconf_routers_end(struct leat_autoconf *autoconf)
{
    if (autoconf->slaac)
        service_slaac_stop(autoconf->stack, autoconf->slaac);
    autoconf->slaac = NULL;
    memset(&autoconf->facts.ipv6, 0, sizeof autoconf->facts.ipv6);
}
