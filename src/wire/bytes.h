/* bytes.h -- numbers in network byte order (big-endian), at any alignment. */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include <stdint.h>
#include <string.h>

#include "core/byte_order.h"

static inline uint16_t get16(const uint8_t *at)
{
    return (uint16_t)((at[0] << 8) | at[1]);
}

static inline uint32_t get32(const uint8_t *at)
{
    return ((uint32_t)at[0] << 24) | ((uint32_t)at[1] << 16) | ((uint32_t)at[2] << 8) | at[3];
}

/* Each is a single store. A checksum soon loads the field as a word; after byte stores that load
 * would stall until they reach the cache. */
static inline void put16(uint8_t *at, uint16_t value)
{
    value = big_endian16(value);
    memcpy(at, &value, sizeof value);
}

static inline void put32(uint8_t *at, uint32_t value)
{
    value = big_endian32(value);
    memcpy(at, &value, sizeof value);
}

static inline void put64(uint8_t *at, uint64_t value)
{
    value = big_endian64(value);
    memcpy(at, &value, sizeof value);
}

static inline uint64_t get64(const uint8_t *at)
{
    return (uint64_t)get32(at) << 32 | get32(at + 4);
}

/* Two words as one, @left in the upper half. */
static inline uint64_t pair32(uint32_t left, uint32_t right)
{
    return (uint64_t)left << 32 | right;
}

#endif
