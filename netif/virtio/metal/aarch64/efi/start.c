/*
 * start.c -- the program that UEFI starts from a disk of tools/image: it loads leat's image, which
 * is behind it in memory, as a loader of Linux would.
 *
 * The firmware gives a device tree, or ACPI's tables, of which one is made. A copy of it gets the
 * command line and the files, which tools/image has put into the payload. Then the firmware's
 * services end, and the image runs alone.
 */
#include <stdbool.h>
#include <stddef.h>

#include "acpi_tree.h"
#include "chosen.h"
#include "efi.h"

enum {
    IMAGE_BYTES = 16, /* where Linux' header has the bytes of the image, with its memory */
    MAP_BYTES = 128 << 10,
    TRIES = 4
};

/* In front of the payload, from tools/image. Places are counted from here. */
struct payload {
    uint64_t image, image_bytes;
    uint64_t line, line_bytes; /* of the command line, with its NUL */
    uint64_t files, files_bytes;
};

/* b1b621d5-f19c-41a5-830b-d9152c69aae0: a device tree (UEFI 2.10, 4.6.1) */
static const struct efi_guid tree_guid = {{0xd5, 0x21, 0xb6, 0xb1, 0x9c, 0xf1, 0xa5, 0x41, 0x83,
                                           0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0}};
