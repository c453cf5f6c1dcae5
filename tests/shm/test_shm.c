/* test_shm.c -- the backend in shared memory, at each of its limits. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "pair.h"

static void frames_of_every_length_pass(void **state)
{
    (void)state;
    open_pair(1500, 64);
    for (uint32_t len = 14; len <= 1518; len++) {
        send_one(left, len);
        expect_one(right, len);
        send_one(right, len);
        expect_one(left, len);
    }
    close_pair();
}

static void frames_of_64_KiB_pass(void **state)
{
    (void)state;
    open_pair(UINT16_MAX, 256);
    for (unsigned round = 0; round < 20; round++) /* past the end of the ring several times */
        for (uint32_t len = 1500; len <= UINT16_MAX + 14; len += 3001) {
            send_one(left, len);
            expect_one(right, len);
        }
    send_one(right, UINT16_MAX + 14);
    expect_one(left, UINT16_MAX + 14);
    close_pair();
}

/* Both ways: a checksum that is left to the device, and a complete one. */
static void checksums_that_were_not_computed_are_not_looked_at(void **state)
{
    struct leat_buf *frame;

    (void)state;
    open_pair(1500, 64);
    assert_true(leat_shm_netif(left)->capabilities & LEAT_NETIF_TX_CHECKSUM);
    for (unsigned i = 0; i < 4; i++) {
        struct leat_shm *from = i & 1 ? left : right;

        frame = make_frame(60);
        frame->checksum = i & 2 ? LEAT_CHECKSUM_PARTIAL : LEAT_CHECKSUM_UNKNOWN;
        settle_pair();
        transmit(from, &frame, 1);
        assert_int_equal(receive(i & 1 ? right : left, &frame, 1), 1);
        assert_int_equal(frame->checksum, i & 2 ? LEAT_CHECKSUM_VERIFIED : LEAT_CHECKSUM_UNKNOWN);
        expect_bytes(frame, 60);
    }
    close_pair();
}

static void an_end_configured_for_it_completes_the_checksums(void **state)
{
    struct leat_shm_config config = {.mac = &mac, .no_offload = true};
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    config.fd = ends[0];
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_OK);
    assert_int_equal(leat_shm_netif(left)->capabilities & LEAT_NETIF_TX_CHECKSUM, 0);
    leat_shm_close(left);
    close(ends[1]);
}

static void a_sleeping_end_is_woken_once_and_under_load_none_is(void **state)
{
    struct leat_buf *frames[BURST];
    uint64_t rung, heard;

    (void)state;
    open_pair(1500, 256);
    settle_pair();
    rung = leat_shm_counters(left)->bells_rung;
    for (unsigned i = 0; i < 5; i++) /* it sleeps: one byte is enough */
        send_one(left, 60);
    assert_int_equal(leat_shm_counters(left)->bells_rung, rung + 1);
    assert_int_equal(receive(right, frames, 5), 5);
    for (unsigned i = 0; i < 5; i++)
        expect_bytes(frames[i], 60);
    heard = leat_shm_counters(right)->bells_heard;
    for (unsigned round = 0; round < 1000; round++) {
        for (uint32_t i = 0; i < BURST; i++)
            frames[i] = make_frame(60 + i);
        transmit(left, frames, BURST);
        assert_int_equal(receive(right, frames, BURST), BURST);
        for (uint32_t i = 0; i < BURST; i++)
            expect_bytes(frames[i], 60 + i);
    }
    assert_int_equal(leat_shm_counters(left)->bells_rung, rung + 1);
    assert_int_equal(leat_shm_counters(right)->bells_heard, heard);
    assert_int_equal(leat_shm_counters(right)->bells_rung, 0);
    close_pair();
}

static void a_polling_end_stays_awake_for_the_time_configured(void **state)
{
    struct leat_shm_config config = {.mac = &mac, .busy_poll_us = 50};
    struct leat_buf *frames[BURST];
    struct leat_netif *netif;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    unit_pool_open(&unit, 64, 2048, 64, 64);
    config.fd = ends[0];
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_OK);
    config.fd = ends[1];
    config.listen = true;
    assert_int_equal(leat_shm_open(&right, &config, why), LEAT_OK);
    netif = leat_shm_netif(right);
    send_one(left, 60);
    assert_int_equal(netif->ops->receive(netif, 1000, &unit.pool, frames, BURST), 1);
    leat_buf_free(frames[0]);
    assert_int_equal(netif->ops->receive(netif, 50999, &unit.pool, frames, BURST), 0);
    assert_int_equal(netif->ops->next_look_ns(netif, 50999), 50999);
    assert_int_equal(leat_shm_counters(right)->bells_heard, 0);
    assert_int_equal(netif->ops->receive(netif, 51000, &unit.pool, frames, BURST), 0);
    assert_int_equal(netif->ops->next_look_ns(netif, 51000), LEAT_NEVER_NS);
    assert_int_equal(leat_shm_counters(right)->bells_heard, 1);
    close_pair();
}

