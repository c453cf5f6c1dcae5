/* frame_flow.h -- determines the flow of a frame, and whether it is control traffic. */
#ifndef LINK_FRAME_FLOW_H
#define LINK_FRAME_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "link/fair_queue.h"

struct link;

/* Control frames are ARP, ICMP, ICMPv6 (with neighbour discovery), IGMP, and TCP segments that have
 * SYN or RST, or neither payload nor FIN. */
struct flow_name {
    uint64_t key;
    enum flow_kind kind;
};

/* The flow of a frame to be sent; its headers are complete in its first piece. */
struct flow_name frame_flow(const struct link *link, const struct leat_buf *frame);

/* The key of the flow between two addresses of @address_bytes each (4 or 16). @addresses has both,
 * ours first. @ports: the first word of the transport header, or 0. The hash is keyed with a
 * secret, so that an attacker can't aim flows at one bucket. */
uint64_t frame_flow_key(const struct link *link, const uint8_t *addresses, unsigned address_bytes,
                        uint32_t ports, uint8_t protocol);

#endif
