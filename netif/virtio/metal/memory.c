/* memory.c -- which addresses are memory, and pieces of it for programs and drivers. */
#include <leat/assert.h>

#include "metal.h"

static uint64_t memory_start, memory_bytes; /* the RAM that the program has been given */

void memory_init(uint64_t start, size_t bytes)
{
    leat_assert(bytes <= UINT64_MAX - start); /* is_within() */
    memory_start = start;
    memory_bytes = bytes;
}

static bool is_within(uint64_t address, size_t bytes, uint64_t start, uint64_t len)
{
    return address >= start && address - start <= len && bytes <= len - (address - start);
}

bool metal_is_memory(uint64_t address, size_t bytes)
{
    const uint64_t image = (uintptr_t)image_start;

    /* Guard pages and the dump of a crash ask this first, because a read elsewhere could act on a
     * device. */
    return is_within(address, bytes, image, (uintptr_t)image_end - image) ||
           is_within(address, bytes, memory_start, memory_bytes);
}

void *leat_metal_take(struct leat_metal *from, size_t bytes)
{
    /* 64: a line of the cache, and enough for all that devices want */
    const uintptr_t start = ((uintptr_t)from->memory + 63) & ~(uintptr_t)63;
    const size_t cost = start - (uintptr_t)from->memory + bytes;

    /* The first comparison finds a sum that has wrapped. */
    if (cost < bytes || cost > from->memory_bytes)
        return 0;
    from->memory = (uint8_t *)from->memory + cost;
    from->memory_bytes -= cost;
    return (void *)start;
}
