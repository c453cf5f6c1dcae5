/* tables.c -- see tables.h. */
#include "tables.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    HEADER_BYTES = 36, /* of every table */
    LEN_AT = 4,
    LEN_MAX = 1 << 20,
    TABLES_MAX = 64,
    RSDP_REVISION = 15,
    RSDP_BYTES = 36,
    RSDP_ROOT = 24 /* from revision 2 on */
};

uint64_t acpi_read(struct acpi_table table, uint32_t at, unsigned bytes)
{
    uint64_t number = 0;

    if (at > table.len || bytes > table.len - at)
        return 0;
    for (unsigned i = bytes; i > 0; i--)
        number = number << 8 | table.bytes[at + i - 1];
    return number;
}

static struct acpi_table nothing(void)
{
    struct acpi_table table;

    table.bytes = NULL; /* no initializer: there is no library */
    table.len = 0;
    return table;
}

struct acpi_table acpi_at(uint64_t address, const char *name)
{
    struct acpi_table table;
    uint64_t len;
    bool same = true;

    if (address == 0)
        return nothing();
    table.bytes = (const uint8_t *)(uintptr_t)address; /* the firmware's are those of memory */
    table.len = HEADER_BYTES;
    for (unsigned i = 0; i < LEN_AT; i++)
        same &= table.bytes[i] == (uint8_t)name[i];
    len = acpi_read(table, LEN_AT, 4);
    if (!same || len < HEADER_BYTES || len > LEN_MAX)
        return nothing();
    table.len = (uint32_t)len;
    return table;
}

struct acpi_table acpi_find(const void *rsdp, const char *name)
{
    struct acpi_table root, table = nothing();

    root.bytes = rsdp;
    root.len = RSDP_BYTES;
    if (acpi_read(root, RSDP_REVISION, 1) < 2)
        return table; /* Arm's firmware has a root table of addresses with 64 bits */
    root = acpi_at(acpi_read(root, RSDP_ROOT, 8), "XSDT");
    for (uint32_t i = 0; i < TABLES_MAX && table.len == 0 && HEADER_BYTES + 8 * (i + 1) <= root.len;
         i++)
        table = acpi_at(acpi_read(root, HEADER_BYTES + 8 * i, 8), name);
    return table;
}
