/* test_chosen.c -- the words that the start from a disk writes into a device tree, read by leat's
 * own reader. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "aarch64/efi/chosen.h"
#include "tree/fdt.h"

enum {
    ROOM = 2048
};

static uint8_t tree[ROOM], copy[ROOM];
static uint32_t len;

static void put32(uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        tree[len++] = (uint8_t)(value >> shift);
}

static void put_text(const char *text)
{
    memcpy(tree + len, text, strlen(text) + 1);
    len += (uint32_t)((strlen(text) + 4) & ~(size_t)3);
}

static void set32(uint32_t at, uint32_t value)
{
    const uint32_t end = len;

    len = at;
    put32(value);
    len = end;
}

/* A tree with a memory node and, if there is one, the node @chosen with an old command line and a
 * console. */
static void make_tree(const char *chosen)
{
    static const char names[] = "bootargs\0stdout-path\0reg";
    uint32_t nodes;

    memset(tree, 0, sizeof tree);
    len = 40 + 32; /* a reservation, and the last one */
    set32(40 + 4, 0x1000);
    set32(40 + 12, 0x2000);
    nodes = len;
    put32(1);
    put_text("");
    put32(1);
    put_text("memory@0");
    put32(3);
    put32(4);
    put32(21);
    put32(77);
    put32(2);
    if (chosen) {
        put32(1);
        put_text(chosen);
        for (uint32_t name = 0; name <= 9; name += 9) {
            put32(3);
            put32(4);
            put32(name);
            put_text("old");
        }
        put32(2);
    }
    put32(2);
    put32(9);
    set32(0, 0xd00dfeed);
    set32(8, nodes);
    set32(12, len);
    set32(16, 40);
    set32(20, 17);
    set32(24, 16);
    set32(32, sizeof names);
    set32(36, len - nodes);
    memcpy(tree + len, names, sizeof names);
    len += sizeof names;
    set32(4, len);
}

static void expect_text(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                        const char *text)
{
    const struct fdt_value value = fdt_property(fdt, node, name);

    if (!text) {
        assert_null(value.bytes);
        return;
    }
    assert_non_null(value.bytes);
    assert_int_equal(value.len, strlen(text) + 1);
    assert_memory_equal(value.bytes, text, value.len);
}

static void check(const char *was, uint64_t archive, uint64_t archive_end)
{
    const struct chosen chosen = {.command_line = "--ip=10.0.2.15/24 --stats",
                                  .command_line_bytes = 26,
                                  .archive = archive,
                                  .archive_end = archive_end,
                                  .civil_s = 1795749660};
    uint64_t start, end, civil_s, address, bytes;
    struct fdt_node node = {0};
    unsigned found = 0;
    struct fdt fdt;

    make_tree(was);
    assert_int_equal(chosen_tree_bytes(tree), len);
    memset(copy, 0xee, sizeof copy);
    assert_in_range(chosen_write(copy, tree, &chosen), len, len + 26 + CHOSEN_MORE_BYTES);
    assert_true(fdt_open(&fdt, copy, sizeof copy));
    assert_true(fdt_reserved(&fdt, 0, &address, &bytes));
    assert_int_equal(address, 0x1000);
    assert_int_equal(bytes, 0x2000);
    assert_false(fdt_reserved(&fdt, 1, &address, &bytes));
    while (fdt_next(&fdt, &node)) {
        if (strcmp(node.name, "memory@0") == 0)
            assert_int_equal(fdt_cell(fdt_property(&fdt, &node, "reg"), 0, 0), 77);
        if (strcmp(node.name, "chosen") != 0)
            continue;
        found++;
        expect_text(&fdt, &node, "bootargs", chosen.command_line);
        expect_text(&fdt, &node, "stdout-path", was && strcmp(was, "chosen") == 0 ? "old" : NULL);
        assert_true(fdt_number(fdt_property(&fdt, &node, "leat,civil-s"), 0, 2, &civil_s));
        assert_int_equal(civil_s, chosen.civil_s);
        if (archive == archive_end) {
            expect_text(&fdt, &node, "linux,initrd-start", NULL);
            continue;
        }
        assert_true(fdt_number(fdt_property(&fdt, &node, "linux,initrd-start"), 0, 2, &start));
        assert_true(fdt_number(fdt_property(&fdt, &node, "linux,initrd-end"), 0, 2, &end));
        assert_int_equal(start, archive);
        assert_int_equal(end, archive_end);
    }
    assert_int_equal(found, 1);
}

static void the_words_replace_those_of_the_tree(void **state)
{
    (void)state;
    check("chosen", 0x123456000, 0x123457abc);
    check("chosen", 5, 5);
}

static void a_tree_without_the_node_gets_one(void **state)
{
    (void)state;
    check(NULL, 0x1000, 0x2000);
    check("chosen-not", 5, 5);
}

/* No byte behind the tree is read, which the sanitizer would find. */
static void broken_trees_are_refused_within_their_bounds(void **state)
{
    const struct chosen chosen = {.command_line = "", .command_line_bytes = 1};
    uint8_t *exact;

    (void)state;
    make_tree("chosen");
    exact = malloc(len);
    for (uint32_t at = 0; at < len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(exact, tree, len);
            exact[at] ^= (uint8_t)(1 << bit);
            if (chosen_tree_bytes(exact) <= len)
                (void)chosen_write(copy, exact, &chosen);
        }
    }
    free(exact);
    set32(4, 3 << 20);
    assert_int_equal(chosen_tree_bytes(tree), 0);
    assert_int_equal(chosen_write(copy, tree, &chosen), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_replace_those_of_the_tree),
        cmocka_unit_test(a_tree_without_the_node_gets_one),
        cmocka_unit_test(broken_trees_are_refused_within_their_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
