/*
 * boot_info.c -- command line, memory, initrd and ACPI's root, from PVH's start info, Multiboot2's
 * tags or Linux' zero page.
 *
 * Each loader gives the same facts in another form. The initrd is taken before the memory, from
 * which its bytes are cut out. The largest piece that is left behind the image is the program's.
 */
#include "acpi.h"
#include "../metal.h"

enum boot_protocol { /* boot.S knows the numbers */
    BOOT_LINUX = 0,
    BOOT_PVH = 1,
    BOOT_MULTIBOOT2 = 2
};

/* struct hvm_start_info (Xen, public/arch-x86/hvm/start_info.h) */
struct start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t memory_map; /* from version 1 on */
    uint32_t memory_map_count;
    uint32_t reserved;
};

struct start_info_memory {
    uint64_t address;
    uint64_t bytes;
    uint32_t type;
    uint32_t reserved;
};

/* struct hvm_modlist_entry */
struct start_info_module {
    uint64_t address;
    uint64_t bytes;
    uint64_t command_line;
    uint64_t reserved;
};

/* an entry of the zero page's table: 20 bytes without padding */
struct e820_entry {
    uint32_t address[2];
    uint32_t bytes[2];
    uint32_t type;
};

enum {
    START_INFO_MAGIC = 0x336ec578,
    MEMORY_RAM = 1, /* in both */
    MEMORY_ENTRIES_MAX = 128,
    COMMAND_LINE_BYTES = 4096,
    /* Linux, Documentation/arch/x86/zero-page.rst */
    ZERO_PAGE_RSDP = 0x070,
    ZERO_PAGE_E820_COUNT = 0x1e8,
    ZERO_PAGE_INITRD = 0x218,
    ZERO_PAGE_INITRD_BYTES = 0x21c,
    ZERO_PAGE_COMMAND_LINE = 0x228,
    ZERO_PAGE_E820 = 0x2d0,
    /* Multiboot2 specification 2.0, 3.6 */
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_MODULE = 3,
    TAG_MEMORY = 6,
    TAG_RSDP_OLD = 14,
    TAG_RSDP = 15,
    TAG_BYTES = 8,
    TAG_MODULE_BYTES = 16,
    TAG_MEMORY_BYTES = 16, /* in front of the entries */
    TAGS_MAX = 64,
    MULTIBOOT_MEMORY_BYTES = 24
};

/* The head of a tag of Multiboot2. */
struct tag {
    uint32_t type;
    uint32_t bytes;
};

struct multiboot_memory {
    uint64_t address;
    uint64_t bytes;
    uint32_t type;
    uint32_t reserved;
};

static const uint64_t memory_end = UINT64_C(1) << 32; /* end of the mapped memory */

/* Takes the initrd. It must be read before the memory, from which it is cut out. */
static void take_archive(struct boot_info *boot, uint64_t address, uint64_t bytes)
{
    if (bytes == 0)
        return;
    /* Differences, because a loader's length could wrap a sum. */
    if (address < (uintptr_t)image_end || bytes > memory_end || address > memory_end - bytes) {
        boot->trouble = "the initrd lies in the image or beyond 4 GiB: load it between";
        return;
    }
    boot->archive = address;
    boot->archive_bytes = bytes;
}

/* Keeps the piece if it is larger than the one we have. */
static void take_piece(struct boot_info *boot, uint64_t address, uint64_t bytes)
{
    const uint64_t low = (uintptr_t)image_end;
    uint64_t end = address + bytes;

    if (end > memory_end)
        end = memory_end;
    if (address < low)
        address = low;
    if (address < end && end - address > boot->memory_bytes) {
        boot->memory = address;
        boot->memory_bytes = end - address;
    }
}

/* Takes the piece of RAM without the initrd. */
static void take_memory(struct boot_info *boot, uint64_t address, uint64_t bytes)
{
    const uint64_t archive_end = boot->archive + boot->archive_bytes;
    const uint64_t end = address + bytes < address ? UINT64_MAX : address + bytes;

    if (boot->archive_bytes == 0 || boot->archive >= end || archive_end <= address) {
        take_piece(boot, address, end - address);
        return;
    }
    if (boot->archive > address)
        take_piece(boot, address, boot->archive - address);
    if (archive_end < end)
        take_piece(boot, archive_end, end - archive_end);
}

