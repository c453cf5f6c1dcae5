/* test_virtio_block.c -- a virtio-blk device that obeys the rules. fuzz/fuzz_disk.c is one that
 * breaks them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include <leat/leat.h>

#include "virtio_disk.h"

static struct leat_block_request asked[20];
static struct leat_buf bufs[20];
static uint8_t bytes[20][2 * SECTOR];
static struct leat *stack;
static struct leat_block block;
static void *memory;
static uint64_t now_ns;
static unsigned ends[20];

static const uint64_t everything = VIRTIO_F_VERSION_1 | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE |
                                   VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX |
                                   VIRTIO_BLK_F_FLUSH | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;

static const char *start(uint64_t offered)
{
    const char *why = NULL;

    disk.offered = offered;
    disk.driver.device.transport = &disk_transport;
    if (virtio_block_start(&disk.driver, &why))
        return why;
    assert_int_equal(leat_block_open(&block, stack, leat_virtio_block_device(&disk.driver)),
                     LEAT_OK);
    return NULL;
}

static void restart(uint64_t offered)
{
    leat_block_close(&block);
    memset(&disk.driver, 0, sizeof disk.driver);
    disk.seen = 0;
    assert_null(start(offered));
}

static int set_up(void **state)
{
    struct leat_config config = leat_small_config();

    (void)state;
    config.seed[0] = 1;
    memory = malloc(leat_memory_bytes(&config));
    assert_int_equal(leat_init(&stack, memory, leat_memory_bytes(&config), &config), LEAT_OK);
    memset(&disk, 0, sizeof disk);
    memset(&block, 0, sizeof block);
    memset(ends, 0, sizeof ends);
    now_ns = 1000;
    disk.queue_max = 128;
    disk.config[0] = SECTORS;
    disk.config[21] = SECTOR >> 8;
    disk.config[9] = 4096 >> 8;
    disk.config[12] = 126;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    leat_block_close(&block);
    leat_close(stack);
    free(memory);
    return 0;
}

static void on_done(struct leat_block_request *request, enum leat_err err, void *arg)
{
    (void)arg;
    assert_int_equal(request->err, err);
    ends[request - asked]++;
}

static enum leat_err ask(unsigned i, enum leat_block_what what, uint64_t sector, uint32_t len)
{
    bufs[i] = (struct leat_buf){.data = bytes[i], .len = len};
    asked[i] = (struct leat_block_request){
        .what = what, .sector = sector, .buf = len > 0 ? &bufs[i] : NULL, .on_done = on_done};
    return leat_block_submit(&block, &asked[i]);
}

static void poll_for(uint64_t ns)
{
    for (const uint64_t end_ns = now_ns + ns; now_ns < end_ns;) {
        const uint64_t next_ns = leat_poll(stack, now_ns);

        now_ns = next_ns < end_ns ? next_ns : end_ns;
        if (next_ns == now_ns)
            now_ns += 1000;
    }
}

/* Submits one request, lets the device serve it, and returns its end. */
static enum leat_err do_one(enum leat_block_what what, uint64_t sector, uint32_t len)
{
    ends[0] = 0;
    assert_int_equal(ask(0, what, sector, len), LEAT_OK);
    disk_serve();
    poll_for(1000000);
    assert_int_equal(ends[0], 1);
    return asked[0].err;
}

static void facts_come_from_the_configuration(void **state)
{
    const struct leat_block_device *device = &disk.driver.block;

    (void)state;
    assert_null(start(everything));
    assert_true(disk.agreed == everything);
    assert_int_equal(device->sectors, SECTORS);
    assert_int_equal(device->sector_bytes, SECTOR);
    assert_int_equal(device->piece_bytes_max, 4096);
    assert_int_equal(device->pieces_max, LEAT_BLOCK_PIECES_MAX);
    assert_true(device->read_only);
    assert_true(disk.status & VIRTIO_DRIVER_OK);
}

static uint32_t pieces_of(uint64_t offered)
{
    restart(offered);
    return disk.driver.block.pieces_max;
}

/* Firecracker's device doesn't offer SEG_MAX, and takes one buffer. */
static void a_request_has_as_many_buffers_as_the_device_takes(void **state)
{
    (void)state;
    disk.config[12] = 3;
    assert_int_equal(pieces_of(everything), 3);
    assert_int_equal(pieces_of(everything & ~VIRTIO_BLK_F_SEG_MAX), 1);
    disk.config[12] = 0;
    assert_int_equal(pieces_of(everything), 1);
    disk.config[15] = 0xff;
    assert_int_equal(pieces_of(everything), LEAT_BLOCK_PIECES_MAX);
}

static void a_chain_is_not_longer_than_the_queue(void **state)
{
    (void)state;
    disk.queue_max = 16;
    assert_int_equal(pieces_of(everything), 14);
    disk.queue_max = 4;
    assert_int_equal(pieces_of(everything & ~VIRTIO_F_INDIRECT_DESC), 2);
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
}

