/* wire_inside.h -- shared by wire.c and wire6.c: byte access, checksums, and IPv6 beside IPv4. */
#ifndef ATTACK_WIRE_INSIDE_H
#define ATTACK_WIRE_INSIDE_H

#include "wire.h"

enum {
    ETH_BYTES = 14,
    IP6_BYTES = 40
};

static inline void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

static inline uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* Adds these bytes to @sum, without folding; the second folds and inverts a sum. */
uint32_t wire_sum(const uint8_t *at, size_t len, uint32_t sum);
uint16_t wire_checksum(uint32_t sum);

void wire_ethernet(const struct wire *wire, uint8_t *frame, const uint8_t *to, uint16_t type);

/* False if the device refused it. */
bool wire_transmit(struct wire *wire, const uint8_t *frame, size_t len);

/* True for one of the attackers' addresses, except the gateway's. */
bool wire_is_ours(const struct wire *wire, uint32_t ip);

/* Asks for the server's MAC address. */
void wire6_ask(struct wire *wire);

/* Answers solicitations; notes the server's MAC address. */
void wire6_take(struct wire *wire, const uint8_t *frame, size_t len);

/* Writes the IP header before @len bytes of payload; returns the sum of the pseudo-header. */
uint32_t wire6_write(const struct wire *wire, uint8_t *ip, uint8_t protocol, uint32_t from,
                     uint32_t len);

/* Length of the IP header, 0 if the packet is not from the server to an address of ours. The
 * pointer @total gets the length of header and payload, @to the number of our address. */
size_t wire6_read(const struct wire *wire, const uint8_t *ip, size_t len, size_t *total,
                  uint32_t *to);

#endif
