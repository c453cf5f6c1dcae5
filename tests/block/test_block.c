/* test_block.c -- requests to a block device: their account, order, errors, and end. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include <leat/leat.h>
#include <leat/posix_block.h>

#include "faulty.h"

enum {
    SECTOR = 512,
    SECTORS = 64,
    REQUESTS = 40
};

/* A request of the test, with its buffer and its end. */
struct asked {
    struct leat_block_request request;
    struct leat_buf buf[2];
    uint8_t bytes[2 * SECTOR];
    unsigned ends, place; /* how often it has ended, and as which */
    enum leat_err err;
};

static struct leat *stack;
static void *memory;
static uint64_t now_ns;
static struct faulty faulty;
static struct leat_block block;
static struct asked asked[REQUESTS];
static unsigned ended;

static void on_done(struct leat_block_request *request, enum leat_err err, void *arg)
{
    struct asked *one = arg;

    assert_ptr_equal(request, &one->request);
    one->ends++;
    one->err = err;
    one->place = ++ended;
}

static int set_up(void **state)
{
    struct leat_config config = leat_small_config();

    (void)state;
    config.seed[0] = 1;
    memory = malloc(leat_memory_bytes(&config));
    assert_int_equal(leat_init(&stack, memory, leat_memory_bytes(&config), &config), LEAT_OK);
    now_ns = 1000;
    memset(asked, 0, sizeof asked);
    ended = 0;
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

/* Polls until nothing is pending; returns how many polls that took. */
static unsigned run(void)
{
    unsigned polls = 0;

    while (leat_block_pending(&block) > 0) {
        const uint64_t next_ns = leat_poll(stack, now_ns);

        assert_true(++polls < 100000);
        assert_true(next_ns >= now_ns);
        assert_true(next_ns != LEAT_NEVER_NS || leat_block_pending(&block) == 0);
        if (next_ns != LEAT_NEVER_NS)
            now_ns = next_ns;
    }
    return polls;
}

static enum leat_err ask(unsigned i, enum leat_block_what what, uint64_t sector, uint32_t len)
{
    struct asked *one = &asked[i];

    one->buf[0] = (struct leat_buf){.data = one->bytes, .len = len};
    one->request = (struct leat_block_request){.what = what,
                                               .sector = sector,
                                               .buf = what == LEAT_BLOCK_FLUSH ? NULL : one->buf,
                                               .on_done = on_done,
                                               .arg = one};
    return leat_block_submit(&block, &one->request);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    memset(asked[0].bytes, 7, sizeof asked[0].bytes);
    assert_int_equal(ask(0, LEAT_BLOCK_WRITE, 62, 2 * SECTOR), LEAT_OK);
    assert_int_equal(asked[0].ends, 0); /* never from within the call */
    run();
    assert_int_equal(ask(1, LEAT_BLOCK_FLUSH, 0, 0), LEAT_OK);
    run();
    assert_int_equal(ask(2, LEAT_BLOCK_READ, 62, 2 * SECTOR), LEAT_OK);
    run();
    assert_memory_equal(asked[2].bytes, asked[0].bytes, 2 * SECTOR);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(asked[i].ends, 1);
        assert_int_equal(asked[i].err, LEAT_OK);
    }
    assert_memory_equal(faulty.stable, faulty.cached, SECTOR * SECTORS);
    assert_int_equal(leat_block_counters(&block)->sectors_written, 2);
    assert_int_equal(leat_block_counters(&block)->sectors_read, 2);
    assert_int_equal(leat_block_counters(&block)->flushes, 1);
    assert_int_equal(leat_block_counters(&block)->failed, 0);
}

static void pieces_are_one_range(void **state)
{
    struct asked *one = &asked[0];

    (void)state;
    memset(one->bytes, 1, 100);
    memset(one->bytes + 100, 2, SECTOR - 100);
    one->buf[1] = (struct leat_buf){.data = one->bytes + 100, .len = SECTOR - 100};
    one->buf[0] = (struct leat_buf){.data = one->bytes, .len = 100, .next = &one->buf[1]};
    one->request = (struct leat_block_request){
        .what = LEAT_BLOCK_WRITE, .sector = 3, .buf = one->buf, .on_done = on_done, .arg = one};
    assert_int_equal(leat_block_submit(&block, &one->request), LEAT_OK);
    run();
    assert_memory_equal(faulty.cached + 3 * SECTOR, one->bytes, SECTOR);
}

