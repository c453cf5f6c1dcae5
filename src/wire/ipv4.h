/* ipv4.h -- the IPv4 header (RFC 791 3.1). */
#ifndef WIRE_IPV4_H
#define WIRE_IPV4_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ip4.h"
#include "core/checksum.h"
#include "wire/bytes.h"

enum {
    IPV4_HEADER_BYTES = 20,
    IPV4_HEADER_MAX = 60,
    IPV4_NO_OPTIONS = 0x45, /* the first byte: version 4, 20 bytes */
    IPV4_TOTAL_MAX = 65535,
    IPV4_TOS_AT = 1,
    IPV4_TOTAL_AT = 2,
    IPV4_TTL_AT = 8,
    IPV4_PROTOCOL_AT = 9,
    IPV4_CHECKSUM_AT = 10,
    IPV4_SRC_AT = 12,
    IPV4_DST_AT = 16,
    IPV4_FLAG_DF = 0x4000,
    IPV4_FLAG_MF = 0x2000,
    IPV4_OFFSET_MASK = 0x1fff
};

struct wire_ipv4 {
    leat_ip4 src;
    leat_ip4 dst;
    uint16_t total_bytes;
    uint16_t id;
    uint16_t fragment_offset; /* bytes, a multiple of 8 */
    uint8_t header_bytes;     /* 20..60 */
    uint8_t tos;              /* DSCP and ECN */
    uint8_t ttl;
    uint8_t protocol;
    bool dont_fragment;
    bool more_fragments;
};

/* The length of the header at @bytes, of which @len are contiguous. 0: no valid header, because the
 * version isn't 4, IHL is under 5, or the lengths contradict each other (RFC 1122 3.2.1.1).  Inline
 * like all functions here that run for each packet. */
static inline uint32_t wire_ipv4_header_bytes(const uint8_t *bytes, uint32_t len)
{
    uint32_t header_bytes;

    if (len < IPV4_HEADER_BYTES || bytes[0] >> 4 != 4)
        return 0;
    header_bytes = (bytes[0] & 15) * 4u;
    return header_bytes >= IPV4_HEADER_BYTES && header_bytes <= len &&
                   get16(bytes + IPV4_TOTAL_AT) >= header_bytes
               ? header_bytes
               : 0;
}

/* Parses a header without requiring the rest of its packet, which an ICMP error quotes only in
 * part. False: no valid header. */
static inline bool wire_ipv4_parse_quote(struct wire_ipv4 *header, const uint8_t *bytes,
                                         uint32_t len)
{
    const uint32_t header_bytes = wire_ipv4_header_bytes(bytes, len);
    uint16_t fragment;

    if (header_bytes == 0)
        return false;
    fragment = get16(bytes + 6);
    header->header_bytes = (uint8_t)header_bytes;
    header->tos = bytes[IPV4_TOS_AT];
    header->total_bytes = get16(bytes + IPV4_TOTAL_AT);
    header->id = get16(bytes + 4);
    header->dont_fragment = fragment & IPV4_FLAG_DF;
    header->more_fragments = fragment & IPV4_FLAG_MF;
    header->fragment_offset = (uint16_t)((fragment & IPV4_OFFSET_MASK) * 8);
    header->ttl = bytes[IPV4_TTL_AT];
    header->protocol = bytes[IPV4_PROTOCOL_AT];
    header->src = get32(bytes + IPV4_SRC_AT);
    header->dst = get32(bytes + IPV4_DST_AT);
    return true;
}

/* wire_ipv4_parse_quote() for a packet of which @total_bytes were received, the first @len
 * contiguous. */
static inline bool wire_ipv4_parse(struct wire_ipv4 *header, const uint8_t *bytes, uint32_t len,
                                   uint32_t total_bytes)
{
    return wire_ipv4_parse_quote(header, bytes, len) && header->total_bytes <= total_bytes;
}

/* True for a fragment of a datagram. */
static inline bool wire_ipv4_is_fragment(const uint8_t *bytes)
{
    return get16(bytes + 6) & (IPV4_FLAG_MF | IPV4_OFFSET_MASK);
}

/* True if the header's checksum is correct; @bytes have been parsed successfully. */
static inline bool wire_ipv4_checksum_ok(const uint8_t *bytes, uint32_t header_bytes)
{
    return checksum_agrees(header_bytes == IPV4_HEADER_BYTES ? checksum_20_bytes(bytes)
                                                             : checksum_bytes(bytes, header_bytes));
}

/* Checks the options of a header that was parsed successfully.  False: an option's length is 0 or 1
 * or exceeds the header, or the option is a source route, loose or strict (RFC 7126 4.3, 4.4). */
bool wire_ipv4_options_ok(const uint8_t *bytes, uint32_t header_bytes);

/* Emits IPV4_HEADER_BYTES with the checksum.  The checksum is computed from registers, because
 * loading the header again would stall until the stores reach the cache. */
static inline void wire_ipv4_emit(const struct wire_ipv4 *header, uint8_t *bytes)
{
    uint16_t fragment = (uint16_t)(header->fragment_offset / 8);
    uint64_t left, right;

    if (header->dont_fragment)
        fragment |= IPV4_FLAG_DF;
    if (header->more_fragments)
        fragment |= IPV4_FLAG_MF;
    left = pair32(0x45000000 | (uint32_t)header->tos << 16 | header->total_bytes,
                  (uint32_t)header->id << 16 | fragment);
    right = pair32((uint32_t)header->ttl << 24 | (uint32_t)header->protocol << 16, header->src);
    /* the words are in host byte order, so the checksum needs no swap */
    right |=
        (uint64_t)(uint16_t)~checksum_fold16(checksum_add(checksum_add(left, right), header->dst))
        << 32;
    put64(bytes, left);
    put64(bytes + 8, right);
    put32(bytes + 16, header->dst);
}

#endif
