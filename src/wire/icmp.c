/*
 * icmp.c -- the first two words of every ICMP message (RFC 792).
 *
 * The checksum covers the payload as well, so the caller verifies it over the whole packet. The
 * second word means a different thing in each type: identifier and sequence number, an MTU, a
 * pointer.
 */
#include "wire/icmp.h"

#include "wire/bytes.h"

bool wire_icmp_parse(struct wire_icmp *icmp, const uint8_t *bytes, uint32_t len)
{
    if (len < ICMP_HEADER_BYTES)
        return false;
    icmp->type = bytes[0];
    icmp->code = bytes[1];
    icmp->checksum = get16(bytes + 2);
    icmp->detail = get32(bytes + 4);
    return true;
}

void wire_icmp_emit(const struct wire_icmp *icmp, uint8_t *bytes)
{
    bytes[0] = icmp->type;
    bytes[1] = icmp->code;
    put16(bytes + 2, icmp->checksum);
    put32(bytes + 4, icmp->detail);
}
