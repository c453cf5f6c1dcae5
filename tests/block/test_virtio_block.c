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

#include "block.h"

enum {
    SECTOR = 512,
    SECTORS = 32,
    NEXT = 1,
    WRITE = 2,
    INDIRECT = 4
};

static struct world {
    uint64_t offered, agreed;
    uint8_t status;
    bool gone;
    uint8_t config[24];
    uint16_t queue_max, seen;
    unsigned notified, interrupts;
    struct leat_virtio_block driver;
    uint8_t disk[SECTORS * SECTOR];
    uint8_t answer; /* the status of the next requests */
    uint32_t type;  /* of the last request */
} world;

static struct leat_block_request asked[20];
static struct leat_buf bufs[20];
static uint8_t bytes[20][2 * SECTOR];
static struct leat *stack;
static struct leat_block block;
static void *memory;
static uint64_t now_ns;
static unsigned ends[20];

/* ---- the device ----------------------------------------------------------------------------- */

static uint64_t features(struct virtio_device *device)
{
    (void)device;
    return world.offered;
}

static void set_features(struct virtio_device *device, uint64_t agreed)
{
    (void)device;
    world.agreed = agreed;
}

static uint8_t status(struct virtio_device *device)
{
    (void)device;
    return world.status;
}

static void set_status(struct virtio_device *device, uint8_t set)
{
    (void)device;
    world.status = set;
}

static uint16_t queue_max(struct virtio_device *device, uint16_t index)
{
    (void)device;
    return index == 0 ? world.queue_max : 0;
}

static void queue_enable(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
    (void)device;
    (void)index;
    assert_ptr_equal(queue, &world.driver.queue);
}

static void notify(struct virtio_device *device, uint16_t index)
{
    (void)device;
    (void)index;
    world.notified++;
}

static uint8_t config_read(struct virtio_device *device, uint32_t offset)
{
    (void)device;
    return world.config[offset];
}

static bool gone(struct virtio_device *device)
{
    (void)device;
    return world.gone;
}

static const struct virtio_transport transport = {
    features, set_features, status, set_status, queue_max, queue_enable, notify, config_read, gone};

/* The pieces of the chain @head in one list; returns how many. */
static unsigned chain_of(uint16_t head, struct virtqueue_descriptor *to)
{
    const struct virtqueue_descriptor *table = world.driver.queue.descriptors;
    unsigned count = 0;

    if (table[head].flags & INDIRECT) {
        table = (const void *)(uintptr_t)table[head].address;
        head = 0;
    }
    do {
        assert_true(count < VIRTQUEUE_PIECES_MAX);
        to[count] = table[head];
        head = to[count].next;
    } while (to[count++].flags & NEXT);
    return count;
}

/* Carries out a request as 5.2.6 says. */
static uint32_t carry_out(const struct virtqueue_descriptor *list, unsigned count)
{
    struct virtio_block_header header;
    uint32_t written = 1;
    uint64_t at;

    assert_int_equal(list[0].len, sizeof header);
    assert_int_equal(list[0].flags & WRITE, 0);
    memcpy(&header, (const void *)(uintptr_t)list[0].address, sizeof header);
    world.type = header.type;
    at = header.sector * SECTOR;
    for (unsigned i = 1; i + 1 < count; i++) {
        void *data = (void *)(uintptr_t)list[i].address;

        assert_int_equal(list[i].flags & WRITE, header.type == VIRTIO_BLOCK_IN ? WRITE : 0);
        assert_true(at + list[i].len <= sizeof world.disk);
        if (header.type == VIRTIO_BLOCK_IN)
            memcpy(data, world.disk + at, list[i].len);
        else
            memcpy(world.disk + at, data, list[i].len);
        at += list[i].len;
        written += header.type == VIRTIO_BLOCK_IN ? list[i].len : 0;
    }
    assert_int_equal(list[count - 1].len, 1);
    assert_int_equal(list[count - 1].flags & WRITE, WRITE);
    if (world.answer != VIRTIO_BLOCK_NO_STATUS)
        *(uint8_t *)(uintptr_t)list[count - 1].address = world.answer;
    return written;
}

