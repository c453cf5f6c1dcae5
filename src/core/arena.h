/* arena.h -- hands out the program's block of memory at the start; nothing is given back. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "core/cold.h"

struct arena {
    uint8_t *next;
    uint8_t *end;
};

enum {
    ARENA_ALIGN = 64 /* a cache line */
};

/* The bytes that one arena_take() of @count times @bytes uses. */
static inline size_t arena_cost(size_t count, size_t bytes)
{
    return (count * bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

/* Zeroed memory, aligned to ARENA_ALIGN; NULL if the arena has not enough. */
COLD void *arena_take(struct arena *arena, size_t count, size_t bytes);

#endif