static void larger_sectors_count_in_units_of_512(void **state)
{
    (void)state;
    disk.config[21] = 2 * SECTOR >> 8;
    assert_null(start(everything & ~VIRTIO_BLK_F_RO));
    assert_int_equal(disk.driver.block.sectors, SECTORS / 2);
    memset(bytes[0], 9, 2 * SECTOR);
    assert_int_equal(do_one(LEAT_BLOCK_WRITE, 3, 2 * SECTOR), LEAT_OK);
    assert_memory_equal(disk.sectors + 6 * SECTOR, bytes[0], 2 * SECTOR);
}

static void impossible_devices_are_refused(void **state)
{
    (void)state;
    assert_non_null(start(everything & ~VIRTIO_F_VERSION_1));
    disk.config[21] = 0;
    assert_non_null(start(everything)); /* sectors of 0 bytes */
    disk.config[21] = SECTOR >> 8;
    disk.config[0] = 0;
    assert_non_null(start(everything)); /* no sectors */
    disk.config[0] = SECTORS;
    disk.config[7] = 0xff;
    assert_non_null(start(everything)); /* more than can be counted in bytes */
    disk.config[7] = 0;
    disk.queue_max = 0;
    assert_non_null(start(everything));
    disk.queue_max = 2;
    assert_non_null(start(everything)); /* no room for one request */
    disk.queue_max = 16;
    disk.config[9] = 256 >> 8;
    assert_non_null(start(everything)); /* no sector fits into a buffer */
    disk.config[9] = 0;
    assert_null(start(everything));
}

static void check_both_ways(uint64_t offered)
{
    assert_null(start(offered));
    memset(bytes[0], 0x5a, SECTOR);
    assert_int_equal(do_one(LEAT_BLOCK_WRITE, SECTORS - 1, SECTOR), LEAT_OK);
    assert_memory_equal(disk.sectors + (SECTORS - 1) * SECTOR, bytes[0], SECTOR);
    memset(bytes[0], 0, SECTOR);
    assert_int_equal(do_one(LEAT_BLOCK_READ, SECTORS - 1, SECTOR), LEAT_OK);
    assert_int_equal(bytes[0][SECTOR - 1], 0x5a);
}

static void data_go_both_ways(void **state)
{
    (void)state;
    check_both_ways(everything & ~VIRTIO_BLK_F_RO);
}

static void data_go_both_ways_without_indirect_tables(void **state)
{
    (void)state;
    check_both_ways(everything & ~VIRTIO_BLK_F_RO & ~VIRTIO_F_INDIRECT_DESC);
}

static void a_flush_is_sent_if_the_device_has_a_cache(void **state)
{
    (void)state;
    assert_null(start(everything));
    assert_int_equal(do_one(LEAT_BLOCK_FLUSH, 0, 0), LEAT_OK);
    assert_int_equal(disk.type, VIRTIO_BLOCK_FLUSH);
    disk.type = 99;
    restart(everything & ~VIRTIO_BLK_F_FLUSH);
    assert_int_equal(do_one(LEAT_BLOCK_FLUSH, 0, 0), LEAT_OK);
    assert_int_equal(disk.type, 99);
}

/* Discards @sectors from the first on; returns the end. */
static enum leat_err do_discard(uint64_t sector, uint32_t sectors)
{
    ends[0] = 0;
    asked[0] = (struct leat_block_request){
        .what = LEAT_BLOCK_DISCARD, .sector = sector, .sectors = sectors, .on_done = on_done};
    if (leat_block_submit(&block, &asked[0]))
        return LEAT_ERR_UNSUPPORTED;
    disk_serve();
    poll_for(1000000);
    assert_int_equal(ends[0], 1);
    return asked[0].err;
}

static void a_discard_is_sent_in_units_of_512_and_no_longer_than_the_device_takes(void **state)
{
    const uint64_t offered = (everything & ~VIRTIO_BLK_F_RO) | VIRTIO_BLK_F_DISCARD;

    (void)state;
    assert_null(start(offered)); /* it takes discards of no sector */
    assert_int_equal(do_discard(0, 1), LEAT_ERR_UNSUPPORTED);
    disk.config[36] = 11;
    restart(offered & ~VIRTIO_BLK_F_DISCARD);
    assert_int_equal(do_discard(0, 1), LEAT_ERR_UNSUPPORTED);
    restart(offered);
    assert_int_equal(do_discard(3, 11), LEAT_OK);
    assert_int_equal(disk.type, VIRTIO_BLOCK_DISCARD);
    assert_int_equal(disk.discard.sector, 3);
    assert_int_equal(disk.discard.sectors, 11);
    assert_int_equal(disk.discard.flags, 0);
    assert_int_equal(do_discard(3, 12), LEAT_OK);
    assert_int_equal(disk.discard.sectors, 11);
    disk.config[21] = 4096 >> 8;
    restart(offered);
    assert_int_equal(do_discard(1, 3), LEAT_OK);
    assert_int_equal(disk.discard.sector, 8);
    assert_int_equal(disk.discard.sectors, 8);
    disk.answer = VIRTIO_BLOCK_UNSUPPORTED;
    assert_int_equal(do_discard(1, 1), LEAT_ERR_UNSUPPORTED);
    disk.config[36] = 7; /* less than a sector */
    restart(offered);
    assert_int_equal(do_discard(0, 1), LEAT_ERR_UNSUPPORTED);
}

