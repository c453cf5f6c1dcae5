/* test_acpi.c -- what is read from ACPI's tables, and from tables that lie. */
#include "unit.h"

#include <stdlib.h>

#include "../../netif/virtio/metal/x86_64/acpi.h"

enum {
    RAM = 0x1000, /* where the tables begin */
    ROOT = RAM,
    LIST = RAM + 0x40,
    FIXED = RAM + 0x100,
    CODE = RAM + 0x200,
    FIRST = RAM + 0x300,
    SECOND = RAM + 0x400,
    RAM_BYTES = 0x700,
    HEADER_BYTES = 36,
    RSDP_BYTES = 20,
    FADT_BYTES = 116,
    ID_AT = 0x3ffff000
};

static uint8_t ram[RAM_BYTES];
static struct acpi acpi;

static const void *memory(uint64_t address, size_t bytes)
{
    return address >= RAM && address - RAM <= RAM_BYTES && bytes <= RAM_BYTES - (address - RAM)
               ? ram + (address - RAM)
               : NULL;
}

static void put32(uint32_t at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        ram[at - RAM + i] = (uint8_t)(value >> 8 * i);
}

/* Makes the bytes sum to zero, by the one at @at. */
static void sum(uint32_t first, uint32_t bytes, uint32_t at)
{
    uint8_t all = 0;

    ram[at - RAM] = 0;
    for (uint32_t i = 0; i < bytes; i++)
        all = (uint8_t)(all + ram[first - RAM + i]);
    ram[at - RAM] = (uint8_t)-all;
}

static void put_table(uint32_t at, const char *name, const char *id, const void *body,
                      uint32_t body_bytes)
{
    const uint32_t bytes = HEADER_BYTES + body_bytes;

    memset(ram + (at - RAM), 0, HEADER_BYTES);
    memcpy(ram + (at - RAM), name, 4);
    put32(at + 4, bytes);
    memcpy(ram + (at - RAM) + 16, id, strlen(id) < 8 ? strlen(id) : 8);
    if (body_bytes > 0)
        memcpy(ram + (at - RAM) + HEADER_BYTES, body, body_bytes);
    sum(at, bytes, at + 9);
}

/* Name(_S5, Package() {5, 5, 0, 0}) */
static const uint8_t sleep_code[] = {0x08, '_',  'S',  '5',  '_',  0x12, 0x08,
                                     0x04, 0x0a, 0x05, 0x0a, 0x05, 0x00, 0x00};

/* The machine's tables, with these bodies of the DSDT and of two SSDTs. */
static void put_machine(const void *dsdt, uint32_t dsdt_bytes, const char *id, const void *ssdt,
                        uint32_t ssdt_bytes)
{
    static const uint8_t other[] = {0x08, 'O', 'T', 'H', 'R', 0x01};
    uint8_t list[12] = {0}, fixed[FADT_BYTES - HEADER_BYTES] = {0};

    memset(ram, 0, sizeof ram);
    memcpy(ram, "RSD PTR ", 8);
    put32(ROOT + 16, LIST);
    sum(ROOT, RSDP_BYTES, ROOT + 8);
    put_table(LIST, "RSDT", "TEST", list, sizeof list);
    put32(LIST + HEADER_BYTES, FIXED);
    put32(LIST + HEADER_BYTES + 4, FIRST);
    put32(LIST + HEADER_BYTES + 8, SECOND);
    sum(LIST, HEADER_BYTES + sizeof list, LIST + 9);
    put_table(FIXED, "FACP", "TEST", fixed, sizeof fixed);
    put32(FIXED + 40, CODE);
    put32(FIXED + 64, 0x604);
    sum(FIXED, FADT_BYTES, FIXED + 9);
    put_table(CODE, "DSDT", "TEST", dsdt, dsdt_bytes);
    put_table(FIRST, "SSDT", "OTHER", other, sizeof other);
    put_table(SECOND, "SSDT", id, ssdt, ssdt_bytes);
}

/* ---- QEMU's table (7.2.22, -device vmgenid), with the address as SeaBIOS has put it */

