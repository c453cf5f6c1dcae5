/* region.c -- memory that is allocated in pieces and freed at once. */
#include "region.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CHUNK_BYTES = 16384
};

struct region_chunk {
    struct region_chunk *next;
    size_t bytes;
    alignas(max_align_t) unsigned char memory[];
};

void *region_take(struct region *region, size_t bytes)
{
    const size_t need = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

    if (need > region->left) {
        const size_t size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
        struct region_chunk *chunk = calloc(1, sizeof *chunk + size);

        if (!chunk) {
            fputs("leat-script: out of memory\n", stderr);
            exit(2);
        }
        chunk->next = region->chunks;
        chunk->bytes = size;
        region->chunks = chunk;
        region->left = size;
    }
    region->left -= need;
    return region->chunks->memory + region->chunks->bytes - region->left - need;
}

void region_free(struct region *region)
{
    while (region->chunks) {
        struct region_chunk *next = region->chunks->next;

        free(region->chunks);
        region->chunks = next;
    }
    region->left = 0;
}
