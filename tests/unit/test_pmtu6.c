/* test_pmtu6.c -- datagrams respect the path MTU (RFC 8201). */
#include "frames6.h"

#include "ip/v6/ipv6.h"
#include "link/link.h"

enum {
    TOO_BIG = 2,
    LONG_BYTES = 1400,
    FRAGMENT = 44
};

static const uint8_t data[LONG_BYTES] = "a long datagram";

/* Sends a long datagram; returns its first packet. */
static struct frame send_long(struct world *world, struct leat_udp *udp, struct leat_ip dst)
{
    const struct leat_endpoint peer = leat_endpoint_of(dst, 9);
    const struct fake_frame *sent;
    struct frame frame;

    fake_netif_forget(&world->dev);
    assert_int_equal(
        leat_udp_send_to(udp, leat_buf_copy(leat_pool(world->stack), data, LONG_BYTES), &peer),
        LEAT_OK);
    world_poll(world);
    sent = world_expect(world);
    memcpy(frame.bytes, sent->bytes, sent->len);
    frame.len = sent->len;
    return frame;
}

/* A Packet Too Big about @about. */
static void complain(struct world *world, const struct frame *about, uint32_t mtu)
{
    const uint32_t quoted = about->len - 14 < 1232 ? about->len - 14 : 1232;
    uint8_t message[8 + 1232] = {TOO_BIG};
    struct frame frame;

    frame_put32(message + 4, mtu);
    memcpy(message + 8, about->bytes + 14, quoted);
    frame = frame_icmp6(IP6_PEER, IP6_US, message, 8 + quoted);
    world_feed(world, &frame);
}

static bool is_whole(const struct frame *frame)
{
    return frame->len == FRAME6_L4 + 8 + LONG_BYTES;
}

static void expect_fragments(struct world *world, const struct frame *first, uint32_t mtu)
{
    const struct fake_frame *other = world_expect(world);

    assert_int_equal(first->bytes[20], FRAGMENT);
    assert_true(first->len - 14 <= mtu && first->len - 14 > mtu - 8);
    assert_int_equal(first->len + other->len, 2 * (FRAME6_L4 + 8) + 8 + LONG_BYTES);
    assert_silent(world);
}

/* The peer is known, so that cached headers are used. */
static struct leat_udp *begin(struct world *world)
{
    const struct frame confirms = frame_ndp(136, 0x60, IP6_PEER, IP6_US, IP6_PEER, &MAC_PEER, 0);
    struct leat_udp *udp = world_socket(world, 7);
    struct frame frame;

    for (unsigned i = 0; i < 2; i++) {
        frame = send_long(world, udp, IP6_PEER);
        assert_true(is_whole(&frame));
        world_feed(world, &confirms);
    }
    return udp;
}

static void a_narrow_path_is_known_for_ten_minutes(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = begin(world);
    struct frame frame = send_long(world, udp, IP6_PEER);

    complain(world, &frame, 1400);
    assert_dropped(world, taken_icmp6);
    assert_int_equal(world->error, LEAT_ERR_TOO_BIG);
    frame = send_long(world, udp, IP6_PEER);
    expect_fragments(world, &frame, 1400);
    complain(world, &frame, 1300); /* about a first fragment, from a more distant router */
    assert_dropped(world, taken_icmp6);
    frame = send_long(world, udp, IP6_PEER);
    expect_fragments(world, &frame, 1300);
    complain(world, &frame, 1500); /* a larger MTU is ignored */
    frame = send_long(world, udp, IP6_PEER);
    expect_fragments(world, &frame, 1300);
    world_wait(world, 601 * second);
    frame = send_long(world, udp, IP6_PEER);
    /* the neighbour is probed */
    assert_true(is_whole(&frame));
}

/* Other fragments don't name the socket that has sent them. */
static void only_a_first_fragment_tells_of_its_path(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = begin(world);
    struct frame frame = send_long(world, udp, IP6_PEER), later;
    const struct fake_frame *sent;

    complain(world, &frame, 1400);
    frame = send_long(world, udp, IP6_PEER);
    sent = world_expect(world);
    later.len = sent->len;
    memcpy(later.bytes, sent->bytes, sent->len);
    complain(world, &later, 1300);
    assert_dropped(world, drop_icmp_quote);
    complain(world, &frame, 1350);
    assert_dropped(world, taken_icmp6);
    frame = send_long(world, udp, IP6_PEER);
    expect_fragments(world, &frame, 1350);
}

