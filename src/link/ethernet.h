/* ethernet.h -- frames on and off a link (RFC 894). */
#ifndef LINK_ETHERNET_H
#define LINK_ETHERNET_H

#include "core/view.h"
#include "stack.h"
#include "wire/ethernet.h"

/* Takes a frame as the backend gave it. */
void ethernet_input(struct link *link, struct leat_buf *frame);

/* Puts the Ethernet header in front of @packet, pads, and queues it for the next burst; a full
 * queue drops it (tx_dropped).  Takes @packet. */
void ethernet_output(struct link *link, struct leat_buf *packet, const struct leat_mac *dst,
                     uint16_t type);

/* Segments in a super-frame, whose headers are its first piece; 1 for a frame that is none. */
static inline uint32_t super_segments(const struct leat_buf *frame)
{
    /* the one division a super-frame costs */
    return frame->segment_bytes > 0
               ? (leat_buf_total(frame->next) + frame->segment_bytes - 1) / frame->segment_bytes
               : 1;
}

/* True if the device cuts this super-frame itself. */
static inline bool link_cuts(const struct link *link, const struct leat_buf *frame)
{
    return link_has_tso(link) && ((link->netif->capabilities & LEAT_NETIF_TSO6) ||
                                  wire_ethernet_type(frame->data) != ETHERNET_IPV6);
}

/* Puts @frame, which is @count frames to the device, behind all that waits for it. */
static inline void link_enqueue(struct link *link, struct leat_buf *frame, uint32_t count)
{
    queue_put(&link->tx, frame);
    link->tx_waiting += count;
}

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

/* Gives the queued frames to the backend, as far as it has room. */
void ethernet_flush(struct link *link);

#endif
