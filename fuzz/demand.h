/* demand.h -- assertions of fuzz targets; libFuzzer keeps the input that breaks one. */
#ifndef DEMAND_H
#define DEMAND_H

#include <stdio.h>
#include <stdlib.h>

/* Prints the place and the condition, and aborts. */
static inline void demand_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    abort();
}

/* A function whose branches say nothing about the code under test: libFuzzer doesn't trace it, which
 * takes longer than the function itself. */
#if defined(__clang__)
#define UNTRACED __attribute__((noinline, no_sanitize("coverage")))
#else
#define UNTRACED
#endif

#define demand(condition) ((condition) ? (void)0 : demand_failed(__FILE__, __LINE__, #condition))

#endif
