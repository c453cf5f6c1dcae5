/*
 * transmit.h -- the queue of a link, and how much each sender may put into it.
 *
 * link_enqueue() puts a frame behind all others of this turn, and transmit_flush() hands them to
 * the device in that order. Nothing else happens while the device takes all frames. When the device
 * says that it has no room, the link becomes slow: the frames that wait are sorted into flows
 * (fair_queue.h), which are served in turn, and each flush begins by sorting the frames that have
 * come since the last one. The link becomes fast again when its device had room for 100 ms.
 *
 * Three bounds hold:
 *
 *      a flow of TCP   what it has in the queue is worth 1 ms of the device's rate, divided by the
 *                      flows that wait, or two segments if that is more (transmit_left()). It is
 *                      woken when half of it has left.
 *      the queue       `tx_queue_frames` of bulk; then the oldest frame of the largest flow makes
 *                      room.
 *      control         a fourth as many frames of ARP, ICMP, SYN, RST, bare ACKs beside these. Bulk
 *                      can't take their places; what they have of the places of bulk they give
 *                      back when it comes. Those of a connection whose payload waits stay behind
 *                      that, and count as bulk.
 *
 * The device's rate is what it took between two moments at which it was full, at least 1 ms apart:
 * bytes by the time that leat_poll() was told, so a run can be repeated.
 */
#ifndef LINK_TRANSMIT_H
#define LINK_TRANSMIT_H

#include "stack.h"
#include "wire/ethernet.h"

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

/* The same; in a full queue the oldest frame of the largest flow makes room.  Takes @frame. */
void transmit_put(struct link *link, struct leat_buf *frame);

/* Gives what waits to the backend, as far as that has room. */
void transmit_flush(struct link *link);

/* Begins with nothing; after the facts of the netif are known. */
COLD void transmit_init(struct link *link);

/* Frees what waits. */
COLD void transmit_close(struct link *link);

/* Bytes that the flow @key, whose frames have @segment_bytes at most, may still put into the queue,
 * when tx_places doesn't say it. */
uint32_t transmit_left(struct link *link, uint64_t key, uint32_t segment_bytes);

/* To be called where transmit_left() was 0: protocol->wake() gets @waiter (> 0) when half of the
 * flow's frames in the queue have left.  False: it has none there, or another waiter is noted. */
bool transmit_wait(struct link *link, uint64_t key, uint32_t waiter);

/* True if a frame of the flow @key waits that is more than control traffic. */
bool transmit_has(struct link *link, uint64_t key);

#endif
