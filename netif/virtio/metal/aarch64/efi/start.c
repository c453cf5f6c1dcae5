/*
 * start.c -- the program that UEFI starts from a disk of tools/image: it loads leat's image, which
 * is behind it in memory, as a loader of Linux would.
 *
 * The firmware gives a device tree. A copy of it gets the command line and the files, which
 * tools/image has put into the payload. Then the firmware's services end, and the image runs alone.
 */
#include <stdbool.h>
#include <stddef.h>

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

extern const uint8_t _start[] __attribute__((visibility("hidden")));

_Noreturn void efi_leave(uint64_t image, const void *tree);
efi_status efi_main(void *handle, struct efi_system_table *system, const struct payload *payload);

static bool is_tree(const struct efi_guid *guid)
{
    bool same = true;

    for (unsigned i = 0; i < sizeof guid->bytes; i++)
        same &= guid->bytes[i] == tree_guid.bytes[i];
    return same;
}

static const void *find_tree(const struct efi_system_table *system)
{
    for (uint64_t i = 0; i < system->table_count; i++) {
        if (is_tree(&system->tables[i].guid))
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
    static const uint16_t no_tree[] =
        u"leat: the firmware gives no device tree; QEMU's does with -M virt,acpi=off\r\n";
    static const uint16_t no_memory[] = u"leat: the machine has too little memory\r\n";
    static const uint16_t bad_tree[] = u"leat: the firmware's device tree is broken\r\n";
    const uint8_t *base = (const uint8_t *)payload, *image = base + payload->image;
    const struct chosen chosen = {.command_line = (const char *)base + payload->line,
                                  .command_line_bytes = payload->line_bytes,
                                  .archive = (uintptr_t)base + payload->files,
                                  .archive_end =
                                      (uintptr_t)base + payload->files + payload->files_bytes};
    const uint64_t memory_bytes = *(const uint64_t *)(const void *)(image + IMAGE_BYTES);
    const void *tree = find_tree(system);
    uint8_t *memory, *copy, *map;
    uint32_t copy_bytes;

    if (!tree)
        return complain(system, no_tree, EFI_UNSUPPORTED);
    memory = take(system, memory_bytes);
    copy = take(system, chosen_tree_bytes(tree) + payload->line_bytes + CHOSEN_MORE_BYTES);
    map = take(system, MAP_BYTES);
    if (!memory || !copy || !map)
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
