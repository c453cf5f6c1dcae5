/* frame_flow.h -- which flow a frame belongs to, and whether it is control traffic. */
#ifndef LINK_FRAME_FLOW_H
#define LINK_FRAME_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "link/fair_queue.h"

struct link;

/* Control frames are ARP, ICMP, ICMPv6 (neighbour discovery among it), IGMP, and TCP segments with
 * SYN or RST, or with neither payload nor FIN. */
struct flow_name {
    uint64_t key;
    enum flow_kind kind;
};

/* The flow of a frame of ours, whose headers are whole in its first piece. */
struct flow_name frame_flow(const struct link *link, const struct leat_buf *frame);

/* The key of the flow between two addresses of @address_bytes each (4 or 16), which @addresses has
 * side by side, ours first. @ports: the first word of the transport's header, or 0. The key is
 * secret, so an attacker can't aim flows at one bucket. */
uint64_t frame_flow_key(const struct link *link, const uint8_t *addresses, unsigned address_bytes,
                        uint32_t ports, uint8_t protocol);

#endif
