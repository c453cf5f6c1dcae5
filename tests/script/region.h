/* region.h -- memory that is allocated in pieces and freed at once. */
#ifndef SCRIPT_REGION_H
#define SCRIPT_REGION_H

#include <stddef.h>

struct region_chunk;

struct region {
    struct region_chunk *chunks;
    size_t left; /* in the newest chunk */
};

/* Zeroed memory for any type; exits the program if there is none. */
void *region_take(struct region *region, size_t bytes);

void region_free(struct region *region);

#endif