/* Uses all chains that it has been given. */
static void serve(void)
{
    struct virtqueue *queue = &world.driver.queue;

    while (world.seen != queue->available.index) {
        struct virtqueue_descriptor list[VIRTQUEUE_PIECES_MAX];
        const uint16_t head = queue->available.ring[world.seen++ & (queue->size - 1)];

        queue->used.ring[queue->used.index & (queue->size - 1)] =
            (struct virtqueue_used_element){head, carry_out(list, chain_of(head, list))};
        /* 2.7.10: an interrupt when the entry of used_event has been used */
        world.interrupts += world.agreed & VIRTIO_F_EVENT_IDX
                                ? queue->available.ring[queue->size] == queue->used.index
                                : !(queue->available.flags & 1);
        queue->used.index++;
    }
}

/* ---- the driver ----------------------------------------------------------------------------- */

static const uint64_t everything = VIRTIO_F_VERSION_1 | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE |
                                   VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX |
                                   VIRTIO_BLK_F_FLUSH | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;

static const char *start(uint64_t offered)
{
    const char *why = NULL;

    world.offered = offered;
    world.driver.device.transport = &transport;
    if (virtio_block_start(&world.driver, &why))
        return why;
    assert_int_equal(leat_block_open(&block, stack, leat_virtio_block_device(&world.driver)),
                     LEAT_OK);
    return NULL;
}

static void restart(uint64_t offered)
{
    leat_block_close(&block);
    memset(&world.driver, 0, sizeof world.driver);
    world.seen = 0;
    assert_null(start(offered));
}

static int set_up(void **state)
{
    struct leat_config config = leat_small_config();

    (void)state;
    config.seed[0] = 1;
    memory = malloc(leat_memory_bytes(&config));
    assert_int_equal(leat_init(&stack, memory, leat_memory_bytes(&config), &config), LEAT_OK);
    memset(&world, 0, sizeof world);
    memset(&block, 0, sizeof block);
    memset(ends, 0, sizeof ends);
    now_ns = 1000;
    world.queue_max = 128;
    world.config[0] = SECTORS;
    world.config[21] = SECTOR >> 8;
    world.config[9] = 4096 >> 8;
    world.config[12] = 126;
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
    serve();
    poll_for(1000000);
    assert_int_equal(ends[0], 1);
    return asked[0].err;
}

static void facts_come_from_the_configuration(void **state)
{
    const struct leat_block_device *device = &world.driver.block;

    (void)state;
    assert_null(start(everything));
    assert_true(world.agreed == everything);
    assert_int_equal(device->sectors, SECTORS);
    assert_int_equal(device->sector_bytes, SECTOR);
    assert_int_equal(device->piece_bytes_max, 4096);
    assert_int_equal(device->pieces_max, LEAT_BLOCK_PIECES_MAX);
    assert_true(device->read_only);
    assert_true(world.status & VIRTIO_DRIVER_OK);
}

static uint32_t pieces_of(uint64_t offered)
{
    restart(offered);
    return world.driver.block.pieces_max;
}

/* Firecracker's device doesn't offer SEG_MAX, and takes one buffer. */
static void a_request_has_as_many_buffers_as_the_device_takes(void **state)
{
    (void)state;
    world.config[12] = 3;
    assert_int_equal(pieces_of(everything), 3);
    assert_int_equal(pieces_of(everything & ~VIRTIO_BLK_F_SEG_MAX), 1);
    world.config[12] = 0;
    assert_int_equal(pieces_of(everything), 1);
    world.config[15] = 0xff;
    assert_int_equal(pieces_of(everything), LEAT_BLOCK_PIECES_MAX);
}

static void a_chain_is_not_longer_than_the_queue(void **state)
{
    (void)state;
    world.queue_max = 16;
    assert_int_equal(pieces_of(everything), 14);
    world.queue_max = 4;
    assert_int_equal(pieces_of(everything & ~VIRTIO_F_INDIRECT_DESC), 2);
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
}

static void larger_sectors_count_in_units_of_512(void **state)
{
    (void)state;
    world.config[21] = 2 * SECTOR >> 8;
    assert_null(start(everything & ~VIRTIO_BLK_F_RO));
    assert_int_equal(world.driver.block.sectors, SECTORS / 2);
    memset(bytes[0], 9, 2 * SECTOR);
    assert_int_equal(do_one(LEAT_BLOCK_WRITE, 3, 2 * SECTOR), LEAT_OK);
    assert_memory_equal(world.disk + 6 * SECTOR, bytes[0], 2 * SECTOR);
}

