/* service_netif.c -- services for the libraries that configure a netif. */
#include "service_netif.h"
#include "family.h"
#include "ip/route.h"
#include "link/address.h"
#include "link/link.h"

#include "core/assert.h"

/* Netifs are never detached, so one that was attached has its link until the stack ends. */
static struct link *link_of(struct leat *stack, const struct leat_netif *netif)
{
    struct link *link = stack_link(stack, netif);

    leat_assert(link);
    return link;
}

bool service_is_attached(struct leat *stack, const struct leat_netif *netif)
{
    return stack_link(stack, netif) != 0;
}

const struct leat_mac *service_first_mac(const struct leat *stack)
{
    return &stack->links[0].netif->mac;
}

uint8_t service_zone(struct leat *stack, const struct leat_netif *netif)
{
    return (uint8_t)(link_of(stack, netif) - stack->links + 1);
}

uint16_t service_mtu(struct leat *stack, const struct leat_netif *netif)
{
    return link_of(stack, netif)->mtu;
}

COLD void service_set_mtu(struct leat *stack, const struct leat_netif *netif, uint16_t mtu)
{
    link_set_mtu(link_of(stack, netif), mtu);
}

bool service_has_open_port(struct leat *stack, const struct leat_netif *netif)
{
    return link_of(stack, netif)->open_port != 0;
}

enum leat_err service_address_add(struct leat *stack, const struct leat_netif *netif, leat_ip4 ip,
                                  uint8_t prefix_bits, enum address_check check,
                                  struct address_watch *watch)
{
    return address_add(link_of(stack, netif), ip, prefix_bits, check, watch);
}

void service_address_set_prefix(struct leat *stack, const struct leat_netif *netif, leat_ip4 ip,
                                uint8_t prefix_bits)
{
    address_set_prefix(link_of(stack, netif), ip, prefix_bits);
}

bool service_has_ip(struct leat *stack, const struct leat_netif *netif, leat_ip4 ip)
{
    return address_is_ours(link_of(stack, netif), ip);
}

bool service_has_route(const struct leat *stack, leat_ip4 network, uint8_t prefix_bits)
{
    return route_exists(stack, network, prefix_bits);
}

struct leat_ip service_link_local6(struct leat *stack, const struct leat_netif *netif)
{
    leat_assert(stack->ipv6_family);
    return stack->ipv6_family->link_local(link_of(stack, netif));
}

enum leat_err service_address6_lease(struct leat *stack, const struct leat_netif *netif,
                                     struct leat_ip ip, uint64_t preferred_until_ns,
                                     uint64_t valid_until_ns, struct address_watch *watch)
{
    leat_assert(stack->ipv6_family);
    return stack->ipv6_family->address_lease(link_of(stack, netif), ip, preferred_until_ns,
                                             valid_until_ns, watch);
}

bool service_is_ours6(const struct leat *stack, struct leat_ip ip)
{
    leat_assert(stack->ipv6_family);
    return stack->ipv6_family->is_ours(stack, ip);
}

enum leat_err service_slaac_start(struct leat *stack, const struct leat_netif *netif,
                                  struct leat_slaac **slaac, const struct leat_slaac_config *config)
{
    leat_assert(stack->ipv6_family);
    return stack->ipv6_family->slaac_start(link_of(stack, netif), slaac, config);
}

void service_slaac_stop(struct leat *stack, struct leat_slaac *slaac)
{
    leat_assert(stack->ipv6_family);
    stack->ipv6_family->slaac_stop(slaac);
}

const struct leat_refusal *service_slaac_refusal(const struct leat *stack,
                                                 const struct leat_slaac *slaac)
{
    leat_assert(stack->ipv6_family);
    return stack->ipv6_family->slaac_refusal(slaac);
}

const struct dhcp6_calls *service_dhcp6(const struct leat *stack)
{
    return stack->dhcp6;
}

struct dhcp6_clients *service_dhcp6_clients(const struct leat *stack)
{
    return stack->dhcp6_clients;
}

void service_dhcp6_set(struct leat *stack, const struct dhcp6_calls *calls,
                       struct dhcp6_clients *clients)
{
    leat_assert(calls && clients && !stack->dhcp6);
    stack->dhcp6 = calls;
    stack->dhcp6_clients = clients;
}
