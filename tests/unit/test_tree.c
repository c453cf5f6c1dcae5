/* test_tree.c -- what is read from a device tree, and from one that lies. */
#include "unit.h"

#include "../../netif/virtio/metal/tree/fdt.h"
#include "../../netif/virtio/metal/tree/tree.h"

enum {
    BYTES_MAX = 16384,
    HEADER_BYTES = 40,
    RESERVED_BYTES = 32,
    EVERYTHING = 15
};

/* The parts of a machine that a test's tree has. */
enum part {
    PART_MEMORY = 1,
    PART_CONTROLLER = 2,
    PART_TIMER = 4,
    PART_DEVICES = 8
};

/* A tree that is being written: strings behind the nodes. */
static struct {
    uint8_t nodes[BYTES_MAX], names[BYTES_MAX], whole[2 * BYTES_MAX];
    uint32_t nodes_len, names_len, len;
} made;

static struct tree tree;

static void put32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void token(uint32_t value)
{
    put32(made.nodes + made.nodes_len, value);
    made.nodes_len += 4;
}

static void padded(const void *bytes, uint32_t len)
{
    memcpy(made.nodes + made.nodes_len, bytes, len);
    made.nodes_len = (made.nodes_len + len + 3) & ~3u;
}

static void begin(const char *name)
{
    token(1);
    padded(name, (uint32_t)strlen(name) + 1);
}

static void end(void)
{
    token(2);
}

static void property(const char *name, const void *bytes, uint32_t len)
{
    token(3);
    token(len);
    token(made.names_len);
    memcpy(made.names + made.names_len, name, strlen(name) + 1);
    made.names_len += (uint32_t)strlen(name) + 1;
    padded(bytes, len);
}

static void text(const char *name, const char *value)
{
    property(name, value, (uint32_t)strlen(value) + 1);
}

/* A property of up to eight cells. */
static void cells(const char *name, unsigned count, const uint32_t *values)
{
    uint8_t bytes[64];

    for (unsigned i = 0; i < count; i++)
        put32(bytes + (size_t)4 * i, values[i]);
    property(name, bytes, 4 * count);
}

#define CELLS(name, ...)                                                                           \
    cells(name, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (const uint32_t[]){__VA_ARGS__})

static void finish(void)
{
    uint8_t *whole = made.whole;
    const uint32_t nodes = HEADER_BYTES + RESERVED_BYTES;

    end();
    token(9);
    memset(whole, 0, sizeof made.whole);
    memcpy(whole + nodes, made.nodes, made.nodes_len);
    memcpy(whole + nodes + made.nodes_len, made.names, made.names_len);
    made.len = nodes + made.nodes_len + made.names_len;
    put32(whole, 0xd00dfeed);
    put32(whole + 4, made.len);
    put32(whole + 8, nodes);
    put32(whole + 12, nodes + made.nodes_len);
    put32(whole + 16, HEADER_BYTES);
    put32(whole + 20, 17);
    put32(whole + 24, 16);
    put32(whole + 32, made.names_len);
    put32(whole + 36, made.nodes_len);
}

static void write_devices(void)
{
    begin("chosen");
    text("bootargs", "--ip=10.0.0.2/24");
    text("stdout-path", "/uart@2000:115200");
    property("rng-seed", "0123456789abcdef", 16);
    end();
    begin("uart@1000");
    text("compatible", "arm,pl011");
    CELLS("reg", 0x1000, 0x1000);
    end();
    begin("uart@2000");
    text("compatible", "ns16550a");
    CELLS("reg", 0x2000, 0x1000);
    CELLS("reg-shift", 2);
    CELLS("interrupts", 0, 5, 4);
    end();
    for (uint32_t i = 0; i < 70; i++) {
        begin("virtio");
        text("compatible", "virtio,mmio");
        CELLS("reg", 0x10000 + 0x200 * i, 0x200);
        CELLS("interrupts", 0, 16 + i, 1);
        end();
    }
}

