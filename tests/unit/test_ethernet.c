/* test_ethernet.c -- receiving and sending frames. */
#include "world.h"

#include "base.h"

static void test_threat_E1_truncated_frame_is_dropped(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_ethernet(0x0800, 0, 0);

    for (uint32_t len = 0; len < 14; len++) {
        world_feed_bytes(world, frame.bytes, len);
        assert_dropped(world, drop_eth_short);
    }
    world_feed_bytes(world, frame.bytes, 14);
    assert_dropped(world, drop_ip_header);
}

static void test_threat_E1_vlan_tag_is_dropped_whole_or_cut(void **state)
{
    static const uint16_t types[2] = {0x8100, 0x88a8};
    struct world *world = *state;

    for (unsigned i = 0; i < 2; i++) {
        for (uint32_t len = 0; len <= 4; len++) {
            const struct frame frame = frame_ethernet(types[i], "\0\1\x08\0", len);

            world_feed(world, &frame);
            assert_dropped(world, drop_eth_vlan);
        }
    }
}

/* A tag of VLAN 0 carries only a priority (IEEE 802.1Q 9.6), so the packet after it is untagged. */
static void test_a_tag_of_vlan_0_is_taken_off(void **state)
{
    struct world *world = *state;
    struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 0x00010002, "x", 1);

    memmove(echo.bytes + 16, echo.bytes + 12, echo.len - 12);
    echo.len += 4;
    /* a frame of VLAN 1 has the same header, and is not accepted because of the earlier one */
    memcpy(echo.bytes + 12, "\x81\0\xe0\1", 4);
    world_feed(world, &echo);
    assert_dropped(world, drop_eth_vlan);
    memcpy(echo.bytes + 12, "\x81\0\xe0\0", 4);
    for (unsigned i = 0; i < 2; i++) {
        world_feed(world, &echo);
        assert_ended(world, taken_icmp);
        world_expect(world);
    }
    memcpy(echo.bytes + 16, "\x81\0\0\0", 4); /* a second tag */
    world_feed(world, &echo);
    assert_dropped(world, drop_eth_vlan);
}

static void test_threat_E2_padding_behind_a_packet_is_cut_off(void **state)
{
    struct world *world = *state;
    struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 0x00010002, "x", 1);
    const struct fake_frame *reply;

    memset(echo.bytes + echo.len, 0xee, 60 - echo.len);
    echo.len = 60;
    world_feed(world, &echo);
    assert_ended(world, taken_icmp);
    reply = world_expect(world);
    assert_int_equal(frame_get16(reply->bytes + FRAME_IP + 2), 29);
    assert_int_equal(reply->bytes[FRAME_ICMP_DATA], 'x');
    assert_int_equal(reply->len, 60);
    for (uint32_t i = FRAME_ICMP_DATA + 1; i < 60; i++)
        assert_int_equal(reply->bytes[i], 0);
}

static void test_threat_E2_short_frames_are_padded_with_zeros(void **state)
{
    struct world *world = *state;
    const struct frame request = frame_arp(1, &MAC_PEER, IP_PEER, IP_US);
    const struct fake_frame *reply;

    /* fill the buffers that will be used with other bytes */
    for (unsigned i = 0; i < 8; i++) {
        uint8_t dirt[1000];

        memset(dirt, 0xff, sizeof dirt);
        world_feed_bytes(world, dirt, sizeof dirt);
    }
    world_feed(world, &request);
    reply = world_expect(world);
    assert_int_equal(reply->len, 60);
    for (uint32_t i = 42; i < 60; i++)
        assert_int_equal(reply->bytes[i], 0);
}

static void short_frames_stay_short_where_no_ethernet_is_behind(void **state)
{
    struct world *world = *state;
    const struct frame request = frame_arp(1, &MAC_PEER, IP_PEER, IP_US);

    world->dev.netif.capabilities |= LEAT_NETIF_NO_PADDING;
    world_feed(world, &request);
    assert_int_equal(fake_netif_sent_count(&world->dev), 1);
    assert_int_equal(fake_netif_sent(&world->dev)->len, 42);
}

static void test_threat_E3_foreign_unicast_is_dropped(void **state)
{
    struct world *world = *state;
    struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 1, 0, 0);

    frame_to(&echo, &MAC_OTHER);
    world_feed(world, &echo);
    assert_dropped(world, drop_eth_not_ours);
}

static void foreign_groups_are_dropped(void **state)
{
    static const struct leat_mac mdns = {{0x01, 0x00, 0x5e, 0, 0, 0xfb}};
    struct world *world = *state;
    struct frame frame = frame_udp(IP_PEER, 5353, IP4(224, 0, 0, 251), 5353, 0, 0);

    frame_to(&frame, &mdns);
    world_feed(world, &frame);
    assert_dropped(world, drop_eth_not_ours);
}

