/* test_zip.c -- archives, read by Python's zipfile; names that could leave a folder; CRC-32. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <leat/zip.h>

#include "web/zip/zip_directory.h"

enum {
    MANY = 70000 /* entries: more than 16 bits */
};

static void write_piece(FILE *file, const uint8_t *piece, size_t len)
{
    assert_true(len <= LEAT_ZIP_PIECE_BYTES);
    assert_int_equal(fwrite(piece, 1, len, file), len);
}

static void start(struct leat_zip *zip, void *memory, size_t bytes)
{
    static const uint64_t key[2] = {1, 2};

    leat_zip_start(zip, key);
    leat_zip_add_memory(zip, memory, bytes);
}

static void add_bytes(FILE *file, struct leat_zip *zip, const char *name, const char *bytes,
                      size_t len)
{
    uint8_t piece[LEAT_ZIP_PIECE_BYTES];
    const size_t head = leat_zip_entry(zip, name, strlen(name), piece);

    assert_true(head > 0);
    write_piece(file, piece, head);
    leat_zip_data(zip, bytes, len);
    while (len > 0) {
        const size_t now = len < LEAT_ZIP_STORED_BYTES ? len : LEAT_ZIP_STORED_BYTES;

        write_piece(file, piece, leat_zip_stored(zip, now, piece));
        assert_int_equal(fwrite(bytes, 1, now, file), now);
        bytes += now;
        len -= now;
    }
    write_piece(file, piece, leat_zip_entry_end(zip, piece));
}

static void add(FILE *file, struct leat_zip *zip, const char *name, const char *text)
{
    add_bytes(file, zip, name, text, strlen(text));
}

static void end(FILE *file, struct leat_zip *zip)
{
    uint8_t piece[LEAT_ZIP_PIECE_BYTES];
    size_t len;

    while ((len = leat_zip_end(zip, piece)) > 0)
        write_piece(file, piece, len);
    assert_int_equal(leat_zip_end(zip, piece), 0);
    assert_int_equal(fclose(file), 0);
}

/* The output of Python for @code on the archive. */
static void ask_python(const char *path, const char *code)
{
    char command[1000];

    snprintf(command, sizeof command,
             "python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); "
             "%s' %s",
             code, path);
    assert_int_equal(system(command), 0);
    unlink(path);
}

static FILE *begin(char path[32])
{
    strcpy(path, "/tmp/leat-zip-XXXXXX");
    return fdopen(mkstemp(path), "wb");
}

static void test_an_archive(void **state)
{
    static uint8_t memory[500];
    struct leat_zip zip;
    char path[32];
    FILE *file = begin(path);

    (void)state;
    start(&zip, memory, sizeof memory);
    add(file, &zip, "a.txt", "hello\n");
    add(file, &zip, "empty", "");
    add(file, &zip, "\xc3\xa4.bin", "123456789");
    end(file, &zip);
    ask_python(
        path,
        "assert z.testzip() is None; assert z.namelist() == [\"a.txt\", \"empty\", \"\\xe4.bin\"]; "
        "assert [z.read(n) for n in z.namelist()] == [b\"hello\\n\", b\"\", "
        "b\"123456789\"]");
}

static size_t asked_for; /* bytes given to ask_another() */

static uint32_t ask_another(uint32_t crc, const void *bytes, size_t len)
{
    asked_for += len;
    return leat_crc32(crc, bytes, len);
}

static void test_an_archive_with_another_crc32(void **state)
{
    static uint8_t memory[500];
    struct leat_zip zip;
    char path[32];
    FILE *file = begin(path);

    (void)state;
    start(&zip, memory, sizeof memory);
    leat_zip_use_crc32(&zip, ask_another);
    add(file, &zip, "a.txt", "hello\n");
    add(file, &zip, "b.txt", "123456789");
    end(file, &zip);
    assert_int_equal(asked_for, 6 + 9);
    ask_python(path, "assert z.testzip() is None; assert z.read(\"b.txt\") == b\"123456789\"");
}

/* Otherwise unzip decodes names as MS-DOS does, and the unpacked files may be unreadable. */
static void test_names_and_modes_are_those_of_Unix(void **state)
{
    static uint8_t memory[500];
    struct leat_zip zip;
    char path[32];
    FILE *file = begin(path);

    (void)state;
    start(&zip, memory, sizeof memory);
    add(file, &zip, "\xc3\xbc.txt", "text");
    end(file, &zip);
    ask_python(path, "info = z.infolist()[0]; assert info.create_system == 3; "
                     "assert info.external_attr == 0o100644 << 16; "
                     "assert info.create_version == 45; assert info.extract_version == 20");
}

