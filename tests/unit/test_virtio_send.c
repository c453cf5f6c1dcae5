/* test_virtio_send.c -- frames for a virtio-net device, the times when it is polled, and its
 * end. */
#include "virtio_world.h"

#include <string.h>

/* ---- Sending ------------------------------------------------------------------------------ */

static struct leat_buf *frame_of(bool v6, uint8_t protocol, uint16_t segment_bytes)
{
    struct leat_buf *frame = leat_buf_alloc(&world.pool, 0);
    uint8_t *at = leat_buf_put(frame, FRAME);

    memset(at, 0, FRAME);
    at[14] = v6 ? 0x60 : 0x46; /* an IPv4 header of 24 bytes */
    at[v6 ? 20 : 23] = protocol;
    frame->checksum = LEAT_CHECKSUM_PARTIAL;
    frame->segment_bytes = segment_bytes;
    return frame;
}

/* Sends a frame; returns the header that the device reads before it. */
static struct virtio_net_header sent(struct leat_buf *frame)
{
    struct leat_netif *netif = &world.virtio.netif;
    const struct virtqueue_descriptor *at;
    struct virtio_net_header header;
    uint16_t head;

    assert_true(netif->ops->transmit_room(netif) > 0);
    netif->ops->transmit(netif, 0, &frame, 1);
    head = next_of(VIRTIO_NET_TX);
    at = &world.queues[VIRTIO_NET_TX]->descriptors[head];
    if (at->flags & 4) /* indirect */
        at = (const void *)(uintptr_t)at->address;
    assert_int_equal(at->len, sizeof header);
    memcpy(&header, (const void *)(uintptr_t)at->address, sizeof header);
    use(VIRTIO_NET_TX, head, 0);
    return header;
}

static void the_device_completes_checksums_and_cuts(void **state)
{
    struct virtio_net_header header;
    struct leat_buf *frame;

    (void)state;
    start(everything, 0, false);
    header = sent(frame_of(false, 6, 1000));
    assert_int_equal(header.flags, VIRTIO_NET_HEADER_NEEDS_CSUM);
    assert_int_equal(header.checksum_start, 14 + 24);
    assert_int_equal(header.checksum_offset, 16);
    assert_int_equal(header.gso_type, VIRTIO_NET_HEADER_TCPV4);
    assert_int_equal(header.gso_size, 1000);
    assert_int_equal(header.header_len, FRAME);
    header = sent(frame_of(true, 6, 1000));
    assert_int_equal(header.checksum_start, 14 + 40);
    assert_int_equal(header.gso_type, VIRTIO_NET_HEADER_TCPV6);
    header = sent(frame_of(true, 17, 0));
    assert_int_equal(header.checksum_offset, 6);
    assert_int_equal(header.gso_type, 0);
    assert_int_equal(sent(frame_of(false, 1, 0)).flags, 0); /* ICMP has no pseudo-header */
    frame = frame_of(false, 6, 0);
    frame->checksum = LEAT_CHECKSUM_UNKNOWN;
    assert_int_equal(sent(frame).flags, 0);
    frame = frame_of(false, 6, 0);
    leat_buf_trim(frame, 34);
    assert_int_equal(sent(frame).flags, VIRTIO_NET_HEADER_NEEDS_CSUM);
    frame = frame_of(false, 6, 0);
    leat_buf_trim(frame, 33); /* a truncated header */
    assert_int_equal(sent(frame).flags, 0);
    assert_int_equal(world.notified[VIRTIO_NET_TX], 1); /* the device asks for no other */
    assert_int_equal(leat_virtio_counters(&world.virtio)->tx_lost, 0);
}

/* Pieces beyond a chain's maximum are copied; frames beyond the queue are lost. */
static void too_many_pieces_and_too_many_frames(void **state)
{
    struct leat_netif *netif = &world.virtio.netif;
    struct leat_buf *frame = frame_of(false, 6, 0);

    (void)state;
    start(everything, 0, false);
    for (unsigned i = 1; i < VIRTQUEUE_PIECES_MAX; i++)
        leat_buf_append(frame, leat_buf_slice(frame, 0, 4));
    sent(frame);
    assert_int_equal(leat_virtio_counters(&world.virtio)->tx_flattened, 1);
    assert_int_equal(netif->ops->transmit_room(netif), 16);
    for (unsigned i = 0; i < 17; i++) {
        frame = frame_of(false, 6, 0);
        netif->ops->transmit(netif, 0, &frame, 1);
    }
    assert_int_equal(netif->ops->transmit_room(netif), 0);
    assert_int_equal(leat_virtio_counters(&world.virtio)->tx_lost, 1);
    netif->ops->close(netif);
    frame = frame_of(false, 6, 0);
    netif->ops->transmit(netif, 0, &frame, 1);
    assert_int_equal(leat_virtio_counters(&world.virtio)->tx_lost, 2);
}

/* ---- Polling, and its end ----------------------------------------------------------------- */

