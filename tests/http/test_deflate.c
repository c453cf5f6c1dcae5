/* test_deflate.c -- compressed data, read back by zlib; memory that runs out; archives for common
 * readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include <leat/deflate.h>
#include <leat/zip.h>

#include "web/zip/zip_directory.h"

enum {
    DATA_BYTES = 200000,
    OUT_BYTES = DATA_BYTES + 10000,
    BEHIND = 64 /* bytes after the memory, which must not be written */
};

static const uint64_t key[2] = {1, 2};

static uint8_t data[DATA_BYTES], out[OUT_BYTES], back[DATA_BYTES + 1];

/* Words, noise and zeros, the same in each run. */
static void make_data(void)
{
    uint32_t noise = 1;

    for (size_t i = 0; i < DATA_BYTES; i++) {
        noise = noise * 1664525 + 1013904223;
        data[i] = i < 100000   ? (uint8_t) "a few words again "[(i * i / 7) % 18]
                  : i < 150000 ? (uint8_t)(noise >> 24)
                               : 0;
    }
}

/* A compressor in memory with a border, @skip bytes off its alignment. */
static struct leat_deflate *open_in(uint8_t **memory, size_t bytes, size_t skip,
                                    const struct leat_deflate_config *config, enum leat_err *err)
{
    struct leat_deflate *made = NULL;

    *memory = malloc(skip + bytes + BEHIND);
    memset(*memory, 0xa5, skip + bytes + BEHIND);
    *err = leat_deflate_open(&made, *memory + skip, bytes, config);
    return made;
}

static void check_border(const uint8_t *memory, size_t bytes, size_t skip)
{
    for (size_t i = 0; i < skip; i++)
        assert_int_equal(memory[i], 0xa5);
    for (size_t i = 0; i < BEHIND; i++)
        assert_int_equal(memory[skip + bytes + i], 0xa5);
}

/* Takes all output, @room bytes at a time. Returns @len plus its length. */
static size_t drain(struct leat_deflate *packer, size_t len, size_t room)
{
    size_t taken;

    do {
        assert_true(len + room <= OUT_BYTES);
        taken = leat_deflate_take(packer, out + len, room);
        assert_true(taken <= room);
        len += taken;
    } while (taken == room);
    return len;
}

/* Compresses @len bytes, @piece of them at a time, into pieces of @room. */
static size_t pack(struct leat_deflate *packer, size_t len, size_t piece, size_t room)
{
    size_t packed = 0;

    for (size_t at = 0; at < len; at += piece) {
        leat_deflate_give(packer, data + at, piece < len - at ? piece : len - at);
        packed = drain(packer, packed, room);
    }
    leat_deflate_end(packer);
    packed = drain(packer, packed, room);
    assert_int_equal(leat_deflate_take(packer, out, 1), 0);
    return packed;
}

static void check_back(size_t packed, size_t len)
{
    z_stream zlib = {.next_in = out, .avail_in = (unsigned)packed, .next_out = back};

    zlib.avail_out = sizeof back;
    assert_int_equal(inflateInit2(&zlib, -15), Z_OK);
    assert_int_equal(inflate(&zlib, Z_FINISH), Z_STREAM_END);
    assert_int_equal(zlib.avail_in, 0);
    assert_int_equal(zlib.total_out, len);
    assert_memory_equal(back, data, len);
    inflateEnd(&zlib);
}

static void test_each_configuration_fits_its_memory(void **state)
{
    (void)state;
    for (unsigned bits = 9; bits <= 15; bits++) {
        for (unsigned level = 1; level <= 9; level++) {
            const struct leat_deflate_config config = {.level = (uint8_t)level,
                                                       .window_bits = (uint8_t)bits,
                                                       .memory_level = (uint8_t)(10 - level)};
            const size_t bytes = leat_deflate_memory_bytes(&config);
            enum leat_err err;
            uint8_t *memory;
            struct leat_deflate *packer = open_in(&memory, bytes, level % 2 * 7, &config, &err);

            assert_int_equal(err, LEAT_OK);
            assert_int_equal(bytes, LEAT_DEFLATE_BYTES(bits, 10 - level));
            check_back(pack(packer, 30000, 1460, 1400), 30000);
            check_border(memory, bytes, level % 2 * 7);
            free(memory);
        }
    }
}

