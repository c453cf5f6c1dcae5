/* test_pieces.c -- small parts of server and client, each by itself: chunks, texts, the table of
 * files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/http/http_chunk.h"
#include "web/http/http_reply.h"
#include "web/http/http_said.h"
#include "web/http/http_text.h"

/* ---- chunks ------------------------------------------------------------------------------- */

static void the_size_of_a_chunk_has_no_leading_zeros(void **state)
{
    static const uint32_t lens[] = {0,         1,         9,          10,        15,
                                    16,        255,       256,        4095,      4096,
                                    65535,     65536,     0xfffff,    0x100000,  0xabcdef,
                                    0x1000000, 0xfffffff, 0x10000000, 0xffffffff};

    (void)state;
    for (unsigned i = 0; i < 2 * sizeof lens / sizeof *lens; i++) {
        const bool follows = i % 2;
        char expected[20];
        uint8_t bytes[HTTP_FRAMING_BYTES];
        struct leat_buf frame = {
            .data = bytes, .start = bytes, .capacity = sizeof bytes, .refs = 1};

        frame.owner = &frame;
        snprintf(expected, sizeof expected, "%s%x\r\n", follows ? "\r\n" : "", lens[i / 2]);
        http_chunk_frame(&frame, lens[i / 2], follows);
        assert_int_equal(frame.len, strlen(expected));
        assert_memory_equal(bytes, expected, frame.len);
    }
    assert_memory_equal(http_chunks_end, "\r\n0\r\n\r\n", sizeof http_chunks_end);
}

/* ---- what an access log needs -------------------------------------------------------------- */

static void say(struct http_said *said, const char *text)
{
    http_said_line(said, (const uint8_t *)text, strlen(text));
}

static void a_line_ends_with_its_line_end(void **state)
{
    static const char *const lines[] = {"\r\n\r\nGET /\r\nHost: a", "\nGET /\nx", "GET /\r",
                                        "GET /"};
    static struct http_said said;

    (void)state;
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        memset(&said, 0xff, sizeof said);
        http_said_clear(&said);
        assert_int_equal(said.line_len, 0);
        assert_false(said.line_over || said.line_is_cut);
        assert_false(said.referer.is_cut || said.agent.is_cut);
        assert_int_equal(said.referer.len + said.agent.len + said.referer.lines + said.agent.lines,
                         0);
        say(&said, lines[i]);
        assert_int_equal(said.line_len, 5);
        assert_memory_equal(said.line, "GET /", 5);
        assert_int_equal(said.line_over, i < 3);
        assert_false(said.line_is_cut);
        say(&said, "b");
        assert_int_equal(said.line_len, i < 3 ? 5 : 6);
    }
}

static void a_line_is_cut_at_its_limit(void **state)
{
    static struct http_said said;

    (void)state;
    http_said_clear(&said);
    for (unsigned i = 0; i < LEAT_HTTP_ACCESS_LINE_BYTES; i++)
        say(&said, i % 2 ? "b" : "a");
    assert_int_equal(said.line_len, LEAT_HTTP_ACCESS_LINE_BYTES);
    assert_false(said.line_is_cut);
    say(&said, "c");
    assert_int_equal(said.line_len, LEAT_HTTP_ACCESS_LINE_BYTES);
    assert_true(said.line_is_cut);
    assert_int_equal(said.line[LEAT_HTTP_ACCESS_LINE_BYTES - 1], 'b');
    assert_false(said.line_over);
    say(&said, "\n");
    assert_true(said.line_over);
}

static void add_all(struct http_said_field *field, const char *text)
{
    while (*text)
        http_said_add(field, (uint8_t)*text++);
}

static void a_field_has_its_first_line_without_spaces_around_it(void **state)
{
    struct http_said_field field = {0};

    (void)state;
    http_said_start(&field);
    assert_int_equal(field.lines, 1);
    add_all(&field, " \t a b \t ");
    assert_int_equal(http_said_len(&field), 3);
    assert_memory_equal(field.bytes, "a b", 3);
    for (unsigned i = 0; i < 300; i++)
        http_said_start(&field);
    assert_int_equal(field.lines, 2);
    add_all(&field, "c");
    assert_int_equal(http_said_len(&field), 3);
    field = (struct http_said_field){0};
    assert_int_equal(http_said_len(&field), 0);
    http_said_start(&field);
    for (unsigned i = 0; i < LEAT_HTTP_ACCESS_FIELD_BYTES; i++)
        add_all(&field, "x");
    assert_false(field.is_cut);
    assert_int_equal(http_said_len(&field), LEAT_HTTP_ACCESS_FIELD_BYTES);
    add_all(&field, "y");
    assert_true(field.is_cut);
    assert_int_equal(field.bytes[LEAT_HTTP_ACCESS_FIELD_BYTES - 1], 'x');
}

/* ---- texts --------------------------------------------------------------------------------- */