static const uint8_t qemu_code[] = {
    0x08, 0x56, 0x47, 0x49, 0x41, 0x0c, 0x00, 0xf0, 0xff, 0x03, 0x10, 0x41, 0x08, 0x5c, 0x5f, 0x53,
    0x42, 0x5f, 0x5b, 0x82, 0x48, 0x07, 0x56, 0x47, 0x45, 0x4e, 0x08, 0x5f, 0x48, 0x49, 0x44, 0x0d,
    0x51, 0x45, 0x4d, 0x55, 0x56, 0x47, 0x49, 0x44, 0x00, 0x08, 0x5f, 0x43, 0x49, 0x44, 0x0d, 0x56,
    0x4d, 0x5f, 0x47, 0x65, 0x6e, 0x5f, 0x43, 0x6f, 0x75, 0x6e, 0x74, 0x65, 0x72, 0x00, 0x08, 0x5f,
    0x44, 0x44, 0x4e, 0x0d, 0x56, 0x4d, 0x5f, 0x47, 0x65, 0x6e, 0x5f, 0x43, 0x6f, 0x75, 0x6e, 0x74,
    0x65, 0x72, 0x00, 0x14, 0x17, 0x5f, 0x53, 0x54, 0x41, 0x00, 0x70, 0x0a, 0x0f, 0x60, 0xa0, 0x0a,
    0x93, 0x56, 0x47, 0x49, 0x41, 0x00, 0x70, 0x00, 0x60, 0xa4, 0x60, 0x14, 0x20, 0x41, 0x44, 0x44,
    0x52, 0x00, 0x70, 0x12, 0x02, 0x02, 0x60, 0x70, 0x72, 0x56, 0x47, 0x49, 0x41, 0x0a, 0x28, 0x00,
    0x88, 0x60, 0x00, 0x00, 0x70, 0x00, 0x88, 0x60, 0x01, 0x00, 0xa4, 0x60, 0x14, 0x19, 0x5c, 0x2e,
    0x5f, 0x47, 0x50, 0x45, 0x5f, 0x45, 0x30, 0x35, 0x00, 0x86, 0x5c, 0x2e, 0x5f, 0x53, 0x42, 0x5f,
    0x56, 0x47, 0x45, 0x4e, 0x0a, 0x80};

static void set_base(uint8_t *code, uint32_t base)
{
    for (unsigned i = 0; i < 4; i++)
        code[6 + i] = (uint8_t)(base >> 8 * i);
}

static void qemus_table_names_an_address(void **state)
{
    uint8_t code[sizeof qemu_code];

    (void)state;
    memcpy(code, qemu_code, sizeof code);
    set_base(code, ID_AT);
    put_machine(sleep_code, sizeof sleep_code, "VMGENID", code, sizeof code);
    assert_true(acpi_read(&acpi, ROOT, memory));
    assert_true(acpi.generation == ID_AT + 40);
    assert_true(acpi.has_sleep_type);
    assert_int_equal(acpi.sleep_type, 5);
    assert_int_equal(acpi.control_port, 0x604);
}

/* The firmware may not know the device. */
static void an_address_that_is_not_set_is_none(void **state)
{
    uint8_t code[sizeof qemu_code];

    (void)state;
    memcpy(code, qemu_code, sizeof code);
    set_base(code, 0);
    put_machine(sleep_code, sizeof sleep_code, "VMGENID", code, sizeof code);
    assert_true(acpi_read(&acpi, ROOT, memory));
    assert_true(acpi.generation == 0);
}

static void the_name_in_another_table_is_none(void **state)
{
    uint8_t code[sizeof qemu_code];

    (void)state;
    memcpy(code, qemu_code, sizeof code);
    set_base(code, ID_AT);
    put_machine(sleep_code, sizeof sleep_code, "OTHER", code, sizeof code);
    assert_true(acpi_read(&acpi, ROOT, memory));
    assert_true(acpi.generation == 0);
}

/* ---- a constant address: Name(_CID, "VM_Gen_Counter") Name(ADDR, Package() {low, high}) */

#define DEVICE                                                                                     \
    0x08, '_', 'C', 'I', 'D', 0x0d, 'V', 'M', '_', 'G', 'e', 'n', '_', 'C', 'o', 'u', 'n', 't',    \
        'e', 'r', 0x00
#define ADDRESS 0x08, 'A', 'D', 'D', 'R'

