/* test_virtio_pairs.c -- a virtio-net device with several pairs of queues, for as many stacks. */
#include "virtio_pairs_world.h"

#include <string.h>

static const struct virtio_net_header plain;

/* ---- The start ---------------------------------------------------------------------------- */

static void the_device_is_told_of_the_table_and_the_key(void **state)
{
    const uint8_t *at = world.command;

    (void)state;
    begin();
    assert_int_equal(world.group.count, PAIRS);
    assert_true(world.agreed == everything);
    assert_int_equal(world.command_len, VIRTIO_RSS_COMMAND_BYTES);
    assert_memory_equal(at, ((const uint8_t[]){4, 1, 0x36, 0, 0, 0, 127, 0, 0, 0}), 10);
    for (unsigned i = 0; i < 128; i++)
        assert_int_equal(at[10 + 2 * i] | at[11 + 2 * i] << 8, i % PAIRS);
    assert_memory_equal(at + 266, ((const uint8_t[]){PAIRS, 0, 40}), 3);
    assert_memory_equal(at + 269, key, 40);
    for (unsigned i = 0; i < PAIRS; i++) {
        assert_ptr_equal(world.queues[2 * i], &world.pairs[i].rx);
        assert_ptr_equal(world.queues[2 * i + 1], &world.pairs[i].tx);
        assert_memory_equal(&world.pairs[i].netif.mac, world.config, 6);
    }
    assert_null(world.queues[2 * PAIRS]);
}

static void a_device_with_fewer_pairs_or_vectors_serves_as_many(void **state)
{
    const char *why;

    (void)state;
    world.vectors = 2;
    assert_true(start(&why));
    assert_int_equal(world.group.count, 2);
    assert_int_equal(world.command[266], 2);
}

/* Expects that the device works with one stack only, and why. */
static void expect_alone(const char *expected)
{
    const char *why = "";

    assert_false(start(&why));
    assert_non_null(strstr(why, expected));
    assert_int_equal(world.status & VIRTIO_DRIVER_OK, 0);
    assert_int_equal(virtio_net_start(&world.pairs[0], 0, false, &why), LEAT_OK);
    assert_null(world.pairs[0].group);
    assert_int_equal(world.agreed & (VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_RSS), 0);
    assert_true(world.status & VIRTIO_DRIVER_OK);
    receive_nothing(0); /* it has the buffers of one stack */
    world.pairs[0].netif.ops->close(&world.pairs[0].netif);
    tear_down(NULL);
    set_up(NULL);
}

static void a_device_that_cannot_spread_flows_serves_one_stack(void **state)
{
    (void)state;
    world.offered &= ~VIRTIO_NET_F_RSS;
    expect_alone("no RSS");
    world.offered &= ~VIRTIO_NET_F_CTRL_VQ;
    expect_alone("no RSS");
    for (unsigned bit = 1; bit <= 5; bit++) {
        if (!(0x36 >> bit & 1))
            continue;
        world.config[20] = (uint8_t)(0x3f & ~(1u << bit));
        expect_alone("no RSS");
    }
    world.config[17] = 39;
    expect_alone("no RSS");
    world.config[18] = 127;
    expect_alone("no RSS");
    world.config[8] = 1;
    expect_alone("one pair");
    world.config[8] = 0;
    expect_alone("one pair");
    world.config[8] = 0;
    world.config[9] = 0x80; /* 0x8000: the control queue would have the number 65,536 */
    expect_alone("one pair");
    world.config[8] = 1;
    world.config[9] = 0x80; /* 0x8001: more than there may be */
    expect_alone("one pair");
    world.vectors = 1;
    expect_alone("no interrupt");
    world.has_control = false;
    expect_alone("no control queue");
}

static void a_device_that_does_not_obey_serves_one_stack(void **state)
{
    (void)state;
    world.answer = REFUSES;
    expect_alone("refuses");
    world.answer = IS_SILENT;
    expect_alone("does not answer");
    world.answer = BREAKS_RULES;
    expect_alone("does not answer");
}

