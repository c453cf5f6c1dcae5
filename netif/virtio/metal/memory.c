/* memory.c -- where memory ends. */
#include "metal.h"

static uint64_t memory_end; /* of the RAM that the program has been given */

void memory_init(uint64_t end)
{
    memory_end = end;
}

bool metal_is_memory(uint64_t address, size_t bytes)
{
    const uint64_t start = (uintptr_t)image_start;
    const uint64_t end = memory_end > (uintptr_t)image_end ? memory_end : (uintptr_t)image_end;

    return address >= start && address <= end && bytes <= end - address;
}
