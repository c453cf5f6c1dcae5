/* arp.h -- the neighbour cache: IPv4 addresses of a link to its Ethernet addresses (RFC 826,
 * RFC 1122 2.3.2), and the defence of our own addresses (RFC 5227).
 *
 * neighbour.c keeps the cache, arp.c reads the packets, arp_output.c writes them, conflict.c is
 * RFC 5227. */
#ifndef LINK_ARP_H
#define LINK_ARP_H

#include "stack.h"

struct wire_arp;

COLD size_t neighbours_cost(const struct leat_config *config);
COLD bool neighbours_init(struct leat *stack);

/* Takes an ARP packet, its Ethernet header pulled off. */
COLD void arp_input(struct link *link, struct leat_buf *packet);

/* Asks for @target in the name of @sender (IP4_ANY: a probe), by broadcast or, with @to, of
 * one station.  False: no memory. */
COLD bool arp_request(struct link *link, leat_ip4 sender, leat_ip4 target,
                      const struct leat_mac *to);

/* Answers @request, which asks for an address of ours. */
COLD void arp_reply(struct link *link, const struct wire_arp *request);

/* Sends an IPv4 packet to the on-link @next_hop (an address, a broadcast or a multicast address):
 * at once if its Ethernet address is known, else parks it and asks.  Takes @packet. */
void neighbour_output(struct link *link, leat_ip4 next_hop, struct leat_buf *packet);

/* The same, for a next hop that is known to be neither broadcast nor multicast. */
void neighbour_output_to_host(struct link *link, leat_ip4 next_hop, struct leat_buf *packet);

/* The transport has heard from @ip: it is alive (no refresh needed).  Cheap. */
COLD void neighbour_confirmed(struct link *link, leat_ip4 ip);

/* An ARP packet says that @ip is at @mac.  True if @ip is known, or is now because @create.  A
 * neighbour that was known elsewhere is asked there before that is believed. */
COLD bool neighbour_learn(struct link *link, leat_ip4 ip, const struct leat_mac *mac, bool create);

/* How many neighbours are known or asked for. */
uint32_t neighbour_count(const struct leat *stack);

/* Starts to probe or announce an address that was just added; @check: enum address_check. */
COLD void address_start(struct address *address, int check);

/* Takes an address out of use; its callbacks won't be called. */
COLD void address_stop(struct address *address);

/* True if @arp claims an address that is ours or that we are probing for; then it is dealt with
 * (RFC 5227 2.1.1, 2.4). */
COLD bool address_conflict(struct link *link, const struct wire_arp *arp);

/* Frees what is parked. */
COLD void neighbours_close(struct leat *stack);

/* Buffers that parked frames hold. */
COLD uint32_t neighbours_pieces(const struct leat *stack);

#endif