static void impossible_devices_are_refused(void **state)
{
    (void)state;
    assert_non_null(start(everything & ~VIRTIO_F_VERSION_1));
    world.config[21] = 0;
    assert_non_null(start(everything)); /* sectors of 0 bytes */
    world.config[21] = SECTOR >> 8;
    world.config[0] = 0;
    assert_non_null(start(everything)); /* no sectors */
    world.config[0] = SECTORS;
    world.config[7] = 0xff;
    assert_non_null(start(everything)); /* more than can be counted in bytes */
    world.config[7] = 0;
    world.queue_max = 0;
    assert_non_null(start(everything));
    world.queue_max = 2;
    assert_non_null(start(everything)); /* no room for one request */
    world.queue_max = 16;
    world.config[9] = 256 >> 8;
    assert_non_null(start(everything)); /* no sector fits into a buffer */
    world.config[9] = 0;
    assert_null(start(everything));
}

static void check_both_ways(uint64_t offered)
{
    assert_null(start(offered));
    memset(bytes[0], 0x5a, SECTOR);
    assert_int_equal(do_one(LEAT_BLOCK_WRITE, SECTORS - 1, SECTOR), LEAT_OK);
    assert_memory_equal(world.disk + (SECTORS - 1) * SECTOR, bytes[0], SECTOR);
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
    assert_int_equal(world.type, VIRTIO_BLOCK_FLUSH);
    world.type = 99;
    restart(everything & ~VIRTIO_BLK_F_FLUSH);
    assert_int_equal(do_one(LEAT_BLOCK_FLUSH, 0, 0), LEAT_OK);
    assert_int_equal(world.type, 99);
}

static void the_status_is_the_end_of_a_request(void **state)
{
    (void)state;
    assert_null(start(everything));
    world.answer = 1;
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, SECTOR), LEAT_ERR_DEVICE);
    world.answer = VIRTIO_BLOCK_UNSUPPORTED;
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, SECTOR), LEAT_ERR_UNSUPPORTED);
    world.answer = VIRTIO_BLOCK_NO_STATUS;
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, SECTOR), LEAT_ERR_DEVICE);
    world.answer = VIRTIO_BLOCK_OK;
    assert_int_equal(do_one(LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
}

static void more_requests_than_the_driver_has_room_for_wait(void **state)
{
    (void)state;
    assert_null(start(everything));
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(ask(i, LEAT_BLOCK_READ, i, SECTOR), LEAT_OK);
    assert_int_equal(world.driver.queue.in_flight, VIRTIO_BLOCK_REQUESTS);
    for (unsigned i = 0; i < 3; i++) {
        serve();
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
            serve();
            leat_poll(stack, now_ns += 1000000);
        }
        assert_int_equal(ends[0], (round + 1) * (UINT16_MAX + 3u));
        assert_int_equal(world.interrupts, 0);
    }
}

/* Expects that the device is lost within a second, and that requests end then and later. */
static void expect_lost(void)
{
    assert_int_equal(ask(0, LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
    poll_for(1100000000);
    assert_int_equal(ends[0], 1);
    assert_int_equal(asked[0].err, LEAT_ERR_DEVICE);
    assert_non_null(leat_virtio_block_why(&world.driver));
    assert_int_equal(world.status, 0);
    assert_int_equal(ask(1, LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
    poll_for(1000000);
    assert_int_equal(asked[1].err, LEAT_ERR_DEVICE);
}

static void a_device_that_is_gone_is_lost(void **state)
{
    (void)state;
    assert_null(start(everything));
    world.gone = true;
    expect_lost();
}

static void a_device_that_asks_for_a_reset_is_lost(void **state)
{
    (void)state;
    assert_null(start(everything));
    world.status |= VIRTIO_NEEDS_RESET;
    expect_lost();
}

static void a_device_that_breaks_the_rules_is_lost(void **state)
{
    (void)state;
    assert_null(start(everything));
    world.driver.queue.used.ring[0].id = 77;
    world.driver.queue.used.index = 1;
    expect_lost();
}

static void closing_resets_the_device_first(void **state)
{
    (void)state;
    assert_null(start(everything));
    assert_int_equal(ask(0, LEAT_BLOCK_READ, 0, SECTOR), LEAT_OK);
    leat_block_close(&block);
    assert_int_equal(world.status, 0);
    assert_int_equal(asked[0].err, LEAT_ERR_CLOSED);
    assert_null(leat_virtio_block_why(&world.driver));
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
