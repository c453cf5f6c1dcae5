/* zero.h -- zeroes a struct of a few cache lines. */
#ifndef CORE_ZERO_H
#define CORE_ZERO_H

#include <stddef.h>
#include <string.h>

#include "core/assert.h"
#include "core/cold.h"

enum {
    ZERO_LINE = 64,
    ZERO_LINES_MAX = 4
};

/* Zeroes @bytes, a constant, in pieces of a cache line. Each piece is a few stores; of all together
 * gcc makes a loop in microcode, which begins slowly. */
HOT void zero_bytes(void *at, size_t bytes)
{
    unsigned char *to = at;
    const size_t lines = FOR_SPEED ? bytes / ZERO_LINE : 0;

    leat_debug_assert(lines <= ZERO_LINES_MAX);
    if (lines > 0)
        memset(to, 0, ZERO_LINE);
    if (lines > 1)
        memset(to + ZERO_LINE, 0, ZERO_LINE);
    if (lines > 2)
        memset(to + 2 * ZERO_LINE, 0, ZERO_LINE);
    if (lines > 3)
        memset(to + 3 * ZERO_LINE, 0, ZERO_LINE);
    memset(to + lines * ZERO_LINE, 0, bytes - lines * ZERO_LINE);
}

#endif
