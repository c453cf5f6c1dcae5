/*
 * apply.c -- turns a lease into routes and facts, and withdraws it.
 *
 * autoconf_apply() and autoconf_withdraw() are the only writers of IPv4 facts and routes. Only
 * routes that were added here are removed here, so the program's own stay, whatever a server says.
 */
#include <string.h>

#include "proto/autoconf/autoconf.h"
#include "core/assert.h"

static enum leat_err add_route(struct leat_autoconf *autoconf, const struct leat_dhcp_route *route)
{
    struct leat *stack = autoconf->stack;
    const struct leat_netif *netif = autoconf->netif;

    if (leat_ip_v4_number(route->gateway) == IP4_ANY) /* RFC 3442: a destination on the link */
        return leat_route_add_on_link(stack, netif, route->network, route->prefix_bits);
    return leat_route_add_by(stack, netif, route->network, route->prefix_bits, route->gateway);
}

/* Sets a route, unless the program has set one to that prefix. */
static void set_route(struct leat_autoconf *autoconf, const struct leat_dhcp_route *route)
{
    struct leat *stack = autoconf->stack;

    if (autoconf->route_count == LEAT_DHCP_ROUTES_MAX ||
        service_has_route(stack, leat_ip_v4_number(route->network), route->prefix_bits) ||
        add_route(autoconf, route))
        return;
    /* Kept in the order of their addition, for unset_routes(). */
    autoconf->routes[autoconf->route_count++] = *route;
    if (route->prefix_bits == 0)
        autoconf->facts.gateway = route->gateway;
}

static void set_routes(struct leat_autoconf *autoconf, const struct leat_dhcp_lease *lease)
{
    /* RFC 2132 3.5: routers are listed in order of preference */
    if (lease->router_count > 0) {
        const struct leat_dhcp_route by_default = {.gateway = lease->routers[0]};

        set_route(autoconf, &by_default);
    }
    for (unsigned i = 0; i < lease->route_count; i++)
        set_route(autoconf, &lease->routes[i]);
}

static void unset_routes(struct leat_autoconf *autoconf)
{
    leat_debug_assert(autoconf->route_count <= LEAT_DHCP_ROUTES_MAX);
    while (autoconf->route_count > 0) {
        const struct leat_dhcp_route *route = &autoconf->routes[--autoconf->route_count];

        leat_route_remove(autoconf->stack, route->network, route->prefix_bits);
    }
}

/* Clears the facts of the lease, and keeps those of IPv6 routers and DHCPv6 servers. Every
 * other member is cleared, wherever it stands in the struct. */
void autoconf_clear(struct leat_autoconf_facts *facts)
{
    enum {
        IPV6_AT = offsetof(struct leat_autoconf_facts, ipv6),
        IPV6_END = IPV6_AT + sizeof(struct leat_slaac_facts),
        DHCP6_AT = offsetof(struct leat_autoconf_facts, dhcp6),
        DHCP6_END = DHCP6_AT + sizeof(struct leat_dhcp6_lease)
    };
    uint8_t *bytes = (uint8_t *)facts;

    _Static_assert(IPV6_END <= DHCP6_AT, "in this order");
    memset(bytes, 0, IPV6_AT);
    memset(bytes + IPV6_END, 0, DHCP6_AT - IPV6_END);
    memset(bytes + DHCP6_END, 0, sizeof *facts - DHCP6_END);
}

void autoconf_apply(struct leat_autoconf *autoconf, const struct leat_dhcp_lease *lease)
{
    struct leat_autoconf_facts *facts = &autoconf->facts;

    leat_debug_assert(lease->name_server_count <= LEAT_DHCP_SERVERS_MAX);
    unset_routes(autoconf);
    autoconf_clear(facts);
    facts->ip = lease->ip;
    facts->prefix_bits = lease->prefix_bits;
    facts->name_server_count = lease->name_server_count;
    facts->ntp_server_count = lease->ntp_server_count;
    memcpy(facts->name_servers, lease->name_servers, sizeof facts->name_servers);
    memcpy(facts->ntp_servers, lease->ntp_servers, sizeof facts->ntp_servers);
    memcpy(facts->host_name, lease->host_name, sizeof facts->host_name);
    memcpy(facts->domain_name, lease->domain_name, sizeof facts->domain_name);
    memcpy(facts->search, lease->search, sizeof facts->search);
    /* 0, if the lease has none: the link's own */
    service_set_mtu(autoconf->stack, autoconf->netif, lease->mtu);
    facts->mtu = service_mtu(autoconf->stack, autoconf->netif);
    set_routes(autoconf, lease);
}

void autoconf_withdraw(struct leat_autoconf *autoconf)
{
    unset_routes(autoconf);
    autoconf_clear(&autoconf->facts);
    service_set_mtu(autoconf->stack, autoconf->netif, 0);
    autoconf->facts.mtu = service_mtu(autoconf->stack, autoconf->netif);
}
