/* tell.c -- reports to the program. */
#include "proto/autoconf/autoconf.h"

void autoconf_tell(struct leat_autoconf *autoconf, enum leat_autoconf_change change)
{
    const struct leat_autoconf_config *config = &autoconf->config;

    if (config->on_change)
        config->on_change(autoconf, change, &autoconf->facts, config->arg);
}

/* on_configured is called once, for the first address, so that a program can begin there. All later
 * changes go to on_change. */
void autoconf_tell_address(struct leat_autoconf *autoconf)
{
    const struct leat_autoconf_config *config = &autoconf->config;

    const bool has_one =
        !leat_ip_is_any(autoconf->facts.ip) || !leat_ip_is_any(autoconf->facts.ipv6.ip);

    if (autoconf->was_configured || !has_one) {
        autoconf_tell(autoconf, LEAT_AUTOCONF_ADDRESS);
        return;
    }
    autoconf->was_configured = true;
    if (config->on_configured)
        config->on_configured(autoconf, &autoconf->facts, config->arg);
}
