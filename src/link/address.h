/* address.h -- the IPv4 addresses of a link: our own, on-link prefixes, broadcast addresses. */
#ifndef LINK_ADDRESS_H
#define LINK_ADDRESS_H

#include "link/link.h"
#include "link/watch.h"

/* leat_address_add() with callbacks to @watch, which must stay valid until leat_address_remove();
 * NULL: no callbacks. */
enum leat_err address_add(struct link *link, leat_ip4 ip, uint8_t prefix_bits,
                          enum address_check check, struct address_watch *watch);

/* True if the address may be the source of our packets (RFC 5227 2.1: not while probing). */
static inline bool address_is_usable(const struct address *address)
{
    return address->state == ADDRESS_ANNOUNCING || address->state == ADDRESS_USABLE;
}

/* Changes the prefix length of our address @ip, if @link has it. */
void address_set_prefix(struct link *link, leat_ip4 ip, uint8_t prefix_bits);

/* Our address @ip of @link in any state, or NULL. */
struct address *address_find(struct link *link, leat_ip4 ip);

/* The first usable address of @link, or NULL. */
struct address *address_first(struct link *link);

/* The usable address of @link with the longest prefix that contains @ip, or NULL.  If @src isn't
 * IP4_ANY, only this address is considered. */
struct address *address_toward(struct link *link, leat_ip4 src, leat_ip4 ip);

/* True if @ip is a usable address of @link. */
bool address_is_ours(const struct link *link, leat_ip4 ip);

/* True if @ip is 255.255.255.255 or a broadcast address of a prefix of @link: host part all ones,
 * or all zeros as in old networks (RFC 1122 3.3.6). */
bool address_is_broadcast(const struct link *link, leat_ip4 ip);

#endif
