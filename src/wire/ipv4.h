/* ipv4.h -- the internet header (RFC 791 3.1). */
#ifndef WIRE_IPV4_H
#define WIRE_IPV4_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

enum {
    IPV4_HEADER_BYTES = 20,
    IPV4_HEADER_MAX = 60,
    IPV4_TOTAL_MAX = 65535
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

enum ipv4_options_verdict {
    IPV4_OPTIONS_FINE,
    IPV4_OPTIONS_ROUTED,   /* loose or strict source route: never honoured */
    IPV4_OPTIONS_MALFORMED /* a length of 0 or 1, or past the header's end */
};

/* Of a packet of which @total_bytes have come, the first @len in one piece.  False: version not 4,
 * IHL under 5, or lengths that don't fit into each other (RFC 1122 3.2.1.1). */
bool wire_ipv4_parse(struct wire_ipv4 *header, const uint8_t *bytes, uint32_t len,
                     uint32_t total_bytes);

/* The same for a header quoted by an ICMP error, of which the rest may be missing. */
bool wire_ipv4_parse_quote(struct wire_ipv4 *header, const uint8_t *bytes, uint32_t len);

/* True if the header's checksum is right; @bytes as they passed the parser. */
bool wire_ipv4_checksum_ok(const uint8_t *bytes, uint32_t header_bytes);

/* Judges the options of a header that passed the parser; @where gets the offset of the octet that
 * is wrong, for ICMP (RFC 792 parameter problem). */
enum ipv4_options_verdict wire_ipv4_options(const uint8_t *bytes, uint32_t header_bytes,
                                            uint8_t *where);

/* Writes IPV4_HEADER_BYTES, the checksum included. */
void wire_ipv4_emit(const struct wire_ipv4 *header, uint8_t *bytes);

#endif
