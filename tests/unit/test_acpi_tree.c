/* test_acpi_tree.c -- the device tree that the start from a disk makes of ACPI's tables, read by
 * the image's own reader. The tables have the contents of QEMU 7.2's for its machine "virt". */
#include "unit.h"

#include <stdlib.h>

#include "../../netif/virtio/metal/aarch64/efi/acpi_tree.h"
#include "../../netif/virtio/metal/aarch64/efi/routes.h"
#include "../../netif/virtio/metal/tree/fdt.h"
#include "../../netif/virtio/metal/tree/tree.h"

enum {
    TABLE_MAX = 8192,
    TABLES = 7,
    LINE = 35, /* of the first pin */
    DAMAGES = 20000
};

enum which {
    XSDT,
    APIC,
    GTDT,
    FACP,
    SPCR,
    MCFG,
    DSDT
};

/* Each table ends where its allocation ends, so that a sanitizer detects a read behind it. */
static struct {
    uint8_t rsdp[36];
    uint8_t *tables[TABLES];
    struct acpi_facts facts;
    uint8_t bytes[ACPI_TREE_BYTES];
} world;

static struct tree tree;

static void set(uint8_t *to, uint32_t at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        to[at + i] = (uint8_t)(value >> (8 * i));
}

static uint8_t *make(enum which which, const char *name, uint32_t len)
{
    uint8_t *table = calloc(1, len);

    assert_non_null(table);
    free(world.tables[which]);
    world.tables[which] = table;
    memcpy(table, name, 4);
    set(table, 4, 4, len);
    return table;
}

/* ---- the code of a routing table */

static uint8_t code[TABLE_MAX];
static uint32_t code_len;

static void put(const void *bytes, uint32_t len)
{
    memcpy(code + code_len, bytes, len);
    code_len += len;
}

/* Puts a package's length in front of the code from @start on, with two bytes as in QEMU. */
static void close_part(uint32_t start)
{
    const uint32_t len = code_len - start + 2;

    memmove(code + start + 2, code + start, code_len - start);
    code[start] = (uint8_t)(0x40 | (len & 15));
    code[start + 1] = (uint8_t)(len >> 4);
    code_len += 2;
}

static void put_entry(uint32_t device, uint32_t pin, bool by_name)
{
    const uint32_t turned = (device + pin) % 4;
    uint8_t entry[] = {0x12, 13, 4, 0x0c, 0xff, 0xff, (uint8_t)device, 0, 0x0a, (uint8_t)pin};

    entry[1] = by_name ? 14 : 12;
    put(entry, sizeof entry);
    if (by_name) {
        put("GSI", 3);
        code[code_len++] = (uint8_t)('0' + turned);
        code[code_len++] = 0; /* the index */
    } else {
        put((uint8_t[]){0, 0x0a, (uint8_t)(LINE + turned)}, 3);
    }
}

/* Devices whose resources have the lines, as QEMU writes them: possible ones first. */
static void put_devices(void)
{
    for (uint8_t i = 0; i < 4; i++) {
        const uint8_t descriptor[] = {0x11, 14, 0x0a, 11,   0x89, 6, 0, 9, 1, (uint8_t)(LINE + i),
                                      0,    0,  0,    0x79, 0};
        uint8_t other[sizeof descriptor];
        uint32_t start;

        put("\x5b\x82", 2);
        start = code_len;
        put("GSI", 3);
        code[code_len++] = (uint8_t)('0' + i);
        memcpy(other, descriptor, sizeof other);
        other[9] = 99;
        put("\x08_PRS", 5);
        put(other, sizeof other);
        put("\x08_CRS", 5);
        put(descriptor, sizeof descriptor);
        close_part(start);
    }
}

static void make_routes(uint32_t devices, bool by_name)
{
    uint32_t start;

    code_len = 0;
    if (by_name)
        put_devices();
    put("\x08_PRT\x13", 6);
    start = code_len;
    put("\x0a\x80", 2);
    for (uint32_t i = 0; i < 4 * devices; i++)
        put_entry(i / 4, i % 4, by_name);
    close_part(start);
    memcpy(make(DSDT, "DSDT", 36 + code_len) + 36, code, code_len);
}

/* ---- the machine */

static void make_controller(unsigned version)
{
    uint8_t *madt = make(APIC, "APIC", 44 + 24 + 80 + 16);

    set(madt, 44, 2, 0x180c);
    set(madt, 44 + 8, 8, 0x8000000);
    madt[44 + 20] = (uint8_t)version;
    set(madt, 68, 2, 0x500b);
    set(madt, 68 + 32, 8, version < 3 ? 0x8010000 : 0);
    set(madt, 148, 2, version < 3 ? 0x100d : 0x100e);
    set(madt, 148 + 4, 8, 0x80a0000);
    set(madt, 148 + 12, 4, 0xf60000);
}

