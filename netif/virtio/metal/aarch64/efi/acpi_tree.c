/*
 * acpi_tree.c -- see acpi_tree.h.
 *
 * The image reads a device tree, so the tables that it needs become one. They are the interrupt
 * controller (MADT), the timer (GTDT), PSCI (FADT), the console (SPCR), and PCI (MCFG). The lines
 * of PCI's pins are those of the DSDT. Devices that only the DSDT's code describes are left out.
 */
#include "acpi_tree.h"

#include "routes.h"
#include "tables.h"
#include "writer.h"

enum { /* of the MADT (5.2.12) */
    MADT_FIRST = 44,
    MADT_GICC = 0x0b,
    MADT_GICD = 0x0c,
    MADT_GICR = 0x0e,
    GICC_ADDRESS = 32,
    GICC_REDISTRIBUTOR = 60,
    GICC_AFFINITY = 68,
    GICD_ADDRESS = 8,
    GICD_VERSION = 20,
    GICR_ADDRESS = 4,
    GICR_LENGTH = 12,
    GICD_BYTES = 0x10000,
    GICC_BYTES = 0x2000,
    GICR_BYTES = 0x40000 /* of one processor, with the frames of version 4 */
};

enum {
    FADT_DSDT = 40, /* 5.2.9 */
    FADT_BOOT = 129,
    FADT_DSDT_64 = 140,
    BOOT_PSCI = 1,
    BOOT_HVC = 2,
    GTDT_VIRTUAL = 64, /* 5.2.25 */
    SPCR_KIND = 36,    /* Microsoft's "Serial Port Console Redirection Table" */
    SPCR_SPACE = 40,
    SPCR_WIDTH = 41,
    SPCR_ACCESS = 43,
    SPCR_ADDRESS = 44,
    SPCR_INTERRUPT = 52,
    SPCR_LINE = 54,
    INTERRUPT_GIC = 8,
    ACCESS_32 = 3,
    CONSOLE_BYTES = 0x1000,
    MCFG_FIRST = 44, /* PCI Firmware Specification 3.3, 4.1.2 */
    MCFG_BYTES = 16,
    BUS_SHIFT = 20
};

enum { /* of an interrupt's cells */
    SHARED = 0,
    PRIVATE = 1,
    FIRST_SHARED = 32,
    FIRST_PRIVATE = 16,
    EDGE = 1,
    LEVEL = 4,
    PHANDLE = 1,
    DEVICE_SHIFT = 11, /* of the first cell of PCI's addresses */
    MASK_ALL = 31 << DEVICE_SHIFT,
    MASK_REPEATED = (ROUTES_DEVICES - 1) << DEVICE_SHIFT,
    MAP_CELLS = 8 /* of an entry of the interrupt-map */
};

/* ---- memory */

static unsigned smallest(const struct acpi_facts *facts)
{
    unsigned found = 0;

    for (unsigned i = 1; i < facts->memory_count; i++) {
        if (facts->memory[i].end - facts->memory[i].start <
            facts->memory[found].end - facts->memory[found].start)
            found = i;
    }
    return found;
}

void acpi_add_memory(struct acpi_facts *facts, uint64_t start, uint64_t bytes)
{
    unsigned at = facts->memory_count;

    if (at > 0 && facts->memory[at - 1].end == start) {
        facts->memory[at - 1].end += bytes;
        return;
    }
    if (at == ACPI_TREE_PIECES) {
        /* the new one comes last, because it may still grow */
        at = smallest(facts);
        if (facts->memory[at].end - facts->memory[at].start >= bytes)
            return;
        for (unsigned i = at; i + 1 < ACPI_TREE_PIECES; i++)
            facts->memory[i] = facts->memory[i + 1];
        at = ACPI_TREE_PIECES - 1;
    } else {
        facts->memory_count++;
    }
    facts->memory[at].start = start;
    facts->memory[at].end = start + bytes;
}

static void put_memory(struct tree_writer *writer, const struct acpi_facts *facts)
{
    tree_node(writer, "memory");
    tree_text(writer, "device_type", "memory");
    tree_property(writer, "reg", 16 * facts->memory_count);
    for (unsigned i = 0; i < facts->memory_count; i++) {
        tree_number(writer, facts->memory[i].start);
        tree_number(writer, facts->memory[i].end - facts->memory[i].start);
    }
    tree_node_end(writer);
}

/* ---- interrupts */

struct controller {
    uint64_t version;
    uint64_t distributor;
    uint64_t interface;                          /* version 2 */
    uint64_t redistributor, redistributor_bytes; /* version 3 */
};

