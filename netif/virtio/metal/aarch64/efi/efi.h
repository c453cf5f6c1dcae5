/* efi.h -- the part of UEFI that the start from a disk uses (UEFI 2.10, chapters 4 and 7). */
#ifndef METAL_EFI_H
#define METAL_EFI_H

#include <stdint.h>

typedef uint64_t efi_status;

#define EFI_UNSUPPORTED      UINT64_C(0x8000000000000003)
#define EFI_OUT_OF_RESOURCES UINT64_C(0x8000000000000009)

enum {
    EFI_ANY_PAGES = 0,   /* for allocate_pages() */
    EFI_LOADER_CODE = 1, /* kinds of memory (7.2.1) */
    EFI_LOADER_DATA = 2,
    EFI_BOOT_CODE = 3,
    EFI_BOOT_DATA = 4,
    EFI_FREE = 7,
    EFI_NO_ZONE = 0x7ff,
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
    void *others[10];
    efi_status (*locate_protocol)(const struct efi_guid *guid, void *registration, void **protocol);
};

/* An entry of the memory map, which may be longer. */
struct efi_memory {
    uint32_t type;
    uint32_t pad;
    uint64_t start, virtual_start, pages, attributes;
};

struct efi_time {
    uint16_t year;
    uint8_t month, day, hour, minute, second, pad;
    uint32_t ns;
    int16_t zone; /* minutes that UTC is later, or EFI_NO_ZONE */
    uint8_t daylight, pad2;
};

struct efi_runtime_services {
    uint8_t header[24];
    efi_status (*get_time)(struct efi_time *time, void *capabilities);
};

/* EFI_RNG_PROTOCOL (37.5) */
struct efi_random {
    void *get_info;
    efi_status (*get)(struct efi_random *random, const struct efi_guid *algorithm, uint64_t bytes,
                      uint8_t *to);
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
    struct efi_runtime_services *runtime;
    struct efi_boot_services *boot;
    uint64_t table_count;
    const struct efi_table *tables;
};

_Static_assert(__builtin_offsetof(struct efi_boot_services, exit_boot_services) == 232, "7");
_Static_assert(__builtin_offsetof(struct efi_boot_services, locate_protocol) == 320, "7");
_Static_assert(__builtin_offsetof(struct efi_system_table, tables) == 112, "4.3");

#endif
