/* slab.c -- memory of the backend for the payload of super-frames. */
#include "slab.h"

#include <leat/assert.h>

#include <stddef.h>
#include <stdlib.h>

enum {
    CACHE_LINE = 64
};

bool leat_tap_slabs_open(struct slabs *slabs)
{
    const size_t bytes = (SLABS * sizeof(struct slab) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;

    slabs->memory = aligned_alloc(CACHE_LINE, bytes);
    if (!slabs->memory)
        return false;
    slabs->free = NULL;
    for (unsigned i = SLABS; i > 0; i--) {
        slabs->memory[i - 1].home = slabs;
        leat_tap_slab_give(&slabs->memory[i - 1]);
    }
    return true;
}

struct slab *leat_tap_slab_take(struct slabs *slabs)
{
    struct slab *slab = slabs->free;

    if (slab)
        slabs->free = slab->next;
    return slab;
}

void leat_tap_slab_give(void *arg)
{
    struct slab *slab = arg;

    leat_assert(slab->home != NULL);
    slab->next = slab->home->free;
    slab->home->free = slab;
}

void leat_tap_slabs_close(struct slabs *slabs)
{
    free(slabs->memory);
    slabs->memory = NULL;
    slabs->free = NULL;
}
