/* test_ipv4.c -- the checks of received packets, and sending. */
#include "world.h"

#include "ip/ipv4.h"
#include "base.h"

static struct frame echo_from(leat_ip4 src)
{
    return frame_icmp(src, IP_US, 8, 0, 1, "01234567", 8);
}

static void test_threat_I1_header_lengths_are_checked_before_the_checksum(void **state)
{
    struct world *world = *state;
    const struct frame good = echo_from(IP_PEER);

    /* the checksum is wrong, too, but an earlier check fails */
    for (unsigned words = 0; words < 16; words++) {
        struct frame bad = good;

        bad.bytes[FRAME_IP] = (uint8_t)(0x40 + words);
        world_feed(world, &bad);
        if (words < 5 || words > 9) /* 36 bytes in all */
            assert_dropped(world, drop_ip_header);
        else if (words > 5)
            assert_dropped(world, drop_ip_checksum);
    }
}

static void test_threat_I1_header_longer_than_its_packet(void **state)
{
    struct world *world = *state;
    struct frame bad = echo_from(IP_PEER);

    bad.bytes[FRAME_IP] = 0x46;
    frame_put16(bad.bytes + FRAME_IP + 2, 23);
    frame_seal_ip(&bad);
    world_feed(world, &bad);
    assert_dropped(world, drop_ip_header);
    bad = echo_from(IP_PEER);
    frame_put16(bad.bytes + FRAME_IP + 2, 19);
    frame_seal_ip(&bad);
    world_feed(world, &bad);
    assert_dropped(world, drop_ip_header);
}

static void test_threat_I1_packet_longer_than_its_frame(void **state)
{
    struct world *world = *state;
    struct frame bad = echo_from(IP_PEER);

    frame_put16(bad.bytes + FRAME_IP + 2, bad.len - FRAME_IP + 1);
    frame_seal_ip(&bad);
    world_feed(world, &bad);
    assert_dropped(world, drop_ip_header);
    frame_put16(bad.bytes + FRAME_IP + 2, 65535);
    frame_seal_ip(&bad);
    world_feed(world, &bad);
    assert_dropped(world, drop_ip_header);
}

static void test_threat_I1_frames_cut_anywhere(void **state)
{
    struct world *world = *state;
    const struct frame good = echo_from(IP_PEER);

    for (uint32_t len = 14; len < good.len; len++) {
        world_feed_bytes(world, good.bytes, len);
        assert_dropped(world, drop_ip_header);
    }
}

static void other_versions_are_dropped(void **state)
{
    struct world *world = *state;
    struct frame bad = echo_from(IP_PEER);

    for (unsigned version = 0; version < 16; version++) {
        bad.bytes[FRAME_IP] = (uint8_t)(version * 16 + 5);
        frame_seal_ip(&bad);
        world_feed(world, &bad);
        if (version != 4)
            assert_dropped(world, drop_ip_header);
    }
}

static void bad_checksum_is_dropped_in_silence(void **state)
{
    struct world *world = *state;
    struct frame bad = echo_from(IP_PEER);

    bad.bytes[FRAME_IP + 10] ^= 1;
    world_feed(world, &bad);
    assert_dropped(world, drop_ip_checksum);
}

/* RFC 1122 3.2.2.5 asks for an answer; see options_pass(). */
static void test_threat_I2_malformed_options_are_dropped_in_silence(void **state)
{
    static const uint8_t options[][4] = {{7, 0, 0, 0}, {7, 1, 0, 0},    {7, 5, 0, 0},
                                         {1, 1, 1, 7}, {68, 255, 0, 0}, {148, 0, 0, 0}};
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct frame bad = frame_ip_with(17, IP_PEER, IP_US, options[i], 4, "01234567", 8);

        world_feed(world, &bad);
        assert_dropped(world, drop_ip_options);
    }
}

static void test_threat_I2_source_routes_are_dropped_in_silence(void **state)
{
    static const uint8_t kinds[2] = {131, 137};
    struct world *world = *state;

    for (unsigned i = 0; i < 2; i++) {
        const uint8_t options[8] = {kinds[i], 7, 4, 10, 0, 0, 3, 0};
        const struct frame bad = frame_ip_with(17, IP_PEER, IP_US, options, 8, "01234567", 8);

        world_feed(world, &bad);
        assert_dropped(world, drop_ip_options);
    }
}