static void link_tables(void)
{
    uint8_t *root = make(XSDT, "XSDT", 36 + 8 * 5);

    memset(world.rsdp, 0, sizeof world.rsdp);
    memcpy(world.rsdp, "RSD PTR ", 8);
    world.rsdp[15] = 2;
    set(world.rsdp, 24, 8, (uintptr_t)root);
    for (uint32_t i = APIC; i <= MCFG; i++)
        set(root, 36 + 8 * (i - APIC), 8, (uintptr_t)world.tables[i]);
    set(world.tables[FACP], 140, 8, (uintptr_t)world.tables[DSDT]);
}

static void make_machine(unsigned version, uint32_t devices, bool by_name)
{
    make_controller(version);
    set(make(GTDT, "GTDT", 96), 64, 4, 27);
    set(make(FACP, "FACP", 276), 129, 2, 3);
    make(SPCR, "SPCR", 80);
    world.tables[SPCR][36] = 3;
    world.tables[SPCR][41] = 8;
    world.tables[SPCR][43] = 1;
    set(world.tables[SPCR], 44, 8, 0x9000000);
    world.tables[SPCR][52] = 8;
    set(world.tables[SPCR], 54, 4, 33);
    make(MCFG, "MCFG", 60);
    set(world.tables[MCFG], 44, 8, UINT64_C(0x4010000000));
    world.tables[MCFG][55] = 0xff;
    make_routes(devices, by_name);
    link_tables();
    world.facts = (struct acpi_facts){.seed = {7, 8}, .seed_bytes = ACPI_TREE_SEED};
    acpi_add_memory(&world.facts, 0x40000000, 0x8000000);
}

/* The tree as the image reads it; its complaint, if there is one. */
static const char *read_tree(void)
{
    const uint32_t len = acpi_tree_write(world.bytes, world.rsdp, &world.facts);

    assert_in_range(len, 1, sizeof world.bytes);
    return tree_read(&tree, world.bytes, sizeof world.bytes, 0);
}

static void check_pins(unsigned devices)
{
    for (unsigned i = 0; i < 4 * devices; i++) {
        const struct tree_pin *pin = &tree.pci.pins[i];

        assert_int_equal(pin->function, (i / 4) << 11);
        assert_int_equal(pin->pin, i % 4 + 1);
        assert_int_equal(pin->line, LINE + (i / 4 + i % 4) % 4);
    }
    assert_int_equal(tree.pci.pin_count, 4 * devices);
}

static void test_the_machine_of_QEMU_is_read(void **state)
{
    (void)state;
    make_machine(3, 32, true);
    assert_null(read_tree());
    assert_int_equal(tree.controller.kind, TREE_GIC3);
    assert_int_equal(tree.controller.address, 0x8000000);
    assert_int_equal(tree.controller.second, 0x80a0000);
    assert_int_equal(tree.controller.second_bytes, 0xf60000);
    assert_int_equal(tree.timer_line, 27);
    assert_int_equal(tree.console.kind, TREE_PL011);
    assert_int_equal(tree.console.address, 0x9000000);
    assert_int_equal(tree.console.line, 33);
    assert_true(tree.psci && !tree.psci_smc);
    assert_int_equal(tree.memory_count, 1);
    assert_int_equal(tree.memory[0].end - tree.memory[0].start, 0x8000000);
    assert_int_equal(tree.seed_len, ACPI_TREE_SEED);
    assert_int_equal(tree.seed[1], 8);
    assert_int_equal(tree.pci.configuration, UINT64_C(0x4010000000));
    assert_int_equal(tree.pci.buses, 256);
    assert_int_equal(tree.pci.function_mask, 7 << 11); /* the later devices have the same lines */
    check_pins(8);
}

static void test_version_2_of_the_controller_is_read(void **state)
{
    (void)state;
    make_machine(2, 4, true);
    set(world.tables[FACP], 129, 2, 1);
    assert_null(read_tree());
    assert_int_equal(tree.controller.kind, TREE_GIC2);
    assert_int_equal(tree.controller.second, 0x8010000);
    assert_true(tree.psci && tree.psci_smc);
    assert_int_equal(tree.pci.function_mask, 31 << 11);
    check_pins(4);
}

