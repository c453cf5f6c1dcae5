/* udp.h -- the datagram header (RFC 768). */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include <stdbool.h>
#include <stdint.h>

enum {
    UDP_HEADER_BYTES = 8
};

struct wire_udp {
    uint16_t src_port;
    uint16_t dst_port;
    uint16_t length;   /* of header and data: 8 at least */
    uint16_t checksum; /* 0: the sender made none */
};

/* Of a datagram of which @total_bytes have come, the first @len in one piece.  False: cut short,
 * or a length that doesn't fit. */
bool wire_udp_parse(struct wire_udp *udp, const uint8_t *bytes, uint32_t len, uint32_t total_bytes);

/* Writes 8 bytes. */
void wire_udp_emit(const struct wire_udp *udp, uint8_t *bytes);

#endif
