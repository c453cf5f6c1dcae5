/* ethernet.h -- receives and sends frames of a link (RFC 894). */
#ifndef LINK_ETHERNET_H
#define LINK_ETHERNET_H

#include "core/view.h"
#include "link/transmit.h"
#include "family.h"
#include "link/link.h"
#include "wire/ethernet.h"

/* Takes a frame from the backend. */
void ethernet_input(struct link *link, struct leat_buf *frame);

/* Prepends the Ethernet header to @packet, pads, and queues it for the next burst. If the queue is
 * full, the oldest frame of the largest flow is dropped (tx_dropped).  Takes @packet. */
void ethernet_output(struct link *link, struct leat_buf *packet, const struct leat_mac *dst,
                     uint16_t type);

/* Inline ethernet_output() for nearly all packets: those that need no padding and are one frame. */
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
