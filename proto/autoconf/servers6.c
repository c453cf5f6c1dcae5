/*
 * servers6.c -- facts from DHCPv6 servers, once routers announce one (leat/dhcp6.h).
 *
 * The flags of an advertisement start DHCPv6 and never end it. RFC 4862 dropped the meaning of a
 * flag that is cleared later, and the loss of a router says nothing about a server. M includes O
 * (RFC 4861 4.2). All calls go through a table, so that programs that register no DHCPv6 don't link
 * it.
 */
#include <string.h>

#include "proto/autoconf/autoconf.h"

#include "core/assert.h"
#include "dhcp6_calls.h"

/* Stores new facts of the server; NULL: none any more. */
static void set_facts(struct leat_autoconf *autoconf, const struct leat_dhcp6_lease *lease)
{
    static const struct leat_dhcp6_lease nothing = {.valid_s = 0};

    if (!lease)
        lease = &nothing;
    /* a difference in padding alone causes one superfluous call:
     * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
    if (memcmp(&autoconf->facts.dhcp6, lease, sizeof *lease) == 0)
        return;
    autoconf->facts.dhcp6 = *lease;
    autoconf_tell(autoconf, LEAT_AUTOCONF_DHCP6);
}

static void on_news(struct leat_dhcp6 *dhcp6, enum leat_dhcp6_news news,
                    const struct leat_dhcp6_lease *lease, void *arg)
{
    struct leat_autoconf *autoconf = arg;

    (void)dhcp6;
    switch (news) {
    case LEAT_DHCP6_BOUND:
    case LEAT_DHCP6_RENEWED:
    case LEAT_DHCP6_INFORMED:
        set_facts(autoconf, lease);
        break;
    case LEAT_DHCP6_SILENCE:
        autoconf_tell(autoconf, LEAT_AUTOCONF_DHCP6_SILENCE);
        break;
    case LEAT_DHCP6_REFUSED:
    case LEAT_DHCP6_DECLINED:
        autoconf_tell(autoconf, news == LEAT_DHCP6_REFUSED ? LEAT_AUTOCONF_DHCP6_REFUSED
                                                           : LEAT_AUTOCONF_DHCP6_CONFLICT);
        set_facts(autoconf, NULL);
        break;
    case LEAT_DHCP6_MOVED:
    case LEAT_DHCP6_EXPIRED:
        set_facts(autoconf, NULL);
        break;
    }
}

enum leat_err autoconf_servers6_open(struct leat_autoconf *autoconf, const uint8_t *kept)
{
    const struct dhcp6_calls *calls = service_dhcp6(autoconf->stack);
    const struct leat_dhcp6_config config = {
        .rapid_commit = true, .on_news = on_news, .arg = autoconf};

    leat_assert(!autoconf->dhcp6);
    if (!calls)
        return LEAT_OK;
    if (kept)
        memcpy(autoconf->kept6, kept + LEAT_DHCP_KEPT_BYTES, sizeof autoconf->kept6);
    return calls->open(autoconf->stack, autoconf->netif, &autoconf->dhcp6, &config);
}

void autoconf_servers6_heed(struct leat_autoconf *autoconf)
{
    const struct dhcp6_calls *calls = service_dhcp6(autoconf->stack);
    const struct leat_slaac_facts *said = &autoconf->facts.ipv6;
    const uint8_t asks = said->managed ? AUTOCONF_ASKS_ADDRESS
                         : said->other ? AUTOCONF_ASKS_FACTS
                                       : AUTOCONF_ASKS_NOTHING;

    leat_debug_assert(autoconf->dhcp6_asks <= AUTOCONF_ASKS_ADDRESS);
    if (!autoconf->dhcp6 || asks <= autoconf->dhcp6_asks)
        return;
    if (autoconf->dhcp6_asks != AUTOCONF_ASKS_NOTHING)
        calls->stop(autoconf->dhcp6);
    autoconf->dhcp6_asks = asks;
    if (asks == AUTOCONF_ASKS_ADDRESS)
        calls->start(autoconf->dhcp6, autoconf->kept6);
    else
        calls->inform(autoconf->dhcp6);
}

void autoconf_servers6_end(struct leat_autoconf *autoconf, bool release)
{
    const struct dhcp6_calls *calls = service_dhcp6(autoconf->stack);

    if (!autoconf->dhcp6)
        return;
    if (release)
        calls->release(autoconf->dhcp6);
    else
        calls->stop(autoconf->dhcp6);
    autoconf->dhcp6_asks = AUTOCONF_ASKS_NOTHING;
    memset(autoconf->kept6, 0, sizeof autoconf->kept6);
    memset(&autoconf->facts.dhcp6, 0, sizeof autoconf->facts.dhcp6);
}

bool autoconf_servers6_keep(const struct leat_autoconf *autoconf,
                            uint8_t kept[LEAT_DHCP6_KEPT_BYTES])
{
    const struct leat_dhcp6_lease *lease = &autoconf->facts.dhcp6;

    memset(kept, 0, LEAT_DHCP6_KEPT_BYTES);
    if (leat_ip_is_any(lease->ip))
        return false;
    service_dhcp6(autoconf->stack)->keep(lease, kept);
    return true;
}