/* Clients name files as they like. Readers refuse an archive with a name that is marked as UTF-8
 * but isn't (APPNOTE D.1). */
static void test_only_names_that_are_UTF_8_are_said_to_be(void **state)
{
    static uint8_t memory[1000];
    struct leat_zip zip;
    char path[32];
    FILE *file = begin(path);

    (void)state;
    start(&zip, memory, sizeof memory);
    add(file, &zip, "\xc2\x80 \xe0\xa0\x80 \xed\x9f\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf", "good");
    add(file, &zip, "\xe4.txt", "Latin-1");
    add(file, &zip, "\x80", "no lead");
    add(file, &zip, "\xe2\x82", "cut");
    add(file, &zip, "\xe2\x82.", "broken off");
    add(file, &zip, "\xc1\xbf", "longer than need be");
    add(file, &zip, "\xe0\x9f\xbf", "the same");
    add(file, &zip, "\xf0\x8f\xbf\xbf", "the same");
    add(file, &zip, "\xed\xa0\x80", "a surrogate");
    add(file, &zip, "\xf4\x90\x80\x80", "too large");
    add(file, &zip, "\xf5\x80\x80\x80", "too large");
    end(file, &zip);
    ask_python(path, "assert z.testzip() is None; "
                     "assert [i.flag_bits >> 11 & 1 for i in z.infolist()] == [1] + 10 * [0]");
}

static void test_an_empty_archive(void **state)
{
    struct leat_zip zip;
    char path[32];
    FILE *file = begin(path);

    (void)state;
    start(&zip, NULL, 0);
    end(file, &zip);
    ask_python(path, "assert z.namelist() == []");
}

static void test_threat_W4_more_entries_than_16_bits_count(void **state)
{
    const size_t bytes = MANY * (LEAT_ZIP_ENTRY_BYTES + 8);
    void *memory = malloc(bytes);
    struct leat_zip zip;
    char path[32], name[16];
    FILE *file = begin(path);

    (void)state;
    start(&zip, memory, bytes);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%d", i);
        add(file, &zip, name, name);
    }
    end(file, &zip);
    ask_python(path, "assert len(z.namelist()) == 70000; assert z.read(\"69999\") == b\"69999\"");
    free(memory);
}

/* 4 GiB of holes, which are never read, and an entry after them. */
static void test_threat_W4_more_than_4_GiB(void **state)
{
    static uint8_t memory[500], piece[LEAT_ZIP_PIECE_BYTES];
    const uint64_t hole = UINT64_C(4097) << 20;
    struct leat_zip zip;
    char path[32];
    FILE *file = begin(path);

    (void)state;
    start(&zip, memory, sizeof memory);
    write_piece(file, piece, leat_zip_entry_deflated(&zip, "zeros", 5, piece));
    zip.open->len += hole; /* as leat_zip_data() would set it, but without computing the CRC */
    leat_zip_packed(&zip, hole);
    assert_int_equal(fseeko(file, (off_t)hole, SEEK_CUR), 0);
    write_piece(file, piece, leat_zip_entry_end(&zip, piece));
    add(file, &zip, "behind", "text");
    end(file, &zip);
    ask_python(path, "assert z.getinfo(\"zeros\").file_size == 4097 << 20; "
                     "assert z.read(\"behind\") == b\"text\"");
}

static void test_memory_ends_and_more_is_added(void **state)
{
    static uint8_t memory[LEAT_ZIP_BLOCK_BYTES + 2 * (LEAT_ZIP_ENTRY_BYTES + 1)], more[100 + 101];
    struct leat_zip zip;
    char path[32];
    FILE *file = begin(path);
    uint8_t piece[LEAT_ZIP_PIECE_BYTES];

    (void)state;
    start(&zip, memory, sizeof memory);
    add(file, &zip, "a", "1");
    add(file, &zip, "b", "2");
    assert_int_equal(leat_zip_entry(&zip, "0123456789012345678901234567890123", 34, piece), 0);
    leat_zip_add_memory(&zip, more, 7); /* too little for anything */
    assert_int_equal(leat_zip_entry(&zip, "c", 1, piece), 0);
    for (size_t at = 1; at < 100; at += 33) /* of any alignment; too little for an entry */
        leat_zip_add_memory(&zip, more + at, LEAT_ZIP_BLOCK_BYTES);
    leat_zip_add_memory(&zip, more + 100, sizeof more - 100);
    add(file, &zip, "c", "3");
    end(file, &zip);
    ask_python(path, "assert z.testzip() is None; assert z.namelist() == [\"a\", \"b\", \"c\"]");
}

