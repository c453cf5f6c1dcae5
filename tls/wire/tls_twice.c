/*
 * tls_twice.c -- finds an extension that a block has twice (RFC 8446 4.2).
 *
 * A block of 64 KiB can have thousands of extensions, and to compare each with each would take a
 * server's time. A bit for each of the 65,536 types would take 8 KiB of the stack. So the types are
 * divided into ranges, and the block is read once for each range that occurs in it.
 */
#include "tls/wire/tls.h"

#include "wire/bytes.h"

enum {
    RANGE_BITS = 10, /* types of one range are compared at a time, each by a bit */
    RANGES = 1 << (16 - RANGE_BITS),
    HEADER = 4
};

/* Takes the next extension's type. False: no more, or a malformed one. */
static bool next(struct wire_tls_bytes *rest, uint16_t *type)
{
    uint32_t len;

    if (rest->len < HEADER)
        return false;
    *type = get16(rest->at);
    len = HEADER + get16(rest->at + 2);
    if (rest->len < len)
        return false;
    rest->at += len;
    rest->len -= len;
    return true;
}

static bool is_twice_in(struct wire_tls_bytes block, unsigned range)
{
    uint32_t seen[(1 << RANGE_BITS) / 32] = {0};
    uint16_t type;

    while (next(&block, &type)) {
        const uint32_t bit = type & ((1u << RANGE_BITS) - 1);

        if (type >> RANGE_BITS != range)
            continue;
        if (seen[bit / 32] >> bit % 32 & 1)
            return true;
        seen[bit / 32] |= 1u << bit % 32;
    }
    return false;
}

bool wire_tls_has_twice(struct wire_tls_bytes block)
{
    struct wire_tls_bytes rest = block;
    uint64_t ranges = 0;
    uint16_t type;

    _Static_assert(RANGES == 64, "a bit for each");
    while (next(&rest, &type))
        ranges |= (uint64_t)1 << (type >> RANGE_BITS);
    for (unsigned range = 0; range < RANGES; range++)
        if ((ranges >> range & 1) && is_twice_in(block, range))
            return true;
    return false;
}
