/* ethernet.h -- frames on and off a link (RFC 894). */
#ifndef LINK_ETHERNET_H
#define LINK_ETHERNET_H

#include "core/view.h"
#include "link/transmit.h"
#include "stack.h"
#include "wire/ethernet.h"

/* Takes a frame as the backend gave it. */
void ethernet_input(struct link *link, struct leat_buf *frame);

/* Puts the Ethernet header in front of @packet, pads, and queues it for the next burst; in a full
 * queue the oldest frame of the largest flow makes room (tx_dropped).  Takes @packet. */
void ethernet_output(struct link *link, struct leat_buf *packet, const struct leat_mac *dst,
                     uint16_t type);

/* ethernet_output(), in line, for the packet that is nearly every one: long enough, and one frame.
 */
static inline void ethernet_output_ipv4(struct link *link, struct leat_buf *packet,
                                        const struct leat_mac *dst)
{
    const struct wire_ethernet header = {*dst, link->netif->mac, ETHERNET_IPV4};

    if (packet->len < ETHERNET_FRAME_MIN - ETHERNET_HEADER_BYTES || packet->segment_bytes > 0 ||
        link->tx_waiting >= link->stack->config.tx_queue_frames) {
        ethernet_output(link, packet, dst, ETHERNET_IPV4);
        return;
    }
    wire_ethernet_emit(&header, view_push(packet, ETHERNET_HEADER_BYTES));
    link_enqueue(link, packet, 1);
}

#endif
