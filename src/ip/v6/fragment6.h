/*
 * fragment6.h -- receives and sends fragments (RFC 8200 4.5).
 *
 *      fragment6.c         receives
 *      fragment6_output.c  sends
 */
#ifndef IP_V6_FRAGMENT6_H
#define IP_V6_FRAGMENT6_H

#include "ip/v6/ipv6.h"

enum {
    FRAGMENT_BYTES = 8 /* of a fragment header */
};

/* Takes a fragment, packet->buf, which starts at its IPv6 header. Its header chain has been walked
 * up to the fragment header. */
void fragment6_input(struct leat *stack, struct packet6 *packet,
                     const struct wire_ipv6_chain *chain);

/* Sends @payload, which is too long for @mtu, to @next_hop. Each fragment gets a header made from
 * @whole.  Takes @payload.  LEAT_ERR_MEMORY: not all fragments were sent. */
enum leat_err fragment6_output(struct link *link, const struct wire_ipv6 *whole,
                               struct leat_ip next_hop, uint32_t mtu, struct leat_buf *payload);

#endif
