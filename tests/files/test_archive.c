/* test_archive.c -- archives as a source of files: links, folders, damage. The archives of other
 * programs are compared in test_archives.py. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include <leat/files.h>

enum {
    BLOCK = 512
};

/* A tar archive that is written into memory. */
struct tar {
    uint8_t bytes[64 * BLOCK];
    size_t len;
    uint8_t memory[16384];
    struct leat_files *files;
    char why[LEAT_FILES_WHY_BYTES];
};

static struct tar tar;

static void seal(uint8_t *header)
{
    unsigned sum = 0;
    char text[8];

    memset(header + 148, ' ', 8);
    for (unsigned i = 0; i < BLOCK; i++)
        sum += header[i];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(header + 148, text, 7);
}

static uint8_t *put(char type, const char *name, const char *link, const char *contents)
{
    uint8_t *header = tar.bytes + tar.len;
    const size_t len = contents ? strlen(contents) : 0;

    assert_true(tar.len + 2 * BLOCK + len <= sizeof tar.bytes);
    memset(header, 0, 2 * BLOCK);
    snprintf((char *)header, 100, "%s", name);
    snprintf((char *)header + 124, 12, "%011o", (unsigned)len);
    snprintf((char *)header + 136, 12, "%011o", 1700000000U);
    header[156] = (uint8_t)type;
    snprintf((char *)header + 157, 100, "%s", link ? link : "");
    memcpy(header + 257, "ustar\00000", 8);
    if (len > 0)
        memcpy(header + BLOCK, contents, len);
    seal(header);
    tar.len += BLOCK + (len + BLOCK - 1) / BLOCK * BLOCK;
    return header;
}

static int begin(void **state)
{
    (void)state;
    memset(&tar, 0, sizeof tar);
    return 0;
}

static enum leat_err reopen(void)
{
    return leat_archive_open(&tar.files, tar.memory + 1, sizeof tar.memory - 1, tar.bytes, tar.len,
                             tar.why);
}

static void expect_file(const char *path, const char *contents)
{
    struct leat_file file;
    char read[100];
    size_t len;

    assert_int_equal(leat_files_find(tar.files, path, &file), LEAT_OK);
    assert_false(file.is_folder);
    assert_int_equal(file.len, strlen(contents));
    assert_int_equal(file.modified_s, 1700000000);
    assert_memory_equal(file.bytes, contents, file.len);
    assert_int_equal(leat_files_read(&file, 1, read, sizeof read, &len), LEAT_OK);
    assert_int_equal(len, file.len ? file.len - 1 : 0);
    assert_memory_equal(read, contents + (file.len > 0), len);
}

static void expect_error(const char *path, enum leat_err err)
{
    struct leat_file file;

    assert_int_equal(leat_files_find(tar.files, path, &file), err);
}

/* The entries of a folder, each behind a space; folders have a slash at their end. */
static const char *entries(struct leat_files *files, const char *folder)
{
    static char text[500];
    uint64_t cursor = 0;
    struct leat_file file;
    size_t at = 0;

    text[0] = '\0';
    while (!leat_files_next(files, folder, &cursor, &file))
        at += (size_t)snprintf(text + at, sizeof text - at, " %.*s%s", (int)file.path_len,
                               file.path, file.is_folder ? "/" : "");
    return text;
}

static void files_are_found_by_their_path(void **state)
{
    (void)state;
    put('0', "./site/index.html", NULL, "hello");
    put('0', "site/empty", NULL, NULL);
    put('5', "site/pictures/", NULL, NULL);
    put('0', "site-map", NULL, "map");
    put('\0', "/key.pem", NULL, "key");
    assert_int_equal(reopen(), LEAT_OK);
    expect_file("site/index.html", "hello");
    expect_file("/site//./index.html", "hello");
    expect_file("site/empty", "");
    expect_file("key.pem", "key");
    expect_error("Site/index.html", LEAT_ERR_NOT_FOUND);
    expect_error("site/index.htm", LEAT_ERR_NOT_FOUND);
    expect_error("site/../key.pem", LEAT_ERR_NOT_FOUND);
    expect_error("../key.pem", LEAT_ERR_NOT_FOUND);
    assert_int_equal(leat_archive_counts(tar.files)->files, 4);
    assert_int_equal(leat_archive_counts(tar.files)->folders, 1);
}

