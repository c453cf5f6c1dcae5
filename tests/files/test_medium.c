/* test_medium.c -- archives that don't lie in memory: they are read in parts, which may fail or
 * change.  show_archive.c compares their contents with those in memory. */
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
    BLOCK = 512,
    LARGE = 1000000
};

/* An archive, and the medium that has it. */
static struct {
    struct leat_files_medium medium;
    uint8_t bytes[2 * LARGE];
    size_t len;
    unsigned reads;
    size_t read_bytes;
    unsigned fail;   /* the number of the read that fails, from 1; 0: none */
    unsigned change; /* from this read on the bytes are those of: */
    const uint8_t *other;
    uint8_t memory[65536];
    uint8_t part[LEAT_FILES_PART_BYTES];
    struct leat_files *files;
    char why[LEAT_FILES_WHY_BYTES];
} m;

static char large[LARGE + 1];

static bool give(struct leat_files_medium *medium, uint64_t from, void *to, size_t len)
{
    assert_ptr_equal(medium, &m.medium);
    assert_true(len > 0 && from <= m.medium.len && len <= m.medium.len - from);
    m.reads++;
    m.read_bytes += len;
    if (m.reads == m.fail)
        return false;
    memcpy(to, (m.change > 0 && m.reads >= m.change ? m.other : m.bytes) + from, len);
    return true;
}

static int begin(void **state)
{
    (void)state;
    memset(&m, 0, sizeof m);
    memset(large, 'x', LARGE);
    m.medium.read = give;
    return 0;
}

static void put_tar(char type, const char *name, const char *link, const char *contents)
{
    uint8_t *header = m.bytes + m.len;
    const size_t len = contents ? strlen(contents) : 0;
    unsigned sum = 0;

    assert_true(m.len + 2 * BLOCK + len <= sizeof m.bytes);
    snprintf((char *)header, 100, "%s", name);
    snprintf((char *)header + 124, 12, "%011o", (unsigned)len);
    snprintf((char *)header + 136, 12, "%011o", 1700000000U);
    header[156] = (uint8_t)type;
    snprintf((char *)header + 157, 100, "%s", link ? link : "");
    memcpy(header + 257, "ustar\00000", 8);
    memset(header + 148, ' ', 8);
    for (unsigned i = 0; i < BLOCK; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
    if (len > 0)
        memcpy(header + BLOCK, contents, len);
    m.len += BLOCK + (len + BLOCK - 1) / BLOCK * BLOCK;
}

static void put_cpio(unsigned mode, const char *name, const char *contents)
{
    char *header = (char *)m.bytes + m.len;
    const size_t name_len = strlen(name) + 1, len = contents ? strlen(contents) : 0;

    sprintf(header, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 7, mode, 0, 0, 1,
            1700000000, (unsigned)len, 0, 0, 0, 0, (unsigned)name_len, 0);
    memcpy(header + 110, name, name_len);
    m.len += (110 + name_len + 3) / 4 * 4;
    if (len > 0)
        memcpy(m.bytes + m.len, contents, len);
    m.len += (len + 3) / 4 * 4;
}

static size_t wanted(void)
{
    m.medium.len = m.len;
    return leat_archive_medium_memory_bytes(&m.medium, m.part, m.why);
}

static enum leat_err open_it(void)
{
    m.medium.len = m.len;
    return leat_archive_open_medium(&m.files, m.memory + 1, sizeof m.memory - 1, &m.medium, m.part,
                                    m.why);
}

static void expect_file(const char *path, const char *contents)
{
    struct leat_file file;
    char read[100];
    size_t len;

    assert_int_equal(leat_files_find(m.files, path, &file), LEAT_OK);
    assert_false(file.is_folder);
    assert_null(file.bytes);
    assert_int_equal(file.tag, 0);
    assert_int_equal(file.len, strlen(contents));
    for (uint64_t at = 0; at <= file.len; at += 7) {
        assert_int_equal(leat_files_read(&file, at, read, 7, &len), LEAT_OK);
        assert_int_equal(len, file.len - at < 7 ? file.len - at : 7);
        assert_memory_equal(read, contents + at, len);
    }
}

static void expect_none(const char *path)
{
    struct leat_file file;

    assert_int_equal(leat_files_find(m.files, path, &file), LEAT_ERR_NOT_FOUND);
}

/* ---- reading */

static void files_are_read_from_it(void **state)
{
    (void)state;
    put_tar('0', "site/index.html", NULL, "hello, this is a page");
    put_tar('5', "site/pictures/", NULL, NULL);
    put_tar('2', "start", "site/index.html", NULL);
    put_tar('1', "again", "site/index.html", NULL);
    put_tar('0', "empty", NULL, NULL);
    assert_in_range(wanted(), 1, sizeof m.memory);
    assert_int_equal(open_it(), LEAT_OK);
    expect_file("site/index.html", "hello, this is a page");
    expect_file("start", "hello, this is a page");
    expect_file("again", "hello, this is a page");
    expect_file("empty", "");
    expect_none("site/index");
    assert_int_equal(leat_archive_counts(m.files)->files, 3);
}

static void contents_are_not_read_before_they_are_wanted(void **state)
{
    struct leat_file file;
    char read[100];
    size_t len;

    (void)state;
    put_tar('0', "large", NULL, large);
    put_tar('0', "small", NULL, "behind it");
    assert_int_equal(open_it(), LEAT_OK);
    assert_in_range(m.read_bytes, 1, 100000);
    expect_file("small", "behind it");
    assert_int_equal(leat_files_find(m.files, "large", &file), LEAT_OK);
    m.read_bytes = 0;
    assert_int_equal(leat_files_read(&file, LARGE - 3, read, sizeof read, &len), LEAT_OK);
    assert_int_equal(len, 3);
    assert_int_equal(m.read_bytes, 3);
}

static void many_small_files_take_few_reads(void **state)
{
    char name[20];

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "file-%u", i);
        put_tar('0', name, NULL, name);
    }
    assert_int_equal(open_it(), LEAT_OK);
    assert_in_range(m.reads, 1, 20);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "file-%u", i);
        expect_file(name, name);
    }
}