/* Data of stored blocks ends where they say, and each reader of streams that Debian has reads them.
 */
static void test_archives_are_read_as_streams(void **state)
{
    enum {
        BYTES = 200001
    };
    static uint8_t memory[500];
    struct leat_zip zip;
    char *data = malloc(BYTES);
    char path[32], command[800];
    FILE *file = begin(path);

    (void)state;
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (char)(i * i >> 7);
    memcpy(data + 70000, "PK\x07\x08PK\x03\x04", 8); /* no signature in data is believed */
    start(&zip, memory, sizeof memory);
    add_bytes(file, &zip, "noise", data, BYTES);
    add(file, &zip, "empty", "");
    add(file, &zip, "text", "hello\n");
    end(file, &zip);
    snprintf(command, sizeof command,
             "set -e; z=%s; sum() { sha256sum | cut -c 1-64; };"
             "want=$(python3 -c 'import sys, zipfile, hashlib; "
             "print(hashlib.sha256(zipfile.ZipFile(sys.argv[1]).read(\"noise\")).hexdigest())' $z);"
             "[ $(funzip < $z | sum) = $want ];"
             "[ $(cat $z | bsdtar -xOf - noise | sum) = $want ];"
             "[ \"$(cat $z | bsdtar -xOf - text)\" = hello ];"
             "unzip -tq $z >&2",
             path);
    assert_int_equal(system(command), 0);
    unlink(path);
    free(data);
}

static void check_distinct(struct leat_zip *zip, const char *name, const char *expected)
{
    char room[LEAT_ZIP_NAME_BYTES];
    uint8_t piece[LEAT_ZIP_PIECE_BYTES];
    size_t len = strlen(name);

    memcpy(room, name, len);
    len = leat_zip_distinct_name(zip, room, len);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(room, expected, len);
    assert_true(leat_zip_entry(zip, room, len, piece) > 0);
    leat_zip_entry_end(zip, piece);
}

static void test_equal_names_are_told_apart(void **state)
{
    static uint8_t memory[4000];
    struct leat_zip zip;
    char longest[256] = "", cut[256] = "";

    (void)state;
    start(&zip, memory, sizeof memory);
    check_distinct(&zip, "a.txt", "a.txt");
    check_distinct(&zip, "a.txt", "a (1).txt");
    check_distinct(&zip, "a (2).txt", "a (2).txt");
    check_distinct(&zip, "a.txt", "a (3).txt"); /* (2) is taken: then at twice the distance */
    check_distinct(&zip, "a (1).txt", "a (1) (1).txt");
    check_distinct(&zip, "A.txt", "A.txt");
    check_distinct(&zip, ".profile", ".profile");
    check_distinct(&zip, ".profile", ".profile (1)");
    check_distinct(&zip, "a.tar.gz", "a.tar.gz");
    check_distinct(&zip, "a.tar.gz", "a.tar (1).gz");
    check_distinct(&zip, "1. a sentence, no type", "1. a sentence, no type");
    check_distinct(&zip, "1. a sentence, no type", "1. a sentence, no type (1)");
    memset(longest, 'x', 250); /* 255 octets with a type; the character before it is cut whole */
    memcpy(longest + 247, "\xc3\xa4y.txt", 8);
    check_distinct(&zip, longest, longest);
    memset(cut, 'x', 247);
    memcpy(cut + 247, " (1).txt", 8);
    check_distinct(&zip, longest, cut);
    memcpy(longest + 246, "\xc3\xa4yz.txt", 9); /* the cut would be inside of a character */
    check_distinct(&zip, longest, longest);
    memcpy(cut + 246, " (1).txt", 9);
    check_distinct(&zip, longest, cut);
}

