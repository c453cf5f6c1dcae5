/* test_solo5_block.c -- the block device of Solo5, with a tender that obeys the rules or refuses.
 */
#include "unit.h"

#include <leat/leat.h>
#include <leat/solo5.h>

#include <solo5.h>

enum {
    HANDLE = 4,
    SECTOR = 512,
    SECTORS = 16
};

/* The tender. */
static struct {
    uint8_t disk[SECTORS * SECTOR];
    struct solo5_block_info info;
    bool acquired;
    unsigned calls;
    unsigned fail_call; /* the call that is refused, from 1; 0: none */
} tender;

solo5_result_t solo5_block_acquire(const char *name, solo5_handle_t *handle,
                                   struct solo5_block_info *info)
{
    if (strcmp(name, "disk") != 0 || tender.acquired)
        return SOLO5_R_EINVAL;
    tender.acquired = true;
    *handle = HANDLE;
    *info = tender.info;
    return SOLO5_R_OK;
}

/* Where a call leads; NULL: it is refused.  Solo5 takes one block at a time. */
static uint8_t *at(solo5_handle_t handle, solo5_off_t offset, size_t len)
{
    assert_int_equal(handle, HANDLE);
    assert_int_equal(len, SECTOR);
    assert_int_equal(offset % SECTOR, 0);
    assert_in_range(offset, 0, sizeof tender.disk - SECTOR);
    return ++tender.calls == tender.fail_call ? NULL : tender.disk + offset;
}

solo5_result_t solo5_block_write(solo5_handle_t handle, solo5_off_t offset, const uint8_t *bytes,
                                 size_t len)
{
    uint8_t *to = at(handle, offset, len);

    if (!to)
        return SOLO5_R_EUNSPEC;
    memcpy(to, bytes, len);
    return SOLO5_R_OK;
}

solo5_result_t solo5_block_read(solo5_handle_t handle, solo5_off_t offset, uint8_t *bytes,
                                size_t len)
{
    const uint8_t *from = at(handle, offset, len);

    if (!from)
        return SOLO5_R_EUNSPEC;
    memcpy(bytes, from, len);
    return SOLO5_R_OK;
}

/* ---- a stack and its disk */

static uint64_t room[128];
static size_t room_bytes;
static struct leat_block_device *device;
static struct leat_block block;
static struct leat *stack;
static void *memory;
static uint64_t now_ns;
static unsigned ends;
static enum leat_err last;

void *leat_solo5_take(struct leat_solo5 *solo5, size_t bytes)
{
    (void)solo5;
    return bytes <= room_bytes ? room : NULL;
}

static enum leat_err acquire(const char *name, const char **why)
{
    static struct leat_solo5 guest;

    return leat_solo5_block_open(&device, &guest, name, why);
}

static int set_up(void **state)
{
    const struct leat_config config = {.seed = {1}, .buf_count = 16};
    const size_t bytes = leat_memory_bytes(&config);

    (void)state;
    memset(&tender, 0, sizeof tender);
    tender.info = (struct solo5_block_info){.capacity = sizeof tender.disk, .block_size = SECTOR};
    room_bytes = sizeof room;
    ends = 0;
    now_ns = 0;
    memory = malloc(bytes);
    assert_int_equal(leat_init(&stack, memory, bytes, &config), LEAT_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    leat_close(stack);
    free(memory);
    return 0;
}

static void on_done(struct leat_block_request *request, enum leat_err err, void *arg)
{
    (void)request;
    (void)arg;
    ends++;
    last = err;
}

static void open_block(void)
{
    const char *why;

    assert_int_equal(acquire("disk", &why), LEAT_OK);
    assert_int_equal(leat_block_open(&block, stack, device), LEAT_OK);
}

/* Submits, and polls until the end; returns its error. */
static enum leat_err run(enum leat_block_what what, uint64_t sector, void *data, uint32_t sectors)
{
    struct leat_buf buf = {.data = data, .len = sectors * SECTOR};
    struct leat_block_request request = {
        .what = what, .sector = sector, .buf = data ? &buf : NULL, .on_done = on_done};
    const unsigned before = ends;

    assert_int_equal(leat_block_submit(&block, &request), LEAT_OK);
    for (unsigned i = 0; i < 100 && ends == before; i++)
        leat_poll(stack, now_ns += 100000);
    assert_int_equal(ends, before + 1);
    return last;
}

/* ---- tests */

static void sectors_are_written_and_read_one_at_a_time(void **state)
{
    uint8_t bytes[3 * SECTOR], again[sizeof bytes] = {0};

    (void)state;
    open_block();
    assert_int_equal(device->sector_bytes, SECTOR);
    assert_int_equal(device->sectors, SECTORS);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / SECTOR);
    assert_int_equal(run(LEAT_BLOCK_WRITE, SECTORS - 3, bytes, 3), LEAT_OK);
    assert_int_equal(tender.calls, 3);
    assert_memory_equal(tender.disk + sizeof tender.disk - sizeof bytes, bytes, sizeof bytes);
    assert_int_equal(run(LEAT_BLOCK_READ, SECTORS - 3, again, 3), LEAT_OK);
    assert_memory_equal(again, bytes, sizeof bytes);
    assert_int_equal(run(LEAT_BLOCK_FLUSH, 0, NULL, 0), LEAT_OK);
    assert_int_equal(tender.calls, 6);
}

