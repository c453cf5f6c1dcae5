/* arp.h -- the neighbour cache: IPv4 addresses of a link to its Ethernet addresses (RFC 826,
 * RFC 1122 2.3.2), and the defence of our own addresses (RFC 5227). */
#ifndef LINK_ARP_H
#define LINK_ARP_H

#include "stack.h"

size_t neighbours_cost(const struct leat_config *config);
bool neighbours_init(struct leat *stack);

/* Takes an ARP packet, its Ethernet header pulled off. */
void arp_input(struct link *link, struct leat_buf *packet);

/* Sends an IPv4 packet to the on-link @next_hop (an address, a broadcast or a multicast address):
 * at once if its Ethernet address is known, else parks it and asks.  Takes @packet. */
void neighbour_output(struct link *link, leat_ip4 next_hop, struct leat_buf *packet);

/* The transport has heard from @ip: it is alive (no refresh needed).  Cheap. */
void neighbour_confirmed(struct link *link, leat_ip4 ip);

/* Starts to probe or announce an address that was just added. */
void address_start(struct address *address);

/* Frees what is parked. */
void neighbours_close(struct leat *stack);

#endif
