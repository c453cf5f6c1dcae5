/* icmp.h -- the first two words of every ICMP message (RFC 792). */
#ifndef WIRE_ICMP_H
#define WIRE_ICMP_H

#include <stdbool.h>
#include <stdint.h>

enum {
    ICMP_HEADER_BYTES = 8
};

struct wire_icmp {
    uint8_t type;
    uint8_t code;
    uint16_t checksum;
    uint32_t detail; /* the second word: id and sequence, pointer, next-hop MTU, ... */
};

/* False: fewer than 8 bytes. */
bool wire_icmp_parse(struct wire_icmp *icmp, const uint8_t *bytes, uint32_t len);

/* Writes 8 bytes. */
void wire_icmp_emit(const struct wire_icmp *icmp, uint8_t *bytes);

#endif
