/*
 * acpi_tables.c -- reads ACPI's tables (ACPI 6.5, 5.2), within bounds and without believing them.
 *
 * S5's value is an object in the code of the DSDT. That is not interpreted; the object's name and
 * package are looked for, as they are always written: Name(_S5, Package() {type, type, ...}).
 */
#include <string.h>

#include "acpi.h"

enum {
    HEADER_BYTES = 36, /* of every table */
    TABLE_BYTES_MAX = 1 << 20,
    TABLES_MAX = 64,
    RSDP_BYTES = 36, /* from revision 2 on; before: 20 */
    RSDP_BYTES_OLD = 20,
    FADT_DSDT = 40, /* offsets (5.2.9) */
    FADT_COMMAND = 48,
    FADT_ENABLE = 52,
    FADT_EVENT = 56,
    FADT_CONTROL = 64,
    FADT_CONTROL_B = 68,
    FADT_EVENT_BYTES = 88,
    FADT_FLAGS = 112,
    FADT_BYTES = 116,
    FADT_DSDT_64 = 140,
    FADT_SLEEP = 244, /* a generic address: 12 bytes */
    FADT_REDUCED = 1 << 20,
    SPACE_IO = 1,    /* of a generic address */
    MADT_FIRST = 44, /* where its entries begin (5.2.12) */
    MADT_PROCESSOR = 0,
    MADT_PROCESSOR_BYTES = 8,
    MADT_PROCESSOR_ENABLED = 1,
    AML_PACKAGE = 0x12,
    AML_BYTE = 0x0a,
    AML_ONE = 0x01
};

typedef const void *memory_fn(uint64_t address, size_t bytes);

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t read32(const uint8_t *at)
{
    return read16(at) | (uint32_t)read16(at + 2) << 16;
}

static uint64_t read64(const uint8_t *at)
{
    return read32(at) | (uint64_t)read32(at + 4) << 32;
}

static bool sums_to_zero(const uint8_t *bytes, uint32_t len)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

/* The table at @address, whole and with a right checksum, or NULL. */
static const uint8_t *table_at(memory_fn *memory, uint64_t address, const char *name, uint32_t *len)
{
    const uint8_t *table = memory(address, HEADER_BYTES);

    if (!table || memcmp(table, name, 4) != 0)
        return NULL;
    *len = read32(table + 4);
    if (*len < HEADER_BYTES || *len > TABLE_BYTES_MAX || !memory(address, *len) ||
        !sums_to_zero(table, *len))
        return NULL;
    return table;
}

/* The table of this name that the root table lists at @first or later, or NULL; @first is then the
 * place behind it. */
static const uint8_t *listed_from(memory_fn *memory, const uint8_t *rsdp, const char *name,
                                  uint32_t *first, uint32_t *len)
{
    /* 5.2.5.3: from revision 2 on there is a root table with addresses of 64 bits */
    const bool wide = rsdp[15] >= 2 && read64(rsdp + 24) != 0;
    const uint32_t step = wide ? 8 : 4;
    uint32_t root_len;
    const uint8_t *root = table_at(memory, wide ? read64(rsdp + 24) : read32(rsdp + 16),
                                   wide ? "XSDT" : "RSDT", &root_len);

    for (uint32_t i = *first; root && i < TABLES_MAX && HEADER_BYTES + (i + 1) * step <= root_len;
         i++) {
        const uint8_t *at = root + HEADER_BYTES + (size_t)i * step;
        const uint8_t *table = table_at(memory, wide ? read64(at) : read32(at), name, len);

        *first = i + 1;
        if (table)
            return table;
    }
    return NULL;
}

static const uint8_t *listed(memory_fn *memory, const uint8_t *rsdp, const char *name,
                             uint32_t *len)
{
    uint32_t first = 0;

    return listed_from(memory, rsdp, name, &first, len);
}

/* Looks for the generation id in the secondary tables, as in QEMU, unless the DSDT has it. */
static void read_generation(struct acpi *acpi, memory_fn *memory, const uint8_t *rsdp)
{
    const uint8_t *table;
    uint32_t first = 0, len;

    while (acpi->generation == 0 && (table = listed_from(memory, rsdp, "SSDT", &first, &len)))
        acpi->generation = acpi_generation(table, len);
}