/* It is known for that time, and not at its end. */
static void a_path_is_unknown_exactly_after_its_time(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = begin(world);
    const struct frame frame = send_long(world, udp, IP6_PEER);
    const struct link *link = &world->stack->links[0];
    const uint64_t before_ns = world->stack->now_ns;

    complain(world, &frame, 1400);
    assert_int_equal(pmtu6_to(link, IP6_PEER), 1400);
    assert_int_equal(pmtu6_to(link, IP6_OTHER), 1500);
    world->stack->now_ns = before_ns + 600 * second - 1;
    assert_int_equal(pmtu6_to(link, IP6_PEER), 1400);
    world->stack->now_ns++;
    assert_int_equal(pmtu6_to(link, IP6_PEER), 1500);
    world->stack->now_ns = before_ns;
}

/* V10: RFC 8201 4, RFC 8021 */
static void test_threat_V10_packet_too_big_counts_from_1280_on(void **state)
{
    static const uint32_t absurd[] = {0, 68, 1279, 65536, UINT32_MAX};
    struct world *world = *state;
    struct leat_udp *udp = begin(world);
    struct frame frame = send_long(world, udp, IP6_PEER);

    for (unsigned i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        complain(world, &frame, absurd[i]);
        frame = send_long(world, udp, IP6_PEER);
        assert_true(is_whole(&frame));
    }
    complain(world, &frame, 1280);
    frame = send_long(world, udp, IP6_PEER);
    expect_fragments(world, &frame, 1280);
}

static void test_threat_V10_packet_too_big_about_a_packet_not_sent_is_dropped(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = begin(world);
    struct frame frame = send_long(world, udp, IP6_PEER);
    struct frame forged = frame;

    forged.bytes[FRAME6_L4 + 1] = 8; /* from another port */
    complain(world, &forged, 1280);
    assert_dropped(world, drop_icmp_blind);
    frame = send_long(world, udp, IP6_PEER);
    assert_true(is_whole(&frame));
}

/* Beyond the number of entries the oldest path is forgotten. */
static void test_threat_V10_sixteen_paths_are_known(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = begin(world);
    struct frame frame = send_long(world, udp, IP6_PEER), other = frame;

    complain(world, &frame, 1280);
    for (uint8_t i = 0; i < 16; i++) {
        world_wait(world, ms);
        other.bytes[53] = (uint8_t)(0x10 + i);
        complain(world, &other, 1280);
        assert_dropped(world, taken_icmp6);
        if (i < 15) {
            frame = send_long(world, udp, IP6_PEER);
            expect_fragments(world, &frame, 1280);
        }
    }
    frame = send_long(world, udp, IP6_PEER);
    assert_true(is_whole(&frame));
}

/* Receives an echo request with @number from @peer; returns the first packet of the reply. */
static struct frame echo_long(struct world *world, struct leat_ip peer, uint16_t number)
{
    struct frame asked = frame_echo6(peer, IP6_US, LONG_BYTES), frame;
    const struct fake_frame *sent;

    frame_put16(asked.bytes + FRAME6_L4 + 6, number);
    frame_icmp6_repair(&asked);
    world_feed(world, &asked);
    assert_ended(world, taken_icmp6);
    sent = world_expect(world);
    memcpy(frame.bytes, sent->bytes, sent->len);
    frame.len = sent->len;
    return frame;
}

/* RFC 8201 4: a host behind a tunnel gets our echo replies. */
static void echo_replies_fit_through_their_path(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = begin(world);
    struct frame frame = echo_long(world, IP6_PEER, 1);

    assert_true(is_whole(&frame));
    complain(world, &frame, 1400);
    assert_dropped(world, taken_icmp6);
    frame = echo_long(world, IP6_PEER, 2);
    expect_fragments(world, &frame, 1400);
    complain(world, &frame, 1280); /* about a first fragment */
    assert_dropped(world, taken_icmp6);
    frame = send_long(world, udp, IP6_PEER);
    expect_fragments(world, &frame, 1280);
    world_wait(world, 601 * second);
    frame = echo_long(world, IP6_PEER, 3);
    assert_true(is_whole(&frame));
}

/* A reply that was not requested has not been sent; a short one needs no Packet Too Big. */
static void test_threat_V10_packet_too_big_about_another_echo_is_dropped(void **state)
{
    struct world *world = *state;
    struct frame frame = echo_long(world, IP6_PEER, 1), forged = frame;

    forged.bytes[FRAME6_L4 + 7] = 9; /* another sequence number */
    complain(world, &forged, 1280);
    assert_dropped(world, drop_icmp_quote);
    forged = frame;
    forged.bytes[FRAME6_L4] = 128; /* a request */
    complain(world, &forged, 1280);
    assert_dropped(world, drop_icmp_quote);
    forged = frame;
    forged.bytes[53] = 0x77; /* to another host */
    complain(world, &forged, 1280);
    assert_dropped(world, drop_icmp_quote);
    for (uint16_t i = 2; i <= 5; i++)
        (void)echo_long(world, IP6_PEER, i);
    complain(world, &frame, 1280); /* too old */
    assert_dropped(world, drop_icmp_quote);
    frame = echo_long(world, IP6_PEER, 6);
    assert_true(is_whole(&frame));
}