static void test_a_processor_may_name_its_own_redistributor(void **state)
{
    (void)state;
    make_machine(3, 1, true);
    world.tables[APIC][148] = 0x0d;
    set(world.tables[APIC], 68 + 60, 8, 0x9990000);
    set(world.tables[APIC], 68 + 68, 8, 0x80000001);
    assert_int_equal(acpi_tree_write(world.bytes, world.rsdp, &world.facts), 0);
    world.facts.affinity = 0x80000001;
    assert_null(read_tree());
    assert_int_equal(tree.controller.second, 0x9990000);
}

static void test_lines_may_stand_in_the_routing_table_itself(void **state)
{
    (void)state;
    make_machine(3, 8, false);
    assert_null(read_tree());
    check_pins(8);
}

static void test_a_16550_has_its_registers_apart(void **state)
{
    (void)state;
    make_machine(3, 0, true);
    world.tables[SPCR][36] = 0x12;
    world.tables[SPCR][43] = 3;
    assert_null(read_tree());
    assert_int_equal(tree.console.kind, TREE_16550);
    assert_int_equal(tree.console.shift, 2);
    world.tables[SPCR][36] = 0x55; /* no console that is known */
    assert_null(read_tree());
    assert_int_equal(tree.console.kind, TREE_NONE);
}

static void test_a_machine_without_its_basic_tables_is_refused(void **state)
{
    static const enum which basic[] = {APIC, GTDT, XSDT};

    (void)state;
    for (unsigned i = 0; i < sizeof basic / sizeof *basic; i++) {
        make_machine(3, 8, true);
        world.tables[basic[i]][0] = '?';
        assert_int_equal(acpi_tree_write(world.bytes, world.rsdp, &world.facts), 0);
    }
    make_machine(3, 8, true);
    world.rsdp[15] = 0;
    assert_int_equal(acpi_tree_write(world.bytes, world.rsdp, &world.facts), 0);
}

static void test_neighbours_in_memory_become_one_piece_and_small_ones_go(void **state)
{
    struct acpi_facts facts = {0};

    (void)state;
    acpi_add_memory(&facts, 0x1000, 0x1000);
    acpi_add_memory(&facts, 0x2000, 0x3000);
    assert_int_equal(facts.memory_count, 1);
    assert_int_equal(facts.memory[0].end, 0x5000);
    for (uint64_t i = 1; i <= 20; i++)
        acpi_add_memory(&facts, i << 20, i << 12);
    assert_int_equal(facts.memory_count, ACPI_TREE_PIECES);
    assert_int_equal(facts.memory[0].start, 5 << 20); /* those of 1 to 4 pages are gone */
    acpi_add_memory(&facts, 30 << 20, 0x1000);
    assert_int_equal(facts.memory[0].start, 5 << 20);
    acpi_add_memory(&facts, (20 << 20) + (20 << 12), 0x1000); /* the last one grows */
    assert_int_equal(facts.memory[15].end, (20 << 20) + (21 << 12));
}

/* The lengths of tables are believed, and all else may be anything. */
static void test_damaged_tables_are_read_within_their_bounds(void **state)
{
    static const uint32_t lens[] = {0, 164, 96, 276, 80, 60};
    uint32_t number = 1;

    (void)state;
    for (unsigned i = 0; i < DAMAGES; i++) {
        if (i % 20 == 0)
            make_machine(2 + i / 20 % 2, 8, i & 20);
        for (unsigned change = 0; change < 4; change++) {
            enum which which;
            uint32_t len, at;

            number = number * 1664525 + 1013904223;
            which = (enum which)(APIC + (number >> 16) % (TABLES - 1));
            len = which == DSDT ? 36 + code_len : lens[which];
            number = number * 1664525 + 1013904223;
            at = 36 + (number >> 8) % (len - 36);
            if (which == FACP && ((at >= 40 && at < 44) || (at >= 140 && at < 148)))
                continue; /* the address of the DSDT */
            world.tables[which][at] = (uint8_t)(number >> 4);
        }
        if (acpi_tree_write(world.bytes, world.rsdp, &world.facts) > 0)
            (void)tree_read(&tree, world.bytes, sizeof world.bytes, 0);
    }
}

static int end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TABLES; i++)
        free(world.tables[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_machine_of_QEMU_is_read),
        cmocka_unit_test(test_version_2_of_the_controller_is_read),
        cmocka_unit_test(test_a_processor_may_name_its_own_redistributor),
        cmocka_unit_test(test_lines_may_stand_in_the_routing_table_itself),
        cmocka_unit_test(test_a_16550_has_its_registers_apart),
        cmocka_unit_test(test_a_machine_without_its_basic_tables_is_refused),
        cmocka_unit_test(test_neighbours_in_memory_become_one_piece_and_small_ones_go),
        cmocka_unit_test(test_damaged_tables_are_read_within_their_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