static void folders_list_each_entry_once(void **state)
{
    (void)state;
    put('0', "a/b/1", NULL, "1");
    put('0', "a/b/2", NULL, "2");
    put('0', "a-b", NULL, "x");
    put('0', "a/c", NULL, "c");
    put('5', "a/b", NULL, NULL);
    put('5', "empty", NULL, NULL);
    assert_int_equal(reopen(), LEAT_OK);
    assert_string_equal(entries(tar.files, ""), " a/ a-b empty/");
    assert_string_equal(entries(tar.files, "a"), " a/b/ a/c");
    assert_string_equal(entries(tar.files, "/a/b/"), " a/b/1 a/b/2");
    assert_string_equal(entries(tar.files, "empty"), "");
    assert_string_equal(entries(tar.files, "a/c"), "");
}

static void the_last_entry_of_a_path_counts(void **state)
{
    (void)state;
    put('0', "config", NULL, "old");
    put('0', "other", NULL, "other");
    put('0', "config", NULL, "new");
    assert_int_equal(reopen(), LEAT_OK);
    expect_file("config", "new");
    assert_int_equal(leat_archive_counts(tar.files)->files, 2);
}

/* As Kubernetes mounts a ConfigMap. */
static void links_are_followed_within_the_root(void **state)
{
    (void)state;
    put('0', "..2026_11_25/tls.crt", NULL, "certificate");
    put('2', "..data", "..2026_11_25", NULL);
    put('2', "tls.crt", "..data/tls.crt", NULL);
    put('2', "deep/er/back", "../../tls.crt", NULL);
    put('2', "absolute", "/..data", NULL);
    put('2', "out", "../../etc/passwd", NULL);
    put('2', "nowhere", "nothing", NULL);
    assert_int_equal(reopen(), LEAT_OK);
    expect_file("tls.crt", "certificate");
    expect_file("deep/er/back", "certificate");
    expect_file("absolute/tls.crt", "certificate");
    expect_error("out", LEAT_ERR_NOT_FOUND);
    expect_error("nowhere", LEAT_ERR_NOT_FOUND);
    assert_string_equal(entries(tar.files, "absolute"), " ..2026_11_25/tls.crt");
    assert_string_equal(entries(tar.files, ""), " ..2026_11_25/ ..data/ absolute/ deep/ tls.crt");
    assert_int_equal(leat_archive_counts(tar.files)->left_out, 1);
    assert_int_equal(leat_archive_counts(tar.files)->links, 5);
}

static void links_in_a_circle_end(void **state)
{
    (void)state;
    put('2', "a", "b", NULL);
    put('2', "b", "a", NULL);
    put('2', "self", "self/self/self", NULL);
    put('2', "chain0", "chain1", NULL);
    for (unsigned i = 1; i <= LEAT_FILE_LINKS_MAX; i++) {
        char name[20], target[20];

        snprintf(name, sizeof name, "chain%u", i);
        snprintf(target, sizeof target, "chain%u", i + 1);
        if (i < LEAT_FILE_LINKS_MAX)
            put('2', name, target, NULL);
        else
            put('0', name, NULL, "end");
    }
    assert_int_equal(reopen(), LEAT_OK);
    expect_error("a", LEAT_ERR_TOO_BIG);
    expect_error("self", LEAT_ERR_TOO_BIG);
    expect_file("chain0", "end");
}

static void hard_links_have_the_contents(void **state)
{
    (void)state;
    put('0', "first", NULL, "same");
    put('1', "folder/second", "./first", NULL);
    put('1', "lost", "nothing", NULL);
    assert_int_equal(reopen(), LEAT_OK);
    expect_file("folder/second", "same");
    expect_error("lost", LEAT_ERR_NOT_FOUND);
    assert_int_equal(leat_archive_counts(tar.files)->files, 2);
    assert_int_equal(leat_archive_counts(tar.files)->left_out, 1);
}

static void entries_that_are_no_files_are_left_out(void **state)
{
    char long_name[LEAT_FILE_PATH_BYTES + 30];

    (void)state;
    put('3', "dev/null", NULL, NULL);
    put('6', "pipe", NULL, NULL);
    put('0', "up/../down", NULL, "x");
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    put('L', "././@LongLink", NULL, long_name);
    put('0', "n", NULL, "long");
    long_name[LEAT_FILE_PATH_BYTES] = '\0';
    put('L', "././@LongLink", NULL, long_name);
    put('0', "n", NULL, "longest");
    assert_int_equal(reopen(), LEAT_OK);
    assert_int_equal(leat_archive_counts(tar.files)->left_out, 4);
    assert_int_equal(leat_archive_counts(tar.files)->files, 1);
    expect_file(long_name, "longest");
    expect_error("down", LEAT_ERR_NOT_FOUND);
    strcat(long_name, "n");
    expect_error(long_name, LEAT_ERR_TOO_BIG);
}