static void cpio_has_files_and_links(void **state)
{
    (void)state;
    put_cpio(0100644, "site/index.html", "hello");
    put_cpio(0100644, "large", large);
    put_cpio(0120777, "start", "site/index.html");
    put_cpio(0, "TRAILER!!!", NULL);
    /* an earlier use of the disk */
    memset(m.bytes + m.len, 0, 1024);
    memset(m.bytes + m.len + 1024, 'y', 5000);
    m.len += 6024;
    assert_int_equal(open_it(), LEAT_OK);
    expect_file("site/index.html", "hello");
    expect_file("start", "hello");
    assert_int_equal(leat_archive_counts(m.files)->files, 2);
}

static void bytes_behind_the_end_of_tar_are_not_looked_at(void **state)
{
    (void)state;
    put_tar('0', "a", NULL, "1");
    m.len += 2 * BLOCK; /* zeros: the end */
    put_tar('0', "b", NULL, "2");
    memset(m.bytes + m.len, 'y', 10000);
    m.len += 10000;
    assert_int_equal(open_it(), LEAT_OK);
    expect_file("a", "1");
    expect_none("b");
}

/* ---- long names */

/* A record of an extended header that has @len bytes in all. */
static size_t record(char *to, size_t len, const char *key)
{
    const int head = sprintf(to, "%zu %s=", len, key);

    memset(to + head, 'n', len - (size_t)head - 1);
    to[len - 1] = '\n';
    to[len] = '\0';
    return len;
}

static void a_long_name_outlives_the_part_that_had_it(void **state)
{
    static char text[20000];
    char *at = text;

    (void)state;
    at += record(at, 15900, "comment");
    at += sprintf(at, "13 path=long\n");
    sprintf(at, "16 linkpath=a/b\n");
    put_tar('x', "pax", NULL, text); /* nearly a whole part */
    put_tar('2', "short", "other", NULL);
    put_tar('0', "a/b", NULL, "target");
    assert_int_equal(open_it(), LEAT_OK);
    expect_none("short");
    expect_file("long", "target");
}

static void an_extended_header_beyond_a_part_is_told(void **state)
{
    static char text[20000];

    (void)state;
    put_tar('0', "first", NULL, "1");
    record(text, 17000, "comment");
    put_tar('x', "pax", NULL, text);
    put_tar('0', "second", NULL, "2");
    assert_int_equal(wanted(), 0);
    assert_string_equal(m.why, "a name, a link or an extended header is too long, at byte 1024 of "
                               "19968");
}

static void a_path_beyond_the_limits_is_left_out(void **state)
{
    static char text[4000];

    (void)state;
    record(text, 3000, "path");
    put_tar('x', "pax", NULL, text);
    put_tar('0', "short", NULL, "1");
    put_tar('0', "other", NULL, "2");
    assert_int_equal(open_it(), LEAT_OK);
    expect_none("short");
    expect_file("other", "2");
    assert_int_equal(leat_archive_counts(m.files)->left_out, 1);
}

/* ---- media that fail, or lie */

static void put_several(void)
{
    put_tar('0', "one", NULL, large);
    put_tar('0', "two", NULL, large + LARGE / 2);
    put_tar('0', "three", NULL, "3");
}