/* Clients choose names: also those that would be given to equal names. */
static void test_threat_W4_a_crowd_of_equal_names(void **state)
{
    static uint8_t memory[4000];
    struct leat_zip zip;
    char name[LEAT_ZIP_NAME_BYTES];
    uint8_t piece[LEAT_ZIP_PIECE_BYTES];

    (void)state;
    start(&zip, memory, sizeof memory);
    check_distinct(&zip, "a", "a");
    for (unsigned i = 0; i < 24; i++) {
        const int len = snprintf(name, sizeof name, "a (%u)", 1u << i);

        assert_true(leat_zip_entry(&zip, name, (size_t)len, piece) > 0);
        leat_zip_entry_end(&zip, piece);
    }
    name[0] = 'a';
    assert_int_equal(leat_zip_distinct_name(&zip, name, 1), 0);
}

static void test_threat_W4_names_stay_in_their_folder(void **state)
{
    static const char *const cases[][2] = {
        {"a.txt", "a.txt"},
        {"../../etc/passwd", "passwd"},
        {"C:\\x\\y.txt", "y.txt"},
        {"/", "file"},
        {"", "file"},
        {".", "file"},
        {"..", "file"},
        {"a/..", "file"},
        {"...", "..."},
        {".a", ".a"},
        {"a.", "a."},
        {"a\r\nb\x7f", "ab"},
        {"x/\xc3\xa4", "\xc3\xa4"},
    };
    char name[LEAT_ZIP_NAME_BYTES];
    char longest[300];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t len = leat_zip_clean_name(cases[i][0], strlen(cases[i][0]), name);

        assert_int_equal(len, strlen(cases[i][1]));
        assert_memory_equal(name, cases[i][1], len);
    }
    memset(longest, 'x', sizeof longest);
    assert_int_equal(leat_zip_clean_name(longest, sizeof longest, name), sizeof name);
    memcpy(longest + sizeof name - 2, "\xe2\x82\xac", 3); /* no part of the character stays */
    assert_int_equal(leat_zip_clean_name(longest, sizeof longest, name), sizeof name - 2);
    memset(longest, 0x80, sizeof longest); /* octets that begin no character */
    assert_int_equal(leat_zip_clean_name(longest, sizeof longest, name), sizeof name);
}

static void test_crc32(void **state)
{
    static const char text[] = "The quick brown fox jumps over the lazy dog";
    const size_t len = sizeof text - 1;

    (void)state;
    assert_int_equal(leat_crc32(0, "123456789", 9), 0xcbf43926); /* its check value */
    assert_int_equal(leat_crc32(0, text, len), 0x414fa339);
    for (size_t cut = 0; cut <= len; cut++)
        assert_int_equal(leat_crc32(leat_crc32(0, text, cut), text + cut, len - cut), 0x414fa339);
}

/* As in RFC 1952, section 8: one bit at a time. */
static uint32_t crc_by_bits(const uint8_t *bytes, size_t len)
{
    uint32_t crc = ~0u;

    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* Boundaries of words and rounds don't matter. */
static void test_crc32_of_each_length(void **state)
{
    uint8_t data[512];
    uint32_t noise = 1;

    (void)state;
    for (size_t i = 0; i < sizeof data; i++) {
        noise = noise * 1664525 + 1013904223;
        data[i] = (uint8_t)(noise >> 24);
    }
    for (size_t begin = 0; begin < 9; begin++) {
        for (size_t len = 0; begin + len <= sizeof data; len++)
            assert_int_equal(leat_crc32(0, data + begin, len), crc_by_bits(data + begin, len));
    }
    for (size_t cut = 0; cut <= sizeof data; cut++)
        assert_int_equal(leat_crc32(leat_crc32(0, data, cut), data + cut, sizeof data - cut),
                         crc_by_bits(data, sizeof data));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_archive),
        cmocka_unit_test(test_an_archive_with_another_crc32),
        cmocka_unit_test(test_names_and_modes_are_those_of_Unix),
        cmocka_unit_test(test_only_names_that_are_UTF_8_are_said_to_be),
        cmocka_unit_test(test_an_empty_archive),
        cmocka_unit_test(test_threat_W4_more_entries_than_16_bits_count),
        cmocka_unit_test(test_threat_W4_more_than_4_GiB),
        cmocka_unit_test(test_memory_ends_and_more_is_added),
        cmocka_unit_test(test_archives_are_read_as_streams),
        cmocka_unit_test(test_equal_names_are_told_apart),
        cmocka_unit_test(test_threat_W4_a_crowd_of_equal_names),
        cmocka_unit_test(test_threat_W4_names_stay_in_their_folder),
        cmocka_unit_test(test_crc32),
        cmocka_unit_test(test_crc32_of_each_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