static void test_threat_I2_options_are_skipped_and_never_echoed(void **state)
{
    /* router alert, record route, timestamp with room, unknown */
    static const uint8_t options[20] = {148, 4, 0,  0, 7, 7,  4, 0, 0, 0,
                                        0,   1, 94, 3, 9, 68, 4, 5, 0};
    struct world *world = *state;
    const struct frame inner = echo_from(IP_PEER);
    const struct frame echo = frame_ip_with(1, IP_PEER, IP_US, options, sizeof options,
                                            inner.bytes + FRAME_L4, inner.len - FRAME_L4);
    const struct fake_frame *reply;

    world_feed(world, &echo);
    assert_ended(world, taken_icmp);
    reply = world_expect(world);
    assert_int_equal(reply->bytes[FRAME_IP], 0x45);
    assert_int_equal(frame_get16(reply->bytes + FRAME_IP + 2), inner.len - FRAME_IP);
    assert_memory_equal(reply->bytes + FRAME_ICMP_DATA, "01234567", 8);
}

static void test_threat_I3_martian_sources_are_dropped(void **state)
{
    static const leat_ip4 martians[] = {IP_US, /* LAND */
                                        IP4(127, 0, 0, 1),
                                        IP4(127, 255, 255, 254),
                                        IP4(0, 0, 0, 0),
                                        IP4(0, 1, 2, 3),
                                        IP4(224, 0, 0, 1),
                                        IP4(239, 255, 255, 255),
                                        IP4(240, 0, 0, 1),
                                        IP4(255, 255, 255, 255),
                                        IP4(10, 0, 0, 255),
                                        IP4(10, 0, 0, 0)};
    struct world *world = *state;

    world_socket(world, 7);
    for (unsigned i = 0; i < sizeof martians / sizeof martians[0]; i++) {
        const struct frame echo = echo_from(martians[i]);
        const struct frame datagram = frame_udp(martians[i], 7, IP_US, 7, 0, 0);

        world_feed(world, &echo);
        assert_dropped(world, drop_ip_source);
        world_feed(world, &datagram);
        assert_dropped(world, drop_ip_source);
    }
    assert_int_equal(world->datagrams, 0);
}

static void packets_for_others_are_dropped(void **state)
{
    static const leat_ip4 others[] = {IP_OTHER, IP4(127, 0, 0, 1), IP4(10, 1, 0, 1),
                                      IP4(224, 0, 0, 251), IP4(0, 0, 0, 0)};
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct frame frame = frame_udp(IP_PEER, 1, others[i], 2, 0, 0);

        world_feed(world, &frame);
        assert_dropped(world, drop_ip_not_ours);
    }
}

static void address_of_another_link_is_not_ours_here(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_icmp(IP_PEER, IP4(10, 1, 0, 1), 8, 0, 1, 0, 0);

    world_attach_second(world);
    world_feed(world, &echo);
    assert_dropped(world, drop_ip_not_ours);
}

static void ttl_of_zero_is_accepted(void **state)
{
    /* RFC 1122 3.2.1.7: hosts accept any TTL */
    struct world *world = *state;
    struct frame echo = echo_from(IP_PEER);

    echo.bytes[FRAME_IP + 8] = 0;
    frame_seal_ip(&echo);
    world_feed(world, &echo);
    assert_ended(world, taken_icmp);
}

static uint16_t id_of_next(struct world *world, struct leat_udp *udp, leat_ip4 ip)
{
    assert_int_equal(world_send(world, udp, ip, 9, "x", 1), LEAT_OK);
    return frame_get16(world_expect(world)->bytes + FRAME_IP + 4);
}

static void test_threat_I8_identifications_cannot_be_foretold(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    static bool seen[65536];
    unsigned near = 0, seen_twice = 0;
    uint16_t last;

    world_meet(world, IP_OTHER, &MAC_OTHER);
    last = id_of_next(world, udp, IP_PEER);
    for (unsigned i = 1; i <= 1000; i++) {
        const uint16_t id = id_of_next(world, udp, i % 2 ? IP_OTHER : IP_PEER);

        near += (uint16_t)(id - last + 256) < 512;
        seen_twice += seen[id];
        seen[id] = true;
        last = id;
    }
    assert_in_range(near, 0, 24);       /* by chance: 8 */
    assert_in_range(seen_twice, 0, 24); /* by chance: 8 */
}

static void datagrams_over_the_mtu_go_out_in_fragments(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    uint8_t data[4000];
    uint8_t seen[4008];
    uint32_t at = 0;
    uint16_t id = 0;

    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 13 / 7);
    world_send(world, udp, IP_PEER, 9, data, sizeof data);
    assert_grown(world, ip_fragments_sent, 3);
    for (unsigned i = 0; i < 3; i++) {
        const struct fake_frame *frame = world_expect(world);
        const uint8_t *ip = frame->bytes + FRAME_IP;
        const uint32_t len = frame_get16(ip + 2) - 20u;

        if (i == 0)
            id = frame_get16(ip + 4);
        assert_int_equal(frame_get16(ip + 4), id);
        assert_int_equal(frame_get16(ip + 6), at / 8 + (i < 2 ? 0x2000u : 0));
        assert_int_equal(frame_sum(ip, 20, 0), 0);
        assert_true(len <= 1480);
        memcpy(seen + at, ip + 20, len);
        at += len;
    }
    assert_silent(world);
    assert_int_equal(at, 4008);
    assert_memory_equal(seen + 8, data, sizeof data);
}

