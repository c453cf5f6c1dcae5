/*
 * prefix6.c -- queries of routers' statements about a link, for the layers that slaac.c calls:
 * on-link prefixes, ends of lifetimes, notice of changes.
 */
#include "core/second.h"
#include "ip/v6/slaac.h"
#include "wire/ra.h"

bool slaac_is_on_link(const struct link *link, struct leat_ip ip)
{
    const struct leat_slaac *slaac = link6_of(link)->slaac;

    for (unsigned i = 0; slaac && i < LEAT_SLAAC_PREFIXES_MAX; i++) {
        const struct prefix6 *prefix = &slaac->prefixes[i];

        if (prefix->until_ns > link->stack->now_ns &&
            ip6_in_prefix(prefix->prefix, ip, prefix->prefix_bits))
            return true;
    }
    return false;
}

uint64_t slaac_until_ns(const struct leat_slaac *slaac, uint32_t lifetime_s)
{
    return lifetime_s == RA_FOR_EVER ? IP6_FOR_EVER
                                     : slaac->link->stack->now_ns + lifetime_s * second_ns;
}

void slaac_changed(struct link *link)
{
    struct leat_slaac *slaac = link6_of(link)->slaac;

    if (slaac)
        stack_ready(link->stack, &slaac->ready);
}

void slaac_ends_anew(struct link *link)
{
    struct leat_slaac *slaac = link6_of(link)->slaac;

    if (slaac) /* the sweep finds out when the next address becomes deprecated */
        timer_set(&link->stack->timers, &slaac->sweep, link->stack->now_ns);
    slaac_changed(link);
}
