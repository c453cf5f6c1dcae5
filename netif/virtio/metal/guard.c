/*
 * guard.c -- pages that trap when touched, in the identity map of boot.S.
 *
 * That map has pages of 2 MiB.  One that contains a guard is split into 512 of 4 KiB, by one of a
 * few tables that are reserved for this.
 */
#include "cpu.h"
#include "metal.h"

enum {
    ENTRIES = 512,
    PAGE_BYTES = 4096,
    TABLES_MAX = 8, /* so 16 MiB of stacks, if they lie together */
    PRESENT = 0x1,
    PRESENT_WRITE = 0x3,
    LARGE = 0x80,
    GUARDED = 0x200 /* an available bit; entries that aren't present have it only as guards */
};

extern uint64_t page_root[]; /* boot.S */
static uint64_t tables[TABLES_MAX][ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static unsigned table_count;

static uint64_t *entry_of(const uint64_t *table, uintptr_t address, unsigned shift)
{
    return (uint64_t *)(uintptr_t)table + (address >> shift & (ENTRIES - 1));
}

static uint64_t *table_of(const uint64_t *entry)
{
    return (uint64_t *)(uintptr_t)(*entry & ~UINT64_C(0xfff));
}

/* The entry of the 2 MiB around @address, which lies below 4 GiB. */
static uint64_t *directory_entry(uintptr_t address)
{
    const uint64_t *pointers = table_of(entry_of(page_root, address, 39));

    return entry_of(table_of(entry_of(pointers, address, 30)), address, 21);
}

/* The entry of the page at @address; NULL: it would need a table, and there is none left, or @cut
 * is false. */
static uint64_t *page_entry(uintptr_t address, bool cut)
{
    uint64_t *entry = directory_entry(address);
    const uint64_t first = *entry & ~UINT64_C(0x1fffff);

    if (!(*entry & LARGE))
        return entry_of(table_of(entry), address, 12);
    if (!cut || table_count == TABLES_MAX)
        return 0;
    for (unsigned i = 0; i < ENTRIES; i++)
        tables[table_count][i] = (first + (uint64_t)i * PAGE_BYTES) | PRESENT_WRITE;
    *entry = (uintptr_t)tables[table_count++] | PRESENT_WRITE;
    invalidate_page(address);
    return entry_of(table_of(entry), address, 12);
}

static bool is_guarded(uint64_t address)
{
    const uint64_t *entry = address >> 32 ? 0 : page_entry((uintptr_t)address, false);

    return entry && !(*entry & PRESENT) && (*entry & GUARDED);
}

/* The name of the guarded task at @address, or NULL.  The page becomes readable, because the crash
 * report reads the stack. */
static const char *take_fault(uint64_t address)
{
    void *page = (void *)(uintptr_t)(address & ~UINT64_C(0xfff));

    if (!is_guarded(address))
        return NULL;
    leat_metal_guard(page, PAGE_BYTES, false);
    return **(const char *const *const *)page; /* leat_tasks_config.guard */
}

bool leat_metal_guard(void *page, size_t bytes, bool guarded)
{
    const uintptr_t first = (uintptr_t)page;

    if ((first | bytes) % PAGE_BYTES != 0 || (uint64_t)first + bytes > UINT64_C(1) << 32)
        return false;
    interrupts_on_guard(take_fault);
    for (uintptr_t at = first; at < first + bytes; at += PAGE_BYTES) {
        uint64_t *entry = page_entry(at, guarded);

        if (!entry && guarded)
            return false;
        if (entry)
            *entry = at | (guarded ? GUARDED : PRESENT_WRITE);
        invalidate_page(at);
    }
    return true;
}