static void read_part(struct controller *found, struct acpi_table madt, uint32_t at,
                      uint64_t affinity)
{
    const uint64_t kind = acpi_read(madt, at, 1);

    if (kind == MADT_GICD) {
        found->distributor = acpi_read(madt, at + GICD_ADDRESS, 8);
        found->version = acpi_read(madt, at + GICD_VERSION, 1);
    } else if (kind == MADT_GICR && found->redistributor_bytes <= GICR_BYTES) {
        /* rather than one processor's */
        found->redistributor = acpi_read(madt, at + GICR_ADDRESS, 8);
        found->redistributor_bytes = acpi_read(madt, at + GICR_LENGTH, 4);
    } else if (kind == MADT_GICC) {
        found->interface = acpi_read(madt, at + GICC_ADDRESS, 8);
        if (found->redistributor == 0 && acpi_read(madt, at + GICC_AFFINITY, 8) == affinity) {
            found->redistributor = acpi_read(madt, at + GICC_REDISTRIBUTOR, 8);
            found->redistributor_bytes = found->redistributor ? GICR_BYTES : 0;
        }
    }
}

static void read_controller(struct controller *found, struct acpi_table madt, uint64_t affinity)
{
    found->version = found->distributor = found->interface = 0;
    found->redistributor = found->redistributor_bytes = 0;
    for (uint32_t at = MADT_FIRST; at + 2 <= madt.len;) {
        const uint32_t len = (uint32_t)acpi_read(madt, at + 1, 1);

        if (len < 2 || len > madt.len - at)
            return;
        read_part(found, madt, at, affinity);
        at += len;
    }
}

