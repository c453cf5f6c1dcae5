/* ipv4.c -- the internet header. */
#include "wire/ipv4.h"

#include "core/checksum.h"
#include "wire/bytes.h"

enum {
    IPV4_FLAG_DF = 0x4000,
    IPV4_FLAG_MF = 0x2000,
    IPV4_OFFSET_MASK = 0x1fff
};

enum ipv4_option {
    IPV4_OPTION_END = 0,
    IPV4_OPTION_NOP = 1,
    IPV4_OPTION_LSRR = 131,
    IPV4_OPTION_SSRR = 137
};

bool wire_ipv4_parse_quote(struct wire_ipv4 *header, const uint8_t *bytes, uint32_t len)
{
    uint16_t fragment;

    if (len < IPV4_HEADER_BYTES || bytes[0] >> 4 != 4)
        return false;
    header->header_bytes = (uint8_t)((bytes[0] & 15) * 4);
    header->total_bytes = get16(bytes + 2);
    if (header->header_bytes < IPV4_HEADER_BYTES || header->header_bytes > len)
        return false;
    if (header->total_bytes < header->header_bytes)
        return false;
    fragment = get16(bytes + 6);
    header->tos = bytes[1];
    header->id = get16(bytes + 4);
    header->dont_fragment = fragment & IPV4_FLAG_DF;
    header->more_fragments = fragment & IPV4_FLAG_MF;
    header->fragment_offset = (uint16_t)((fragment & IPV4_OFFSET_MASK) * 8);
    header->ttl = bytes[8];
    header->protocol = bytes[9];
    header->src = get32(bytes + 12);
    header->dst = get32(bytes + 16);
    return true;
}

bool wire_ipv4_parse(struct wire_ipv4 *header, const uint8_t *bytes, uint32_t len,
                     uint32_t total_bytes)
{
    return wire_ipv4_parse_quote(header, bytes, len) && header->total_bytes <= total_bytes;
}

bool wire_ipv4_checksum_ok(const uint8_t *bytes, uint32_t header_bytes)
{
    return checksum_finish(header_bytes == IPV4_HEADER_BYTES
                               ? checksum_20_bytes(bytes)
                               : checksum_bytes(bytes, header_bytes)) == 0;
}

enum ipv4_options_verdict wire_ipv4_options(const uint8_t *bytes, uint32_t header_bytes,
                                            uint8_t *where)
{
    uint32_t at = IPV4_HEADER_BYTES;

    while (at < header_bytes && bytes[at] != IPV4_OPTION_END) {
        if (bytes[at] == IPV4_OPTION_NOP) {
            at++;
            continue;
        }
        *where = (uint8_t)at;
        if (at + 1 >= header_bytes)
            return IPV4_OPTIONS_MALFORMED;
        *where = (uint8_t)(at + 1);
        if (bytes[at + 1] < 2 || bytes[at + 1] > header_bytes - at)
            return IPV4_OPTIONS_MALFORMED;
        if (bytes[at] == IPV4_OPTION_LSRR || bytes[at] == IPV4_OPTION_SSRR)
            return IPV4_OPTIONS_ROUTED;
        at += bytes[at + 1];
    }
    return IPV4_OPTIONS_FINE;
}

void wire_ipv4_emit(const struct wire_ipv4 *header, uint8_t *bytes)
{
    uint16_t fragment = (uint16_t)(header->fragment_offset / 8);

    if (header->dont_fragment)
        fragment |= IPV4_FLAG_DF;
    if (header->more_fragments)
        fragment |= IPV4_FLAG_MF;
    bytes[0] = 0x45;
    bytes[1] = header->tos;
    put16(bytes + 2, header->total_bytes);
    put16(bytes + 4, header->id);
    put16(bytes + 6, fragment);
    bytes[8] = header->ttl;
    bytes[9] = header->protocol;
    put16(bytes + 10, 0);
    put32(bytes + 12, header->src);
    put32(bytes + 16, header->dst);
    put16(bytes + 10, checksum_finish(checksum_20_bytes(bytes)));
}
