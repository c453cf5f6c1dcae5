/* map.h -- the identity map of the whole machine. */
#ifndef MAP_H
#define MAP_H

#include "../tree/tree.h"

enum {
    MAP_MEMORY_BITS = 39 /* memory may lie below 512 GiB */
};

/* Maps all memory that the tree names as memory, instead of as devices. */
void map_memory(const struct tree *tree);

#endif