static bool put_controller(struct tree_writer *writer, const void *rsdp, uint64_t affinity)
{
    struct controller found;
    bool is_v3;

    read_controller(&found, acpi_find(rsdp, "APIC"), affinity);
    is_v3 = found.version >= 3 || (found.version == 0 && found.redistributor != 0);
    if (found.distributor == 0 || (is_v3 ? found.redistributor : found.interface) == 0)
        return false;
    tree_node(writer, "interrupts");
    tree_text(writer, "compatible", is_v3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    tree_property(writer, "reg", 32);
    tree_number(writer, found.distributor);
    tree_number(writer, GICD_BYTES);
    tree_number(writer, is_v3 ? found.redistributor : found.interface);
    tree_number(writer, is_v3 ? found.redistributor_bytes : GICC_BYTES);
    tree_property(writer, "phandle", 4);
    tree_cell(writer, PHANDLE);
    tree_property(writer, "#interrupt-cells", 4);
    tree_cell(writer, 3);
    tree_property(writer, "#address-cells", 4);
    tree_cell(writer, 0);
    tree_node_end(writer);
    return true;
}

/* The cells of a line by its number. */
static void put_line(struct tree_writer *writer, uint32_t line, bool edge)
{
    tree_cell(writer, line < FIRST_SHARED ? PRIVATE : SHARED);
    tree_cell(writer, line - (line < FIRST_SHARED ? FIRST_PRIVATE : FIRST_SHARED));
    tree_cell(writer, edge ? EDGE : LEVEL);
}

static bool put_timer(struct tree_writer *writer, const void *rsdp)
{
    const struct acpi_table gtdt = acpi_find(rsdp, "GTDT");
    const uint32_t line = (uint32_t)acpi_read(gtdt, GTDT_VIRTUAL, 4);

    if (line < FIRST_PRIVATE || line >= FIRST_SHARED)
        return false;
    tree_node(writer, "timer");
    tree_text(writer, "compatible", "arm,armv8-timer");
    tree_property(writer, "interrupts", 36);
    for (unsigned i = 0; i < 3; i++) /* the third one is read */
        put_line(writer, line, acpi_read(gtdt, GTDT_VIRTUAL + 4, 4) & EDGE);
    tree_node_end(writer);
    return true;
}

/* ---- devices */

static void put_psci(struct tree_writer *writer, struct acpi_table fadt)
{
    const uint64_t boot = acpi_read(fadt, FADT_BOOT, 2);

    if (!(boot & BOOT_PSCI))
        return;
    tree_node(writer, "psci");
    tree_text(writer, "compatible", "arm,psci-0.2");
    tree_text(writer, "method", boot & BOOT_HVC ? "hvc" : "smc");
    tree_node_end(writer);
}

/* The driver of a console by its kind; an empty one: it has none here. */
static const char *driver_of(uint64_t kind)
{
    if (kind == 0 || kind == 1 || kind == 0x12)
        return "ns16550a";
    return kind == 3 || kind == 0xd || kind == 0xe ? "arm,pl011" : "";
}

static void put_console(struct tree_writer *writer, const void *rsdp)
{
    const struct acpi_table spcr = acpi_find(rsdp, "SPCR");
    const char *driver = driver_of(acpi_read(spcr, SPCR_KIND, 1));
    const uint64_t address = acpi_read(spcr, SPCR_ADDRESS, 8);
    const uint32_t line = (uint32_t)acpi_read(spcr, SPCR_LINE, 4);
    const bool wide =
        acpi_read(spcr, SPCR_ACCESS, 1) == ACCESS_32 || acpi_read(spcr, SPCR_WIDTH, 1) == 32;

    if (*driver == '\0' || address == 0 || acpi_read(spcr, SPCR_SPACE, 1) != 0)
        return;
    tree_node(writer, "serial");
    tree_text(writer, "compatible", driver);
    tree_property(writer, "reg", 16);
    tree_number(writer, address);
    tree_number(writer, CONSOLE_BYTES);
    tree_property(writer, "reg-shift", 4);
    tree_cell(writer, wide ? 2 : 0);
    if ((acpi_read(spcr, SPCR_INTERRUPT, 1) & INTERRUPT_GIC) && line >= FIRST_SHARED) {
        tree_property(writer, "interrupts", 12);
        put_line(writer, line, false);
    }
    tree_node_end(writer);
}

static void put_pins(struct tree_writer *writer, const struct routes *routes)
{
    uint32_t count = 0;

    for (unsigned i = 0; i < ROUTES_DEVICES * ROUTES_PINS; i++)
        count += routes->lines[i / ROUTES_PINS][i % ROUTES_PINS] != 0;
    tree_property(writer, "interrupt-map-mask", 16);
    tree_cell(writer, routes->repeat ? MASK_REPEATED : MASK_ALL);
    tree_number(writer, 0);
    tree_cell(writer, 7);
    tree_property(writer, "interrupt-map", 4 * MAP_CELLS * count);
    for (unsigned i = 0; i < ROUTES_DEVICES * ROUTES_PINS; i++) {
        const uint32_t line = routes->lines[i / ROUTES_PINS][i % ROUTES_PINS];

        if (line == 0)
            continue;
        tree_cell(writer, i / ROUTES_PINS << DEVICE_SHIFT);
        tree_number(writer, 0);
        tree_cell(writer, i % ROUTES_PINS + 1);
        tree_cell(writer, PHANDLE);
        put_line(writer, line, false);
    }
}

/* The first segment of PCI, if it begins with bus 0. */
static void put_pci(struct tree_writer *writer, const void *rsdp, struct acpi_table dsdt)
{
    const struct acpi_table mcfg = acpi_find(rsdp, "MCFG");
    struct routes routes;

    for (uint32_t at = MCFG_FIRST; at + MCFG_BYTES <= mcfg.len; at += MCFG_BYTES) {
        const uint64_t last = acpi_read(mcfg, at + 11, 1);

        if (acpi_read(mcfg, at + 8, 2) != 0 || acpi_read(mcfg, at + 10, 1) != 0)
            continue;
        routes_read(&routes, dsdt);
        tree_node(writer, "pci");
        tree_text(writer, "compatible", "pci-host-ecam-generic");
        tree_property(writer, "reg", 16);
        tree_number(writer, acpi_read(mcfg, at, 8));
        tree_number(writer, (last + 1) << BUS_SHIFT);
        tree_property(writer, "bus-range", 8);
        tree_number(writer, last);
        put_pins(writer, &routes);
        tree_node_end(writer);
        return;
    }
}

static void put_chosen(struct tree_writer *writer, const struct acpi_facts *facts)
{
    tree_node(writer, "chosen");
    tree_text(writer, "stdout-path", "/serial");
    if (facts->seed_bytes > 0)
        tree_bytes(writer, "rng-seed", facts->seed, facts->seed_bytes);
    tree_node_end(writer);
}

uint32_t acpi_tree_write(uint8_t *to, const void *rsdp, const struct acpi_facts *facts)
{
    const struct acpi_table fadt = acpi_find(rsdp, "FACP");
    struct tree_writer writer;
    struct acpi_table dsdt = acpi_at(acpi_read(fadt, FADT_DSDT_64, 8), "DSDT");

    if (dsdt.len == 0)
        dsdt = acpi_at(acpi_read(fadt, FADT_DSDT, 4), "DSDT");
    tree_begin(&writer, to, ACPI_TREE_BYTES);
    tree_node(&writer, "");
    tree_property(&writer, "#address-cells", 4);
    tree_cell(&writer, 2);
    tree_property(&writer, "#size-cells", 4);
    tree_cell(&writer, 2);
    put_chosen(&writer, facts);
    put_memory(&writer, facts);
    if (!put_controller(&writer, rsdp, facts->affinity) || !put_timer(&writer, rsdp))
        return 0;
    put_psci(&writer, fadt);
    put_console(&writer, rsdp);
    put_pci(&writer, rsdp, dsdt);
    tree_node_end(&writer);
    return tree_finish(&writer);
}