static void five_characters_of_HTML_are_escaped(void **state)
{
    (void)state;
    for (unsigned c = 1; c < 256; c++) {
        const char words[] = {'(', (char)c, ')', '\0'};
        char bytes[40], expected[40];
        struct text text = {.bytes = bytes, .room = sizeof bytes};

        snprintf(expected, sizeof expected,
                 c == '<'    ? "(&lt;)"
                 : c == '>'  ? "(&gt;)"
                 : c == '&'  ? "(&amp;)"
                 : c == '"'  ? "(&quot;)"
                 : c == '\'' ? "(&#39;)"
                             : "(%c)",
                 (char)c);
        http_text_add_escaped(&text, words);
        assert_int_equal(text.len, strlen(expected));
        assert_memory_equal(bytes, expected, text.len);
    }
}

/* ---- the table of files -------------------------------------------------------------------- */

/* Each file may have two entries, and half of the table is free. */
static void a_table_has_four_entries_a_file(void **state)
{
    static const uint32_t table[][2] = {{0, 4},
                                        {1, 4},
                                        {2, 8},
                                        {3, 16},
                                        {4, 16},
                                        {5, 32},
                                        {255, 1024},
                                        {256, 1024},
                                        {257, 2048},
                                        {1u << 28, 1u << 30},
                                        {(1u << 28) + 1, 1u << 30},
                                        {UINT32_MAX, 1u << 30}};

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(http_table_entries(table[i][0]), table[i][1]);
}

enum {
    FILES = 64
};

static void every_file_is_found_by_its_path_alone(void **state)
{
    static struct leat_http_file files[FILES];
    static char paths[FILES][16];
    struct http_table table = {.mask = http_table_entries(FILES) - 1};

    (void)state;
    table.entries = calloc(table.mask + 1, sizeof *table.entries);
    assert_non_null(table.entries);
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "/%02u", i); /* none begins another */
        files[i] = (struct leat_http_file){.path = paths[i], .type = "text/plain"};
        assert_true(http_table_add(&table, &files[i]));
    }
    for (unsigned i = 0; i < FILES; i++) {
        const size_t len = strlen(paths[i]);

        assert_ptr_equal(http_table_find(&table, paths[i], len), &files[i]);
        assert_null(http_table_find(&table, paths[i], len - 1));
        assert_null(http_table_find(&table, paths[i] + 1, len - 1));
    }
    assert_null(http_table_find(&table, "/64", 3));
    free(table.entries);
}

static void a_folder_is_its_index(void **state)
{
    static const struct leat_http_file files[] = {{.path = "/index.html", .type = "a"},
                                                  {.path = "/docs/index.html", .type = "b"},
                                                  {.path = "/docs/xindex.html", .type = "c"},
                                                  {.path = "/doc/index.htm", .type = "d"},
                                                  {.path = "/docs/index.html", .type = "e"}};
    struct http_entry entries[32] = {{NULL, 0}};
    const struct http_table table = {entries, 31};

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_true(http_table_add(&table, &files[i]));
    assert_ptr_equal(http_table_find(&table, "/", 1), &files[0]);
    assert_ptr_equal(http_table_find(&table, "/index.html", 11), &files[0]);
    assert_ptr_equal(http_table_find(&table, "/docs/", 6), &files[1]);
    assert_null(http_table_find(&table, "/docs", 5));
    assert_null(http_table_find(&table, "/docs/x", 7));
    assert_null(http_table_find(&table, "/doc/", 5));
    assert_true(http_table_add(&table, &files[4])); /* the later one counts */
    assert_ptr_equal(http_table_find(&table, "/docs/", 6), &files[4]);
    assert_ptr_equal(http_table_find(&table, "/docs/index.html", 16), &files[4]);
}

static void paths_and_types_have_limits(void **state)
{
    static char path[HTTP_PATH_BYTES + 2], type[HTTP_FILE_TYPE_BYTES + 2];
    struct http_entry entries[8] = {{NULL, 0}};
    const struct http_table table = {entries, 7};
    struct leat_http_file file = {.path = path, .type = "a"};

    (void)state;
    memset(path, 'p', HTTP_PATH_BYTES + 1);
    assert_false(http_table_add(&table, &file)); /* no slash */
    path[0] = '/';
    assert_false(http_table_add(&table, &file));
    path[HTTP_PATH_BYTES] = '\0';
    assert_true(http_table_add(&table, &file));
    assert_ptr_equal(http_table_find(&table, path, HTTP_PATH_BYTES), &file);
    memset(type, 't', HTTP_FILE_TYPE_BYTES + 1);
    file.path = "/a";
    file.type = type;
    assert_false(http_table_add(&table, &file));
    assert_null(http_table_find(&table, "/a", 2));
    type[HTTP_FILE_TYPE_BYTES] = '\0';
    assert_true(http_table_add(&table, &file));
    assert_ptr_equal(http_table_find(&table, "/a", 2), &file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_size_of_a_chunk_has_no_leading_zeros),
        cmocka_unit_test(a_line_ends_with_its_line_end),
        cmocka_unit_test(a_line_is_cut_at_its_limit),
        cmocka_unit_test(a_field_has_its_first_line_without_spaces_around_it),
        cmocka_unit_test(five_characters_of_HTML_are_escaped),
        cmocka_unit_test(a_table_has_four_entries_a_file),
        cmocka_unit_test(every_file_is_found_by_its_path_alone),
        cmocka_unit_test(a_folder_is_its_index),
        cmocka_unit_test(paths_and_types_have_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
