/*
 * ipv6.c -- the IPv6 header and the chain of extension headers.
 *
 * walk() steps from header to header, and walk_one() checks one of them. No step reads beyond the
 * @len contiguous bytes. A chain has limits on headers and options, so that a packet full of
 * padding options costs little (RFC 8504 5.3).
 */
#include "wire/ipv6.h"

#include <string.h>

#include "core/checksum.h"
#include "wire/bytes.h"
#include "wire/ndp.h"

bool wire_ipv6_parse(struct wire_ipv6 *header, const uint8_t *bytes, uint32_t len, uint32_t total)
{
    uint32_t first;

    if (len < IPV6_HEADER_BYTES || bytes[0] >> 4 != 6)
        return false;
    first = get32(bytes);
    header->traffic_class = (uint8_t)(first >> 20);
    header->flow_label = first & 0xfffff;
    header->payload_bytes = get16(bytes + IPV6_PAYLOAD_AT);
    header->next_header = bytes[IPV6_NEXT_AT];
    header->hop_limit = bytes[IPV6_HOP_LIMIT_AT];
    memcpy(header->src.bytes, bytes + IPV6_SRC_AT, sizeof header->src.bytes);
    memcpy(header->dst.bytes, bytes + IPV6_DST_AT, sizeof header->dst.bytes);
    /* less is legal: a short frame is padded, and the rest is cut off later */
    return header->payload_bytes <= total - IPV6_HEADER_BYTES;
}

void wire_ipv6_emit(const struct wire_ipv6 *header, uint8_t *bytes)
{
    put32(bytes, 6u << 28 | (uint32_t)header->traffic_class << 20 | header->flow_label);
    put16(bytes + IPV6_PAYLOAD_AT, header->payload_bytes);
    bytes[IPV6_NEXT_AT] = header->next_header;
    bytes[IPV6_HOP_LIMIT_AT] = header->hop_limit;
    memcpy(bytes + IPV6_SRC_AT, header->src.bytes, sizeof header->src.bytes);
    memcpy(bytes + IPV6_DST_AT, header->dst.bytes, sizeof header->dst.bytes);
}

uint64_t checksum_pseudo6(const struct leat_ip *src, const struct leat_ip *dst, uint8_t next_header,
                          uint32_t length)
{
    return checksum_bytes(src->bytes, sizeof src->bytes) +
           checksum_bytes(dst->bytes, sizeof dst->bytes) + big_endian16(next_header) +
           big_endian32(length);
}

enum {
    EXTENSION_MIN = 8, /* bytes; RFC 6564 4 */
    OPTION_PAD1 = 0,
    OPTION_ALERT = 5, /* RFC 2711 2.1 */
    ALERT_BYTES = 2,
    ALERT_MLD = 0,
    PROBLEM_FIELD = 0, /* RFC 4443 3.4 */
    PROBLEM_NEXT_HEADER = 1,
    PROBLEM_OPTION = 2
};

/* Every fault ends the walk, so a packet causes one Parameter Problem at most. */
static enum ipv6_chain problem(struct wire_ipv6_chain *chain, uint8_t code, uint32_t at)
{
    chain->problem_code = code;
    chain->problem_at = at;
    return IPV6_CHAIN_PROBLEM;
}

/* RFC 8200 4.2: the two highest bits of an unknown option's type select the action. */
static enum ipv6_chain unknown_option(struct wire_ipv6_chain *chain, uint8_t type, uint32_t at,
                                      bool to_group)
{
    switch (type >> 6) {
    case 0:
        return IPV6_CHAIN_OK;
    case 1:
        return IPV6_CHAIN_DROP;
    case 2:
        chain->tell_groups = true;
        return problem(chain, PROBLEM_OPTION, at);
    default:
        return to_group ? IPV6_CHAIN_DROP : problem(chain, PROBLEM_OPTION, at);
    }
}

/* Walks the options from @at to @end; *@left: how many more the packet may have. */
static enum ipv6_chain walk_options(struct wire_ipv6_chain *chain, const uint8_t *bytes,
                                    uint32_t at, uint32_t end, unsigned *left, bool to_group)
{
    while (at < end) {
        enum ipv6_chain verdict = IPV6_CHAIN_OK;
        const uint8_t type = bytes[at];

        if ((*left)-- == 0)
            return IPV6_CHAIN_DROP;
        if (type == OPTION_PAD1) {
            at++;
            continue;
        }
        /* such an option leads out of its header */
        if (end - at < 2 || bytes[at + 1] > end - at - 2)
            return problem(chain, PROBLEM_FIELD, at);
        /* only hop-by-hop options are read on the way, so an alert elsewhere means nothing (RFC
         * 2711 2) */
        if (type == OPTION_ALERT && bytes[at + 1] == ALERT_BYTES)
            chain->is_alert |=
                chain->next_header == IPV6_HOP_BY_HOP && get16(bytes + at + 2) == ALERT_MLD;
        verdict = unknown_option(chain, type, at, to_group); /* PadN's action bits: skip */
        if (verdict != IPV6_CHAIN_OK)
            return verdict;
        at += 2u + bytes[at + 1];
    }
    return IPV6_CHAIN_OK;
}

