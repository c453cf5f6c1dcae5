/* tables.h -- ACPI's tables, as UEFI's firmware gives them (ACPI 6.5, 5.2).  The firmware is as
 * trusted as the processor, but a table is read within its length. */
#ifndef METAL_TABLES_H
#define METAL_TABLES_H

#include <stdint.h>

struct acpi_table {
    const uint8_t *bytes;
    uint32_t len; /* 0: there is no such table */
};

/* The table of this name that the firmware lists. */
struct acpi_table acpi_find(const void *rsdp, const char *name);

/* The table of this name at an address. */
struct acpi_table acpi_at(uint64_t address, const char *name);

/* The number of @bytes bytes at @at; 0 if they end behind the table. */
uint64_t acpi_read(struct acpi_table table, uint32_t at, unsigned bytes);

#endif
