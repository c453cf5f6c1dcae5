/*
 * autoconf.c -- the program's calls, and the events of the DHCP client.
 *
 * The DHCP client reports what happens to the lease (on_news()); apply.c turns it into routes and
 * facts, and tell.c reports these to the program. link_local.c, routers.c and servers6.c add an
 * address of last resort, IPv6 routers and DHCPv6 servers.
 */
#include "proto/autoconf/autoconf.h"

#include <string.h>

#include "dhcp6_calls.h"
#include "core/text.h"
#include "wire/ipv6.h"

static const uint64_t link_local_after_ns = 10 * UINT64_C(1000000000);

/* The link-local address goes before the lease's facts are there: a host has one of the two (RFC
 * 3927 1.9). */
static void bound(struct leat_autoconf *autoconf, const struct leat_dhcp_lease *lease)
{
    autoconf_link_local_end(autoconf);
    autoconf->has_lease = true;
    autoconf_apply(autoconf, lease);
    autoconf_tell_address(autoconf);
}

static void renewed(struct leat_autoconf *autoconf, const struct leat_dhcp_lease *lease)
{
    autoconf->before = autoconf->facts;
    autoconf_apply(autoconf, lease);
    /* a difference in padding alone causes one superfluous call:
     * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
    if (memcmp(&autoconf->before, &autoconf->facts, sizeof autoconf->facts) != 0)
        autoconf_tell(autoconf, LEAT_AUTOCONF_FACTS);
}

/* Withdraws the lease. A link-local address may follow, after the same wait as at the start. */
static void lost(struct leat_autoconf *autoconf)
{
    autoconf->has_lease = false;
    autoconf_withdraw(autoconf);
    autoconf_link_local_await(autoconf);
    autoconf_tell_address(autoconf);
}

static void on_news(struct leat_dhcp *dhcp, enum leat_dhcp_news news,
                    const struct leat_dhcp_lease *lease, void *arg)
{
    struct leat_autoconf *autoconf = arg;

    (void)dhcp;
    switch (news) {
    case LEAT_DHCP_BOUND:
        bound(autoconf, lease);
        break;
    case LEAT_DHCP_RENEWED:
        renewed(autoconf, lease);
        break;
    case LEAT_DHCP_SILENCE:
        autoconf_tell(autoconf, LEAT_AUTOCONF_SILENCE);
        break;
    case LEAT_DHCP_REFUSED:
    case LEAT_DHCP_DECLINED:
        autoconf_tell(autoconf,
                      news == LEAT_DHCP_REFUSED ? LEAT_AUTOCONF_REFUSED : LEAT_AUTOCONF_CONFLICT);
        if (autoconf->has_lease) /* the callback may have stopped us */
            lost(autoconf);
        break;
    case LEAT_DHCP_EXPIRED:
        lost(autoconf);
        break;
    case LEAT_DHCP_INFORMED:  /* we never send INFORM */
    case LEAT_DHCP_IPV6_ONLY: /* and never request option 108 */
        break;
    }
}

static bool on_lease(struct leat_dhcp *dhcp, const struct leat_dhcp_lease *lease, void *arg)
{
    struct leat_autoconf *autoconf = arg;
    const struct leat_autoconf_config *config = &autoconf->config;

    (void)dhcp;
    return !config->on_lease || config->on_lease(autoconf, lease, config->arg);
}

size_t leat_autoconf_memory_bytes(void)
{
    return arena_cost(1, sizeof(struct leat_autoconf)) + leat_dhcp_memory_bytes();
}

/* True if the configuration wants IPv6, and the stack and the link support it. */
static bool has_ipv6(const struct leat_autoconf *autoconf)
{
    /* RFC 8200 5: IPv6 needs an MTU of 1,280 */
    return autoconf->config.slaac && service_has_ipv6(autoconf->stack) &&
           autoconf->netif->mtu >= IPV6_MTU_MIN;
}

static enum leat_err begin(struct leat_autoconf *autoconf, const uint8_t *kept)
{
    enum leat_err err = leat_dhcp_start(autoconf->dhcp, kept);

    if (err)
        return err;
    /* DHCP runs beside IPv6, and is stopped again if that can't begin: the program sees both or
     * neither. */
    if (has_ipv6(autoconf))
        err = autoconf_routers_begin(autoconf);
    if (err)
        leat_dhcp_stop(autoconf->dhcp);
    else
        autoconf_link_local_await(autoconf);
    return err;
}

enum leat_err leat_autoconf_start(struct leat *stack, struct leat_netif *netif,
                                  struct leat_autoconf **autoconf,
                                  const struct leat_autoconf_config *config)
{
    struct leat_dhcp_config dhcp = {.host_name = config->host_name,
                                    .vendor_class = config->vendor_class,
                                    .check = config->probe_first ? LEAT_DHCP_CHECK_FIRST
                                                                 : LEAT_DHCP_CHECK_BESIDE,
                                    .routes = config->routes,
                                    .on_lease = on_lease,
                                    .on_news = on_news};
    struct leat_autoconf *made;
    enum leat_err err;

    if (!service_is_attached(stack, netif) || LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    made = service_take(stack, 1, sizeof *made);
    if (!made)
        return LEAT_ERR_MEMORY;
    made->stack = stack;
    made->netif = netif;
    made->config = *config;
    /* The program's memory for it need not outlive this call. */
    if (made->config.link_local_after_ns == 0)
        made->config.link_local_after_ns = link_local_after_ns;
    made->facts.mtu = service_mtu(stack, netif);
    autoconf_link_local_init(made);
    dhcp.arg = made;
    err = leat_dhcp_open(stack, netif, &made->dhcp, &dhcp);
    if (err)
        return err;
    if (has_ipv6(made))
        err = autoconf_servers6_open(made, config->kept);
    if (err)
        return err;
    *autoconf = made;
    return begin(made, config->kept);
}

void leat_autoconf_stop(struct leat_autoconf *autoconf, bool release)
{
    if (release)
        leat_dhcp_release(autoconf->dhcp);
    else
        leat_dhcp_stop(autoconf->dhcp);
    autoconf_link_local_end(autoconf);
    autoconf_servers6_end(autoconf, release);
    autoconf_routers_end(autoconf);
    autoconf->has_lease = false;
    autoconf_withdraw(autoconf);
}

enum leat_err leat_autoconf_restart(struct leat_autoconf *autoconf)
{
    return begin(autoconf, NULL);
}

const struct leat_autoconf_facts *leat_autoconf_facts(const struct leat_autoconf *autoconf)
{
    return &autoconf->facts;
}

uint64_t leat_autoconf_waited_ns(const struct leat_autoconf *autoconf)
{
    return leat_dhcp_waited_ns(autoconf->dhcp);
}

bool leat_autoconf_keep(const struct leat_autoconf *autoconf,
                        uint8_t kept[LEAT_AUTOCONF_KEPT_BYTES])
{
    /* Either part may be missing. Zeros have no magic number, so the next start takes them for
     * none. */
    const struct leat_dhcp_lease *lease = leat_dhcp_lease(autoconf->dhcp);
    const bool has_lease6 = autoconf_servers6_keep(autoconf, kept + LEAT_DHCP_KEPT_BYTES);

    if (lease)
        leat_dhcp_keep(lease, kept);
    else
        memset(kept, 0, LEAT_DHCP_KEPT_BYTES);
    return lease || has_lease6;
}

const struct leat_dhcp *leat_autoconf_dhcp(const struct leat_autoconf *autoconf)
{
    return autoconf->dhcp;
}

const struct leat_dhcp6 *leat_autoconf_dhcp6(const struct leat_autoconf *autoconf)
{
    return autoconf->dhcp6;
}

const struct leat_slaac *leat_autoconf_slaac(const struct leat_autoconf *autoconf)
{
    return autoconf->slaac;
}

/* Appends a refusal, if there is one. */
static void add_refusal(struct text *told, const char *source, const struct leat_refusal *refusal)
{
    char why[LEAT_REFUSAL_TEXT_BYTES];

    if (leat_refusal_format(refusal, why) == 0)
        return;
    if (told->len > 0)
        text_add(told, "; ");
    text_add(told, source);
    text_add(told, why);
}

size_t leat_autoconf_why(const struct leat_autoconf *autoconf, char text[LEAT_AUTOCONF_WHY_BYTES])
{
    const struct leat *stack = autoconf->stack;
    struct text told = {.bytes = text, .room = LEAT_AUTOCONF_WHY_BYTES - 1};

    add_refusal(&told, "DHCP: ", leat_dhcp_refusal(autoconf->dhcp));
    if (autoconf->slaac) /* by pointer, so that programs without IPv6 don't link it */
        add_refusal(&told, "router: ", service_slaac_refusal(stack, autoconf->slaac));
    if (autoconf->dhcp6)
        add_refusal(&told, "DHCPv6: ", service_dhcp6(stack)->refusal(autoconf->dhcp6));
    text[told.len] = '\0';
    return told.len;
}