static void read_start_info(struct boot_info *boot, const struct start_info *info)
{
    const struct start_info_memory *map;

    if (info->magic != START_INFO_MAGIC)
        return;
    if (info->command_line)
        boot->command_line = (const char *)(uintptr_t)info->command_line;
    if (info->module_count > 0) {
        const struct start_info_module *module = (const void *)(uintptr_t)info->modules;

        take_archive(boot, module->address, module->bytes);
    }
    acpi_find((uintptr_t)info->rsdp);
    /* Version 0 has no memory map, so the program gets no memory. */
    if (info->version < 1)
        return;
    map = (const struct start_info_memory *)(uintptr_t)info->memory_map;
    for (uint32_t i = 0; i < info->memory_map_count && i < MEMORY_ENTRIES_MAX; i++) {
        if (map[i].type == MEMORY_RAM)
            take_memory(boot, map[i].address, map[i].bytes);
    }
}

static uint32_t zero_page_field(const uint8_t *page, unsigned offset)
{
    return *(const uint32_t *)(const void *)(page + offset);
}

static void read_zero_page(struct boot_info *boot, const uint8_t *page)
{
    const struct e820_entry *map = (const void *)(page + ZERO_PAGE_E820);
    const uint32_t command_line = zero_page_field(page, ZERO_PAGE_COMMAND_LINE);

    if (command_line)
        boot->command_line = (const char *)(uintptr_t)command_line;
    take_archive(boot, zero_page_field(page, ZERO_PAGE_INITRD),
                 zero_page_field(page, ZERO_PAGE_INITRD_BYTES));
    acpi_find(*(const uintptr_t *)(const void *)(page + ZERO_PAGE_RSDP));
    for (uint32_t i = 0; i < page[ZERO_PAGE_E820_COUNT] && i < MEMORY_ENTRIES_MAX; i++) {
        if (map[i].type == MEMORY_RAM)
            take_memory(boot, (uint64_t)map[i].address[1] << 32 | map[i].address[0],
                        (uint64_t)map[i].bytes[1] << 32 | map[i].bytes[0]);
    }
}

/* A module, from its address to the one behind it: the initrd. */
static void read_module_tag(struct boot_info *boot, const uint32_t *ends)
{
    if (ends[1] > ends[0])
        take_archive(boot, ends[0], ends[1] - ends[0]);
}

static void read_memory_tag(struct boot_info *boot, const uint8_t *tag, uint32_t bytes)
{
    const uint32_t step = *(const uint32_t *)(const void *)(tag + TAG_BYTES);

    if (step < MULTIBOOT_MEMORY_BYTES)
        return;
    for (uint32_t at = TAG_MEMORY_BYTES; at + step <= bytes; at += step) {
        const struct multiboot_memory *entry = (const void *)(tag + at);

        if (entry->type == MEMORY_RAM)
            take_memory(boot, entry->address, entry->bytes);
    }
}

/* GRUB puts the tags into memory that its map calls free, so the command line is copied. */
static void keep_command_line(struct boot_info *boot, const char *text, uint32_t bytes)
{
    static char line[COMMAND_LINE_BYTES];
    uint32_t len = 0;

    while (len < bytes && len < sizeof line - 1 && text[len]) {
        line[len] = text[len];
        len++;
    }
    line[len] = '\0';
    boot->command_line = line;
    if (len < bytes && text[len])
        boot->trouble = "the command line has more than 4,095 bytes: shorten it";
}

static void read_tags(struct boot_info *boot, const uint8_t *info)
{
    const uint32_t total = *(const uint32_t *)(const void *)info;
    const struct tag *memory = NULL;
    uint32_t at = TAG_BYTES;

    for (unsigned i = 0; i < TAGS_MAX && at + TAG_BYTES <= total; i++) {
        const struct tag *tag = (const void *)(info + at);

        if (tag->type == TAG_END || tag->bytes < TAG_BYTES || tag->bytes > total - at)
            break;
        if (tag->type == TAG_COMMAND_LINE)
            keep_command_line(boot, (const char *)(tag + 1), tag->bytes - TAG_BYTES);
        else if (tag->type == TAG_MODULE && tag->bytes >= TAG_MODULE_BYTES)
            read_module_tag(boot, (const uint32_t *)(tag + 1));
        else if (tag->type == TAG_MEMORY && tag->bytes >= TAG_MEMORY_BYTES)
            memory = tag; /* last: the initrd is cut out of it */
        else if (tag->type == TAG_RSDP || tag->type == TAG_RSDP_OLD)
            acpi_find((uintptr_t)(tag + 1));
        at += (tag->bytes + 7) & ~7u;
    }
    if (memory)
        read_memory_tag(boot, (const uint8_t *)memory, memory->bytes);
}

struct boot_info boot_info_read(uint32_t protocol, uintptr_t info)
{
    struct boot_info boot = {.command_line = ""};

    if (protocol == BOOT_PVH)
        read_start_info(&boot, (const struct start_info *)info);
    else if (protocol == BOOT_MULTIBOOT2)
        read_tags(&boot, (const uint8_t *)info);
    else
        read_zero_page(&boot, (const uint8_t *)info);
    return boot;
}
