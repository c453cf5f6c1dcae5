/*
 * frame_flow.c -- determines the flow of a frame, and whether it is control traffic.
 *
 * The frames are our own, so their headers are well-formed; lengths only guard the reads here.
 */
#include "link/frame_flow.h"

#include "link/link.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

enum {
    ICMP = 1,
    IGMP = 2,
    TCP = 6,
    UDP = 17,
    TCP_OFFSET_AT = 12, /* upper four bits: header length in words */
    TCP_FLAGS_AT = 13
};

uint64_t frame_flow_key(const struct link *link, const uint8_t *addresses, unsigned address_bytes,
                        uint32_t ports, uint8_t protocol)
{
    const uint32_t number = (uint32_t)(link - link->stack->links);
    const uint64_t rest = pair32(ports, number << 8 | protocol);
    const uint8_t *const end = addresses + (size_t)2 * address_bytes;
    struct siphash hash;

    siphash13_begin(&hash, &link->stack->table_key);
    for (; addresses < end; addresses += 8)
        siphash13_add(&hash, get64(addresses));
    siphash13_add(&hash, rest);
    return siphash13_of(&hash);
}

/* Classifies a TCP segment with its header at @tcp; @bytes: TCP header, options and payload.
 * Control traffic has places of its own in the queue, so our bulk data can't crowd out the ACKs
 * that a peer waits for. */
static void classify_tcp(struct flow_name *name, const uint8_t *tcp, uint32_t bytes)
{
    const uint8_t flags = tcp[TCP_FLAGS_AT];
    const uint32_t header_bytes = (tcp[TCP_OFFSET_AT] >> 4) * 4u;

    if ((flags & (TCP_SYN | TCP_RST)) || (bytes <= header_bytes && !(flags & TCP_FIN)))
        name->kind = FLOW_CONTROL;
}

/* The flow of an IP payload of @protocol, which starts at offset @at of the frame and has @bytes in
 * all pieces. Inlined at both places, so that arguments cost nothing:
 * NOLINTNEXTLINE(readability-function-size) */
static struct flow_name name_of_payload(const struct link *link, const struct leat_buf *frame,
                                        const uint8_t *addresses, unsigned address_bytes,
                                        uint8_t protocol, uint32_t at, uint32_t bytes)
{
    const bool has_ports = protocol == TCP || protocol == UDP;
    struct flow_name name = {.kind = FLOW_BULK};
    uint32_t ports = 0;

    /* without them all packets between two hosts share one flow */
    if (has_ports && frame->len >= at + 4)
        ports = get32(frame->data + at);
    if (protocol == TCP && frame->len >= at + WIRE_TCP_BYTES)
        classify_tcp(&name, frame->data + at, bytes);
    if (protocol == ICMP || protocol == IGMP || protocol == IPV6_ICMP ||
        protocol == IPV6_HOP_BY_HOP) /* it precedes MLD */
        name.kind = FLOW_CONTROL;
    name.key = frame_flow_key(link, addresses, address_bytes, ports, protocol);
    return name;
}

static struct flow_name name_of_ipv4(const struct link *link, const struct leat_buf *frame)
{
    const uint8_t *ip = frame->data + ETHERNET_HEADER_BYTES;
    const uint32_t header_bytes = (ip[0] & 15) * 4u;
    const uint32_t total = get16(ip + IPV4_TOTAL_AT);
    uint32_t at = ETHERNET_HEADER_BYTES + header_bytes;

    /* fragments of a datagram stay in one flow, though only the first has ports */
    if (get16(ip + 6) & (IPV4_FLAG_MF | IPV4_OFFSET_MASK))
        at = UINT16_MAX;
    return name_of_payload(link, frame, ip + IPV4_SRC_AT, 4, ip[IPV4_PROTOCOL_AT], at,
                           total - header_bytes);
}

static struct flow_name name_of_ipv6(const struct link *link, const struct leat_buf *frame)
{
    const uint8_t *ip = frame->data + ETHERNET_HEADER_BYTES;

    /* extension headers aren't skipped: their number takes the place of the protocol in the key */
    return name_of_payload(link, frame, ip + IPV6_SRC_AT, 16, ip[IPV6_NEXT_AT],
                           ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES, get16(ip + IPV6_PAYLOAD_AT));
}

struct flow_name frame_flow(const struct link *link, const struct leat_buf *frame)
{
    const uint16_t type = wire_ethernet_type(frame->data);
    struct flow_name name = {.kind = type == ETHERNET_ARP ? FLOW_CONTROL : FLOW_BULK};

    if (type == ETHERNET_IPV4 && frame->len >= ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES)
        return name_of_ipv4(link, frame);
    if (type == ETHERNET_IPV6 && frame->len >= ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES)
        return name_of_ipv6(link, frame);
    /* keyed by destination and type: the frame starts with the destination and two octets of our
     * address */
    name.key = frame_flow_key(link, frame->data, 4, type, 0);
    return name;
}
