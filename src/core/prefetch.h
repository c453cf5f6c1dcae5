/* prefetch.h -- loads memory that will be read soon into the cache, without waiting for it. */
#ifndef CORE_PREFETCH_H
#define CORE_PREFETCH_H

#include <stddef.h>

enum {
    PREFETCH_LINE = 64 /* bytes of a cache line; larger lines are prefetched twice */
};

/* @at need not be valid memory. */
static inline void prefetch(const void *at, size_t bytes)
{
    const char *byte = at;

    for (size_t i = 0; i < bytes; i += PREFETCH_LINE)
        __builtin_prefetch(byte + i);
}

#endif
