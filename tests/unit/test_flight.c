/* test_flight.c -- the flight recorder: its dump is a valid pcapng of the latest frames. */
#include <leat/flight.h>
#include <stdlib.h>

#include "unit_pool.h"

enum {
    DUMP_MAX = 1 << 20,
    FRAMES = 3000,
    BUF_BYTES = 2048,
    PLACE_BYTES = 32, /* overhead of a frame in a pcapng: head and tail of its block */
    RECEIVED = 1,
    SENT = 2
};

static struct unit_pool unit;
static uint8_t dump[DUMP_MAX];
static size_t dump_bytes;
static uint64_t random_state;

/* A device that gives one frame, with a length and bytes derived from its number. */
struct device {
    struct leat_netif netif; /* first */
    uint32_t number;
    uint32_t len;
    uint32_t transmitted;
};

static uint32_t draw(uint32_t bound)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % bound;
}

static struct leat_buf *frame(uint32_t number, uint32_t len)
{
    struct leat_buf *buf = leat_buf_alloc(&unit.pool, 0);
    uint8_t *bytes = leat_buf_put(buf, len);

    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(number * 31 + i);
    return buf;
}

static uint32_t receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                        struct leat_buf **frames, uint32_t frames_max)
{
    struct device *device = (struct device *)netif;

    (void)now_ns, (void)pool, (void)frames_max;
    frames[0] = frame(device->number, device->len);
    return 1;
}

static uint32_t transmit_room(struct leat_netif *netif)
{
    (void)netif;
    return 7;
}

static void transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                     uint32_t frame_count)
{
    (void)now_ns;
    ((struct device *)netif)->transmitted += frame_count;
    leat_buf_free(frames[0]);
}

static uint64_t next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    (void)netif;
    return now_ns + 5;
}

static void close_device(struct leat_netif *netif)
{
    (void)netif;
}

static const struct leat_netif_ops ops = {.receive = receive,
                                          .transmit_room = transmit_room,
                                          .transmit = transmit,
                                          .next_look_ns = next_look_ns,
                                          .close = close_device};

static int open_all(void **state)
{
    (void)state;
    random_state = 1;
    unit_pool_open(&unit, 8, BUF_BYTES + LEAT_BUF_HEADROOM, 8, 256);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    unit_pool_close(&unit);
    return 0;
}

static void take(void *arg, const void *bytes, size_t len)
{
    (void)arg;
    assert_true(dump_bytes + len <= DUMP_MAX);
    memcpy(dump + dump_bytes, bytes, len);
    dump_bytes += len;
}

static uint32_t number_at(size_t at)
{
    uint32_t value;

    assert_true(at + sizeof value <= dump_bytes);
    memcpy(&value, dump + at, sizeof value);
    return value;
}

/* The length of frame @number; odd frames were received. */
static uint32_t lens[FRAMES];

/* Checks all blocks of the dump: the frames up to @last, complete or cut at @snap. */
static void check_dump(const struct leat_flight *flight, uint32_t last, uint32_t snap)
{
    uint32_t number = last - leat_flight_kept(flight);
    size_t at = 0;

    dump_bytes = 0;
    leat_flight_dump(flight, take, NULL);
    for (; at < dump_bytes; at += number_at(at + 4)) {
        const uint32_t kind = number_at(at), len = number_at(at + 4);
        uint32_t kept;

        assert_int_equal(number_at(at + len - 4), len);
        assert_int_equal(len % 4, 0);
        if (kind != 6)
            continue;
        kept = lens[number] < snap ? lens[number] : snap;
        assert_int_equal(number_at(at + 16), number + 1); /* the time stamp */
        assert_int_equal(number_at(at + 20), kept);
        assert_int_equal(number_at(at + 24), lens[number]);
        for (uint32_t i = 0; i < kept; i++)
            assert_int_equal(dump[at + 28 + i], (uint8_t)(number * 31 + i));
        assert_int_equal(number_at(at + len - 12), number % 2 ? RECEIVED : SENT);
        number++;
    }
    assert_int_equal(at, dump_bytes);
    assert_int_equal(number, last);
}

