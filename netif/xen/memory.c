/* memory.c -- whole pages out of the machine's memory. */
#include <leat/metal.h>

#include "machine.h"

void *xen_machine_pages(struct leat_metal *metal, uint32_t count)
{
    const size_t bytes = (size_t)(count + 1) * XEN_PAGE_BYTES;
    const uintptr_t mask = XEN_PAGE_BYTES - 1;
    void *memory = leat_metal_take(metal, bytes - 1);

    return memory ? (void *)(((uintptr_t)memory + mask) & ~mask) : NULL;
}