static void when_to_look(void **state)
{
    struct leat_netif *netif = &world.virtio.netif;
    const struct virtio_net_header header = {.buffer_count = 1};
    struct leat_buf *frames[2];

    (void)state;
    start(everything, 0, false);
    assert_null(take_one());
    assert_true(netif->ops->next_look_ns(netif, 5) == world.virtio.state_look_ns);
    comes(header, false, 6, FRAME);
    assert_true(netif->ops->next_look_ns(netif, 5) == 5); /* it arrived before we armed */
    comes(header, false, 6, FRAME);
    assert_int_equal(take(frames, 1), 1);
    leat_buf_free(frames[0]);
    assert_true(netif->ops->next_look_ns(netif, 5) == 5); /* there may be more */
    assert_int_equal(take(frames, 2), 1);
    leat_buf_free(frames[0]);
    assert_true(netif->ops->next_look_ns(netif, 5) == world.virtio.state_look_ns);
    frames[0] = frame_of(false, 6, 0);
    netif->ops->transmit(netif, 0, frames, 1);
    assert_true(netif->ops->next_look_ns(netif, 5) == 5 + 1000000);
    for (unsigned i = 1; i < 16; i++) {
        frames[0] = frame_of(false, 6, 0);
        netif->ops->transmit(netif, 0, frames, 1);
    }
    assert_true(netif->ops->next_look_ns(netif, 5) == 5 + 100000);
}

/* 2.7.7: interrupts are enabled for received frames before a sleep, and never for sent ones. */
static void interrupts_are_asked_for_before_a_sleep(void **state)
{
    struct leat_netif *netif = &world.virtio.netif;
    const struct virtqueue *rx = &world.virtio.rx, *tx = &world.virtio.tx;

    (void)state;
    start(VIRTIO_F_VERSION_1, 0, false);
    assert_null(take_one());
    assert_int_equal(tx->available.flags, 1);
    assert_int_equal(rx->available.flags, 1);
    netif->ops->next_look_ns(netif, 0);
    assert_int_equal(rx->available.flags, 0);
    netif->ops->close(netif);
    world.virtio.lost = false;
    memset(world.seen, 0, sizeof world.seen);
    start(everything, 0, false);
    assert_null(take_one());
    assert_int_equal(tx->available.ring[tx->size], UINT16_MAX);
    assert_int_equal(rx->available.ring[rx->size], UINT16_MAX);
    netif->ops->next_look_ns(netif, 0);
    assert_int_equal(rx->available.ring[rx->size], 0);
}

static void a_device_without_a_buffer_is_looked_at_again(void **state)
{
    struct leat_netif *netif = &world.virtio.netif;
    struct leat_buf *all = NULL, *buf;

    (void)state;
    start(everything, 0, false);
    while ((buf = leat_buf_alloc(&world.pool, 0))) {
        buf->next = all;
        all = buf;
    }
    assert_null(take_one());
    assert_int_equal(leat_virtio_counters(&world.virtio)->rx_starved, 1);
    assert_true(netif->ops->next_look_ns(netif, 5) == 5 + 1000000);
    leat_buf_free(all);
    assert_null(take_one());
    assert_true(netif->ops->next_look_ns(netif, 5) == world.virtio.state_look_ns);
}

static void a_device_that_uses_a_chain_it_does_not_have_is_reset(void **state)
{
    struct leat_netif *netif = &world.virtio.netif;
    struct leat_buf *frame;

    (void)state;
    start(everything, 0, false);
    assert_null(take_one());
    use(VIRTIO_NET_TX, 3, 0);
    assert_int_equal(netif->ops->transmit_room(netif), UINT16_MAX);
    assert_true(leat_virtio_lost(&world.virtio));
    assert_int_equal(leat_virtio_counters(&world.virtio)->resets, 1);
    assert_int_equal(world.status, 0);
    assert_true(pool_is_whole(&world.pool));
    frame = frame_of(false, 6, 0);
    netif->ops->transmit(netif, 0, &frame, 1);
    assert_int_equal(leat_virtio_counters(&world.virtio)->tx_lost, 1);
    assert_null(take_one());
    assert_true(netif->ops->next_look_ns(netif, 5) == LEAT_NEVER_NS);
}

static void so_is_one_that_breaks_the_other_queue(void **state)
{
    (void)state;
    start(everything, 0, false);
    assert_null(take_one());
    use(VIRTIO_NET_RX, 200, 60);
    assert_null(take_one());
    assert_true(leat_virtio_lost(&world.virtio));
    assert_int_equal(leat_virtio_counters(&world.virtio)->resets, 1);
    assert_int_equal(world.status, 0);
    assert_true(pool_is_whole(&world.pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_device_completes_checksums_and_cuts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_pieces_and_too_many_frames, set_up, tear_down),
        cmocka_unit_test_setup_teardown(when_to_look, set_up, tear_down),
        cmocka_unit_test_setup_teardown(interrupts_are_asked_for_before_a_sleep, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_device_without_a_buffer_is_looked_at_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_device_that_uses_a_chain_it_does_not_have_is_reset,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_is_one_that_breaks_the_other_queue, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
