/* slab.h -- memory of the backend for the payload of super-frames.  One piece holds all of it, and
 * is lent to the stack instead of 32 buffers of the pool. */
#ifndef TAP_SLAB_H
#define TAP_SLAB_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SLAB_BYTES = 65536, /* the largest frame, whatever of it lies elsewhere */
    SLABS = 64          /* slow readers can hold so many; then frames are copied */
};

struct slabs;

/* One piece. */
struct slab {
    uint8_t bytes[SLAB_BYTES];
    struct slab *next;
    struct slabs *home;
};

struct slabs {
    struct slab *free; /* the last one given back is the first: it may be in the cache */
    struct slab *memory;
};

/* Makes the slabs; false: no memory.  The kernel provides their pages only when they are written.
 */
bool leat_tap_slabs_open(struct slabs *slabs);

/* A free slab, or NULL. */
struct slab *leat_tap_slab_take(struct slabs *slabs);

/* Gives one back; a release function for leat_buf_lend(). */
void leat_tap_slab_give(void *slab);

/* Frees all of them, given back or not. */
void leat_tap_slabs_close(struct slabs *slabs);

#endif
