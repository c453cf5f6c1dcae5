/* region.h -- memory that is taken in pieces and given back at once. */
#ifndef SCRIPT_REGION_H
#define SCRIPT_REGION_H

#include <stddef.h>

struct region_chunk;

struct region {
    struct region_chunk *chunks;
    size_t left; /* in the newest chunk */
};

/* Zeroed memory for anything; ends the program when there is none. */
void *region_take(struct region *region, size_t bytes);

void region_free(struct region *region);

#endif