static void illegal_requests_are_refused(void **state)
{
    struct leat_buf many[LEAT_BLOCK_PIECES_MAX + 1];

    (void)state;
    assert_int_equal(ask(0, LEAT_BLOCK_READ, 0, 0), LEAT_ERR_ARGUMENT);
    assert_int_equal(ask(0, LEAT_BLOCK_READ, 0, SECTOR - 1), LEAT_ERR_ARGUMENT);
    assert_int_equal(ask(0, LEAT_BLOCK_READ, SECTORS, SECTOR), LEAT_ERR_ARGUMENT);
    assert_int_equal(ask(0, LEAT_BLOCK_READ, SECTORS - 1, 2 * SECTOR), LEAT_ERR_ARGUMENT);
    assert_int_equal(ask(0, LEAT_BLOCK_READ, UINT64_MAX, SECTOR), LEAT_ERR_ARGUMENT);
    assert_int_equal(ask(0, (enum leat_block_what)7, 0, SECTOR), LEAT_ERR_ARGUMENT);
    faulty.device.read_only = true;
    assert_int_equal(ask(0, LEAT_BLOCK_WRITE, 0, SECTOR), LEAT_ERR_UNSUPPORTED);
    faulty.device.piece_bytes_max = SECTOR - 1;
    assert_int_equal(ask(0, LEAT_BLOCK_READ, 0, SECTOR), LEAT_ERR_TOO_BIG);
    faulty.device.piece_bytes_max = 0;
    for (unsigned i = 0; i <= LEAT_BLOCK_PIECES_MAX; i++)
        many[i] =
            (struct leat_buf){.data = asked[0].bytes, .len = 32, .next = i ? &many[i - 1] : NULL};
    asked[0].request.what = LEAT_BLOCK_READ;
    asked[0].request.buf = &many[LEAT_BLOCK_PIECES_MAX];
    assert_int_equal(leat_block_submit(&block, &asked[0].request), LEAT_ERR_TOO_BIG);
    asked[0].request.buf = &many[LEAT_BLOCK_PIECES_MAX - 1];
    faulty.device.pieces_max = LEAT_BLOCK_PIECES_MAX - 1;
    assert_int_equal(leat_block_submit(&block, &asked[0].request), LEAT_ERR_TOO_BIG);
    faulty.device.pieces_max = LEAT_BLOCK_PIECES_MAX;
    assert_int_equal(leat_block_submit(&block, &asked[0].request), LEAT_OK);
    run();
    assert_int_equal(asked[0].ends, 1);
    assert_int_equal(leat_block_counters(&block)->reads, 1);
}

static void a_device_with_impossible_sectors_is_not_opened(void **state)
{
    struct leat_block other;

    (void)state;
    faulty.device.sector_bytes = 500;
    assert_int_equal(leat_block_open(&other, stack, &faulty.device), LEAT_ERR_ARGUMENT);
    faulty.device.sector_bytes = 256;
    assert_int_equal(leat_block_open(&other, stack, &faulty.device), LEAT_ERR_ARGUMENT);
    faulty.device.sector_bytes = 2 * LEAT_BLOCK_SECTOR_MAX;
    assert_int_equal(leat_block_open(&other, stack, &faulty.device), LEAT_ERR_ARGUMENT);
    faulty.device.sector_bytes = SECTOR;
    faulty.device.piece_bytes_max = SECTOR - 1;
    assert_int_equal(leat_block_open(&other, stack, &faulty.device), LEAT_ERR_ARGUMENT);
    faulty.device.piece_bytes_max = 0;
    faulty.device.sectors = 0;
    assert_int_equal(leat_block_open(&other, stack, &faulty.device), LEAT_ERR_ARGUMENT);
    faulty.device.sectors = SECTORS;
}

static void more_requests_than_fit_wait_in_order(void **state)
{
    (void)state;
    faulty.device.requests_max = 4;
    faulty.room = 3; /* it refuses one before the limit that it names */
    for (unsigned i = 0; i < REQUESTS; i++)
        assert_int_equal(ask(i, LEAT_BLOCK_READ, i, SECTOR), LEAT_OK);
    assert_int_equal(faulty.held_count, 3);
    assert_int_equal(leat_block_pending(&block), REQUESTS);
    run();
    for (unsigned i = 0; i < REQUESTS; i++) {
        assert_int_equal(asked[i].ends, 1);
        assert_int_equal(asked[i].place, i + 1);
    }
}