static void a_refused_call_ends_the_request(void **state)
{
    uint8_t bytes[3 * SECTOR] = {1};

    (void)state;
    open_block();
    tender.fail_call = 2;
    assert_int_equal(run(LEAT_BLOCK_WRITE, 0, bytes, 3), LEAT_ERR_DEVICE);
    assert_int_equal(tender.calls, 2);
    assert_int_equal(run(LEAT_BLOCK_WRITE, 0, bytes, 3), LEAT_OK);
}

static void many_requests_end_in_their_order(void **state)
{
    static struct leat_block_request requests[40];
    static uint8_t bytes[40][SECTOR];
    static struct leat_buf bufs[40];

    (void)state;
    open_block();
    for (unsigned i = 0; i < 40; i++) {
        memset(bytes[i], (int)i, SECTOR);
        bufs[i] = (struct leat_buf){.data = bytes[i], .len = SECTOR};
        requests[i] = (struct leat_block_request){
            .what = LEAT_BLOCK_WRITE, .sector = 1, .buf = &bufs[i], .on_done = on_done};
        assert_int_equal(leat_block_submit(&block, &requests[i]), LEAT_OK);
    }
    for (unsigned i = 0; i < 100; i++)
        leat_poll(stack, now_ns += 100000);
    assert_int_equal(ends, 40);
    assert_int_equal(tender.disk[SECTOR], 39);
}

static void a_close_ends_what_was_started(void **state)
{
    uint8_t bytes[SECTOR] = {1};
    struct leat_buf buf = {.data = bytes, .len = SECTOR};
    struct leat_block_request request = {.what = LEAT_BLOCK_WRITE, .buf = &buf, .on_done = on_done};

    (void)state;
    open_block();
    assert_int_equal(leat_block_submit(&block, &request), LEAT_OK);
    leat_block_close(&block);
    assert_int_equal(ends, 1);
    assert_int_equal(last, LEAT_OK);
}

static void what_cannot_be_is_refused(void **state)
{
    static const struct solo5_block_info wrong[] = {{.capacity = 8192, .block_size = 0},
                                                    {.capacity = 8192, .block_size = 256},
                                                    {.capacity = 8192, .block_size = 513},
                                                    {.capacity = 1 << 20, .block_size = 1 << 17},
                                                    {.capacity = 511, .block_size = 512}};
    const char *why = "";

    (void)state;
    assert_int_equal(acquire("other", &why), LEAT_ERR_NOT_FOUND);
    assert_string_equal(
        why, "the manifest has no block device of this name, or it has been acquired already");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tender.acquired = false;
        tender.info = wrong[i];
        assert_int_equal(acquire("disk", &why), LEAT_ERR_DEVICE);
        assert_string_equal(why, "its blocks have an impossible size or number");
    }
    room_bytes = 0;
    assert_int_equal(acquire("disk", &why), LEAT_ERR_MEMORY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sectors_are_written_and_read_one_at_a_time),
        TEST(a_refused_call_ends_the_request),
        TEST(many_requests_end_in_their_order),
        TEST(a_close_ends_what_was_started),
        TEST(what_cannot_be_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