static void a_package_has_both_halves(void **state)
{
    static const uint8_t zero_high[] = {DEVICE, ADDRESS, 0x12, 0x08, 0x02, 0x0c,
                                        0x00,   0xf0,    0xff, 0x3f, 0x00};
    static const uint8_t one_high[] = {DEVICE, ADDRESS, 0x12, 0x08, 0x02, 0x0c,
                                       0x00,   0xf0,    0xff, 0x3f, 0x01};
    static const uint8_t quads[] = {DEVICE, ADDRESS, 0x12, 0x14, 0x02, 0x0e, 0x00, 0xf0, 0xff,
                                    0x3f,   0,       0,    0,    0,    0x0b, 0x00, 0x00};
    static const uint8_t long_length[] = {DEVICE, ADDRESS, 0x12, 0x49, 0x00, 0x02,
                                          0x0c,   0x00,    0xf0, 0xff, 0x3f, 0x00};
    static const struct {
        const uint8_t *code;
        uint32_t bytes;
        uint64_t address;
    } forms[] = {{zero_high, sizeof zero_high, ID_AT},
                 {one_high, sizeof one_high, (UINT64_C(1) << 32) + ID_AT},
                 {quads, sizeof quads, ID_AT},
                 {long_length, sizeof long_length, ID_AT}};

    (void)state;
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
        put_machine(forms[i].code, forms[i].bytes, "OTHER", "", 0);
        assert_true(acpi_read(&acpi, ROOT, memory));
        assert_true(acpi.generation == forms[i].address);
    }
}

/* The object ADDR of a device that stands before it. */
static void another_devices_address_is_none(void **state)
{
    static const uint8_t before[] = {ADDRESS, 0x12, 0x08, 0x02, 0x0c,  0x00,
                                     0xf0,    0xff, 0x3f, 0x00, DEVICE};
    static const uint8_t method[] = {DEVICE, 0x14, 0x08, 'A', 'D', 'D', 'R', 0x00, 0xa4, 0x00};
    static const uint8_t text[] = {DEVICE, ADDRESS, 0x12, 0x08, 0x02, 0x0d, 'a', 0x00, 0x00};

    (void)state;
    put_machine(before, sizeof before, "OTHER", method, sizeof method);
    assert_true(acpi_read(&acpi, ROOT, memory));
    assert_true(acpi.generation == 0);
    put_machine(text, sizeof text, "OTHER", "", 0);
    assert_true(acpi_read(&acpi, ROOT, memory));
    assert_true(acpi.generation == 0);
}

/* ---- the processors: the list of interrupt controllers (5.2.12) */

enum {
    PROCESSOR = 0,
    IO_APIC = 1,
    ENABLED = 1,
    ONLINE_CAPABLE = 2
};

/* The machine, with a list of these bytes that ends with the RAM. */
static void put_processors(const uint8_t *entries, uint32_t len)
{
    uint8_t body[128] = {0};
    const uint32_t at = RAM + RAM_BYTES - HEADER_BYTES - 8 - len;

    assert_true(8 + len <= sizeof body);
    memcpy(body + 8, entries, len);
    put_machine(sleep_code, sizeof sleep_code, "OTHER", "", 0);
    put_table(at, "APIC", "TEST", body, 8 + len);
    put32(LIST + HEADER_BYTES + 8, at);
    sum(LIST, HEADER_BYTES + 12, LIST + 9);
    assert_true(acpi_read(&acpi, ROOT, memory));
}

static void processors_that_can_be_used_are_listed(void **state)
{
    static const uint8_t entries[] = {
        PROCESSOR, 8, 0, 0,   ENABLED,        0, 0, 0, IO_APIC, 12, 0, 0, 0, 0, 0xc0, 0xfe,
        0,         0, 0, 0,   PROCESSOR,      8, 1, 4, ENABLED, 0,  0, 0, /* ids may have gaps */
        PROCESSOR, 8, 2, 5,   ONLINE_CAPABLE, 0, 0, 0,                    /* may be plugged later */
        PROCESSOR, 8, 3, 255, ENABLED,        0, 0, 0,                    /* all of them */
        PROCESSOR, 9, 4, 7,   ENABLED,        0, 0, 0, 0};

    (void)state;
    put_processors(entries, sizeof entries);
    assert_int_equal(acpi.processor_count, 3);
    assert_memory_equal(acpi.processors, ((const uint8_t[]){0, 4, 7}), 3);
    put_machine(sleep_code, sizeof sleep_code, "OTHER", "", 0);
    assert_true(acpi_read(&acpi, ROOT, memory));
    assert_int_equal(acpi.processor_count, 0);
}