static void write_tree(unsigned parts)
{
    made.nodes_len = made.names_len = 0;
    begin("");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    if (parts & PART_MEMORY) {
        begin("memory@40000000");
        text("device_type", "memory");
        CELLS("reg", 0x40000000, 0x10000000, 0x60000000, 0x4000000);
        end();
    }
    if (parts & PART_CONTROLLER) {
        begin("gic@8000000");
        text("compatible", "arm,gic-v3");
        CELLS("#interrupt-cells", 3);
        CELLS("reg", 0x8000000, 0x10000, 0x80a0000, 0x20000);
        end();
    }
    if (parts & PART_TIMER) {
        begin("timer");
        text("compatible", "arm,armv8-timer");
        CELLS("interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4);
        end();
    }
    if (parts & PART_DEVICES)
        write_devices();
    finish();
}

static const char *read_made(uint32_t len)
{
    return tree_read(&tree, made.whole, len, 0);
}

static void a_machine_is_found_in_its_tree(void **state)
{
    (void)state;
    write_tree(EVERYTHING);
    assert_null(read_made(made.len));
    assert_int_equal(tree.memory_count, 2);
    assert_int_equal(tree.controller.kind, TREE_GIC3);
    assert_int_equal(tree.controller.second, 0x80a0000);
    assert_int_equal(tree.timer_line, 27);
    assert_string_equal(tree.command_line, "--ip=10.0.0.2/24");
    assert_int_equal(tree.seed_len, 16);
}

static void the_chosen_console_wins(void **state)
{
    (void)state;
    write_tree(EVERYTHING);
    assert_null(read_made(made.len));
    assert_int_equal(tree.console.kind, TREE_16550);
    assert_int_equal(tree.console.address, 0x2000);
    assert_int_equal(tree.console.shift, 2);
    assert_int_equal(tree.console.line, 37);
}

static void more_windows_than_there_is_room_for_are_left_out(void **state)
{
    (void)state;
    write_tree(EVERYTHING);
    assert_null(read_made(made.len));
    assert_int_equal(tree.window_count, TREE_WINDOWS_MAX);
    assert_int_equal(tree.windows[1].address, 0x10200);
    assert_int_equal(tree.windows[1].line, (16 + 1 + 32) | TREE_LINE_EDGE);
}

static void a_window_whose_interrupt_leads_elsewhere_has_no_line(void **state)
{
    (void)state;
    made.nodes_len = made.names_len = 0;
    begin("");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    begin("virtio");
    text("compatible", "virtio,mmio");
    CELLS("reg", 0x10000, 0x200);
    CELLS("interrupts", 0, 16, 1); /* the other property goes before it */
    CELLS("interrupts-extended", 7, 0, 16, 1);
    end();
    finish();
    assert_non_null(read_made(made.len)); /* there is no memory */
    assert_int_equal(tree.window_count, 1);
    assert_int_equal(tree.windows[0].address, 0x10000);
    assert_int_equal(tree.windows[0].line, 0);
}

static void a_tree_without_a_part_says_which(void **state)
{
    static const char *const words[] = {"memory", "interrupt controller", "timer"};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const char *why;

        write_tree(EVERYTHING & ~(1u << i));
        why = read_made(made.len);
        assert_non_null(why);
        assert_non_null(strstr(why, words[i]));
    }
}

static void a_tree_that_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    write_tree(EVERYTHING);
    for (uint32_t len = 0; len < made.len; len++)
        assert_non_null(read_made(len));
}

static void offsets_outside_of_the_tree_are_refused(void **state)
{
    static const uint32_t fields[] = {4, 8, 12, 16, 32, 36};

    (void)state;
    for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++) {
        write_tree(EVERYTHING);
        put32(made.whole + fields[i], UINT32_MAX - 3);
        assert_non_null(read_made(made.len));
    }
}

static void memory_is_the_largest_piece_that_is_free(void **state)
{
    const struct tree_piece image = {0x40080000, 0x40200000};
    struct tree_piece piece;

    (void)state;
    write_tree(EVERYTHING);
    assert_null(read_made(made.len));
    piece = tree_memory(&tree, image, UINT64_C(1) << 39);
    assert_int_equal(piece.start, 0x40200000);
    assert_int_equal(piece.end, 0x50000000);
    tree.reserved[tree.reserved_count++] = (struct tree_piece){0x40300000, 0x50000000};
    piece = tree_memory(&tree, image, UINT64_C(1) << 39);
    assert_int_equal(piece.start, 0x60000000);
    assert_int_equal(piece.end, 0x64000000);
    piece = tree_memory(&tree, image, 0x40000000); /* nothing is mapped there */
    assert_int_equal(piece.start, piece.end);
}

