/* paging.h -- entries of the page tables Sv39 (RISC-V privileged architecture 1.12, 4.4). */
#ifndef PAGING_H
#define PAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu.h"

enum {
    PAGE_LEVELS = 3,
    PAGE_ADDRESS_BITS = 38, /* the lower half of the addresses */
    PAGE_MEMORY = 0xcf,     /* valid, readable, writable, executable, accessed, dirty */
    PAGE_DEVICE = 0xcf,     /* the machine's physical attributes say that it is none of memory's */
    PAGE_TABLE = 0x01,
    PAGE_ACCESS = 0x0e, /* one of them at least: the entry is no table */
    PAGE_FLAGS = 0x3ff
};

extern __attribute__((visibility("hidden"))) uint64_t page_root[]; /* boot.S */

static inline bool page_is_table(uint64_t entry)
{
    return (entry & PAGE_TABLE) && !(entry & PAGE_ACCESS);
}

static inline uint64_t page_table(const uint64_t *table)
{
    return (uint64_t)(uintptr_t)table >> 2 | PAGE_TABLE;
}

static inline const uint64_t *page_next(uint64_t entry)
{
    return (const uint64_t *)(uintptr_t)((entry & ~(uint64_t)PAGE_FLAGS) << 2);
}

/* An entry of any level that maps @address with the attributes of the entry @like. */
static inline uint64_t page_leaf(uint64_t address, uint64_t like, unsigned level)
{
    (void)level;
    return address >> 2 | (like & PAGE_FLAGS);
}

static inline void page_replace(uint64_t *entry, uint64_t value, uint64_t address)
{
    *entry = value;
    flush_page(address);
}

#endif
