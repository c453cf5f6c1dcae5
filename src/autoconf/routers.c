/* routers.c -- what routers say, beside what a DHCP server does (leat/slaac.h). */
#include <string.h>

#include "autoconf/autoconf.h"
#include "wire/ipv6.h"

static void on_routers(struct leat_slaac *slaac, const struct leat_slaac_facts *facts, void *arg)
{
    struct leat_autoconf *autoconf = arg;
    const bool is_first = !autoconf->was_configured && !leat_ip_is_any(facts->ip);

    (void)slaac;
    autoconf->facts.ipv6 = *facts;
    if (is_first)
        autoconf_tell_address(autoconf);
    else
        autoconf_tell(autoconf, LEAT_AUTOCONF_IPV6);
}

enum leat_err autoconf_routers_begin(struct leat_autoconf *autoconf)
{
    /* through the table: who registers no IPv6 links none */
    const struct ipv6_family *ipv6 = autoconf->stack->ipv6_family;
    const struct leat_slaac_config config = {.on_change = on_routers, .arg = autoconf};

    if (!autoconf->config.slaac || !ipv6 || autoconf->link->netif->mtu < IPV6_MTU_MIN)
        return LEAT_OK; /* RFC 8200 5: such a link has no IPv6 */
    return ipv6->slaac_start(autoconf->link, &autoconf->slaac, &config);
}

void autoconf_routers_end(struct leat_autoconf *autoconf)
{
    if (autoconf->slaac)
        autoconf->stack->ipv6_family->slaac_stop(autoconf->slaac);
    autoconf->slaac = NULL;
    memset(&autoconf->facts.ipv6, 0, sizeof autoconf->facts.ipv6);
}