static void an_initrd_outside_of_memory_is_told_apart(void **state)
{
    static const struct {
        struct tree_piece archive;
        bool is_readable;
    } cases[] = {
        {{0, 0}, true},                    /* none */
        {{0x48000000, 0x48001000}, true},  /* in memory */
        {{0x4fffffff, 0x50000000}, true},  /* its last byte */
        {{0x4fffffff, 0x50000001}, false}, /* one more */
        {{0x30000000, 0x48000000}, false}, /* begins in front of it */
        {{0x40000000, 0x40080001}, false}, /* reaches into the image */
        {{0x401fffff, 0x40300000}, false}, /* begins in the image */
        {{0x60000000, 0x60000001}, false}, /* not mapped */
    };
    const struct tree_piece image = {0x40080000, 0x40200000};

    (void)state;
    write_tree(EVERYTHING);
    assert_null(read_made(made.len));
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        tree.archive = cases[i].archive;
        assert_int_equal(tree_archive_is_readable(&tree, image, 0x60000000), cases[i].is_readable);
    }
}

/* A RISC-V machine whose controller has the outputs of hart 3: to machine mode, and to @mode. */
static void write_plic(uint32_t mode)
{
    made.nodes_len = made.names_len = 0;
    begin("");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    begin("memory@80000000");
    text("device_type", "memory");
    CELLS("reg", 0x80000000, 0x10000000);
    end();
    begin("plic@c000000"); /* in front of the processors */
    text("compatible", "riscv,plic0");
    CELLS("#interrupt-cells", 1);
    CELLS("phandle", 9);
    CELLS("reg", 0xc000000, 0x600000);
    CELLS("interrupts-extended", 5, 11, 5, mode);
    end();
    begin("cpus");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 0);
    CELLS("timebase-frequency", 10000000);
    begin("cpu@3");
    CELLS("reg", 3);
    begin("interrupt-controller");
    text("compatible", "riscv,cpu-intc");
    CELLS("phandle", 5);
    end();
    end();
    end();
    finish();
}

static void the_output_to_this_hart_is_found_wherever_it_stands(void **state)
{
    (void)state;
    write_plic(9);
    assert_null(tree_read(&tree, made.whole, made.len, 3));
    assert_int_equal(tree.controller.kind, TREE_PLIC);
    assert_int_equal(tree.controller.context, 1);
}

static void a_controller_without_an_output_to_this_hart_is_refused(void **state)
{
    const char *why;

    (void)state;
    write_plic(11);
    why = tree_read(&tree, made.whole, made.len, 3);
    assert_non_null(why);
    assert_non_null(strstr(why, "supervisor mode"));
    write_plic(9);
    assert_non_null(tree_read(&tree, made.whole, made.len, 4)); /* another hart */
}

static void a_command_line_without_its_end_is_refused(void **state)
{
    const char *why;

    (void)state;
    made.nodes_len = made.names_len = 0;
    begin("");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    begin("memory@40000000");
    text("device_type", "memory");
    CELLS("reg", 0x40000000, 0x10000000);
    end();
    begin("chosen");
    property("bootargs", "--stats", 7); /* without the NUL */
    end();
    finish();
    why = read_made(made.len);
    assert_non_null(why);
    assert_non_null(strstr(why, "command line"));
    assert_string_equal(tree.command_line, "");
}

static void nodes_that_are_too_deep_are_left_out(void **state)
{
    struct fdt fdt;
    struct fdt_node node = {0};
    unsigned count = 0;

    (void)state;
    made.nodes_len = made.names_len = 0;
    for (unsigned i = 0; i < 20; i++)
        begin("n");
    for (unsigned i = 0; i < 19; i++)
        end();
    finish();
    assert_true(fdt_open(&fdt, made.whole, made.len));
    while (fdt_next(&fdt, &node))
        count++;
    assert_int_equal(count, FDT_DEPTH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_is_found_in_its_tree),
        cmocka_unit_test(the_chosen_console_wins),
        cmocka_unit_test(more_windows_than_there_is_room_for_are_left_out),
        cmocka_unit_test(a_window_whose_interrupt_leads_elsewhere_has_no_line),
        cmocka_unit_test(a_tree_without_a_part_says_which),
        cmocka_unit_test(a_tree_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(offsets_outside_of_the_tree_are_refused),
        cmocka_unit_test(memory_is_the_largest_piece_that_is_free),
        cmocka_unit_test(an_initrd_outside_of_memory_is_told_apart),
        cmocka_unit_test(the_output_to_this_hart_is_found_wherever_it_stands),
        cmocka_unit_test(a_controller_without_an_output_to_this_hart_is_refused),
        cmocka_unit_test(a_command_line_without_its_end_is_refused),
        cmocka_unit_test(nodes_that_are_too_deep_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
