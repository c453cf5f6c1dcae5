/* test_discard.c -- discards of sectors: which are refused, and what a file of the host becomes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include <leat/leat.h>
#include <leat/posix_block.h>

#include "faulty.h"

enum {
    SECTOR = 512,
    SECTORS = 64
};

static struct leat *stack;
static void *memory;
static struct faulty faulty;
static struct leat_block block;
static struct leat_block_request request;
static struct leat_buf buf;
static uint8_t bytes[SECTORS * SECTOR];
static unsigned ends;
static uint64_t now_ns;

static void on_done(struct leat_block_request *ended, enum leat_err err, void *arg)
{
    (void)arg;
    assert_int_equal(ended->err, err);
    ends++;
}

static int set_up(void **state)
{
    struct leat_config config = leat_small_config();

    (void)state;
    config.seed[0] = 1;
    memory = malloc(leat_memory_bytes(&config));
    assert_int_equal(leat_init(&stack, memory, leat_memory_bytes(&config), &config), LEAT_OK);
    ends = 0;
    now_ns = 1000;
    faulty_open(&faulty, SECTOR, SECTORS);
    return leat_block_open(&block, stack, &faulty.device) != LEAT_OK;
}

static int tear_down(void **state)
{
    (void)state;
    leat_block_close(&block);
    leat_close(stack);
    faulty_free(&faulty);
    free(memory);
    return 0;
}

/* Polls until nothing is pending; returns the end of the request. */
static enum leat_err run(void)
{
    ends = 0;
    for (unsigned polls = 0; leat_block_pending(&block) > 0; polls++) {
        assert_true(polls < 1000);
        leat_poll(stack, now_ns += 1000000);
    }
    assert_int_equal(ends, 1);
    return request.err;
}

static enum leat_err discard(uint64_t sector, uint32_t sectors)
{
    request = (struct leat_block_request){
        .what = LEAT_BLOCK_DISCARD, .sector = sector, .sectors = sectors, .on_done = on_done};
    return leat_block_submit(&block, &request);
}

/* Reads or writes the whole device. */
static enum leat_err transfer(enum leat_block_what what)
{
    buf = (struct leat_buf){.data = bytes, .len = sizeof bytes};
    request = (struct leat_block_request){
        .what = what, .buf = &buf, .on_done = on_done, .sectors = 77 /* not looked at */};
    assert_int_equal(leat_block_submit(&block, &request), LEAT_OK);
    return run();
}

static void a_discard_has_whole_sectors_of_the_device(void **state)
{
    (void)state;
    assert_int_equal(discard(0, 1), LEAT_ERR_UNSUPPORTED);
    faulty.device.discards = true;
    assert_int_equal(discard(0, 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(discard(1, SECTORS), LEAT_ERR_ARGUMENT);
    assert_int_equal(discard(UINT64_MAX, 2), LEAT_ERR_ARGUMENT);
    assert_int_equal(discard(1, UINT32_MAX), LEAT_ERR_ARGUMENT);
    request.sectors = 1;
    request.buf = &buf;
    assert_int_equal(leat_block_submit(&block, &request), LEAT_ERR_ARGUMENT);
    faulty.device.read_only = true;
    assert_int_equal(discard(0, 1), LEAT_ERR_UNSUPPORTED);
    faulty.device.read_only = false;
    assert_int_equal(discard(SECTORS - 2, 2), LEAT_OK);
    assert_int_equal(ends, 0); /* never from within the call */
    assert_int_equal(run(), LEAT_OK);
    assert_int_equal(faulty.cached[(SECTORS - 2) * SECTOR - 1], 0);
    assert_int_equal(faulty.cached[(SECTORS - 2) * SECTOR], FAULTY_DISCARDED);
    assert_int_equal(leat_block_counters(&block)->failed, 0);
}

/* Makes a file at @path, a template of mkstemp(), and opens it in place of the other device. */
static struct leat_block_device *open_file(char *path, bool read_only)
{
    char why[LEAT_WHY_BYTES] = "";
    struct leat_block_device *device;
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, sizeof bytes), 0);
    close(fd);
    leat_block_close(&block);
    assert_int_equal(leat_posix_block_open(&device, path, read_only, why), LEAT_OK);
    assert_int_equal(leat_block_open(&block, stack, device), LEAT_OK);
    return device;
}

static void a_discard_makes_a_hole_in_a_file(void **state)
{
    char path[] = "/tmp/leat-block-XXXXXX";
    struct leat_block_device *device;
    struct stat before, behind;

    (void)state;
    device = open_file(path, false);
    memset(bytes, 5, sizeof bytes);
    assert_int_equal(transfer(LEAT_BLOCK_WRITE), LEAT_OK);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(discard(8, SECTORS - 8), LEAT_OK);
    if (run() == LEAT_ERR_UNSUPPORTED) { /* by the file system */
        assert_non_null(strstr(leat_posix_block_why(device), "discard: "));
    } else {
        assert_int_equal(request.err, LEAT_OK);
        assert_int_equal(transfer(LEAT_BLOCK_READ), LEAT_OK);
        assert_int_equal(bytes[8 * SECTOR - 1], 5);
        assert_int_equal(bytes[8 * SECTOR], 0);
        assert_int_equal(bytes[sizeof bytes - 1], 0);
        assert_int_equal(stat(path, &behind), 0);
        assert_true(behind.st_size == before.st_size && behind.st_blocks < before.st_blocks);
    }
    leat_block_close(&block);
    leat_posix_block_free(device);
    unlink(path);
}

static void a_file_that_is_read_only_takes_no_discard(void **state)
{
    char path[] = "/tmp/leat-block-XXXXXX";
    struct leat_block_device *device;

    (void)state;
    device = open_file(path, true);
    assert_int_equal(discard(0, 1), LEAT_ERR_UNSUPPORTED);
    leat_block_close(&block);
    leat_posix_block_free(device);
    unlink(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_discard_has_whole_sectors_of_the_device),
        TEST(a_discard_makes_a_hole_in_a_file),
        TEST(a_file_that_is_read_only_takes_no_discard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
