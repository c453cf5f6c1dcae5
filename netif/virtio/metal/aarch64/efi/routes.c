/*
 * routes.c -- see routes.h.
 *
 * The code is not interpreted (ACPI 6.5, 20.2). The table is looked for as it is mostly written:
 * Name(_PRT, Package() {Package(4) {address, pin, source, index}, ...}). A source is 0, and then
 * the index is the line, or the name of a device whose _CRS has the line.
 */
#include "routes.h"

#include <stddef.h>

enum {
    OP_ZERO = 0x00,
    OP_ONE = 0x01,
    OP_NAME = 0x08,
    OP_BYTE = 0x0a,
    OP_WORD = 0x0b,
    OP_DWORD = 0x0c,
    OP_QWORD = 0x0e,
    OP_PACKAGE = 0x12,
    OP_PACKAGE_VARIABLE = 0x13,
    OP_EXTENDED = 0x5b,
    OP_DEVICE = 0x82, /* behind OP_EXTENDED */
    NAME_ROOT = '\\',
    NAME_ABOVE = '^',
    NAME_TWO = 0x2e,
    SEGMENT = 4,         /* bytes of a part of a name */
    INTERRUPT = 0x89,    /* the descriptor of an extended interrupt (6.4.3.6) */
    INTERRUPT_BYTES = 9, /* with one line */
    DEVICE_SHIFT = 16,   /* of an entry's address */
    ENTRIES_MAX = 256,
    LINE_MIN = 32, /* of those that devices share */
    LINE_MAX = 1020
};

/* A part of the code. */
struct code {
    struct acpi_table table; /* cut at the part's end */
    uint32_t at;
};

static uint32_t byte_at(const struct code *code, uint32_t at)
{
    return (uint32_t)acpi_read(code->table, at, 1);
}

static bool is_name(const struct code *code, uint32_t at, const uint8_t *name)
{
    for (unsigned i = 0; i < SEGMENT; i++) {
        if (byte_at(code, at + i) != name[i])
            return false;
    }
    return true;
}

/* Reads a package's length, and moves behind it. Returns the part that has it. */
static struct code part(struct code *code)
{
    const uint32_t start = code->at, lead = byte_at(code, start), more = lead >> 6;
    uint32_t len = more == 0 ? lead & 0x3f : lead & 0x0f;
    struct code inside;

    for (uint32_t i = 0; i < more; i++)
        len |= byte_at(code, start + 1 + i) << (4 + 8 * i);
    inside.table = code->table;
    inside.at = code->at = start + 1 + more;
    if (start <= code->table.len && len <= code->table.len - start)
        inside.table.len = start + len;
    return inside;
}

/* Reads an integer. False: there is none, and nothing moves. */
static bool integer(struct code *code, uint32_t *value)
{
    const uint32_t op = byte_at(code, code->at);
    unsigned bytes = 0;

    if (code->at >= code->table.len)
        return false;
    if (op == OP_BYTE)
        bytes = 1;
    else if (op == OP_WORD)
        bytes = 2;
    else if (op == OP_DWORD)
        bytes = 4;
    else if (op == OP_QWORD)
        bytes = 8;
    else if (op != OP_ZERO && op != OP_ONE)
        return false;
    *value = bytes > 0 ? (uint32_t)acpi_read(code->table, code->at + 1, bytes) : op;
    code->at += 1 + bytes;
    return true;
}

/* Moves behind a name. Returns the place of its last part. */
static uint32_t name(struct code *code)
{
    while (byte_at(code, code->at) == NAME_ROOT || byte_at(code, code->at) == NAME_ABOVE)
        code->at++;
    if (byte_at(code, code->at) == NAME_TWO)
        code->at += 1 + SEGMENT;
    code->at += SEGMENT;
    return code->at - SEGMENT;
}

/* The line in the first descriptor behind _CRS of the part; 0: there is none. */
static uint32_t line_in(const struct code *device)
{
    bool is_inside = false;

    for (uint32_t at = device->at; at + INTERRUPT_BYTES <= device->table.len; at++) {
        is_inside |= is_name(device, at, (const uint8_t *)"_CRS");
        if (is_inside && byte_at(device, at) == INTERRUPT &&
            acpi_read(device->table, at + 1, 2) == INTERRUPT_BYTES - 3 &&
            byte_at(device, at + 4) == 1)
            return (uint32_t)acpi_read(device->table, at + 5, 4);
    }
    return 0;
}

/* The line of the device whose name is at @source. */
static uint32_t line_of(struct acpi_table dsdt, uint32_t source)
{
    struct code code;

    code.table = dsdt;
    if (source > dsdt.len || dsdt.len - source < SEGMENT)
        return 0;
    for (uint32_t at = 0; at + 1 < dsdt.len; at++) {
        struct code device;

        if (byte_at(&code, at) != OP_EXTENDED || byte_at(&code, at + 1) != OP_DEVICE)
            continue;
        code.at = at + 2;
        device = part(&code);
        if (is_name(&device, device.at, dsdt.bytes + source))
            return line_in(&device);
    }
    return 0;
}

struct entry {
    uint32_t device, pin, line;
};

/* Reads an entry, and moves behind it. False: it is none that is understood. */
static bool read_entry(struct code *code, struct acpi_table dsdt, struct entry *entry)
{
    struct code inside;
    uint32_t address, source, line;
    bool is_number;

    if (byte_at(code, code->at) != OP_PACKAGE)
        return false;
    code->at++;
    inside = part(code);
    code->at = inside.table.len;
    inside.at++; /* how many elements there are */
    if (!integer(&inside, &address) || !integer(&inside, &entry->pin))
        return false;
    is_number = integer(&inside, &source);
    if (!is_number)
        source = name(&inside);
    if (!integer(&inside, &line))
        return false;
    entry->device = address >> DEVICE_SHIFT;
    entry->line = is_number ? line : line_of(dsdt, source);
    return entry->pin < ROUTES_PINS && entry->line >= LINE_MIN && entry->line < LINE_MAX;
}

/* Moves behind the name and the number of elements of _PRT. False: there is none. */
static bool find(struct code *code, struct acpi_table dsdt)
{
    code->table = dsdt;
    for (code->at = 0; code->at < dsdt.len; code->at++) {
        const uint32_t op = byte_at(code, code->at + 1 + SEGMENT);
        uint32_t count;

        if (byte_at(code, code->at) != OP_NAME ||
            !is_name(code, code->at + 1, (const uint8_t *)"_PRT") ||
            (op != OP_PACKAGE && op != OP_PACKAGE_VARIABLE))
            continue;
        code->at += 2 + SEGMENT;
        *code = part(code);
        if (op == OP_PACKAGE)
            code->at++;
        else
            (void)integer(code, &count);
        return true;
    }
    return false;
}

void routes_read(struct routes *routes, struct acpi_table dsdt)
{
    struct code code;
    struct entry entry;
    bool repeat = true, is_longer = false;

    for (unsigned i = 0; i < ROUTES_DEVICES * ROUTES_PINS; i++)
        routes->lines[i / ROUTES_PINS][i % ROUTES_PINS] = 0;
    if (find(&code, dsdt)) {
        for (unsigned i = 0; i < ENTRIES_MAX && read_entry(&code, dsdt, &entry); i++) {
            uint32_t *line = &routes->lines[entry.device % ROUTES_DEVICES][entry.pin];

            if (entry.device < ROUTES_DEVICES)
                *line = entry.line;
            is_longer |= entry.device >= ROUTES_DEVICES;
            repeat &= entry.device < ROUTES_DEVICES || *line == entry.line;
        }
    }
    routes->repeat = is_longer && repeat;
}
