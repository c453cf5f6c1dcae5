/* paging.h -- entries of AArch64's page tables, with pages of 4 KiB (Arm ARM D8.3). */
#ifndef PAGING_H
#define PAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu.h"

enum {
    PAGE_LEVELS = 4,
    PAGE_ADDRESS_BITS = 48,
    PAGE_MEMORY = 0x701, /* valid, accessed, inner shareable, attributes 0 of MAIR_EL1 */
    PAGE_DEVICE = 0x405, /* attributes 1 */
    PAGE_TABLE = 0x3,
    PAGE_PAGE = 0x2 /* of a leaf: it maps 4 KiB */
};

#define PAGE_NO_EXECUTE (UINT64_C(1) << 54 | UINT64_C(1) << 53) /* of a device */
#define PAGE_ADDRESS    UINT64_C(0x0000fffffffff000)

extern __attribute__((visibility("hidden"))) uint64_t page_root[]; /* boot.S */

static inline bool page_is_table(uint64_t entry)
{
    return (entry & PAGE_TABLE) == PAGE_TABLE;
}

static inline uint64_t page_table(const uint64_t *table)
{
    return (uint64_t)(uintptr_t)table | PAGE_TABLE;
}

static inline const uint64_t *page_next(uint64_t entry)
{
    return (const uint64_t *)(uintptr_t)(entry & PAGE_ADDRESS);
}

/* An entry of @level that maps @address with the attributes of the entry @like. */
static inline uint64_t page_leaf(uint64_t address, uint64_t like, unsigned level)
{
    const uint64_t flags = like & ~PAGE_ADDRESS & ~(uint64_t)PAGE_PAGE;
    const uint64_t no_execute = (flags & 0x1c) == (PAGE_DEVICE & 0x1c) ? PAGE_NO_EXECUTE : 0;

    return address | flags | no_execute | (level == PAGE_LEVELS - 1 ? PAGE_PAGE : 0);
}

/* Break before make (Arm ARM D8.16): the old entry is gone before the new one is there. The
 * code and the stack that run this lie in pages of their own, which no replaced entry maps. */
static inline void page_replace(uint64_t *entry, uint64_t value, uint64_t address)
{
    *(volatile uint64_t *)entry = 0;
    flush_page(address);
    *(volatile uint64_t *)entry = value;
    barrier();
}

#endif