static void expect_damage(const char *why)
{
    assert_int_equal(leat_archive_memory_bytes(tar.bytes, tar.len, tar.why), 0);
    assert_string_equal(tar.why, why);
    assert_int_equal(reopen(), LEAT_ERR_FORMAT);
    assert_string_equal(tar.why, why);
}

static void damage_is_told_with_its_place(void **state)
{
    uint8_t *header;

    (void)state;
    put('0', "whole", NULL, "whole");
    put('0', "cut", NULL, "a file that has some bytes");
    tar.len -= BLOCK - 10;
    expect_damage("the archive ends in a file, at byte 1024 of 1546");
    tar.len = 2 * BLOCK + 100;
    expect_damage("the archive ends in a header, at byte 1024 of 1124");
    tar.len = 3 * BLOCK;
    tar.bytes[2 * BLOCK]++;
    expect_damage("the checksum of a header is wrong, at byte 1024 of 1536");
    tar.len = 2 * BLOCK;
    header = put('0', "odd", NULL, NULL);
    memcpy(header + 124, "9", 2);
    seal(header);
    expect_damage("a size is no number, at byte 1024 of 1536");
    tar.len = 2 * BLOCK;
    put('x', "pax", NULL, "13 path=abc\n");
    expect_damage("an extended header is malformed, at byte 1024 of 2048");
    tar.len = 2 * BLOCK;
    header = put('0', "large", NULL, NULL);
    memset(header + 124, 0xff, 12);
    seal(header);
    expect_damage("a size is no number, at byte 1024 of 1536");
}

static void expect_no_archive(const char *bytes, size_t len, const char *why)
{
    memcpy(tar.bytes, bytes, len);
    tar.len = len;
    expect_damage(why);
}

static void other_bytes_are_named(void **state)
{
    (void)state;
    expect_no_archive("", 0, "it is empty");
    expect_no_archive("\x1f\x8b\x08", 3,
                      "it is compressed by gzip; make a tar archive, or one of cpio with -H newc");
    expect_no_archive("PK\x03\x04", 4,
                      "it is a Zip archive; make a tar archive, or one of cpio with -H newc");
    expect_no_archive("<html>", 6, "it is neither a tar archive nor one of cpio");
}

static void an_archive_may_be_empty(void **state)
{
    struct leat_file file;

    (void)state;
    tar.len = 2 * BLOCK; /* zeros: tar's end */
    assert_int_equal(reopen(), LEAT_OK);
    assert_string_equal(entries(tar.files, ""), "");
    assert_int_equal(leat_files_find(tar.files, "/", &file), LEAT_OK);
    assert_true(file.is_folder);
}

static void memory_is_checked(void **state)
{
    size_t needed;

    (void)state;
    put('0', "a/file", NULL, "x");
    needed = leat_archive_memory_bytes(tar.bytes, tar.len, tar.why);
    assert_true(needed > 0 && needed < sizeof tar.memory);
    assert_int_equal(
        leat_archive_open(&tar.files, tar.memory, needed - 1, tar.bytes, tar.len, tar.why),
        LEAT_ERR_MEMORY);
    for (unsigned odd = 0; odd < 16; odd++)
        assert_int_equal(
            leat_archive_open(&tar.files, tar.memory + odd, needed, tar.bytes, tar.len, tar.why),
            LEAT_OK);
}

static const struct leat_file listed[] = {
    {.path = "index.html", .path_len = 10, .bytes = "built in", .len = 8},
    {.path = "css/a.css", .path_len = 9, .bytes = "a", .len = 1},
    {.path = "css/b.css", .path_len = 9, .bytes = "b", .len = 1},
};

static void built_in_files_have_folders(void **state)
{
    struct leat_files_built_in built_in;
    struct leat_file file;

    (void)state;
    leat_files_built_in_open(&built_in, listed, 3);
    assert_string_equal(entries(&built_in.files, ""), " index.html css/");
    assert_string_equal(entries(&built_in.files, "css"), " css/a.css css/b.css");
    assert_int_equal(leat_files_find(&built_in.files, "/css/b.css", &file), LEAT_OK);
    assert_ptr_equal(file.bytes, listed[2].bytes);
    assert_int_equal(leat_files_find(&built_in.files, "css", &file), LEAT_OK);
    assert_true(file.is_folder);
    assert_int_equal(leat_files_find(&built_in.files, "cs", &file), LEAT_ERR_NOT_FOUND);
}