/* ---- Frames ------------------------------------------------------------------------------- */

static void a_frame_at_the_queue_of_its_owner_stays_there(void **state)
{
    struct leat_buf *frames[BURST];
    uint8_t frame[FRAME];

    (void)state;
    begin();
    for (unsigned i = 0; i < PAIRS; i++) {
        receive_nothing(i);
        put_segment(frame, i);
        comes(i, frame, FRAME, plain);
        assert_int_equal(receive(i, frames), 1);
        assert_memory_equal(frames[0]->data, frame, FRAME);
        leat_buf_free(frames[0]);
        assert_int_equal(world.pairs[i].counters.rx_handed, 0);
    }
    assert_int_equal(world.woken, 0);
}

static void a_frame_at_another_queue_is_handed_to_its_owner(void **state)
{
    const struct virtio_net_header header = {
        .flags = VIRTIO_NET_HEADER_NEEDS_CSUM, .checksum_start = 34, .checksum_offset = 16};
    struct leat_netif *netif = &world.pairs[1].netif;
    struct leat_buf *frames[BURST];
    uint8_t frame[FRAME];

    (void)state;
    begin();
    receive_nothing(1);
    receive_nothing(2);
    put_segment(frame, 1);
    comes(2, frame, FRAME, header);
    assert_true(netif->ops->next_look_ns(netif, world.now_ns) > world.now_ns);
    receive_nothing(2);
    assert_int_equal(world.woken, 1 << 1);
    assert_int_equal(world.pairs[2].counters.rx_handed, 1);
    assert_int_equal(netif->ops->next_look_ns(netif, world.now_ns), world.now_ns);
    assert_int_equal(receive(1, frames), 1);
    assert_memory_equal(frames[0]->data, frame, FRAME);
    assert_int_equal(frames[0]->checksum, LEAT_CHECKSUM_VERIFIED);
    assert_ptr_equal(frames[0]->pool, &world.pools[1]);
    leat_buf_free(frames[0]);
    assert_true(netif->ops->next_look_ns(netif, world.now_ns) > world.now_ns);
    receive_nothing(0);
}

/* It comes to the first queue, or by a mistake of the device to another one. */
static void a_frame_for_everyone_comes_to_everyone_once(void **state)
{
    uint8_t frame[FRAME];

    (void)state;
    begin();
    for (unsigned i = 0; i < PAIRS; i++)
        receive_nothing(i);
    put_arp_reply(frame);
    for (unsigned at = 0; at < PAIRS; at++) {
        struct leat_buf *frames[BURST];

        comes(at, frame, FRAME, plain);
        if (at > 0)
            receive_nothing(at);
        for (unsigned i = 0; i < PAIRS; i++) {
            assert_int_equal(receive(i, frames), 1);
            assert_memory_equal(frames[0]->data, frame, FRAME);
            leat_buf_free(frames[0]);
        }
        for (unsigned i = 0; i < PAIRS; i++)
            receive_nothing(i);
    }
}

static void a_fragment_of_tcp_is_dropped_and_counted(void **state)
{
    uint8_t frame[FRAME];

    (void)state;
    begin();
    receive_nothing(0);
    put_segment(frame, TCP_OF_0);
    frame[20] = 0x20;
    comes(0, frame, FRAME, plain);
    receive_nothing(0);
    assert_int_equal(world.pairs[0].counters.rx_unowned, 1);
}