static void test_data_cut_anywhere(void **state)
{
    static const size_t cuts[][2] = {
        {DATA_BYTES, OUT_BYTES / 2}, {1, 1}, {1, 1000}, {1460, 1}, {100, 7}, {40000, 1400}};
    const struct leat_deflate_config config = {.level = 0};
    const size_t bytes = leat_deflate_memory_bytes(&config);
    enum leat_err err;
    uint8_t *memory;
    struct leat_deflate *packer = open_in(&memory, bytes, 0, &config, &err);

    (void)state;
    assert_int_equal(err, LEAT_OK);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        const size_t packed = pack(packer, DATA_BYTES, cuts[i][0], cuts[i][1]);

        assert_true(packed < 70000); /* all but the noise compresses to nearly nothing */
        check_back(packed, DATA_BYTES);
        leat_deflate_begin(packer);
    }
    check_back(pack(packer, 0, 1, 100), 0);
    check_border(memory, bytes, 0);
    free(memory);
}

static void test_data_that_is_forgotten(void **state)
{
    const struct leat_deflate_config config = {.window_bits = 12, .memory_level = 4};
    const size_t bytes = leat_deflate_memory_bytes(&config);
    enum leat_err err;
    uint8_t *memory;
    struct leat_deflate *packer = open_in(&memory, bytes, 3, &config, &err);

    (void)state;
    leat_deflate_give(packer, data + 100000, 50000); /* most of it isn't accepted */
    assert_int_equal(leat_deflate_take(packer, out, 10), 10);
    leat_deflate_begin(packer);
    check_back(pack(packer, 20000, 900, 500), 20000);
    free(memory);
}

static void test_memory_that_is_too_small_is_told(void **state)
{
    const struct leat_deflate_config config = {.window_bits = 10, .memory_level = 1};
    const size_t enough = leat_deflate_memory_bytes(&config);
    size_t refused = 0;

    (void)state;
    for (size_t bytes = 0; bytes <= enough; bytes += 32) {
        enum leat_err err;
        uint8_t *memory;
        struct leat_deflate *packer = open_in(&memory, bytes, 5, &config, &err);

        assert_true(err == LEAT_OK || err == LEAT_ERR_MEMORY);
        refused += err != LEAT_OK;
        if (packer)
            check_back(pack(packer, 5000, 5000, 5000), 5000);
        check_border(memory, bytes, 5);
        free(memory);
    }
    assert_true(refused * 32 > enough - 3000); /* the bound is close to the need */
}

static void test_impossible_configurations_are_refused(void **state)
{
    static const struct leat_deflate_config wrong[] = {
        {.level = 10}, {.window_bits = 8}, {.window_bits = 16}, {.memory_level = 10}};
    static uint8_t memory[400000];
    struct leat_deflate *packer;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(leat_deflate_open(&packer, memory, sizeof memory, &wrong[i]),
                         LEAT_ERR_ARGUMENT);
}

/* ---- Archives ----------------------------------------------------------------------------- */

static void write_piece(FILE *file, const void *piece, size_t len)
{
    assert_int_equal(fwrite(piece, 1, len, file), len);
}

static void add(FILE *file, struct leat_zip *zip, struct leat_deflate *packer, const char *name,
                size_t len)
{
    uint8_t piece[LEAT_ZIP_PIECE_BYTES];
    size_t packed;

    write_piece(file, piece, leat_zip_entry_deflated(zip, name, strlen(name), piece));
    leat_deflate_begin(packer);
    leat_zip_data(zip, data, len);
    packed = pack(packer, len, 1460, 1400);
    leat_zip_packed(zip, packed);
    write_piece(file, out, packed);
    write_piece(file, piece, leat_zip_entry_end(zip, piece));
}

static void end(FILE *file, struct leat_zip *zip)
{
    uint8_t piece[LEAT_ZIP_PIECE_BYTES];
    size_t len;

    while ((len = leat_zip_end(zip, piece)) > 0)
        write_piece(file, piece, len);
    assert_int_equal(fclose(file), 0);
}

static void ask(const char *command, const char *path)
{
    char line[600];

    snprintf(line, sizeof line, command, path);
    assert_int_equal(system(line), 0);
}