/* 8868e871-e4f1-11d3-bc22-0080c73c8881: ACPI's tables from version 2 on */
static const struct efi_guid acpi_guid = {{0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11, 0xbc,
                                           0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
/* 3152bca5-eade-433d-862e-c01cdc291f44: random numbers */
static const struct efi_guid random_guid = {{0xa5, 0xbc, 0x52, 0x31, 0xde, 0xea, 0x3d, 0x43, 0x86,
                                             0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44}};

extern const uint8_t _start[] __attribute__((visibility("hidden")));

_Noreturn void efi_leave(uint64_t image, const void *tree);
efi_status efi_main(void *handle, struct efi_system_table *system, const struct payload *payload);

static bool is_same(const struct efi_guid *one, const struct efi_guid *other)
{
    bool same = true;

    for (unsigned i = 0; i < sizeof one->bytes; i++)
        same &= one->bytes[i] == other->bytes[i];
    return same;
}

static const void *find_table(const struct efi_system_table *system, const struct efi_guid *guid)
{
    for (uint64_t i = 0; i < system->table_count; i++) {
        if (is_same(&system->tables[i].guid, guid))
            return system->tables[i].table;
    }
    return NULL;
}

/* Takes memory that stays when the firmware's services have ended. NULL: there is none. */
static uint8_t *take(const struct efi_system_table *system, uint64_t bytes)
{
    const uint64_t pages = (bytes + EFI_PAGE_BYTES - 1) / EFI_PAGE_BYTES;
    uint64_t address = 0;

    if (system->boot->allocate_pages(EFI_ANY_PAGES, EFI_LOADER_DATA, pages, &address))
        return NULL;
    return (uint8_t *)(uintptr_t)address; /* the firmware's addresses are those of memory */
}

/* Writes the lines of the cache back, so that the bytes are seen when it is off. */
static void clean(const void *bytes, uint64_t len)
{
    const uintptr_t end = (uintptr_t)bytes + len;
    uint64_t type;
    uintptr_t line;

    __asm__("mrs %0, ctr_el0" : "=r"(type));
    line = (uintptr_t)4 << (type >> 16 & 15);
    for (uintptr_t at = (uintptr_t)bytes & ~(line - 1); at < end; at += line)
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    __asm__ volatile("dsb sy" : : : "memory");
}

/* Days from 1 January 1970 to a date: years begin with March, so that a leap day is the last one.
 */
static uint64_t days_to(const struct efi_time *time)
{
    const uint64_t month = (time->month + 9u) % 12, year = time->year - (month > 9);

    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + time->day -
           719469;
}

/* Seconds since 1970; 0: the firmware doesn't know the date. It keeps the real-time clock for
 * itself, so the tree has none. */
static uint64_t civil_s(const struct efi_system_table *system)
{
    struct efi_time time;
    uint64_t s;

    if (system->runtime->get_time(&time, NULL) || time.year < 1970 || time.year > 9999)
        return 0;
    s = days_to(&time) * 86400 + time.hour * UINT64_C(3600) + time.minute * 60u + time.second;
    if (time.zone != EFI_NO_ZONE)
        s += (uint64_t)(time.zone * INT64_C(60));
    return s;
}

/* ---- a tree of ACPI's tables */

static bool is_free(uint32_t type)
{
    return type == EFI_LOADER_CODE || type == EFI_LOADER_DATA || type == EFI_BOOT_CODE ||
           type == EFI_BOOT_DATA || type == EFI_FREE;
}

/* Adds what is free when the firmware's services have ended. */
static void add_memory(const struct efi_system_table *system, struct acpi_facts *facts,
                       uint8_t *map)
{
    uint64_t bytes = MAP_BYTES, key = 0, entry_bytes = 0;
    uint32_t version = 0;

    if (system->boot->get_memory_map(&bytes, map, &key, &entry_bytes, &version) ||
        entry_bytes < sizeof(struct efi_memory))
        return;
    for (uint64_t at = 0; at + entry_bytes <= bytes; at += entry_bytes) {
        const struct efi_memory *entry = (const void *)(map + at);

        if (is_free(entry->type))
            acpi_add_memory(facts, entry->start, entry->pages * EFI_PAGE_BYTES);
    }
}

static void add_seed(const struct efi_system_table *system, struct acpi_facts *facts)
{
    void *protocol = NULL;
    struct efi_random *random;

    facts->seed_bytes = 0;
    if (system->boot->locate_protocol(&random_guid, NULL, &protocol) || !protocol)
        return;
    random = protocol;
    if (!random->get(random, NULL, sizeof facts->seed, facts->seed))
        facts->seed_bytes = sizeof facts->seed;
}

/* The memory from @start to @end, with the files in it, is the first piece: it must be there.
 * Returns the tree; NULL: there is no memory, or too little in the tables. */
static const void *make_tree(const struct efi_system_table *system, const void *rsdp, uint8_t *map,
                             uint64_t start, uint64_t end)
{
    uint8_t *tree = take(system, ACPI_TREE_BYTES);
    struct acpi_facts facts;

    if (!tree)
        return NULL;
    __asm__("mrs %0, mpidr_el1" : "=r"(facts.affinity));
    facts.affinity &= UINT64_C(0xff00ffffff);
    facts.memory_count = 0;
    acpi_add_memory(&facts, start & ~(uint64_t)(EFI_PAGE_BYTES - 1), end - start + EFI_PAGE_BYTES);
    add_memory(system, &facts, map);
    add_seed(system, &facts);
    return acpi_tree_write(tree, rsdp, &facts) > 0 ? tree : NULL;
}

/* ---- the end of the firmware */

/* Ends the firmware's services. The map changes with each use of them, so it may take several
 * tries. */
static bool end_services(const struct efi_system_table *system, void *handle, void *map)
{
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t bytes = MAP_BYTES, key = 0, entry_bytes = 0;
        uint32_t version = 0;

        if (!system->boot->get_memory_map(&bytes, map, &key, &entry_bytes, &version) &&
            !system->boot->exit_boot_services(handle, key))
            return true;
    }
    return false;
}

static efi_status complain(const struct efi_system_table *system, const uint16_t *why,
                           efi_status status)
{
    (void)system->output->output_string(system->output, why);
    return status;
}

efi_status efi_main(void *handle, struct efi_system_table *system, const struct payload *payload)
{
    static const uint16_t no_tree[] = u"leat: the firmware gives no device tree, and ACPI's tables "
                                      u"have no GICv2, GICv3 or timer\r\n";
    static const uint16_t no_memory[] = u"leat: the machine has too little memory\r\n";
    static const uint16_t bad_tree[] = u"leat: the firmware's device tree is broken\r\n";
    const uint8_t *base = (const uint8_t *)payload, *image = base + payload->image;
    const struct chosen chosen = {.command_line = (const char *)base + payload->line,
                                  .command_line_bytes = payload->line_bytes,
                                  .archive = (uintptr_t)base + payload->files,
                                  .archive_end =
                                      (uintptr_t)base + payload->files + payload->files_bytes,
                                  .civil_s = civil_s(system)};
    const uint64_t memory_bytes = *(const uint64_t *)(const void *)(image + IMAGE_BYTES);
    const void *tree = find_table(system, &tree_guid), *rsdp = find_table(system, &acpi_guid);
    uint8_t *memory = take(system, memory_bytes), *map = take(system, MAP_BYTES), *copy;
    uint32_t copy_bytes;

    if (!memory || !map)
        return complain(system, no_memory, EFI_OUT_OF_RESOURCES);
    if (!tree && rsdp)
        tree = make_tree(system, rsdp, map, (uintptr_t)_start, chosen.archive_end);
    if (!tree)
        return complain(system, no_tree, EFI_UNSUPPORTED);
    copy = take(system, chosen_tree_bytes(tree) + payload->line_bytes + CHOSEN_MORE_BYTES);
    if (!copy)
        return complain(system, no_memory, EFI_OUT_OF_RESOURCES);
    copy_bytes = chosen_write(copy, tree, &chosen);
    if (copy_bytes == 0)
        return complain(system, bad_tree, EFI_UNSUPPORTED);
    for (uint64_t i = 0; i < payload->image_bytes; i++)
        memory[i] = image[i];
    if (!end_services(system, handle, map))
        return EFI_UNSUPPORTED; /* nothing can be said any more */
    clean(memory, memory_bytes);
    clean(copy, copy_bytes);
    clean(_start, chosen.archive_end - (uintptr_t)_start);
    efi_leave((uintptr_t)memory, copy);
}
