/*
 * arena.c -- hands out the program's block of memory.
 *
 * Tables are taken in leat_init() and by the calls that register a protocol or start a client,
 * never for a packet. So no traffic makes a running stack fail for want of a table.
 */
#include "core/arena.h"

#include "core/assert.h"

#include <string.h>

void *arena_take(struct arena *arena, size_t count, size_t bytes)
{
    const size_t cost = arena_cost(count, bytes);
    uint8_t *taken = arena->next;

    leat_debug_assert(arena->next <= arena->end);
    if (cost > (size_t)(arena->end - arena->next))
        return 0;
    arena->next += cost;
    /* zero is the first state of most structs: an empty list, a timer that isn't set, no key */
    memset(taken, 0, cost);
    return taken;
}
