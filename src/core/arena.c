/* arena.c -- hands out the program's block of memory. */
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
    memset(taken, 0, cost);
    return taken;
}