static void test_an_archive_for_unzip_python_and_bsdtar(void **state)
{
    static uint8_t memory[LEAT_DEFLATE_BYTES(15, 8)], directory[500], piece[LEAT_ZIP_PIECE_BYTES];
    const struct leat_deflate_config config = {.level = 9};
    char path[] = "/tmp/leat-zip-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "wb");
    struct leat_deflate *packer;
    struct leat_zip zip;

    (void)state;
    assert_int_equal(leat_deflate_open(&packer, memory, sizeof memory, &config), LEAT_OK);
    leat_zip_start(&zip, key);
    leat_zip_add_memory(&zip, directory, sizeof directory);
    add(file, &zip, packer, "words", DATA_BYTES);
    write_piece(file, piece, leat_zip_entry(&zip, "stored", 6, piece));
    leat_zip_data(&zip, "as it is", 8);
    write_piece(file, piece, leat_zip_stored(&zip, 8, piece));
    write_piece(file, "as it is", 8);
    write_piece(file, piece, leat_zip_entry_end(&zip, piece));
    add(file, &zip, packer, "empty", 0);
    end(file, &zip);
    ask("python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); "
        "assert z.testzip() is None; assert [(i.compress_type, i.file_size) for i in z.infolist()]"
        " == [(8, 200000), (8, 8), (8, 0)]; assert z.getinfo(\"words\").compress_size < 70000' %s",
        path);
    ask("unzip -tqq %s", path);
    ask("bsdtar -xOf %s > /dev/null", path);
    unlink(path);
}

/* A pipe can't seek, so readers must use the lengths after each entry's data. */
static void test_an_archive_read_from_a_pipe(void **state)
{
    static uint8_t memory[LEAT_DEFLATE_BYTES(15, 8)], directory[500];
    const struct leat_deflate_config config = {.level = 0};
    char path[] = "/tmp/leat-zip-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "wb");
    struct leat_deflate *packer;
    struct leat_zip zip;

    (void)state;
    assert_int_equal(leat_deflate_open(&packer, memory, sizeof memory, &config), LEAT_OK);
    leat_zip_start(&zip, key);
    leat_zip_add_memory(&zip, directory, sizeof directory);
    add(file, &zip, packer, "words", DATA_BYTES);
    add(file, &zip, packer, "more", 1000);
    end(file, &zip);
    ask("cat %s | bsdtar -xOf - > /dev/null", path);
    unlink(path);
}

/* 4 GiB of zeros: a piece of their compressed form, which ends at a byte boundary, is repeated. */
static void test_threat_W4_more_than_4_GiB_compressed(void **state)
{
    static uint8_t directory[500], piece[LEAT_ZIP_PIECE_BYTES];
    const uint64_t pieces = 4097;
    char path[] = "/tmp/leat-zip-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "wb");
    uint8_t *zeros = calloc(1, 1 << 20);
    z_stream zlib = {
        .next_in = zeros, .avail_in = 1 << 20, .next_out = out, .avail_out = OUT_BYTES};
    struct leat_zip zip;

    (void)state;
    assert_int_equal(deflateInit2(&zlib, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&zlib, Z_FULL_FLUSH), Z_OK);
    leat_zip_start(&zip, key);
    leat_zip_add_memory(&zip, directory, sizeof directory);
    write_piece(file, piece, leat_zip_entry_deflated(&zip, "zeros", 5, piece));
    for (uint64_t i = 0; i < pieces; i++) {
        write_piece(file, out, zlib.total_out);
        leat_zip_packed(&zip, zlib.total_out);
    }
    write_piece(file, "\x03", 2); /* an empty last block */
    leat_zip_packed(&zip, 2);
    zip.open->len =
        pieces << 20; /* as leat_zip_data() would set it, but without computing the CRC */
    zip.open->crc = 0xc6a48b28;
    write_piece(file, piece, leat_zip_entry_end(&zip, piece));
    write_piece(file, piece, leat_zip_entry(&zip, "behind", 6, piece));
    leat_zip_data(&zip, "text", 4);
    write_piece(file, piece, leat_zip_stored(&zip, 4, piece));
    write_piece(file, "text", 4);
    write_piece(file, piece, leat_zip_entry_end(&zip, piece));
    end(file, &zip);
    ask(getenv("LEAT_LONG") ? "unzip -tqq %s" : "unzip -tqq %s behind", path);
    ask("python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); "
        "assert z.getinfo(\"zeros\").file_size == 4097 << 20; assert z.read(\"behind\") == "
        "b\"text\"' %s",
        path);
    unlink(path);
    deflateEnd(&zlib);
    free(zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_configuration_fits_its_memory),
        cmocka_unit_test(test_data_cut_anywhere),
        cmocka_unit_test(test_data_that_is_forgotten),
        cmocka_unit_test(test_memory_that_is_too_small_is_told),
        cmocka_unit_test(test_impossible_configurations_are_refused),
        cmocka_unit_test(test_an_archive_for_unzip_python_and_bsdtar),
        cmocka_unit_test(test_an_archive_read_from_a_pipe),
        cmocka_unit_test(test_threat_W4_more_than_4_GiB_compressed),
    };

    make_data();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