static void a_list_of_processors_that_lies_is_read_up_to_the_lie(void **state)
{
    uint8_t entries[] = {PROCESSOR, 8, 0, 1, ENABLED, 0, 0, 0,
                         PROCESSOR, 8, 0, 2, ENABLED, 0, 0, 0};

    (void)state;
    for (unsigned len = 0; len < 256; len++) {
        entries[9] = (uint8_t)len;
        put_processors(entries, sizeof entries);
        assert_int_equal(acpi.processor_count, len == 8 ? 2 : 1);
    }
    for (uint32_t len = 0; len < sizeof entries; len++) {
        entries[9] = 8;
        put_processors(entries, len);
        assert_int_equal(acpi.processor_count, len < 8 ? 0 : 1);
    }
}

static void more_processors_than_there_is_room_for(void **state)
{
    uint8_t *list = ram + (FIRST - RAM);

    (void)state;
    put_processors((const uint8_t[]){0}, 0);
    for (unsigned i = 0; i < 80; i++) {
        const uint8_t entry[] = {PROCESSOR, 8, 0, (uint8_t)i, ENABLED, 0, 0, 0};

        memcpy(list + HEADER_BYTES + 8 + 8 * i, entry, sizeof entry);
    }
    memcpy(list, "APIC", 4);
    put32(FIRST + 4, HEADER_BYTES + 8 + 8 * 80);
    put32(LIST + HEADER_BYTES + 8, FIRST);
    sum(LIST, HEADER_BYTES + 12, LIST + 9);
    sum(FIRST, HEADER_BYTES + 8 + 8 * 80, FIRST + 9);
    assert_true(acpi_read(&acpi, ROOT, memory));
    assert_int_equal(acpi.processor_count, ACPI_PROCESSORS_MAX);
}

/* ---- tables that lie */

/* Each is in a block of exactly its size, so that a sanitizer sees a byte that is read behind it.
 */
static void try(const uint8_t *table, uint32_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);

    assert_non_null(exact);
    memcpy(exact, table, len);
    (void)acpi_generation(exact, len);
    free(exact);
}

static void a_table_may_end_anywhere_and_have_any_byte(void **state)
{
    static const uint8_t address[] = {DEVICE, ADDRESS, 0x12, 0xc8, 0, 0, 0,
                                      0x02,   0x0c,    0,    0,    0, 1, 0x0e};
    uint8_t table[HEADER_BYTES + sizeof qemu_code] = {0};
    uint32_t random = 1;

    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        const uint32_t bytes = HEADER_BYTES + (uint32_t)(kind ? sizeof address : sizeof qemu_code);

        memcpy(table + 16, kind ? "OTHER\0\0" : "VMGENID", 8);
        memcpy(table + HEADER_BYTES, kind ? address : qemu_code, bytes - HEADER_BYTES);
        for (uint32_t len = 0; len <= bytes; len++)
            try(table, len);
        for (unsigned i = 0; i < 200000; i++) {
            uint8_t *byte = &table[HEADER_BYTES + (random >> 8) % (bytes - HEADER_BYTES)];
            const uint8_t before = *byte;

            random = random * 1664525 + 1013904223;
            *byte = (uint8_t)(random >> 24);
            try(table, bytes - (random >> 16) % 8);
            *byte = before;
        }
    }
}

static void tables_that_are_cut_or_damaged_are_left_out(void **state)
{
    uint8_t whole[RAM_BYTES];

    (void)state;
    put_machine(sleep_code, sizeof sleep_code, "VMGENID", qemu_code, sizeof qemu_code);
    memcpy(whole, ram, sizeof whole);
    for (unsigned i = 0; i < RAM_BYTES; i++) {
        ram[i] ^= 0xff;
        (void)acpi_read(&acpi, ROOT, memory);
        memcpy(ram, whole, sizeof ram);
    }
    ram[0]++;
    assert_false(acpi_read(&acpi, ROOT, memory));
    assert_false(acpi_read(&acpi, 0, memory));
    assert_false(acpi_read(&acpi, RAM + RAM_BYTES - 8, memory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qemus_table_names_an_address),
        cmocka_unit_test(an_address_that_is_not_set_is_none),
        cmocka_unit_test(the_name_in_another_table_is_none),
        cmocka_unit_test(a_package_has_both_halves),
        cmocka_unit_test(another_devices_address_is_none),
        cmocka_unit_test(processors_that_can_be_used_are_listed),
        cmocka_unit_test(a_list_of_processors_that_lies_is_read_up_to_the_lie),
        cmocka_unit_test(more_processors_than_there_is_room_for),
        cmocka_unit_test(a_table_may_end_anywhere_and_have_any_byte),
        cmocka_unit_test(tables_that_are_cut_or_damaged_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