/* A Packet Too Big about an echo reply to another host. */
static void tell_of_echo(struct world *world, struct leat_ip peer, uint32_t mtu)
{
    const struct frame meet = frame_ndp(135, 0, peer, ip6_asked(IP6_US), IP6_US, &MAC_PEER, 0);
    struct frame frame;

    world_feed(world, &meet);
    frame = echo_long(world, peer, 1);
    complain(world, &frame, mtu);
    assert_dropped(world, taken_icmp6);
}

/* Echo requests from forged hosts don't displace entries for datagrams. */
static void test_threat_V10_echoes_drive_out_no_datagrams_path(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = begin(world);
    struct frame frame = send_long(world, udp, IP6_PEER), other = frame;

    complain(world, &frame, 1280);
    for (uint8_t i = 0; i < 20; i++) {
        struct leat_ip peer = IP6_OTHER;

        peer.bytes[15] = (uint8_t)(0x20 + i);
        world_wait(world, second / 2);
        tell_of_echo(world, peer, 1280);
    }
    for (uint8_t i = 0; i < 11; i++) { /* all but four entries are for datagrams */
        other.bytes[53] = (uint8_t)(0x40 + i);
        complain(world, &other, 1280);
    }
    frame = send_long(world, udp, IP6_PEER);
    expect_fragments(world, &frame, 1280);
}

static void test_threat_V10_echoes_take_no_place_that_datagrams_have(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = begin(world);
    struct frame frame = send_long(world, udp, IP6_PEER), other = frame;

    complain(world, &frame, 1280);
    for (uint8_t i = 1; i < 16; i++) {
        other.bytes[53] = (uint8_t)(0x40 + i);
        complain(world, &other, 1280);
    }
    world_wait(world, second / 2);
    tell_of_echo(world, IP6_OTHER, 1280);
    frame = echo_long(world, IP6_OTHER, 1);
    assert_true(is_whole(&frame));
    frame = send_long(world, udp, IP6_PEER);
    expect_fragments(world, &frame, 1280);
}

/* The entry that expires first is replaced, whichever was made first. */
static void test_threat_V10_a_path_that_is_told_again_stays(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = begin(world);
    struct frame frame = send_long(world, udp, IP6_PEER), other = frame;

    complain(world, &frame, 1300);
    for (uint8_t i = 0; i < 16; i++) {
        world_wait(world, ms);
        other.bytes[53] = (uint8_t)(0x10 + i);
        complain(world, &other, 1280);
        world_wait(world, ms);
        if (i == 3)
            complain(world, &frame, 1280); /* renews it for ten minutes */
    }
    frame = send_long(world, udp, IP6_PEER);
    expect_fragments(world, &frame, 1280);
}

/* RFC 4861 7.2.2 */
static void a_packet_in_many_fragments_waits_as_a_whole(void **state)
{
    static const uint8_t very_long[20000];
    struct world *world = *state;
    const struct leat_endpoint peer = leat_endpoint_of(IP6_OTHER, 9);
    const struct frame is_there = frame_ndp(136, 0x60, IP6_OTHER, IP6_US, IP6_OTHER, &MAC_OTHER, 0);
    struct leat_udp *udp = world_socket(world, 7);

    assert_int_equal(
        leat_udp_send_to(udp, leat_buf_copy(leat_pool(world->stack), very_long, sizeof very_long),
                         &peer),
        LEAT_OK);
    world_poll(world);
    world_feed(world, &is_there);
    for (uint32_t i = 0; i < 14; i++) {
        const struct fake_frame *sent = world_expect(world);

        assert_int_equal(frame_get16(sent->bytes + FRAME6_L4 + 2) & 0xfff8, i * 1448);
    }
    assert_silent(world);
    assert_int_equal(leat_stats(world->stack)->tx_parked_out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world6_test(a_narrow_path_is_known_for_ten_minutes),
        world6_test(a_packet_in_many_fragments_waits_as_a_whole),
        world6_test(only_a_first_fragment_tells_of_its_path),
        world6_test(a_path_is_unknown_exactly_after_its_time),
        world6_test(echo_replies_fit_through_their_path),
        world6_test(test_threat_V10_packet_too_big_about_another_echo_is_dropped),
        world6_test(test_threat_V10_echoes_drive_out_no_datagrams_path),
        world6_test(test_threat_V10_echoes_take_no_place_that_datagrams_have),
        world6_test(test_threat_V10_packet_too_big_counts_from_1280_on),
        world6_test(test_threat_V10_packet_too_big_about_a_packet_not_sent_is_dropped),
        world6_test(test_threat_V10_sixteen_paths_are_known),
        world6_test(test_threat_V10_a_path_that_is_told_again_stays),
    };

    return cmocka_run_group_tests_name("pmtu6", tests, 0, 0);
}