/* One frame passes. */
static void pass(struct leat_netif *netif, struct device *device, uint32_t number)
{
    struct leat_buf *buf;

    device->number = number;
    device->len = lens[number];
    if (number % 2) {
        assert_int_equal(netif->ops->receive(netif, number + 1, &unit.pool, &buf, 1), 1);
        leat_buf_free(buf);
    } else {
        buf = frame(number, lens[number]);
        netif->ops->transmit(netif, number + 1, &buf, 1);
    }
}

static void run(size_t bytes, uint32_t snap, uint32_t len_max)
{
    struct device device = {.netif = {.ops = &ops, .name = "device", .mtu = 1500}};
    uint8_t *memory = malloc(bytes + 1); /* unaligned, and exactly the requested size */
    struct leat_flight *flight = leat_flight_init(memory + 1, bytes, &device.netif, snap);
    struct leat_netif *netif = leat_flight_netif(flight);
    const uint32_t whole = (uint32_t)(bytes / 8 - 256); /* less than an eighth of the ring */

    assert_int_equal(netif->mtu, 1500);
    assert_int_equal(netif->ops->transmit_room(netif), 7);
    assert_int_equal(netif->ops->next_look_ns(netif, 1), 6);
    check_dump(flight, 0, 0);
    for (uint32_t number = 0; number < FRAMES; number++) {
        lens[number] = draw(len_max < whole ? len_max : whole);
        pass(netif, &device, number);
        assert_int_equal(leat_flight_seen(flight), number + 1);
        assert_true(leat_flight_kept(flight) >= 1);
        if (number % 37 == 0 || number < 50)
            check_dump(flight, number + 1, snap ? snap : UINT32_MAX);
    }
    /* at least half of the ring is used */
    assert_true((size_t)leat_flight_kept(flight) * (PLACE_BYTES + (snap ? snap : len_max)) >
                bytes / 2);
    assert_int_equal(device.transmitted, FRAMES / 2);
    netif->ops->close(netif);
    free(memory);
}

static void headers_only(void **state)
{
    (void)state;
    run(LEAT_FLIGHT_BYTES_MIN, 96, 1500);
    run(65536, 96, 1500);
}

static void whole_frames(void **state)
{
    (void)state;
    for (size_t bytes = 20000; bytes < 20016; bytes++)
        run(bytes, 0, 1500);
}

static void empty_frames(void **state)
{
    (void)state;
    run(LEAT_FLIGHT_BYTES_MIN, 0, 2);
}

static void too_little_memory_makes_none(void **state)
{
    struct device device = {.netif = {.ops = &ops, .name = "device"}};
    uint8_t memory[LEAT_FLIGHT_BYTES_MIN];

    (void)state;
    assert_null(leat_flight_init(memory, sizeof memory - 1, &device.netif, 0));
}

static void nothing_is_kept_in_a_pause(void **state)
{
    struct device device = {.netif = {.ops = &ops, .name = "device"}};
    uint64_t memory[8192 / 8];
    struct leat_flight *flight = leat_flight_init(memory, sizeof memory, &device.netif, 0);
    struct leat_netif *netif = leat_flight_netif(flight);

    (void)state;
    lens[0] = lens[1] = lens[2] = 60;
    pass(netif, &device, 0);
    leat_flight_pause(flight, true);
    pass(netif, &device, 1);
    check_dump(flight, 1, UINT32_MAX);
    assert_int_equal(leat_flight_seen(flight), 2);
    leat_flight_pause(flight, false);
    pass(netif, &device, 2);
    assert_int_equal(leat_flight_kept(flight), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(headers_only, open_all, close_all),
        cmocka_unit_test_setup_teardown(whole_frames, open_all, close_all),
        cmocka_unit_test_setup_teardown(empty_frames, open_all, close_all),
        cmocka_unit_test_setup_teardown(nothing_is_kept_in_a_pause, open_all, close_all),
        cmocka_unit_test(too_little_memory_makes_none)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
