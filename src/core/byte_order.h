/* byte_order.h -- converts between the machine's byte order and big-endian, that of the wire. */
#ifndef CORE_BYTE_ORDER_H
#define CORE_BYTE_ORDER_H

#include <stdint.h>

static inline uint16_t big_endian16(uint16_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(value) : value;
}

static inline uint32_t big_endian32(uint32_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(value) : value;
}

static inline uint64_t big_endian64(uint64_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
}

#endif
