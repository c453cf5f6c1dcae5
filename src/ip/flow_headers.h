/*
 * flow_headers.h -- the Ethernet and IP headers of a connection's packets, prepared once.
 *
 * The templates of header_template.h and path6.c serve all flows of a path. These serve one flow
 * alone, so neither path, nor neighbour, nor flow label is looked up. They are copied in front of a
 * packet; its length, its TOS and IPv4's checksum are written. The general path has decided what
 * they contain. Any change of a route, an address or a neighbour voids them.
 */
#ifndef IP_FLOW_HEADERS_H
#define IP_FLOW_HEADERS_H

#include <string.h>

#include "core/checksum.h"
#include "core/cold.h"
#include "core/view.h"
#include "ip/ipv4.h"
#include "ip/v6/neighbour6.h"
#include "link/ethernet.h"
#include "link/neighbour.h"
#include "link/transmit.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

struct flow_headers {
    uint64_t neighbour_generation; /* stack->neighbour_generation at that time; 0: there are none */
    uint32_t route_generation;
    uint32_t first_word; /* of the IP header, without the TOS; of IPv4 without the length, too */
    struct link *link;
    union {
        struct neighbour *hop;   /* IPv4 */
        struct neighbour6 *hop6; /* IPv6 */
    };
    uint64_t pseudo_sum;       /* as in struct path, as the next */
    uint64_t reached_until_ns; /* or before */
    uint32_t sum;              /* IPv4: of the header without its first word */
    uint16_t mtu;
    bool is_v6;
    bool was_wanted; /* a packet was sent without them, so the next one makes them */
    uint8_t bytes[ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES];
};

/* Makes the headers of a flow on @path, if those of the path are ready. @ports: of the flow, the
 * local one in the upper half. */
COLD void flow_headers_make(struct leat *stack, const struct path *path, uint8_t protocol,
                            uint32_t ports, struct flow_headers *headers);

/* Voids @headers, for another flow. */
static inline void flow_headers_forget(struct flow_headers *headers)
{
    headers->neighbour_generation = 0;
    headers->was_wanted = false;
}

/* True if packets of the flow may be sent with @headers now. */
static inline bool flow_headers_lead(const struct leat *stack, const struct flow_headers *headers)
{
    return headers->neighbour_generation == stack->neighbour_generation &&
           headers->route_generation == stack->route_generation &&
           (!headers->is_v6 || neighbour6_only_sends(headers->hop6, stack->now_ns));
}

/* True if a packet with @bytes behind its IP header needs neither padding nor fragments. */
static inline bool flow_headers_fit(const struct flow_headers *headers, uint32_t bytes)
{
    const uint32_t header_bytes = headers->is_v6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES;

    return bytes >= ETHERNET_FRAME_MIN - ETHERNET_HEADER_BYTES - IPV4_HEADER_BYTES &&
           bytes + header_bytes <= headers->mtu;
}

/* Sends @packet of @bytes, for which both functions above are true, without fragments. Takes
 * it. */
HOT void flow_headers_send(struct leat *stack, const struct flow_headers *headers, uint8_t tos,
                           struct leat_buf *packet, uint32_t bytes)
{
    uint8_t *at;

    if (headers->is_v6) {
        at = view_push(packet, ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES);
        if (stack->ipv6->neighbours->newest != headers->hop6)
            stack->ipv6_family->renew(stack->ipv6->neighbours, headers->hop6);
        memcpy(headers->hop6->asker.bytes, headers->bytes + ETHERNET_HEADER_BYTES + IPV6_SRC_AT,
               sizeof(struct leat_ip));
        memcpy(at, headers->bytes, ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES);
        put32(at + ETHERNET_HEADER_BYTES, headers->first_word | (uint32_t)tos << 20);
        put16(at + ETHERNET_HEADER_BYTES + IPV6_PAYLOAD_AT, (uint16_t)bytes);
    } else {
        const uint32_t first =
            headers->first_word | (uint32_t)tos << 16 | (bytes + IPV4_HEADER_BYTES);

        at = view_push(packet, ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES);
        neighbour_use(stack, headers->hop);
        memcpy(at, headers->bytes, ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES);
        put32(at + ETHERNET_HEADER_BYTES, first);
        checksum_put(at + ETHERNET_HEADER_BYTES + IPV4_CHECKSUM_AT,
                     (uint64_t)headers->sum + big_endian32(first));
    }
    link_enqueue(headers->link, packet, 1);
}

#endif
