/* address.h -- the addresses of a link: which are ours, what is on-link, what is a broadcast. */
#ifndef LINK_ADDRESS_H
#define LINK_ADDRESS_H

#include "stack.h"

/* Who has added an address and wants to know what becomes of it; called where the program is. */
struct address_watch {
    void (*usable)(struct address_watch *watch); /* it may be used now */
    void (*taken)(struct address_watch *watch);  /* another host has it, and it is ours no more */
};

/* What is done before an address is used (RFC 5227). */
enum address_check {
    ADDRESS_CHECK_NONE,
    ADDRESS_CHECK_BESIDE, /* it is used, and one probe asks beside: an answer until the last
                             announcement takes it away.  An announcement alone is answered by few.
                           */
    ADDRESS_CHECK_FIRST   /* 2.1: it is probed for before it is used */
};

/* leat_address_add() for @watch, which must stay until leat_address_remove(); NULL: nobody. */
enum leat_err address_add(struct link *link, leat_ip4 ip, uint8_t prefix_bits,
                          enum address_check check, struct address_watch *watch);

/* True for an address that may be the source of what we send (RFC 5227 2.1: not while probing). */
static inline bool address_is_usable(const struct address *address)
{
    return address->state == ADDRESS_ANNOUNCING || address->state == ADDRESS_USABLE;
}

/* Our address @ip has another prefix now, if it is there. */
void address_set_prefix(struct link *link, leat_ip4 ip, uint8_t prefix_bits);

/* Our address @ip of @link in whatever state, or NULL. */
struct address *address_find(struct link *link, leat_ip4 ip);

/* The first usable address of @link, or NULL. */
struct address *address_first(struct link *link);

/* The usable address of @link with the longest prefix that holds @ip, or NULL.  @src other than
 * IP4_ANY: no other address than this one. */
struct address *address_toward(struct link *link, leat_ip4 src, leat_ip4 ip);

/* True if @ip is an address of @link that may be used. */
bool address_is_ours(const struct link *link, leat_ip4 ip);

/* True if @ip is 255.255.255.255 or the broadcast address of a prefix of @link, in its new form or
 * its old one (RFC 1122 3.3.6: all ones, all zeros). */
bool address_is_broadcast(const struct link *link, leat_ip4 ip);

/* True if no host has the address: 0/8, 127/8, multicast, 240/4 and the broadcast (RFC 6890). */
bool address_is_no_host(leat_ip4 ip);

#endif