static void packets_to_ourselves_never_leave(void **state)
{
    static const leat_ip4 selves[] = {IP_US, IP4(127, 0, 0, 1), IP4(127, 1, 2, 3)};
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(world_send(world, udp, selves[i], 1000, "me", 2), LEAT_OK);
        world_poll(world);
        assert_int_equal(world->datagrams, i + 1);
        assert_memory_equal(world->data, "me", 2);
        assert_int_equal(leat_ip_v4_number(world->peer.ip), selves[i]);
        assert_int_equal(leat_ip_v4_number(world->local.ip), selves[i]);
        assert_silent(world);
        assert_grown(world, rx_loopback, 1);
    }
    /* closed ports are reported here, too */
    world_send(world, udp, IP_US, 1001, "me", 2);
    world_wait(world, ms);
    assert_int_equal(world->errors, 1);
    assert_int_equal(world->error, LEAT_ERR_REFUSED);
    assert_silent(world);
}

static void loopback_queue_is_bounded(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct leat_endpoint self = leat_endpoint_of(leat_ip_v4(IP_US), 1000);

    world_mark(world);
    for (unsigned i = 0; i < LOOPBACK_FRAMES + 10; i++)
        leat_udp_send_to(udp, leat_buf_copy(leat_pool(world->stack), "x", 1), &self);
    assert_grown(world, tx_dropped, 10);
    world_poll(world);
    assert_grown(world, taken_udp, LOOPBACK_FRAMES);
}

static void test_threat_I7_packet_in_a_packet_is_dropped(void **state)
{
    struct world *world = *state;
    const struct frame inner = echo_from(IP_PEER);
    const struct frame tunnel =
        frame_ip(4, IP_PEER, IP_US, inner.bytes + FRAME_IP, inner.len - FRAME_IP);

    world_feed(world, &tunnel);
    assert_ended(world, drop_ip_protocol);
    world_expect_icmp(world, &tunnel, 3, 2);
    assert_silent(world);
}

static void fragments_without_memory_are_counted_and_told(void **state)
{
    static const uint8_t data[4000];
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    struct leat_buf *all = world_take_all_small(world);

    assert_int_equal(world_send(world, udp, IP_PEER, 9, data, sizeof data), LEAT_ERR_MEMORY);
    assert_grown(world, tx_no_memory, 1);
    assert_silent(world);
    world_give_all(all);
    assert_int_equal(world_send(world, udp, IP_PEER, 9, data, sizeof data), LEAT_OK);
    assert_grown(world, ip_fragments_sent, 3);
}

/* RFC 791 3.1: DF forbids fragmentation, also by the sender. */
static void a_datagram_with_DF_is_refused_over_the_mtu(void **state)
{
    static const uint8_t data[1481];
    const struct ipv4_options options = {.protocol = 17, .dont_fragment = true};
    struct world *world = *state;
    struct leat *stack = world->stack;
    struct path path;

    assert_int_equal(ipv4_path(stack, 0, IP_PEER, &path), LEAT_OK);
    for (uint32_t len = 1480; len <= 1481; len++) {
        struct leat_buf *payload = leat_buf_copy(leat_pool(stack), data, len);

        world_mark(world);
        assert_int_equal(ipv4_output(stack, &path, &options, payload),
                         len == 1480 ? LEAT_OK : LEAT_ERR_TOO_BIG);
        world_poll(world);
        assert_int_equal(fake_netif_sent_count(&world->dev), len == 1480);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_threat_I1_header_lengths_are_checked_before_the_checksum),
        world_test(test_threat_I1_header_longer_than_its_packet),
        world_test(test_threat_I1_packet_longer_than_its_frame),
        world_test(test_threat_I1_frames_cut_anywhere),
        world_test(other_versions_are_dropped),
        world_test(bad_checksum_is_dropped_in_silence),
        world_test(test_threat_I2_malformed_options_are_dropped_in_silence),
        world_test(test_threat_I2_source_routes_are_dropped_in_silence),
        world_test(test_threat_I2_options_are_skipped_and_never_echoed),
        world_test(test_threat_I3_martian_sources_are_dropped),
        world_test(packets_for_others_are_dropped),
        world_test(address_of_another_link_is_not_ours_here),
        world_test(ttl_of_zero_is_accepted),
        world_test(test_threat_I8_identifications_cannot_be_foretold),
        world_test(datagrams_over_the_mtu_go_out_in_fragments),
        world_test(fragments_without_memory_are_counted_and_told),
        world_test(a_datagram_with_DF_is_refused_over_the_mtu),
        world_test(packets_to_ourselves_never_leave),
        world_test(loopback_queue_is_bounded),
        world_test(test_threat_I7_packet_in_a_packet_is_dropped),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
