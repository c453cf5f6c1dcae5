/* udp.c -- the datagram header. */
#include "wire/udp.h"

#include "wire/bytes.h"

bool wire_udp_parse(struct wire_udp *udp, const uint8_t *bytes, uint32_t len, uint32_t total_bytes)
{
    if (len < UDP_HEADER_BYTES)
        return false;
    udp->src_port = get16(bytes);
    udp->dst_port = get16(bytes + 2);
    udp->length = get16(bytes + 4);
    udp->checksum = get16(bytes + 6);
    return udp->length >= UDP_HEADER_BYTES && udp->length <= total_bytes;
}

void wire_udp_emit(const struct wire_udp *udp, uint8_t *bytes)
{
    put16(bytes, udp->src_port);
    put16(bytes + 2, udp->dst_port);
    put16(bytes + 4, udp->length);
    put16(bytes + 6, udp->checksum);
}