static void a_full_ring_or_a_long_frame_is_counted(void **state)
{
    struct leat_buf *frames[BURST], *super;
    uint8_t frame[FRAME];

    (void)state;
    begin();
    put_arp_reply(frame);
    for (unsigned i = 0; i < HAND_SLOTS + 2; i++) {
        receive_nothing(2);
        comes(2, frame, FRAME, plain);
    }
    receive_nothing(2);
    assert_int_equal(world.pairs[2].counters.rx_handed, HAND_SLOTS);
    assert_int_equal(world.pairs[2].counters.rx_unhanded, 2);
    assert_int_equal(receive(0, frames), HAND_SLOTS);
    for (unsigned i = 0; i < HAND_SLOTS; i++)
        leat_buf_free(frames[i]);
    assert_int_equal(receive(1, frames), HAND_SLOTS); /* copies for everyone */
    for (unsigned i = 0; i < HAND_SLOTS; i++)
        leat_buf_free(frames[i]);
    for (uint32_t len = HAND_FRAME_BYTES; len <= HAND_FRAME_BYTES + 1; len++) {
        static const uint8_t zeros[HAND_FRAME_BYTES + 1];

        super = leat_buf_copy(&world.pools[0], zeros, len);
        assert_int_equal(virtio_hand_put(&world.hands[1], super), len == HAND_FRAME_BYTES);
        leat_buf_free(super);
    }
    assert_int_equal(receive(1, frames), 1);
    assert_int_equal(leat_buf_total(frames[0]), HAND_FRAME_BYTES);
    leat_buf_free(frames[0]);
}

/* The frames stay in the ring until there are buffers. */
static void handed_frames_wait_for_a_pool(void **state)
{
    struct leat_buf *frames[BURST], *hogs[BUFFERS + 1];
    unsigned count = 0;
    uint8_t frame[FRAME];

    (void)state;
    begin();
    receive_nothing(2);
    put_segment(frame, 1);
    comes(2, frame, FRAME, plain);
    receive_nothing(2);
    while ((hogs[count] = leat_buf_alloc(&world.pools[1], 0)))
        count++;
    receive_nothing(1);
    while (count > 0)
        leat_buf_free(hogs[--count]);
    assert_int_equal(receive(1, frames), 1);
    leat_buf_free(frames[0]);
}

static void a_super_frame_keeps_its_marks(void **state)
{
    struct leat_buf *frame = leat_buf_copy(&world.pools[0], key, sizeof key), *copy;

    (void)state;
    frame->segment_bytes = 1000;
    frame->checksum = LEAT_CHECKSUM_VERIFIED;
    assert_false(virtio_hand_has(&world.hands[0]));
    assert_null(virtio_hand_take(&world.hands[0], &world.pools[1]));
    assert_true(virtio_hand_put(&world.hands[0], frame));
    assert_true(virtio_hand_has(&world.hands[0]));
    copy = virtio_hand_take(&world.hands[0], &world.pools[1]);
    assert_int_equal(copy->segment_bytes, 1000);
    assert_int_equal(copy->checksum, LEAT_CHECKSUM_VERIFIED);
    assert_memory_equal(copy->data, key, sizeof key);
    leat_buf_free(copy);
    leat_buf_free(frame);
}

/* QEMU holds frames for a queue without buffers back at another one until that is notified. */
static void new_buffers_are_told_to_every_queue(void **state)
{
    (void)state;
    begin();
    receive_nothing(1);
    for (unsigned i = 0; i < PAIRS; i++) {
        assert_int_equal(world.notified[2 * i], 1);
        assert_int_equal(world.notified[2 * i + 1], 0);
    }
}