/* One byte of a package's elements; moves *@at behind it. False: it is another kind of element. */
static bool element(const uint8_t *code, uint32_t len, uint32_t *at, uint8_t *value)
{
    if (*at >= len)
        return false;
    *value = code[*at];
    if (*value <= AML_ONE) {
        (*at)++;
        return true;
    }
    if (*value != AML_BYTE || *at + 1 >= len)
        return false;
    *value = code[*at + 1];
    *at += 2;
    return true;
}

/* Looks for the package of S5 (7.4.2, 20.2.5.4). */
static void read_sleep_type(struct acpi *acpi, const uint8_t *code, uint32_t len)
{
    for (uint32_t i = HEADER_BYTES; i + 6 < len; i++) {
        uint32_t at = i + 5;

        if (memcmp(code + i, "_S5_", 4) != 0 || code[i + 4] != AML_PACKAGE)
            continue;
        at += (uint32_t)(code[at] >> 6) + 1; /* the package's length has up to four bytes */
        at++;                                /* the number of elements */
        if (element(code, len, &at, &acpi->sleep_type) &&
            element(code, len, &at, &acpi->sleep_type_b)) {
            acpi->has_sleep_type = true;
            return;
        }
    }
}

static uint16_t port_of(const uint8_t *at)
{
    const uint32_t port = read32(at);

    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static void read_fadt(struct acpi *acpi, const uint8_t *fadt, uint32_t len)
{
    const uint8_t event_bytes = fadt[FADT_EVENT_BYTES];

    acpi->reduced = read32(fadt + FADT_FLAGS) & FADT_REDUCED;
    if (acpi->reduced) {
        const uint8_t *sleep = fadt + FADT_SLEEP;

        if (len >= FADT_SLEEP + 12 && sleep[0] == SPACE_IO && read64(sleep + 4) <= UINT16_MAX)
            acpi->sleep_port = (uint16_t)read64(sleep + 4);
        return;
    }
    acpi->status_port = port_of(fadt + FADT_EVENT);
    acpi->enable_port = acpi->status_port ? (uint16_t)(acpi->status_port + event_bytes / 2) : 0;
    acpi->control_port = port_of(fadt + FADT_CONTROL);
    acpi->control_port_b = port_of(fadt + FADT_CONTROL_B);
    acpi->command_port = port_of(fadt + FADT_COMMAND);
    acpi->enable_value = fadt[FADT_ENABLE];
}

/* Lists the processors: the entries of the type for a local APIC (5.2.12.2).  An id of 255 means
 * all of them, and so isn't one. */
static void read_processors(struct acpi *acpi, memory_fn *memory, const uint8_t *rsdp)
{
    uint32_t len, at = MADT_FIRST;
    const uint8_t *madt = listed(memory, rsdp, "APIC", &len);

    while (madt && at + 2 <= len && madt[at + 1] >= 2 && madt[at + 1] <= len - at) {
        const uint8_t *entry = madt + at;

        if (entry[0] == MADT_PROCESSOR && entry[1] >= MADT_PROCESSOR_BYTES && entry[3] < 255 &&
            (entry[4] & MADT_PROCESSOR_ENABLED) && acpi->processor_count < ACPI_PROCESSORS_MAX)
            acpi->processors[acpi->processor_count++] = entry[3];
        at += entry[1];
    }
}

bool acpi_read(struct acpi *acpi, uint64_t root, memory_fn *memory)
{
    const uint8_t *rsdp = root ? memory(root, RSDP_BYTES_OLD) : NULL;
    const uint8_t *fadt, *dsdt;
    uint32_t fadt_len, dsdt_len;
    uint64_t code;

    *acpi = (struct acpi){0};
    if (!rsdp || memcmp(rsdp, "RSD PTR ", 8) != 0 || !sums_to_zero(rsdp, RSDP_BYTES_OLD))
        return false;
    if (rsdp[15] >= 2 && !memory(root, RSDP_BYTES))
        return false;
    fadt = listed(memory, rsdp, "FACP", &fadt_len);
    if (!fadt || fadt_len < FADT_BYTES)
        return false;
    read_fadt(acpi, fadt, fadt_len);
    code = fadt_len >= FADT_DSDT_64 + 8 ? read64(fadt + FADT_DSDT_64) : 0;
    dsdt = table_at(memory, code ? code : read32(fadt + FADT_DSDT), "DSDT", &dsdt_len);
    if (dsdt) {
        read_sleep_type(acpi, dsdt, dsdt_len);
        acpi->generation = acpi_generation(dsdt, dsdt_len);
    }
    read_generation(acpi, memory, rsdp);
    read_processors(acpi, memory, rsdp);
    return true;
}
