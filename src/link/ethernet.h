/* ethernet.h -- frames on and off a link (RFC 894). */
#ifndef LINK_ETHERNET_H
#define LINK_ETHERNET_H

#include "stack.h"

/* Takes a frame as the backend gave it. */
void ethernet_input(struct link *link, struct leat_buf *frame);

/* Puts the Ethernet header in front of @packet, pads, and queues it for the next burst; a full
 * queue drops it (tx_dropped).  Takes @packet. */
void ethernet_output(struct link *link, struct leat_buf *packet, const struct leat_mac *dst,
                     uint16_t type);

/* Gives the queued frames to the backend, as far as it has room. */
void ethernet_flush(struct link *link);

#endif