static void a_full_ring_is_waited_for_and_whoever_empties_it_wakes_us(void **state)
{
    struct leat_buf *frames[BURST];
    uint32_t sent = 0, got = 0, count;

    (void)state;
    open_pair(1500, 64);
    settle_pair();
    for (; room(left) > 0; sent++) {
        send_one(left, 1514);
        assert_true(sent < 8192);
    }
    assert_int_equal(leat_shm_counters(left)->tx_refused, 0);
    assert_true(sent >= 256);
    assert_true(leat_shm_netif(left)->ops->next_look_ns(leat_shm_netif(left), 5) > 5);
    while (got < sent) {
        count = receive(right, frames, 16);
        assert_true(count > 0);
        for (uint32_t i = 0; i < count; i++)
            expect_bytes(frames[i], 1514);
        got += count;
        /* the bell is rung once, when half of the ring is free */
        assert_int_equal(leat_shm_counters(right)->bells_rung, got * 1528 > 256 * 1024);
    }
    assert_true(room(left) >= 256);
    close_pair();
}

static void frames_that_do_not_fit_are_lost_and_counted(void **state)
{
    (void)state;
    open_pair(1500, 64);
    while (room(left) > 0)
        send_one(left, 1514);
    send_one(left, 1514); /* violates the rules of a backend */
    assert_int_equal(leat_shm_counters(left)->tx_refused, 1);
    close_pair();
}

static void input_waits_in_the_ring_while_the_pool_is_empty(void **state)
{
    struct leat_buf *held[64 + 1], *frames[BURST];
    struct leat_netif *netif;
    uint32_t count = 0;

    (void)state;
    open_pair(1500, 64);
    netif = leat_shm_netif(right);
    send_one(left, 100);
    while ((held[count] = leat_buf_alloc(&unit.pool, 0)))
        count++;
    assert_int_equal(receive(right, frames, BURST), 0);
    assert_int_equal(leat_shm_counters(right)->rx_starved, 1);
    assert_int_equal(netif->ops->next_look_ns(netif, 5), 5 + 1000000);
    while (count > 0)
        leat_buf_free(held[--count]);
    expect_one(right, 100);
    assert_int_equal(receive(right, frames, BURST), 0);
    assert_int_equal(netif->ops->next_look_ns(netif, 5), LEAT_NEVER_NS);
    close_pair();
}

static void a_frame_larger_than_the_pool_is_given_up(void **state)
{
    struct leat_netif *netif;
    struct leat_buf *frames[BURST];
    struct unit_pool small;
    unsigned looks = 0;

    (void)state;
    open_pair(UINT16_MAX, 64);
    netif = leat_shm_netif(right);
    unit_pool_open(&small, 8, 2048, 8, 8);
    send_one(left, 60000);
    send_one(left, 60);
    while (netif->ops->receive(netif, 0, &small.pool, frames, BURST) == 0)
        assert_true(++looks < 100);
    expect_bytes(frames[0], 60);
    assert_int_equal(leat_shm_counters(right)->rx_dropped, 1);
    unit_pool_close(&small);
    close_pair();
}

static void frames_before_the_end_are_delivered_and_the_end_is_told(void **state)
{
    struct leat_buf *frames[BURST];

    (void)state;
    open_pair(1500, 64);
    for (uint32_t i = 0; i < 3; i++)
        send_one(left, 60 + i);
    leat_shm_close(left);
    left = NULL;
    assert_int_equal(receive(right, frames, BURST), 3);
    for (uint32_t i = 0; i < 3; i++)
        expect_bytes(frames[i], 60 + i);
    assert_int_equal(receive(right, frames, BURST), 0); /* learns that it was woken */
    assert_int_equal(receive(right, frames, BURST), 0);
    assert_non_null(leat_shm_lost(right));
    assert_string_equal(leat_shm_lost(right), "shm: the peer has closed the connection");
    send_one(right, 60); /* into the void, and counted */
    assert_int_equal(leat_shm_counters(right)->tx_refused, 1);
    assert_int_equal(room(right), 256);
    close_pair();
}