static void frames_from_groups_or_from_us_are_dropped(void **state)
{
    struct world *world = *state;
    struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 1, 0, 0);

    frame_from(&echo, &MAC_ALL);
    world_feed(world, &echo);
    assert_dropped(world, drop_eth_source);
    frame_from(&echo, &MAC_US);
    world_feed(world, &echo);
    assert_dropped(world, drop_eth_source);
}

static void unknown_types_and_802_3_are_dropped(void **state)
{
    struct world *world = *state;
    struct frame frame = frame_ethernet(0x86dd, "xxxx", 4);

    world_feed(world, &frame);
    assert_dropped(world, drop_eth_type);
    /* RFC 1122 2.3.3: an 802.3 length where a type should be */
    frame = frame_ethernet(46, "\xaa\xaa\x03\0\0\0\x08\0", 8);
    world_feed(world, &frame);
    assert_dropped(world, drop_eth_type);
}

static void frames_wait_for_the_device_and_then_are_dropped(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 1, 0, 0);
    const uint32_t bulk = world->stack->config.tx_queue_frames;
    const uint32_t queue = bulk + bulk / 4; /* the last fifth is for control frames, as these */

    world->dev.room = 0;
    for (uint32_t i = 0; i < queue; i++) {
        world_feed(world, &echo);
        assert_grown(world, tx_dropped, 0);
    }
    world_feed(world, &echo);
    assert_grown(world, tx_dropped, 1);
    assert_silent(world);
    world->dev.room = 3;
    world_poll(world);
    assert_int_equal(fake_netif_sent_count(&world->dev), 3);
    world->dev.room = UINT32_MAX;
    world_poll(world);
    assert_int_equal(fake_netif_sent_count(&world->dev), queue);
}

/* Polling a device before it may have space would keep the processor busy for nothing. */
static void full_device_is_asked_again_when_it_says(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 1, 0, 0);

    world->dev.room = 0;
    world->dev.room_ns = world->now_ns + 3 * ms;
    world_feed(world, &echo);
    assert_int_equal(world->next_ns, world->now_ns + 3 * ms);
    world->dev.room_ns = LEAT_NEVER_NS; /* the host wakes the loop */
    world_poll(world);
    assert_true(world->next_ns > world->now_ns);
    world->dev.room = 1;
    world_poll(world);
    assert_int_equal(fake_netif_sent_count(&world->dev), 1);
    assert_true(world->next_ns > world->now_ns);
}

static void device_without_gather_gets_one_piece_and_the_copy_is_counted(void **state)
{
    struct world *world = *state;
    const struct frame closed = frame_udp(IP_PEER, 1000, IP_US, 9, "hello", 5);
    const struct fake_frame *error;

    /* an ICMP error is a header and a quote */
    world_feed(world, &closed);
    error = world_expect(world);
    assert_true(error->pieces > 1);
    assert_grown(world, copied_tx_bytes, 0);
    world->dev.netif.capabilities = 0;
    world_feed(world, &closed);
    error = world_expect(world);
    assert_int_equal(error->pieces, 1);
    assert_grown(world, copied_tx_bytes, error->len);
    fake_netif_forget(&world->dev);
    world_feed(world, &closed);
    world_expect_icmp(world, &closed, 3, 3);
}

static void frames_stay_in_the_device_when_the_pool_is_empty(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 1, 0, 0);
    struct leat_buf *all = 0;
    struct leat_buf *buf;

    while ((buf = leat_buf_alloc(leat_pool(world->stack), 0))) {
        buf->queued = all;
        all = buf;
    }
    world_feed(world, &echo);
    assert_silent(world);
    while ((buf = all)) {
        all = buf->queued;
        leat_buf_free(buf);
    }
    world_poll(world);
    world_expect(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_threat_E1_truncated_frame_is_dropped),
        world_test(test_threat_E1_vlan_tag_is_dropped_whole_or_cut),
        world_test(test_a_tag_of_vlan_0_is_taken_off),
        world_test(test_threat_E2_padding_behind_a_packet_is_cut_off),
        world_test(test_threat_E2_short_frames_are_padded_with_zeros),
        world_test(short_frames_stay_short_where_no_ethernet_is_behind),
        world_test(test_threat_E3_foreign_unicast_is_dropped),
        world_test(foreign_groups_are_dropped),
        world_test(frames_from_groups_or_from_us_are_dropped),
        world_test(unknown_types_and_802_3_are_dropped),
        world_test(frames_wait_for_the_device_and_then_are_dropped),
        world_test(full_device_is_asked_again_when_it_says),
        world_test(device_without_gather_gets_one_piece_and_the_copy_is_counted),
        world_test(frames_stay_in_the_device_when_the_pool_is_empty),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