/* A SYN whose answer would come to another stack, which would reset it. */
static void a_connection_is_opened_where_it_is_answered(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < PAIRS; i++) {
        struct leat_endpoint local = leat_endpoint_of(leat_ip_v4(0x0a00020f), 0),
                             remote = leat_endpoint_of(leat_ip_v4(0x0a000202), 80);
        struct leat_netif *netif = &world.pairs[1].netif;
        struct leat_buf *frame;
        uint8_t bytes[FRAME] = {0};

        while (!leat_virtio_is_answered(&world.pairs[i], &local, &remote))
            local.port++;
        memcpy(bytes + 12, (const uint8_t[]){8, 0, 0x45}, 3);
        bytes[23] = 6;
        memcpy(bytes + 26, local.ip.bytes + 12, 4);
        memcpy(bytes + 30, remote.ip.bytes + 12, 4);
        bytes[34] = (uint8_t)(local.port >> 8);
        bytes[35] = (uint8_t)local.port;
        bytes[37] = 80;
        bytes[47] = 0x02;
        frame = leat_buf_copy(&world.pools[1], bytes, sizeof bytes);
        netif->ops->transmit(netif, 0, &frame, 1);
    }
    assert_int_equal(world.pairs[1].counters.tx_elsewhere, PAIRS - 1);
    assert_int_equal(world.pairs[1].tx.in_flight, 1);
    assert_int_equal(world.notified[3], 1);
}

/* ---- The end ------------------------------------------------------------------------------ */

static void one_pair_looks_at_the_device_and_all_hear_of_its_loss(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < PAIRS; i++)
        receive_nothing(i);
    assert_int_equal(world.looks, 1);
    world.gone = true;
    world.now_ns += 2000000000;
    receive_nothing(1);
    assert_false(leat_virtio_lost(&world.pairs[1]));
    receive_nothing(0);
    assert_int_equal(world.woken, (1 << PAIRS) - 1);
    for (unsigned i = 0; i < PAIRS; i++) {
        receive_nothing(i);
        assert_true(leat_virtio_lost(&world.pairs[i]));
        assert_non_null(strstr(leat_virtio_why(&world.pairs[i]), "unplugged"));
    }
}

static void a_device_that_breaks_the_rules_of_one_queue_is_lost_for_all(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < PAIRS; i++)
        receive_nothing(i);
    world.resets = 0;
    use(2 * 2, 200, 60);
    receive_nothing(2);
    assert_int_equal(world.resets, 1);
    assert_int_equal(world.pairs[2].counters.resets, 1);
    for (unsigned i = 0; i < PAIRS; i++) {
        receive_nothing(i);
        assert_true(leat_virtio_lost(&world.pairs[i]));
        assert_non_null(strstr(leat_virtio_why(&world.pairs[i]), "broke the rules"));
        assert_int_equal(world.pairs[i].rx.in_flight, 0);
    }
    assert_int_equal(world.resets, 1);
}

static void closing_one_stops_the_device_for_all(void **state)
{
    struct leat_netif *netif = &world.pairs[1].netif;

    (void)state;
    begin();
    for (unsigned i = 0; i < PAIRS; i++)
        receive_nothing(i);
    world.resets = 0;
    netif->ops->close(netif);
    netif->ops->close(netif);
    assert_int_equal(world.resets, 1);
    receive_nothing(2);
    assert_true(leat_virtio_lost(&world.pairs[2]));
    assert_null(leat_virtio_why(&world.pairs[2]));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(the_device_is_told_of_the_table_and_the_key),
        CASE(a_device_with_fewer_pairs_or_vectors_serves_as_many),
        CASE(a_device_that_cannot_spread_flows_serves_one_stack),
        CASE(a_device_that_does_not_obey_serves_one_stack),
        CASE(a_frame_at_the_queue_of_its_owner_stays_there),
        CASE(a_frame_at_another_queue_is_handed_to_its_owner),
        CASE(a_frame_for_everyone_comes_to_everyone_once),
        CASE(a_fragment_of_tcp_is_dropped_and_counted),
        CASE(a_full_ring_or_a_long_frame_is_counted),
        CASE(handed_frames_wait_for_a_pool),
        CASE(a_super_frame_keeps_its_marks),
        CASE(new_buffers_are_told_to_every_queue),
        CASE(a_connection_is_opened_where_it_is_answered),
        CASE(one_pair_looks_at_the_device_and_all_hear_of_its_loss),
        CASE(a_device_that_breaks_the_rules_of_one_queue_is_lost_for_all),
        CASE(closing_one_stops_the_device_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
