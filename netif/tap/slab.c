/*
 * slab.c -- memory of the backend for the payload of super-frames.
 *
 * A slab is lent to the stack (leat_buf_lend()), which calls leat_tap_slab_give() when the last
 * view of it is freed. Until then it isn't in the free list, so the kernel can't write into it.
 */
#include "slab.h"

#include <leat/assert.h>

#include <stddef.h>
#include <stdlib.h>

enum {
    CACHE_LINE = 64
};

bool leat_tap_slabs_open(struct slabs *slabs)
{
    /* aligned_alloc() wants a size that is a multiple of the alignment. */
    const size_t bytes = (SLABS * sizeof(struct slab) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;

    slabs->memory = aligned_alloc(CACHE_LINE, bytes);
    if (!slabs->memory)
        return false;
    slabs->free = NULL;
    /* The first slab is given last, and so taken first: with little traffic only a few of them are
     * touched. */
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
    /* The stack is closed before its backends, so no slab is lent any more. */
    free(slabs->memory);
    slabs->memory = NULL;
    slabs->free = NULL;
}
