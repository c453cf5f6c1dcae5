/* boot_info.c -- command line, memory and initrd, from PVH's start info or Linux' zero page. */
#include "../metal.h"

enum boot_protocol { /* boot.S knows the numbers */
    BOOT_LINUX = 0,
    BOOT_PVH = 1
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
    /* Linux, Documentation/arch/x86/zero-page.rst */
    ZERO_PAGE_E820_COUNT = 0x1e8,
    ZERO_PAGE_INITRD = 0x218,
    ZERO_PAGE_INITRD_BYTES = 0x21c,
    ZERO_PAGE_COMMAND_LINE = 0x228,
    ZERO_PAGE_E820 = 0x2d0
};

static const uint64_t memory_end = UINT64_C(1) << 32; /* end of the mapped memory */

/* Takes the initrd. It must be read before the memory, from which it is cut out. */
static void take_archive(struct boot_info *boot, uint64_t address, uint64_t bytes)
{
    if (bytes == 0)
        return;
    if (address < (uintptr_t)image_end || bytes > memory_end || address > memory_end - bytes) {
        boot->trouble = "the initrd lies in the image or beyond 4 GiB";
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

    if (end < address || end > memory_end)
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
    const uint64_t end = address + bytes; /* may wrap: take_piece() looks at that */

    if (boot->archive_bytes == 0 || end < address || boot->archive >= end ||
        archive_end <= address) {
        take_piece(boot, address, bytes);
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
    for (uint32_t i = 0; i < page[ZERO_PAGE_E820_COUNT] && i < MEMORY_ENTRIES_MAX; i++) {
        if (map[i].type == MEMORY_RAM)
            take_memory(boot, (uint64_t)map[i].address[1] << 32 | map[i].address[0],
                        (uint64_t)map[i].bytes[1] << 32 | map[i].bytes[0]);
    }
}

struct boot_info boot_info_read(uint32_t protocol, uintptr_t info)
{
    struct boot_info boot = {.command_line = ""};

    if (protocol == BOOT_PVH)
        read_start_info(&boot, (const struct start_info *)info);
    else
        read_zero_page(&boot, (const uint8_t *)info);
    return boot;
}
