/*
 * ipv6_deliver.c -- passes packets with checked headers to their upper layer.
 *
 * ipv6_input.c comes here with single packets, fragment6.c with reassembled ones.
 */
#include "core/view.h"
#include "ip/v6/ipv6.h"
#include "wire/ndp.h"

enum {
    UNRECOGNIZED_NEXT_HEADER = 1 /* RFC 4443 3.4 */
};

/* Passes a packet to its protocol.  Takes packet->buf. */
static void deliver(struct leat *stack, struct packet6 *packet)
{
    if (packet->next_header == IPV6_ICMP) {
        icmpv6_input(stack, packet);
    } else if (packet->next_header == IPV6_NONE) {
        stack_end(stack, packet->buf, taken_icmp6); /* RFC 8200 4.7: nothing follows */
    } else if (!transport6_input(stack, packet)) {
        icmpv6_send_error(stack, packet, ICMPV6_PARAMETER, UNRECOGNIZED_NEXT_HEADER,
                          packet->next_at, false);
        stack_end(stack, packet->buf, drop_ip6_protocol);
    }
}

/* Removes the headers of @bytes from the view. */
static void pull_headers(struct packet6 *packet, uint32_t bytes)
{
    packet->header_bytes = bytes;
    view_pull(packet->buf, bytes);
}

bool ipv6_chain_is_good(struct leat *stack, struct packet6 *packet,
                        const struct wire_ipv6_chain *chain, enum ipv6_chain verdict)
{
    if (verdict == IPV6_CHAIN_OK)
        return true;
    if (verdict == IPV6_CHAIN_PROBLEM) {
        /* an error quotes the packet from its IPv6 header on, header_bytes in front of the
         * buffer */
        pull_headers(packet, IPV6_HEADER_BYTES);
        icmpv6_send_error(stack, packet, ICMPV6_PARAMETER, chain->problem_code, chain->problem_at,
                          chain->tell_groups);
    }
    stack_end(stack, packet->buf, drop_ip6_headers);
    return false;
}

void ipv6_deliver_behind(struct leat *stack, struct packet6 *packet,
                         const struct wire_ipv6_chain *chain)
{
    packet->next_at = chain->next_at;
    packet->next_header = chain->next_header;
    packet->had_fragments |= chain->had_fragments;
    packet->is_alert = chain->is_alert;
    pull_headers(packet, chain->bytes);
    deliver(stack, packet);
}

void ipv6_whole_input(struct leat *stack, struct packet6 *packet)
{
    const struct leat_buf *buf = packet->buf;
    struct wire_ipv6_chain chain;

    /* the chain is walked again from the start: behind the fragment header it is complete only
     * now */
    if (ipv6_chain_is_good(
            stack, packet, &chain,
            wire_ipv6_walk_whole(&chain, buf->data, buf->len, leat_ip_is_multicast(packet->dst))))
        ipv6_deliver_behind(stack, packet, &chain);
}
