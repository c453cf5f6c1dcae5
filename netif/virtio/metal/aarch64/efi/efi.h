/* efi.h -- the part of UEFI that the start from a disk uses (UEFI 2.10, chapters 4 and 7). */
#ifndef METAL_EFI_H
#define METAL_EFI_H

#include <stdint.h>

typedef uint64_t efi_status;

#define EFI_UNSUPPORTED      UINT64_C(0x8000000000000003)
#define EFI_OUT_OF_RESOURCES UINT64_C(0x8000000000000009)

enum {
    EFI_ANY_PAGES = 0, /* for allocate_pages() */
    EFI_LOADER_DATA = 2,
    EFI_PAGE_BYTES = 4096
};

struct efi_guid {
    uint8_t bytes[16];
};

struct efi_text_output {
    void *reset;
    efi_status (*output_string)(struct efi_text_output *output, const uint16_t *text);
};

struct efi_boot_services {
    uint8_t header[24];
    void *task_priorities[2];
    efi_status (*allocate_pages)(uint32_t how, uint32_t type, uint64_t pages, uint64_t *address);
    void *free_pages;
    efi_status (*get_memory_map)(uint64_t *bytes, void *map, uint64_t *key, uint64_t *entry_bytes,
                                 uint32_t *version);
    void *pools[2];
    void *events[6];
    void *protocols[9];
    void *images[4];
    efi_status (*exit_boot_services)(void *handle, uint64_t key);
};

struct efi_table {
    struct efi_guid guid;
    void *table;
};

struct efi_system_table {
    uint8_t header[24];
    const uint16_t *vendor;
    uint64_t revision;
    void *input[2];
    void *output_handle;
    struct efi_text_output *output;
    void *errors[2];
    void *runtime;
    struct efi_boot_services *boot;
    uint64_t table_count;
    const struct efi_table *tables;
};

_Static_assert(__builtin_offsetof(struct efi_boot_services, exit_boot_services) == 232, "7");
_Static_assert(__builtin_offsetof(struct efi_system_table, tables) == 112, "4.3");

#endif
