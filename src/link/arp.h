/* arp.h -- the neighbour cache, which maps IPv4 addresses to Ethernet addresses (RFC 826, RFC 1122
 * 2.3.2), and the defence of our own addresses (RFC 5227).
 *
 * neighbour.c holds the cache, arp.c processes packets, arp_output.c sends them, conflict.c
 * implements RFC 5227. */
#ifndef LINK_ARP_H
#define LINK_ARP_H

#include "base.h"

struct address; /* link/link.h */
struct wire_arp;

COLD size_t neighbours_cost(const struct leat_config *config);
COLD bool neighbours_init(struct leat *stack);

/* Takes an ARP packet without its Ethernet header. */
COLD void arp_input(struct link *link, struct leat_buf *packet);

/* Sends a request for @target from @sender (IP4_ANY: a probe), by broadcast or, if @to isn't NULL,
 * to that station.  False: no memory. */
COLD bool arp_request(struct link *link, leat_ip4 sender, leat_ip4 target,
                      const struct leat_mac *to);

/* Answers @request for one of our addresses. */
COLD void arp_reply(struct link *link, const struct wire_arp *request);

/* Sends an IPv4 packet to the on-link @next_hop, which may be a broadcast or multicast address. If
 * the Ethernet address isn't known, the packet is parked and a request is sent.  Takes @packet. */
void neighbour_output(struct link *link, leat_ip4 next_hop, struct leat_buf *packet);

/* neighbour_output() for a next hop that is neither broadcast nor multicast. */
void neighbour_output_to_host(struct link *link, leat_ip4 next_hop, struct leat_buf *packet);

/* Confirms that @ip is reachable, because a transport heard from it; no refresh is needed then.
 * Cheap. */
COLD void neighbour_confirmed(struct link *link, leat_ip4 ip);

/* Processes the claim of an ARP packet that @ip is at @mac.  True: @ip is in the cache, possibly
 * because of @create.  If it is known at another address, the old address is asked first. */
COLD bool neighbour_learn(struct link *link, leat_ip4 ip, const struct leat_mac *mac, bool create);

/* The number of neighbours that are known or being resolved. */
uint32_t neighbour_count(const struct leat *stack);

/* Starts to probe for or announce a new address; @check: enum address_check. */
COLD void address_start(struct address *address, int check);

/* Disables an address; its callbacks aren't called any more. */
COLD void address_stop(struct address *address);

/* True if @arp conflicts with one of our addresses or one that we are probing for. The conflict has
 * been handled then (RFC 5227 2.1.1, 2.4). */
COLD bool address_conflict(struct link *link, const struct wire_arp *arp);

/* Frees the parked packets. */
COLD void neighbours_close(struct leat *stack);

/* The number of buffers that parked frames hold. */
COLD uint32_t neighbours_pieces(const struct leat *stack);

#endif
