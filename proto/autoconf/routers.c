/* routers.c -- facts from router advertisements, beside those of a DHCP server (leat/slaac.h). */
#include <string.h>

#include "proto/autoconf/autoconf.h"
#include "wire/ipv6.h"

static void on_routers(struct leat_slaac *slaac, const struct leat_slaac_facts *facts, void *arg)
{
    struct leat_autoconf *autoconf = arg;
    const bool is_first = !autoconf->was_configured && !leat_ip_is_any(facts->ip);

    (void)slaac;
    autoconf->facts.ipv6 = *facts;
    autoconf_servers6_heed(autoconf);
    if (is_first)
        autoconf_tell_address(autoconf);
    else
        autoconf_tell(autoconf, LEAT_AUTOCONF_IPV6);
}

bool autoconf_has_ipv6(const struct leat_autoconf *autoconf)
{
    /* called by pointer, so that programs without IPv6 don't link it; RFC 8200 5: IPv6 needs
     * an MTU of 1,280 */
    return autoconf->config.slaac && autoconf->stack->ipv6_family &&
           autoconf->link->netif->mtu >= IPV6_MTU_MIN;
}

enum leat_err autoconf_routers_begin(struct leat_autoconf *autoconf)
{
    const struct leat_slaac_config config = {.on_change = on_routers, .arg = autoconf};

    if (!autoconf_has_ipv6(autoconf))
        return LEAT_OK;
    return autoconf->stack->ipv6_family->slaac_start(autoconf->link, &autoconf->slaac, &config);
}

void autoconf_routers_end(struct leat_autoconf *autoconf)
{
    if (autoconf->slaac)
        autoconf->stack->ipv6_family->slaac_stop(autoconf->slaac);
    autoconf->slaac = NULL;
    memset(&autoconf->facts.ipv6, 0, sizeof autoconf->facts.ipv6);
}
