/*
 * fw_cfg.c -- files that were given to QEMU for its guest (QEMU, docs/specs/fw_cfg.rst).
 *
 * An item is chosen by its number at one port, and its bytes are read at the other one. One item is
 * a list of files: their names, sizes and numbers, which are big-endian.
 */
#include <string.h>

#include <leat/metal.h>

#include "cpu.h"

enum {
    SELECT = 0x510, /* ports */
    DATA = 0x511,
    SIGNATURE = 0x0000, /* items */
    LIST = 0x0019,
    NAME_BYTES = 56,
    FILES_MAX = 4096
};

/* An entry of the list. */
struct file {
    uint8_t size[4];
    uint8_t number[2];
    uint8_t reserved[2];
    char name[NAME_BYTES];
};

_Static_assert(sizeof(struct file) == 64, "as it is read");

static void read_bytes(void *to, size_t len)
{
    __asm__ volatile("rep insb" : "+D"(to), "+c"(len) : "d"((uint16_t)DATA) : "memory");
}

static uint32_t number_of(const uint8_t *bytes, unsigned count)
{
    uint32_t number = 0;

    for (unsigned i = 0; i < count; i++)
        number = number << 8 | bytes[i];
    return number;
}

/* A port without a device reads as ones. */
static bool is_there(void)
{
    char signature[4];

    out16(SELECT, SIGNATURE);
    read_bytes(signature, sizeof signature);
    return memcmp(signature, "QEMU", sizeof signature) == 0;
}

size_t leat_metal_fw_cfg(const char *name, void *to, size_t room)
{
    const size_t name_len = strlen(name);
    uint8_t count[4];
    struct file file;
    size_t len;

    if (name_len >= NAME_BYTES || !is_there())
        return 0;
    out16(SELECT, LIST);
    read_bytes(count, sizeof count);
    for (uint32_t i = 0, files = number_of(count, 4); i < files && i < FILES_MAX; i++) {
        read_bytes(&file, sizeof file);
        if (memcmp(file.name, name, name_len + 1) != 0)
            continue;
        len = number_of(file.size, sizeof file.size);
        if (len <= room) {
            out16(SELECT, (uint16_t)number_of(file.number, sizeof file.number));
            read_bytes(to, len);
        }
        return len;
    }
    return 0;
}
