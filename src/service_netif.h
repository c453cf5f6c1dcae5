/*
 * service_netif.h -- the inside of the stack for the libraries that configure a netif: its
 * addresses, its routes and its MTU. Beside service.h, proto/dhcp and proto/autoconf see only this.
 *
 * @netif is attached, unless a function says otherwise. The functions are in service_netif.c.
 */
#ifndef SERVICE_NETIF_H
#define SERVICE_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/err.h>
#include <leat/netif.h>

#include "core/cold.h"
#include "core/ip4.h"
#include "link/watch.h"

struct leat;
struct leat_refusal;      /* leat/refusal.h */
struct leat_slaac;        /* leat/slaac.h */
struct leat_slaac_config; /* leat/slaac.h */
struct dhcp6_calls;       /* dhcp6_calls.h */
struct dhcp6_clients;     /* proto/dhcp/dhcp6.h */

/* ---- netifs */

bool service_is_attached(struct leat *stack, const struct leat_netif *netif);

/* The address of the netif that was attached first; identifiers of the host are made of it. */
const struct leat_mac *service_first_mac(const struct leat *stack);

/* The zone of link-local addresses on @netif, counted from 1 (leat/addr.h). */
uint8_t service_zone(struct leat *stack, const struct leat_netif *netif);

/* The limit of packets that are sent, in bytes: that of the device, or less. */
uint16_t service_mtu(struct leat *stack, const struct leat_netif *netif);

/* Lowers that limit to @mtu. 0: the limit is the device's again. */
COLD void service_set_mtu(struct leat *stack, const struct leat_netif *netif, uint16_t mtu);

/* True if a socket receives what @netif gets for any address (leat_udp_bind_netif()). */
bool service_has_open_port(struct leat *stack, const struct leat_netif *netif);

/* ---- IPv4 */

/* leat_address_add() with a check, and with callbacks to @watch, which must stay valid until
 * leat_address_remove(). */
enum leat_err service_address_add(struct leat *stack, const struct leat_netif *netif, leat_ip4 ip,
                                  uint8_t prefix_bits, enum address_check check,
                                  struct address_watch *watch);

/* Changes the prefix length of our address @ip, if @netif has it. */
void service_address_set_prefix(struct leat *stack, const struct leat_netif *netif, leat_ip4 ip,
                                uint8_t prefix_bits);

/* True if @ip is a usable address of @netif. */
bool service_has_ip(struct leat *stack, const struct leat_netif *netif, leat_ip4 ip);

/* True if a route to exactly this prefix exists. */
bool service_has_route(const struct leat *stack, leat_ip4 network, uint8_t prefix_bits);

/* ---- IPv6; the stack must have it (service_has_ipv6()) */

/* The link-local address of @netif if it is usable, else "::". */
struct leat_ip service_link_local6(struct leat *stack, const struct leat_netif *netif);

/* Adds an address that a server has leased. It is checked first, and @watch is told of the result.
 * If @watch has the address already, only its lifetimes change. LEAT_ERR_IN_USE: the address
 * belongs to another owner. */
enum leat_err service_address6_lease(struct leat *stack, const struct leat_netif *netif,
                                     struct leat_ip ip, uint64_t preferred_until_ns,
                                     uint64_t valid_until_ns, struct address_watch *watch);

/* True for a usable IPv6 address of ours, and for ::1. */
bool service_is_ours6(const struct leat *stack, struct leat_ip ip);

/* As in leat/slaac.h, but programs without IPv6 don't link it. */
enum leat_err service_slaac_start(struct leat *stack, const struct leat_netif *netif,
                                  struct leat_slaac **slaac,
                                  const struct leat_slaac_config *config);
void service_slaac_stop(struct leat *stack, struct leat_slaac *slaac);
const struct leat_refusal *service_slaac_refusal(const struct leat *stack,
                                                 const struct leat_slaac *slaac);

/* ---- DHCPv6, which proto/autoconf uses if it is registered */

/* NULL: not registered; so is the next. */
const struct dhcp6_calls *service_dhcp6(const struct leat *stack);
struct dhcp6_clients *service_dhcp6_clients(const struct leat *stack);

/* Registers it. */
void service_dhcp6_set(struct leat *stack, const struct dhcp6_calls *calls,
                       struct dhcp6_clients *clients);

#endif
