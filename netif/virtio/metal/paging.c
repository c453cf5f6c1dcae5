/* paging.c -- the identity map beyond the 4 GiB of boot.S, for devices whose registers lie there.
 */
#include "metal.h"

enum {
    ENTRIES = 512,
    TABLES_MAX = 4,
    PRESENT_WRITE = 0x3,
    UNCACHED_LARGE = 0x90 /* a page of 2 MiB, not cached */
};

extern uint64_t page_root[]; /* boot.S */
static uint64_t tables[TABLES_MAX][ENTRIES] __attribute__((aligned(4096)));
static unsigned table_count;

/* The table below an entry, made if there is none; NULL: there is none left. */
static uint64_t *descend(uint64_t *entry)
{
    if (!(*entry & 1)) {
        if (table_count == TABLES_MAX)
            return 0;
        *entry = (uintptr_t)tables[table_count++] | PRESENT_WRITE;
    }
    return (uint64_t *)(uintptr_t)(*entry & ~UINT64_C(0xfff));
}

bool metal_map(uint64_t address)
{
    uint64_t *pointers, *directory, *entry;

    if (address >> 47 != 0)
        return false;
    pointers = descend(&page_root[address >> 39 & (ENTRIES - 1)]);
    directory = pointers ? descend(&pointers[address >> 30 & (ENTRIES - 1)]) : 0;
    if (!directory)
        return false;
    entry = &directory[address >> 21 & (ENTRIES - 1)];
    if (!(*entry & 1))
        *entry = (address & ~UINT64_C(0x1fffff)) | PRESENT_WRITE | UNCACHED_LARGE;
    return true;
}
