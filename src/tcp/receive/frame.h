/* frame.h -- offsets in a received frame, before its headers are pulled off. */
#ifndef TCP_FRAME_H
#define TCP_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

/* Valid if the IP header has no options or extension headers. */
enum {
    TYPE_AT = 12,
    IP_AT = ETHERNET_HEADER_BYTES,
    IP_TOTAL_AT = IP_AT + 2,
    IP_FRAGMENT_AT = IP_AT + 6, /* TTL and protocol follow */
    IP_PROTOCOL_AT = IP_AT + 9,
    IP_CHECKSUM_AT = IP_AT + 10,
    IP_SRC_AT = IP_AT + 12,
    IP_DST_AT = IP_AT + 16,
    IP6_LENGTH_AT = IP_AT + IPV6_PAYLOAD_AT,
    IP6_NEXT_AT = IP_AT + IPV6_NEXT_AT, /* the hop limit and both addresses follow */
    IP6_SRC_AT = IP_AT + IPV6_SRC_AT,
    IP6_DST_AT = IP_AT + IPV6_DST_AT,
    IP6_SRC_END_AT = IP_AT + IPV6_DST_AT - 4,
    TCP4_AT = IP_AT + IPV4_HEADER_BYTES,
    TCP6_AT = IP_AT + IPV6_HEADER_BYTES,
    /* from the TCP header */
    SEQ_AT = 4,
    ACK_AT = 8,
    OFFSET_AT = 12,
    FLAGS_AT = 13,
    WINDOW_AT = 14,
    OPTIONS_AT = WIRE_TCP_BYTES,
    TS_BYTES = 12,            /* the option with its padding */
    TSVAL_AT = OPTIONS_AT + 4 /* TSecr follows */
};

enum {
    VERSION_AND_IHL = 0x45,
    IP_FRAGMENTED = 0x3fff, /* MF, and the fragment offset */
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17
};

/* The offset of the TCP header in a frame, or 0. With 0, @elsewhere is set if the ports may lie
 * elsewhere, behind a tag, options or other headers. In a fragment these bytes may be anything. */
static inline uint32_t find_tcp(const struct leat_buf *frame, bool *elsewhere)
{
    const uint8_t *at = frame->data;
    uint16_t type;

    *elsewhere = false;
    if (frame->len < TCP4_AT + OPTIONS_AT)
        return 0;
    type = get16(at + TYPE_AT);
    if (type == ETHERNET_IPV4 && at[IP_AT] == VERSION_AND_IHL)
        return at[IP_PROTOCOL_AT] == PROTOCOL_TCP ? TCP4_AT : 0;
    if (type == ETHERNET_IPV6 && at[IP6_NEXT_AT] == PROTOCOL_TCP)
        return frame->len >= TCP6_AT + OPTIONS_AT ? TCP6_AT : 0;
    if (type == ETHERNET_IPV6 && (at[IP6_NEXT_AT] == IPV6_ICMP || at[IP6_NEXT_AT] == PROTOCOL_UDP))
        return 0;
    *elsewhere = true;
    return 0;
}

#endif