static bool is_extension(uint8_t next_header)
{
    return next_header == IPV6_HOP_BY_HOP || next_header == IPV6_ROUTING ||
           next_header == IPV6_FRAGMENT || next_header == IPV6_DESTINATION;
}

/* RFC 8200 4.5: byte 1 of a fragment header is reserved, not a length. */
static uint32_t extension_bytes(uint8_t next_header, const uint8_t *header)
{
    return next_header == IPV6_FRAGMENT ? EXTENSION_MIN : (header[1] + 1u) * EXTENSION_MIN;
}

bool wire_ipv6_is_error(uint8_t next_header, const uint8_t *bytes, uint32_t len)
{
    uint32_t at = 0;

    for (unsigned i = 0; i < IPV6_HEADERS_MAX && is_extension(next_header); i++) {
        const uint8_t *header = bytes + at;

        /* the packet ends inside of the chain, so no ICMPv6 message is visible */
        if (at + EXTENSION_MIN > len)
            return false;
        at += extension_bytes(next_header, header);
        next_header = header[0];
    }
    if (next_header != IPV6_ICMP)
        return false;
    /* a message whose type is missing counts as an error, so that no loop of errors begins */
    return at >= len || bytes[at] < ICMPV6_INFORMATIONAL || bytes[at] == ICMPV6_REDIRECT;
}

/* Walks the header of @bytes_here bytes at chain->bytes. */
static enum ipv6_chain walk_one(struct wire_ipv6_chain *chain, const uint8_t *bytes,
                                uint32_t bytes_here, unsigned *options_left, bool to_group)
{
    const uint32_t at = chain->bytes;
    bool is_part;

    switch (chain->next_header) {
    case IPV6_HOP_BY_HOP:
        /* RFC 8200 4.1: only directly after the IPv6 header */
        if (at != IPV6_HEADER_BYTES)
            return problem(chain, PROBLEM_NEXT_HEADER, chain->next_at);
        return walk_options(chain, bytes, at + 2, at + bytes_here, options_left, to_group);
    case IPV6_DESTINATION:
        return walk_options(chain, bytes, at + 2, at + bytes_here, options_left, to_group);
    case IPV6_ROUTING:
        /* RFC 8200 4.4, RFC 5095 3: all routing types are unknown, so Segments Left must be 0 */
        return bytes[at + 3] == 0 ? IPV6_CHAIN_OK : problem(chain, PROBLEM_FIELD, at + 2);
    default: /* RFC 6946: an atomic fragment (offset 0, no more fragments) is a whole packet */
        is_part = get16(bytes + at + 2) & 0xfff9;
        if (is_part && chain->is_fragment) /* nested fragment: its headers are incomplete */
            return IPV6_CHAIN_DROP;
        chain->had_fragments = true;
        chain->is_fragment |= is_part;
        return IPV6_CHAIN_OK;
    }
}

static enum ipv6_chain walk(struct wire_ipv6_chain *chain, const uint8_t *bytes, uint32_t len,
                            bool to_group, bool is_whole)
{
    unsigned options_left = IPV6_OPTIONS_MAX;

    *chain = (struct wire_ipv6_chain){
        .bytes = IPV6_HEADER_BYTES, .next_at = IPV6_NEXT_AT, .next_header = bytes[IPV6_NEXT_AT]};
    /* the chain of a fragment ends with its fragment header: the rest is walked when the datagram
     * is whole */
    for (unsigned i = 0; is_extension(chain->next_header) && (is_whole || !chain->is_fragment);
         i++) {
        const uint32_t at = chain->bytes;
        enum ipv6_chain verdict;
        uint32_t here;

        if (i == IPV6_HEADERS_MAX || len - at < EXTENSION_MIN)
            return IPV6_CHAIN_DROP;
        here = extension_bytes(chain->next_header, bytes + at);
        if (here > len - at)
            return IPV6_CHAIN_DROP;
        verdict = walk_one(chain, bytes, here, &options_left, to_group);
        if (verdict != IPV6_CHAIN_OK)
            return verdict;
        chain->next_at = at;
        chain->next_header = bytes[at];
        chain->bytes = at + here;
    }
    return IPV6_CHAIN_OK;
}

enum ipv6_chain wire_ipv6_walk(struct wire_ipv6_chain *chain, const uint8_t *bytes, uint32_t len,
                               bool to_group)
{
    return walk(chain, bytes, len, to_group, false);
}

enum ipv6_chain wire_ipv6_walk_whole(struct wire_ipv6_chain *chain, const uint8_t *bytes,
                                     uint32_t len, bool to_group)
{
    return walk(chain, bytes, len, to_group, true);
}