static void each_failure_is_told(void **state)
{
    unsigned good;

    (void)state;
    put_several();
    assert_int_equal(open_it(), LEAT_OK);
    good = m.reads;
    assert_true(good >= 6); /* two passes */
    for (m.fail = 1; m.fail <= good; m.fail++) {
        m.reads = 0;
        assert_int_equal(open_it(), LEAT_ERR_FORMAT);
        assert_non_null(strstr(m.why, "it can't be read, at byte "));
    }
    m.fail = 1;
    m.reads = 0;
    assert_int_equal(wanted(), 0);
    assert_string_equal(m.why, "it can't be read, at byte 0 of 1502720");
}

static void contents_that_cant_be_read_are_an_error(void **state)
{
    struct leat_file file;
    char read[100];
    size_t len;

    (void)state;
    put_several();
    assert_int_equal(open_it(), LEAT_OK);
    assert_int_equal(leat_files_find(m.files, "two", &file), LEAT_OK);
    m.fail = m.reads + 1;
    assert_int_equal(leat_files_read(&file, 0, read, sizeof read, &len), LEAT_ERR_DEVICE);
    assert_int_equal(len, 0);
    assert_int_equal(leat_files_read(&file, 0, read, sizeof read, &len), LEAT_OK);
    assert_int_equal(len, sizeof read);
}

/* Another archive from some read on, with more names, or with longer ones. */
static void bytes_that_change_do_no_harm(void **state)
{
    static uint8_t first[sizeof m.bytes], second[sizeof m.bytes];
    size_t first_len;
    char name[60];

    (void)state;
    put_several();
    first_len = m.len;
    memcpy(first, m.bytes, sizeof first);
    for (unsigned longer = 0; longer < 2; longer++) {
        memset(m.bytes, 0, sizeof m.bytes);
        m.len = 0;
        for (unsigned i = 0; i < (longer ? 3 : 900); i++) {
            snprintf(name, sizeof name, "%u%s", i, longer ? "-aaaaaaaaaaaaaaaaaaaaaaaaaaaa" : "");
            put_tar('0', name, NULL, "x");
        }
        memcpy(second, m.bytes, sizeof second);
        memcpy(m.bytes, first, sizeof first);
        m.len = first_len;
        m.other = second;
        for (m.change = 1; m.change < 12; m.change++) {
            const size_t bytes = wanted();
            uint8_t *memory = malloc(bytes + 1); /* nothing more, for the sanitizer */
            enum leat_err err;

            assert_non_null(memory);
            m.reads = 0;
            err = leat_archive_open_medium(&m.files, memory, bytes, &m.medium, m.part, m.why);
            if (err)
                assert_true(err == LEAT_ERR_FORMAT || err == LEAT_ERR_MEMORY);
            free(memory);
        }
    }
    /* the first pass has the first archive, and the second pass the other one */
    m.change = 0;
    m.reads = 0;
    assert_in_range(wanted(), 1, sizeof m.memory);
    m.change = m.reads + 1;
    m.reads = 0;
    assert_int_equal(open_it(), LEAT_ERR_FORMAT);
    assert_non_null(strstr(m.why, "it changes while it is read, at byte "));
}

static void other_bytes_are_named(void **state)
{
    (void)state;
    m.len = 1000;
    memcpy(m.bytes, "\x1f\x8b\x08", 3);
    assert_int_equal(wanted(), 0);
    assert_string_equal(m.why, "it is compressed by gzip; make a tar archive, or one of cpio with "
                               "-H newc");
    m.len = 0;
    assert_int_equal(wanted(), 0);
    assert_string_equal(m.why, "it is empty");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(files_are_read_from_it, begin),
        cmocka_unit_test_setup(contents_are_not_read_before_they_are_wanted, begin),
        cmocka_unit_test_setup(many_small_files_take_few_reads, begin),
        cmocka_unit_test_setup(cpio_has_files_and_links, begin),
        cmocka_unit_test_setup(bytes_behind_the_end_of_tar_are_not_looked_at, begin),
        cmocka_unit_test_setup(a_long_name_outlives_the_part_that_had_it, begin),
        cmocka_unit_test_setup(an_extended_header_beyond_a_part_is_told, begin),
        cmocka_unit_test_setup(a_path_beyond_the_limits_is_left_out, begin),
        cmocka_unit_test_setup(each_failure_is_told, begin),
        cmocka_unit_test_setup(contents_that_cant_be_read_are_an_error, begin),
        cmocka_unit_test_setup(bytes_that_change_do_no_harm, begin),
        cmocka_unit_test_setup(other_bytes_are_named, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
