/*
 * paging.c -- changes of the identity map that boot.S made: registers of devices, and guard pages.
 *
 * The tables of all three architectures are alike: 512 entries of 8 bytes, whose bit 0 says
 * present; a level maps 9 bits of the address, the last one pages of 4 KiB. An architecture's
 * paging.h encodes the entries. A large page that has to be divided takes one of a few tables that
 * are reserved for this.
 */
#include <string.h>

#include "metal.h"
#include "paging.h"

enum {
    ENTRIES = 512,
    PAGE_BYTES = 4096,
    TABLES_MAX = 12, /* 8 guard 16 MiB of stacks, if they lie together */
    PRESENT = 0x1,
    GUARDED = 0x200,              /* a bit that no processor reads in an entry that isn't present */
    LARGE_LEVEL = PAGE_LEVELS - 2 /* pages of 2 MiB */
};

static uint64_t tables[TABLES_MAX][ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static unsigned table_count;

static unsigned shift_of(unsigned level)
{
    return 12 + 9 * (PAGE_LEVELS - 1 - level);
}

static uint64_t *entry_in(const uint64_t *table, uint64_t address, unsigned level)
{
    return (uint64_t *)(uintptr_t)table + (address >> shift_of(level) & (ENTRIES - 1));
}

/* Puts a table in the place of the @entry of @level, which maps the same. False: there is no table
 * left. */
static bool divide(uint64_t *entry, uint64_t address, unsigned level)
{
    const unsigned shift = shift_of(level + 1);
    const uint64_t first = address >> shift_of(level) << shift_of(level);
    uint64_t *table;

    if (table_count == TABLES_MAX)
        return false;
    /* Nothing gives a table back, because a divided page is never joined again. */
    table = tables[table_count++];
    for (unsigned i = 0; i < ENTRIES; i++)
        table[i] =
            *entry & PRESENT ? page_leaf(first + ((uint64_t)i << shift), *entry, level + 1) : 0;
    page_replace(entry, page_table(table), address);
    return true;
}

/* The entry of @address at @level. NULL: a larger page maps it, and @cut is false or there is no
 * table left. */
static uint64_t *entry_of(uint64_t address, unsigned level, bool cut)
{
    const uint64_t *table = page_root;

    for (unsigned at = 0; at < level; at++) {
        uint64_t *entry = entry_in(table, address, at);

        if (!page_is_table(*entry) && (!cut || !divide(entry, address, at)))
            return NULL;
        table = page_next(*entry);
    }
    return entry_in(table, address, level);
}

/* True if a page of any size maps @address. */
static bool is_mapped(uint64_t address)
{
    const uint64_t *table = page_root;

    for (unsigned at = 0; at < PAGE_LEVELS; at++) {
        const uint64_t entry = *entry_in(table, address, at);

        if (!(entry & PRESENT) || at == PAGE_LEVELS - 1 || !page_is_table(entry))
            return entry & PRESENT;
        table = page_next(entry);
    }
    return false;
}

bool metal_map(uint64_t address)
{
    uint64_t *entry;

    if (address >> PAGE_ADDRESS_BITS != 0)
        return false;
    if (is_mapped(address))
        return true;
    /* Registers get a page of 2 MiB: those of all devices lie in a few of these. */
    entry = entry_of(address, LARGE_LEVEL, true);
    if (!entry)
        return false;
    page_replace(entry, page_leaf(address & ~UINT64_C(0x1fffff), PAGE_DEVICE, LARGE_LEVEL),
                 address);
    return true;
}

const char *paging_guard_name(uint64_t address)
{
    void *page = (void *)(uintptr_t)(address & ~UINT64_C(0xfff));
    const uint64_t *entry =
        address >> PAGE_ADDRESS_BITS != 0 ? NULL : entry_of(address, PAGE_LEVELS - 1, false);

    if (!entry || (*entry & PRESENT) || !(*entry & GUARDED))
        return NULL;
    leat_metal_guard(page, PAGE_BYTES, false); /* the report reads the stack */
    return **(const char *const *const *)page; /* leat_tasks_config.guard */
}

bool leat_metal_guard(void *page, size_t bytes, bool guarded)
{
    const uintptr_t first = (uintptr_t)page;

    if ((first | bytes) % PAGE_BYTES != 0 || !metal_is_memory(first, bytes))
        return false;
    for (uintptr_t at = first; at < first + bytes; at += PAGE_BYTES) {
        uint64_t *entry = entry_of(at, PAGE_LEVELS - 1, guarded);

        if (!entry && guarded)
            return false;
        if (entry)
            page_replace(entry, guarded ? GUARDED : page_leaf(at, PAGE_MEMORY, PAGE_LEVELS - 1),
                         at);
    }
    return true;
}
