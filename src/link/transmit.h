/*
 * transmit.h -- the queue of a link, and the share of each sender.
 *
 * link_enqueue() appends a frame to the queue of this turn, and transmit_flush() hands the frames
 * to the device in that order. That is all while the device takes every frame. When the device
 * reports that it is full, the link becomes slow. Its waiting frames are sorted into flows
 * (fair_queue.h), which are served in turn; each flush first sorts the frames that were queued
 * since the last one. The link becomes fast again when its device has had space for 100 ms.
 *
 * Three bounds hold:
 *
 *      a TCP flow      its queued bytes last 1 ms at the device's rate, divided by the number of
 *                      waiting flows, or are two segments if that is more (transmit_left()). It is
 *                      woken when half of them have left.
 *      the queue       `tx_queue_frames` bulk frames; beyond that the oldest frame of the largest
 *                      flow is dropped.
 *      control         a fourth as many frames of ARP, ICMP, SYN, RST, bare ACKs in addition. Bulk
 *                      can't take these places. Control frames may use free places of bulk, and
 *                      yield them when bulk needs them. Control frames of a connection with
 *                      waiting payload stay behind it and count as bulk.
 *
 * The device's rate is the bytes it took between two moments at which it was full, at least 1 ms
 * apart. Time is the argument of leat_poll(), so a run can be repeated.
 */
#ifndef LINK_TRANSMIT_H
#define LINK_TRANSMIT_H

#include "link/link.h"
#include "wire/ethernet.h"

/* The number of segments in a super-frame, whose headers are its first piece; 1 for other
 * frames. */
static inline uint32_t super_segments(const struct leat_buf *frame)
{
    /* the only division per super-frame */
    return frame->segment_bytes > 0
               ? (leat_buf_total(frame->next) + frame->segment_bytes - 1) / frame->segment_bytes
               : 1;
}

/* True if the device segments this super-frame itself. */
static inline bool link_cuts(const struct link *link, const struct leat_buf *frame)
{
    return link_has_tso(link) && ((link->netif->capabilities & LEAT_NETIF_TSO6) ||
                                  wire_ethernet_type(frame->data) != ETHERNET_IPV6);
}

/* Appends @frame to the queue; the device will get @count frames. */
static inline void link_enqueue(struct link *link, struct leat_buf *frame, uint32_t count)
{
    queue_put(&link->tx, frame);
    link->tx_waiting += count;
}

/* Appends @frame to the queue. If it is full, the oldest frame of the largest flow is dropped.
 * Takes
 * @frame. */
void transmit_put(struct link *link, struct leat_buf *frame);

/* Passes waiting frames to the backend until it is full. */
void transmit_flush(struct link *link);

/* Initializes an empty queue; the properties of the netif must be known. */
COLD void transmit_init(struct link *link);

/* Frees the waiting frames. */
COLD void transmit_close(struct link *link);

/* The bytes that the flow @key, with frames of up to @segment_bytes, may still queue. Called when
 * tx_waiting has reached tx_places. */
uint32_t transmit_left(struct link *link, uint64_t key, uint32_t segment_bytes);

/* Called when transmit_left() returned 0: protocol->wake() will get @waiter (> 0) when half of the
 * flow's queued bytes have left.  False: none are queued, or another waiter is registered. */
bool transmit_wait(struct link *link, uint64_t key, uint32_t waiter);

/* True if a frame of the flow @key waits that isn't control traffic. */
bool transmit_has(struct link *link, uint64_t key);

#endif