static void ends_in_another_order_find_their_requests(void **state)
{
    (void)state;
    faulty.newest_first = true;
    faulty.looks = 3;
    for (unsigned i = 0; i < 8; i++) {
        faulty.cached[i * SECTOR] = (uint8_t)(i + 1);
        assert_int_equal(ask(i, LEAT_BLOCK_READ, i, SECTOR), LEAT_OK);
    }
    run();
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(asked[i].bytes[0], i + 1);
        assert_int_equal(asked[i].place, 8 - i);
    }
}

/* A look costs little, and a slow disk gets few of them. */
static void a_slow_device_is_looked_at_less_and_less_often(void **state)
{
    uint64_t wait_ns = 0;
    unsigned looks = 0;

    (void)state;
    faulty.looks = UINT32_MAX;
    assert_int_equal(ask(0, LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
    for (const uint64_t end_ns = now_ns + 1000000000; now_ns < end_ns;) {
        const uint64_t next_ns = leat_poll(stack, now_ns);

        wait_ns = next_ns - now_ns;
        assert_true(looks == 0 || wait_ns > 0);
        now_ns = next_ns;
        looks++;
    }
    assert_in_range(wait_ns, 9000000, 10001024); /* as the wheel rounds */
    assert_true(looks < 200);
    faulty.looks = 0;
}

static void an_error_reaches_its_request_and_no_other(void **state)
{
    (void)state;
    faulty.bad_sector = 1;
    faulty.fail_write = 2;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ask(i, LEAT_BLOCK_READ, i, SECTOR), LEAT_OK);
    for (unsigned i = 3; i < 6; i++)
        assert_int_equal(ask(i, LEAT_BLOCK_WRITE, i, SECTOR), LEAT_OK);
    run();
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(asked[i].err, i == 1 || i == 4 ? LEAT_ERR_DEVICE : LEAT_OK);
    assert_int_equal(leat_block_counters(&block)->failed, 2);
    assert_int_equal(leat_block_counters(&block)->sectors_written, 2);
}

static void closing_ends_what_is_pending(void **state)
{
    (void)state;
    faulty.looks = 1000;
    faulty.device.requests_max = 2;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(ask(i, LEAT_BLOCK_WRITE, i, SECTOR), LEAT_OK);
    leat_poll(stack, now_ns);
    leat_block_close(&block);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(asked[i].ends, 1);
        assert_int_equal(asked[i].err, LEAT_ERR_CLOSED);
    }
    assert_int_equal(ask(5, LEAT_BLOCK_READ, 0, SECTOR), LEAT_ERR_CLOSED);
    assert_int_equal(leat_block_counters(&block)->failed, 5);
    assert_int_equal(leat_poll(stack, now_ns + 1000000), LEAT_NEVER_NS);
}

static void closing_counts_what_the_device_had_done(void **state)
{
    (void)state;
    faulty.is_prompt = true;
    assert_int_equal(ask(0, LEAT_BLOCK_WRITE, 0, 2 * SECTOR), LEAT_OK);
    assert_int_equal(ask(1, LEAT_BLOCK_READ, 2, SECTOR), LEAT_OK);
    leat_block_close(&block);
    assert_int_equal(asked[0].err, LEAT_OK);
    assert_int_equal(leat_block_counters(&block)->sectors_written, 2);
    assert_int_equal(leat_block_counters(&block)->sectors_read, 1);
    assert_int_equal(leat_block_counters(&block)->failed, 0);
}

static void close_within(struct leat_block_request *request, enum leat_err err, void *arg)
{
    on_done(request, err, arg);
    leat_block_close(&block);
}

static void a_callback_may_close_the_device(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ask(i, LEAT_BLOCK_READ, i, SECTOR), LEAT_OK);
    asked[1].request.on_done = close_within;
    leat_poll(stack, now_ns);
    leat_poll(stack, now_ns + 1000000);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(asked[i].ends, 1);
        assert_int_equal(asked[i].err, i < 2 ? LEAT_OK : LEAT_ERR_CLOSED);
    }
}

/* ---- a file of the host -------------------------------------------------------------------- */

