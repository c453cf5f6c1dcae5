/* prefetch.h -- asks for memory that will be looked at soon, and doesn't wait for it. */
#ifndef CORE_PREFETCH_H
#define CORE_PREFETCH_H

#include <stddef.h>

enum {
    PREFETCH_LINE = 64 /* bytes of a cache line; where they are more, some are asked for twice */
};

/* @at may point anywhere. */
static inline void prefetch(const void *at, size_t bytes)
{
    const char *byte = at;

    for (size_t i = 0; i < bytes; i += PREFETCH_LINE)
        __builtin_prefetch(byte + i);
}

#endif