static void the_status_is_the_end_of_a_request(void **state)
{
    (void)state;
    assert_null(start(everything));
    disk.answer = 1;
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, SECTOR), LEAT_ERR_DEVICE);
    disk.answer = VIRTIO_BLOCK_UNSUPPORTED;
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, SECTOR), LEAT_ERR_UNSUPPORTED);
    disk.answer = VIRTIO_BLOCK_NO_STATUS;
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, SECTOR), LEAT_ERR_DEVICE);
    disk.answer = VIRTIO_BLOCK_OK;
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
}

static void more_requests_than_the_driver_has_room_for_wait(void **state)
{
    (void)state;
    assert_null(start(everything));
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(ask(i, LEAT_BLOCK_READ, i, SECTOR), LEAT_OK);
    assert_int_equal(disk.driver.queue.in_flight, VIRTIO_BLOCK_REQUESTS);
    for (unsigned i = 0; i < 3; i++) {
        disk_serve();
        poll_for(1000000);
    }
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(ends[i], 1);
}

/* More requests than an index has values, with and without event indexes. */
static void the_device_never_interrupts(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        restart(round == 0 ? everything : everything & ~VIRTIO_F_EVENT_IDX);
        for (unsigned i = 0; i < UINT16_MAX + 3u; i++) {
            assert_int_equal(ask(0, LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
            disk_serve();
            leat_poll(stack, now_ns += 1000000);
        }
        assert_int_equal(ends[0], (round + 1) * (UINT16_MAX + 3u));
        assert_int_equal(disk.interrupts, 0);
    }
}

/* Expects that the device is lost within a second, and that requests end then and later. */
static void expect_lost(void)
{
    assert_int_equal(ask(0, LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
    poll_for(1100000000);
    assert_int_equal(ends[0], 1);
    assert_int_equal(asked[0].err, LEAT_ERR_DEVICE);
    assert_non_null(leat_virtio_block_why(&disk.driver));
    assert_int_equal(disk.status, 0);
    assert_int_equal(ask(1, LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
    poll_for(1000000);
    assert_int_equal(asked[1].err, LEAT_ERR_DEVICE);
}

static void a_device_that_is_gone_is_lost(void **state)
{
    (void)state;
    assert_null(start(everything));
    disk.gone = true;
    expect_lost();
}

static void a_device_that_asks_for_a_reset_is_lost(void **state)
{
    (void)state;
    assert_null(start(everything));
    disk.status |= VIRTIO_NEEDS_RESET;
    expect_lost();
}

static void a_device_that_breaks_the_rules_is_lost(void **state)
{
    (void)state;
    assert_null(start(everything));
    disk.driver.queue.used.ring[0].id = 77;
    disk.driver.queue.used.index = 1;
    expect_lost();
}

static void closing_resets_the_device_first(void **state)
{
    (void)state;
    assert_null(start(everything));
    assert_int_equal(ask(0, LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
    leat_block_close(&block);
    assert_int_equal(disk.status, 0);
    assert_int_equal(asked[0].err, LEAT_ERR_CLOSED);
    assert_null(leat_virtio_block_why(&disk.driver));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(facts_come_from_the_configuration),
        TEST(a_request_has_as_many_buffers_as_the_device_takes),
        TEST(a_chain_is_not_longer_than_the_queue),
        TEST(larger_sectors_count_in_units_of_512),
        TEST(impossible_devices_are_refused),
        TEST(data_go_both_ways),
        TEST(data_go_both_ways_without_indirect_tables),
        TEST(a_flush_is_sent_if_the_device_has_a_cache),
        TEST(a_discard_is_sent_in_units_of_512_and_no_longer_than_the_device_takes),
        TEST(the_status_is_the_end_of_a_request),
        TEST(more_requests_than_the_driver_has_room_for_wait),
        TEST(the_device_never_interrupts),
        TEST(a_device_that_is_gone_is_lost),
        TEST(a_device_that_asks_for_a_reset_is_lost),
        TEST(a_device_that_breaks_the_rules_is_lost),
        TEST(closing_resets_the_device_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