static const char *temporary(off_t bytes)
{
    static char path[64];
    int fd;

    snprintf(path, sizeof path, "/tmp/leat-block-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, bytes), 0);
    close(fd);
    return path;
}

static void a_file_keeps_what_was_written(void **state)
{
    char why[LEAT_WHY_BYTES] = "";
    const char *path = temporary(4 * SECTOR + 100);
    struct leat_block_device *device, *second;

    (void)state;
    leat_block_close(&block);
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(leat_posix_block_open(&device, path, round == 1, why), LEAT_OK);
        assert_int_equal(device->sectors, 4);
        assert_int_equal(leat_posix_block_open(&second, path, false, why), LEAT_ERR_IN_USE);
        assert_non_null(strstr(why, path));
        assert_int_equal(leat_block_open(&block, stack, device), LEAT_OK);
        memset(asked[0].bytes, 5, sizeof asked[0].bytes);
        assert_int_equal(ask(0, LEAT_BLOCK_WRITE, 2, 2 * SECTOR),
                         round == 0 ? LEAT_OK : LEAT_ERR_UNSUPPORTED);
        assert_int_equal(ask(1, LEAT_BLOCK_FLUSH, 0, 0), LEAT_OK);
        assert_int_equal(ask(2, LEAT_BLOCK_READ, 2, 2 * SECTOR), LEAT_OK);
        run();
        assert_int_equal(asked[1].err, LEAT_OK);
        assert_memory_equal(asked[2].bytes, asked[0].bytes, 2 * SECTOR);
        leat_block_close(&block);
        leat_posix_block_free(device);
    }
    unlink(path);
}

static void a_file_that_shrinks_fails_with_a_reason(void **state)
{
    char why[LEAT_WHY_BYTES] = "";
    const char *path = temporary(4 * SECTOR);
    struct leat_block_device *device;

    (void)state;
    leat_block_close(&block);
    assert_int_equal(leat_posix_block_open(&device, path, false, why), LEAT_OK);
    assert_string_equal(leat_posix_block_why(device), "");
    assert_int_equal(leat_block_open(&block, stack, device), LEAT_OK);
    assert_int_equal(truncate(path, 3 * SECTOR + 10), 0);
    assert_int_equal(ask(0, LEAT_BLOCK_READ, 2, 2 * SECTOR), LEAT_OK);
    run();
    assert_int_equal(asked[0].err, LEAT_ERR_DEVICE);
    assert_string_equal(leat_posix_block_why(device), "read: the file has become shorter");
    leat_block_close(&block);
    leat_posix_block_free(device);
    unlink(path);
}

static int flock_errno; /* 0: the system's flock() */

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);

int __wrap_flock(int fd, int operation)
{
    errno = flock_errno;
    return flock_errno ? -1 : __real_flock(fd, operation);
}

static void a_file_that_cant_be_locked_is_refused_for_its_reason(void **state)
{
    char why[LEAT_WHY_BYTES] = "";
    const char *path = temporary(SECTOR);
    struct leat_block_device *device;

    (void)state;
    flock_errno = ENOLCK; /* as over NFS without a lock service */
    assert_int_equal(leat_posix_block_open(&device, path, false, why), LEAT_ERR_NOT_FOUND);
    assert_non_null(strstr(why, strerror(ENOLCK)));
    flock_errno = 0;
    assert_int_equal(leat_posix_block_open(&device, path, false, why), LEAT_OK);
    leat_posix_block_free(device);
    unlink(path);
}

static void what_is_no_disk_is_refused(void **state)
{
    char why[LEAT_WHY_BYTES] = "";
    const char *path = temporary(SECTOR - 1);
    struct leat_block_device *device;

    (void)state;
    assert_int_equal(leat_posix_block_open(&device, path, false, why), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_posix_block_open(&device, "/dev/null", false, why), LEAT_ERR_NOT_FOUND);
    assert_string_equal(why, "/dev/null: neither a file nor a block device");
    assert_int_equal(leat_posix_block_open(&device, "/nowhere/disk", false, why),
                     LEAT_ERR_NOT_FOUND);
    unlink(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(pieces_are_one_range),
        TEST(illegal_requests_are_refused),
        TEST(a_device_with_impossible_sectors_is_not_opened),
        TEST(more_requests_than_fit_wait_in_order),
        TEST(ends_in_another_order_find_their_requests),
        TEST(a_slow_device_is_looked_at_less_and_less_often),
        TEST(an_error_reaches_its_request_and_no_other),
        TEST(closing_ends_what_is_pending),
        TEST(closing_counts_what_the_device_had_done),
        TEST(a_callback_may_close_the_device),
        TEST(a_file_keeps_what_was_written),
        TEST(a_file_that_shrinks_fails_with_a_reason),
        TEST(a_file_that_cant_be_locked_is_refused_for_its_reason),
        TEST(what_is_no_disk_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
