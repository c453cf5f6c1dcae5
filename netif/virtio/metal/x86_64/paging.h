/* paging.h -- entries of x86-64's page tables (Intel SDM 3A 4.5). */
#ifndef PAGING_H
#define PAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu.h"

enum {
    PAGE_LEVELS = 4,
    PAGE_ADDRESS_BITS = 47, /* the lower half of the addresses */
    PAGE_MEMORY = 0x3,      /* present, writable */
    PAGE_DEVICE = 0x13,     /* and not cached */
    PAGE_LARGE = 0x80,
    PAGE_FLAGS = 0xfff
};

extern __attribute__((visibility("hidden"))) uint64_t page_root[]; /* boot.S */

static inline bool page_is_table(uint64_t entry)
{
    return (entry & 1) && !(entry & PAGE_LARGE);
}

static inline uint64_t page_table(const uint64_t *table)
{
    return (uintptr_t)table | PAGE_MEMORY;
}

static inline const uint64_t *page_next(uint64_t entry)
{
    return (const uint64_t *)(uintptr_t)(entry & ~(uint64_t)PAGE_FLAGS);
}

/* An entry of @level that maps @address with the attributes of the entry @like. */
static inline uint64_t page_leaf(uint64_t address, uint64_t like, unsigned level)
{
    const uint64_t flags = like & PAGE_FLAGS & ~(uint64_t)PAGE_LARGE;

    return address | flags | (level < PAGE_LEVELS - 1 ? PAGE_LARGE : 0);
}

static inline void page_replace(uint64_t *entry, uint64_t value, uint64_t address)
{
    *entry = value;
    invalidate_page((uintptr_t)address);
}

#endif
