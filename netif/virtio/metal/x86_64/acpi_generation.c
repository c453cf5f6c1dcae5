/*
 * acpi_generation.c -- the address of the generation id of a virtual machine (Microsoft, "Virtual
 * Machine Generation ID", 2012), from the code of a table.
 *
 * The device has the compatible id VM_Gen_Counter, and an object ADDR whose value is a package of
 * the address's lower and upper half. The code is not interpreted. Two forms are known:
 *
 *      Name(ADDR, Package() {low, high})       behind the device's compatible id
 *      Name(VGIA, low)                         in QEMU's table VMGENID; the id lies 40 bytes behind
 *                                              that address, which a method ADDR adds
 */
#include <string.h>

#include "acpi.h"

enum {
    NAMES = 36, /* where a table's code begins */
    TABLE_ID = 16,
    TABLE_ID_BYTES = 8,
    QEMU_OFFSET = 40,
    AML_NAME = 0x08,
    AML_ONE = 0x01,
    AML_BYTE = 0x0a,
    AML_WORD = 0x0b,
    AML_DWORD = 0x0c,
    AML_QWORD = 0x0e,
    AML_PACKAGE = 0x12
};

static const char device_id[] = "VM_Gen_Counter"; /* a string, with its NUL */

/* The bytes of a table that are left. */
struct code {
    const uint8_t *at;
    uint32_t len;
};

static bool skip(struct code *code, uint32_t bytes)
{
    if (bytes > code->len)
        return false;
    code->at += bytes;
    code->len -= bytes;
    return true;
}

/* Goes behind the first place that has these bytes. */
static bool find(struct code *code, const void *bytes, uint32_t len)
{
    for (; code->len >= len; (void)skip(code, 1)) {
        if (memcmp(code->at, bytes, len) == 0)
            return skip(code, len);
    }
    return false;
}

/* Takes an integer (ACPI 6.5, 20.2.3). */
static bool take_integer(struct code *code, uint64_t *value)
{
    const uint8_t kind = code->len > 0 ? code->at[0] : UINT8_MAX;
    const uint32_t bytes = kind == AML_BYTE    ? 1
                           : kind == AML_WORD  ? 2
                           : kind == AML_DWORD ? 4
                           : kind == AML_QWORD ? 8
                                               : 0;

    *value = kind <= AML_ONE ? kind : 0;
    if (bytes == 0)
        return kind <= AML_ONE && skip(code, 1);
    if (code->len < 1 + bytes)
        return false;
    for (uint32_t i = 0; i < bytes; i++)
        *value |= (uint64_t)code->at[1 + i] << 8 * i;
    return skip(code, 1 + bytes);
}

/* Takes the head of a package, up to its first element (20.2.5.4). */
static bool take_package(struct code *code)
{
    if (code->len < 2 || code->at[0] != AML_PACKAGE)
        return false;
    /* its length has up to four bytes, and the number of elements one */
    return skip(code, 1 + (uint32_t)(code->at[1] >> 6) + 1 + 1);
}

/* The two halves of the address. */
static uint64_t of_package(struct code code)
{
    static const char name[] = {AML_NAME, 'A', 'D', 'D', 'R'};
    uint64_t low, high;

    if (!find(&code, device_id, sizeof device_id) || !find(&code, name, sizeof name) ||
        !take_package(&code) || !take_integer(&code, &low) || !take_integer(&code, &high))
        return 0;
    return low <= UINT32_MAX && high <= UINT32_MAX ? high << 32 | low : 0;
}

static uint64_t of_qemu(struct code code)
{
    static const char name[] = {AML_NAME, 'V', 'G', 'I', 'A'};
    struct code device = code;
    uint64_t base;

    if (!find(&device, device_id, sizeof device_id) || !find(&code, name, sizeof name) ||
        !take_integer(&code, &base) || base == 0)
        return 0; /* 0: the firmware hasn't placed it */
    return base <= UINT32_MAX ? base + QEMU_OFFSET : 0;
}

uint64_t acpi_generation(const uint8_t *table, uint32_t len)
{
    struct code code = {table, len};

    if (!skip(&code, NAMES))
        return 0;
    return memcmp(table + TABLE_ID, "VMGENID\0", TABLE_ID_BYTES) == 0 ? of_qemu(code)
                                                                      : of_package(code);
}