static void a_listening_end_takes_one_peer_after_the_other(void **state)
{
    struct leat_shm_config config = {.listen = true, .mac = &mac};
    struct leat_buf *frames[BURST];
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "/tmp/leat-shm-%d", (int)getpid());
    unlink(path);
    config.path = path;
    unit_pool_open(&unit, 64, 2048, 64, 64);
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_OK);
    send_one(left, 60); /* no peer */
    assert_int_equal(leat_shm_counters(left)->tx_refused, 1);
    config.listen = false;
    for (uint32_t peer = 1; peer <= 3; peer++) {
        assert_int_equal(leat_shm_open(&right, &config, why), LEAT_OK);
        send_one(right, 60 + peer);
        expect_one(left, 60 + peer);
        send_one(left, 70 + peer);
        expect_one(right, 70 + peer);
        if (peer == 2) /* violates the rules before it disconnects */
            right->memory->rings[0].producer.index = 4;
        leat_shm_close(right);
        right = NULL;
        for (unsigned look = 0; look < 2; look++)
            assert_int_equal(receive(left, frames, BURST), 0);
        assert_null(leat_shm_lost(left));
        assert_int_equal(leat_shm_counters(left)->peers, peer);
    }
    assert_int_equal(leat_shm_counters(left)->peers_refused, 1);
    close_pair();
    assert_int_not_equal(access(path, F_OK), 0); /* it was removed */
}

/* While there is a peer no other is accepted, and connecting ones must not keep us awake. */
static void a_second_peer_waits_and_does_not_keep_us_awake(void **state)
{
    struct leat_shm_config config = {.listen = true, .mac = &mac};
    struct leat_shm *second = NULL;
    struct leat_posix *posix;
    struct leat_buf *frames[BURST];
    uint64_t begun_ns;
    struct leat_host *host;
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "/tmp/leat-shm-%d", (int)getpid());
    unlink(path);
    config.path = path;
    unit_pool_open(&unit, 64, 2048, 64, 64);
    assert_int_equal(leat_posix_open(&posix), LEAT_OK);
    host = leat_posix_host(posix);
    config.posix = posix;
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_OK);
    config.posix = NULL;
    config.listen = false;
    assert_int_equal(leat_shm_open(&right, &config, why), LEAT_OK);
    assert_int_equal(receive(left, frames, BURST), 0);
    assert_int_equal(leat_shm_open(&second, &config, why), LEAT_OK);
    begun_ns = host->now_ns(host);
    for (unsigned i = 0; i < 100; i++)
        assert_true(host->wait(host, begun_ns + 50000000));
    assert_true(host->now_ns(host) - begun_ns >= 50000000);
    leat_shm_close(right);
    while (left->fd >= 0)
        assert_int_equal(receive(left, frames, BURST), 0);
    begun_ns = host->now_ns(host);
    assert_true(host->wait(host, begun_ns + 5000000000)); /* its turn has come */
    assert_true(host->now_ns(host) - begun_ns < 4000000000);
    right = second;
    send_one(right, 60);
    expect_one(left, 60);
    close_pair();
    leat_posix_close(posix);
}

static void a_failed_open_prints_the_reason(void **state)
{
    const struct leat_mac group = {{1, 0, 0, 0, 0, 1}};
    struct leat_shm_config config = {.path = "/nowhere/wire", .mac = &mac};
    int file;

    (void)state;
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_ERR_NOT_FOUND);
    assert_non_null(strstr(why, "start the other end first"));
    config.mac = &group;
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_ERR_ARGUMENT);
    config = (struct leat_shm_config){.path = "/nowhere/wire", .mac = &mac, .mtu = 67};
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_ERR_ARGUMENT);
    file = open("/dev/null", O_RDWR);
    config = (struct leat_shm_config){.fd = file, .mac = &mac};
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_ERR_ARGUMENT);
    assert_int_equal(fcntl(file, F_GETFD), -1); /* closed, also after an error */
    file = socket(AF_UNIX, SOCK_STREAM, 0);     /* not connected: the memory can't be handed over */
    config = (struct leat_shm_config){.fd = file, .mac = &mac};
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_ERR_DEVICE);
    assert_int_equal(fcntl(file, F_GETFD), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_every_length_pass),
        cmocka_unit_test(frames_of_64_KiB_pass),
        cmocka_unit_test(checksums_that_were_not_computed_are_not_looked_at),
        cmocka_unit_test(an_end_configured_for_it_completes_the_checksums),
        cmocka_unit_test(a_sleeping_end_is_woken_once_and_under_load_none_is),
        cmocka_unit_test(a_polling_end_stays_awake_for_the_time_configured),
        cmocka_unit_test(a_full_ring_is_waited_for_and_whoever_empties_it_wakes_us),
        cmocka_unit_test(frames_that_do_not_fit_are_lost_and_counted),
        cmocka_unit_test(input_waits_in_the_ring_while_the_pool_is_empty),
        cmocka_unit_test(a_frame_larger_than_the_pool_is_given_up),
        cmocka_unit_test(frames_before_the_end_are_delivered_and_the_end_is_told),
        cmocka_unit_test(a_listening_end_takes_one_peer_after_the_other),
        cmocka_unit_test(a_second_peer_waits_and_does_not_keep_us_awake),
        cmocka_unit_test(a_failed_open_prints_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
