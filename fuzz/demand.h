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

#define demand(condition) ((condition) ? (void)0 : demand_failed(__FILE__, __LINE__, #condition))

#endif
