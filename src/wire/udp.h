/* udp.h -- the UDP header (RFC 768). */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/bytes.h"

enum {
    UDP_HEADER_BYTES = 8,
    UDP_LENGTH_AT = 4,
    UDP_CHECKSUM_AT = 6
};

struct wire_udp {
    uint16_t src_port;
    uint16_t dst_port;
    uint16_t length;   /* of header and data, at least 8 */
    uint16_t checksum; /* 0: the sender computed none */
};

/* Parses a header of a datagram of which @total_bytes were received, the first @len contiguous.
 * False: truncated, or the length doesn't fit. */
static inline bool wire_udp_parse(struct wire_udp *udp, const uint8_t *bytes, uint32_t len,
                                  uint32_t total_bytes)
{
    if (len < UDP_HEADER_BYTES)
        return false;
    udp->src_port = get16(bytes);
    udp->dst_port = get16(bytes + 2);
    udp->length = get16(bytes + 4);
    udp->checksum = get16(bytes + 6);
    return udp->length >= UDP_HEADER_BYTES && udp->length <= total_bytes;
}

/* Writes 8 bytes. */
static inline void wire_udp_emit(const struct wire_udp *udp, uint8_t *bytes)
{
    put64(bytes, pair32((uint32_t)udp->src_port << 16 | udp->dst_port,
                        (uint32_t)udp->length << 16 | udp->checksum));
}

#endif