static void upper_layers_hide_lower_ones(void **state)
{
    struct leat_files_built_in built_in;
    struct leat_files_layers layers;
    struct leat_file file;

    (void)state;
    put('0', "index.html", NULL, "from outside");
    put('0', "css/c.css", NULL, "c");
    assert_int_equal(reopen(), LEAT_OK);
    leat_files_built_in_open(&built_in, listed, 3);
    leat_files_layers_open(&layers);
    assert_int_equal(leat_files_find(&layers.files, "index.html", &file), LEAT_ERR_NOT_FOUND);
    assert_int_equal(leat_files_layers_add(&layers, tar.files), LEAT_OK);
    assert_int_equal(leat_files_layers_add(&layers, &built_in.files), LEAT_OK);
    assert_int_equal(leat_files_find(&layers.files, "index.html", &file), LEAT_OK);
    assert_int_equal(file.len, strlen("from outside"));
    assert_ptr_equal(file.source, tar.files);
    assert_string_equal(entries(&layers.files, ""), " css/ index.html");
    assert_string_equal(entries(&layers.files, "css"), " css/c.css css/a.css css/b.css");
    assert_int_equal(leat_files_layers_add(&layers, tar.files), LEAT_OK);
    assert_int_equal(leat_files_layers_add(&layers, tar.files), LEAT_OK);
    assert_int_equal(leat_files_layers_add(&layers, tar.files), LEAT_ERR_FULL);
}

/* ---- a source that counts what is open, and may fail */

static unsigned open_files;
static enum leat_err host_fails;

static enum leat_err host_find(struct leat_files *files, const char *path, size_t len,
                               struct leat_file *file)
{
    if (host_fails && len > 0)
        return host_fails;
    if (len > 0 && (len != 10 || memcmp(path, "index.html", 10) != 0))
        return LEAT_ERR_NOT_FOUND;
    open_files++;
    *file = (struct leat_file){.path = len > 0 ? "index.html" : "",
                               .path_len = len,
                               .is_folder = len == 0,
                               .source = files};
    return LEAT_OK;
}

static enum leat_err host_next(struct leat_files *files, const char *folder, size_t len,
                               uint64_t *cursor, struct leat_file *file)
{
    (void)folder;
    return len > 0 || (*cursor)++ > 0 ? LEAT_ERR_END : host_find(files, "index.html", 10, file);
}

static void host_release(struct leat_files *files, const struct leat_file *file)
{
    (void)files;
    (void)file;
    open_files--;
}

static void layers_release_what_they_only_look_at(void **state)
{
    static const struct leat_files host = {host_find, host_next, NULL, host_release};
    struct leat_files files = host;
    struct leat_files_built_in built_in;
    struct leat_files_layers layers, outer;
    struct leat_file file;
    uint64_t cursor = 0;

    (void)state;
    open_files = 0;
    host_fails = LEAT_OK;
    leat_files_built_in_open(&built_in, listed, 3);
    leat_files_layers_open(&layers);
    assert_int_equal(leat_files_layers_add(&layers, &files), LEAT_OK);
    assert_int_equal(leat_files_layers_add(&layers, &built_in.files), LEAT_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(leat_files_next(&layers.files, "", &cursor, &file), LEAT_OK);
        assert_int_equal(open_files, i == 0);
        leat_files_release(&file);
    }
    assert_int_equal(leat_files_next(&layers.files, "", &cursor, &file), LEAT_ERR_END);
    assert_int_equal(open_files, 0);

    /* an upper layer that fails doesn't uncover what it may hide */
    cursor = 0;
    host_fails = LEAT_ERR_DEVICE;
    assert_int_equal(leat_files_next(&layers.files, "", &cursor, &file), LEAT_ERR_DEVICE);

    /* layers within layers would list their first layer without an end */
    leat_files_layers_open(&outer);
    assert_int_equal(leat_files_layers_add(&outer, &layers.files), LEAT_ERR_ARGUMENT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(files_are_found_by_their_path, begin),
        cmocka_unit_test_setup(folders_list_each_entry_once, begin),
        cmocka_unit_test_setup(the_last_entry_of_a_path_counts, begin),
        cmocka_unit_test_setup(links_are_followed_within_the_root, begin),
        cmocka_unit_test_setup(links_in_a_circle_end, begin),
        cmocka_unit_test_setup(hard_links_have_the_contents, begin),
        cmocka_unit_test_setup(entries_that_are_no_files_are_left_out, begin),
        cmocka_unit_test_setup(damage_is_told_with_its_place, begin),
        cmocka_unit_test_setup(other_bytes_are_named, begin),
        cmocka_unit_test_setup(an_archive_may_be_empty, begin),
        cmocka_unit_test_setup(memory_is_checked, begin),
        cmocka_unit_test_setup(built_in_files_have_folders, begin),
        cmocka_unit_test_setup(upper_layers_hide_lower_ones, begin),
        cmocka_unit_test(layers_release_what_they_only_look_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
