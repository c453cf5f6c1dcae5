/* test_fragments6.c -- receiving and sending IPv6 packets in fragments (RFC 8200 4.5). */
#include "frames6.h"

#include "dry.h"

enum {
    FRAGMENT = 44
};

/* A fragment of the IPv6 packet in the frame @whole: @len bytes of its payload from offset @at.
 * @len 0: all bytes from @at to the end of the payload. */
static struct frame fragment_of(const struct frame *whole, uint32_t id, uint32_t at, uint32_t len)
{
    const uint32_t total = whole->len - FRAME6_L4;
    const uint32_t here = len ? len : total - at;
    uint8_t payload[1500] = {whole->bytes[20]};
    struct frame frame;

    frame_put16(payload + 2, at | (at + here < total));
    frame_put16(payload + 4, id >> 16);
    frame_put16(payload + 6, id & 0xffff);
    memcpy(payload + 8, whole->bytes + FRAME6_L4 + at, here);
    frame = frame_ip6(FRAGMENT, frame_ip6_at(whole->bytes + 22), frame_ip6_at(whole->bytes + 38),
                      payload, 8 + here);
    frame.bytes[21] = whole->bytes[21];
    return frame;
}

static void feed(struct world *world, const struct frame *whole, uint32_t id, uint32_t at,
                 uint32_t len)
{
    const struct frame frame = fragment_of(whole, id, at, len);

    world_feed(world, &frame);
}

static void expect_reply(struct world *world, const struct frame *echo)
{
    const struct fake_frame *sent = world_expect(world);

    assert_int_equal(frame_icmp6_type(sent), 129);
    assert_int_equal(sent->len, echo->len);
    assert_memory_equal(sent->bytes + 58, echo->bytes + 58, echo->len - 58);
}

static void fragments_in_any_order_make_a_packet(void **state)
{
    static const uint8_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, IP6_US, 1000);

    for (unsigned i = 0; i < 4; i++) {
        for (unsigned k = 0; k < 3; k++) {
            assert_silent(world);
            feed(world, &echo, 7 + i, orders[i][k] * 400u, orders[i][k] < 2 ? 400 : 0);
        }
        expect_reply(world, &echo);
        assert_int_equal(leat_stats(world->stack)->ip_reassembled, i + 1);
    }
}

/* RFC 8200 4.5: identifications are per pair of hosts, whatever the protocol */
static void an_identification_belongs_to_two_hosts(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, IP6_US, 1000);
    const struct frame other = frame_echo6(IP6_OTHER, IP6_US, 1000);

    feed(world, &echo, 7, 0, 400);
    feed(world, &other, 7, 400, 0);
    assert_silent(world);
    feed(world, &echo, 7, 400, 0);
    expect_reply(world, &echo);
}

/* Options after the fragment header are processed after reassembly. */
static void headers_behind_the_fragment_header_are_walked(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, IP6_US, 100);
    uint8_t payload[200] = {58, 0, 1, 4};
    struct frame whole;

    memcpy(payload + 8, echo.bytes + FRAME6_L4, 108);
    whole = frame_ip6(60, IP6_PEER, IP6_US, payload, 116);
    feed(world, &whole, 1, 0, 64);
    feed(world, &whole, 1, 64, 0);
    expect_reply(world, &echo);
    payload[2] = 0xc2; /* an unknown option that causes a Parameter Problem at its offset */
    whole = frame_ip6(60, IP6_PEER, IP6_US, payload, 116);
    feed(world, &whole, 2, 0, 64);
    feed(world, &whole, 2, 64, 0);
    assert_int_equal(frame_icmp6_type(world_expect(world)), 4);
}

/* A fragment within fragments is dropped (RFC 8200 4.5, RFC 7112 5). */
static void test_threat_V9_a_fragment_in_fragments_is_dropped(void **state)
{
    static const uint16_t offsets[] = {400, 1, 0}; /* the last one is atomic (RFC 6946) */
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, IP6_US, 100);
    uint8_t payload[200] = {58};

    memcpy(payload + 8, echo.bytes + FRAME6_L4, 108);
    for (unsigned i = 0; i < 3; i++) {
        struct frame whole;

        frame_put16(payload + 2, offsets[i]);
        whole = frame_ip6(FRAGMENT, IP6_PEER, IP6_US, payload, 116);
        feed(world, &whole, 1 + i, 64, 0);
        feed(world, &whole, 1 + i, 0, 64);
        if (offsets[i] == 0) {
            expect_reply(world, &echo);
            continue;
        }
        assert_ended(world, drop_ip6_headers);
        assert_int_equal(frame_icmp6_type(world_expect(world)), 4);
        assert_silent(world);
    }
}

/* Reassembles @count sent fragments; returns the length. */
static uint32_t put_together(struct world *world, unsigned count, uint8_t *payload, uint32_t *id)
{
    uint32_t total = 0;

    for (unsigned i = 0; i < count; i++) {
        const struct fake_frame *sent = world_expect(world);
        const uint32_t bytes = frame_get16(sent->bytes + 18) - 8u;
        const uint32_t at = frame_get16(sent->bytes + FRAME6_L4 + 2);

        assert_int_equal(sent->bytes[20], FRAGMENT);
        assert_int_equal(sent->bytes[FRAME6_L4], 58);
        assert_true(sent->len <= 1514);
        assert_int_equal(sent->len, FRAME6_L4 + 8 + bytes);
        assert_int_equal(at & 0xfff8, total);
        assert_int_equal(at & 1, i + 1 < count);
        if (i > 0)
            assert_int_equal(*id, frame_get32(sent->bytes + FRAME6_L4 + 4));
        *id = frame_get32(sent->bytes + FRAME6_L4 + 4);
        memcpy(payload + total, sent->bytes + FRAME6_L4 + 8, bytes);
        total += bytes;
    }
    assert_silent(world);
    return total;
}

/* Feeds an echo request of @total bytes in fragments of 1,448; copies it to @message. */
static void feed_echo(struct world *world, uint8_t *message, uint32_t total, uint32_t id)
{
    const struct leat_ip us = IP6_US, peer = IP6_PEER;
    uint32_t sum = 0;

    memset(message, 0, total);
    message[0] = 128;
    for (uint32_t i = 8; i < total; i++)
        message[i] = (uint8_t)(i * 7);
    for (unsigned i = 0; i < 16; i += 2)
        sum += frame_get16(us.bytes + i) + frame_get16(peer.bytes + i);
    sum += total + 58;
    frame_put16(message + 2, frame_sum(message, total, sum));
    fake_netif_forget(&world->dev);
    for (uint32_t at = 0; at < total; at += 1448) {
        const uint32_t here = total - at < 1448 ? total - at : 1448;
        uint8_t payload[1500] = {58};
        struct frame frame;

        frame_put16(payload + 2, at | (at + here < total));
        frame_put16(payload + 6, id);
        memcpy(payload + 8, message + at, here);
        frame = frame_ip6(FRAGMENT, peer, us, payload, 8 + here);
        fake_netif_feed(&world->dev, frame.bytes, frame.len);
        world_poll(world);
    }
}

/* Feeds an echo request of @data bytes, and checks its reply. */
static uint32_t ping(struct world *world, uint32_t data, uint32_t id)
{
    static uint8_t message[65536], reply[65536];
    const uint32_t total = data + 8;
    const unsigned count = (total + 1447) / 1448;
    uint32_t got, reply_id = 0;

    feed_echo(world, message, total, id);
    got = put_together(world, count, reply, &reply_id);
    assert_int_equal(got, total);
    assert_int_equal(reply[0], 129);
    assert_memory_equal(reply + 4, message + 4, total - 4);
    return reply_id;
}

/* RFC 7739: the next identification can't be predicted */
static void replies_leave_in_fragments_with_random_identifications(void **state)
{
    struct world *world = *state;
    const uint32_t first = ping(world, 2000, 1);
    const uint32_t second_id = ping(world, 2889, 2); /* two full fragments, and a byte */
    const uint32_t third = ping(world, 65000, 3);
    const uint32_t fourth = ping(world, 65527, 4); /* the longest */

    assert_true(first != second_id && second_id - first != third - second_id &&
                fourth - third != third - second_id);
}

/* RFC 8200 4.5: after 60 s; the sender is told if the first fragment was received */
static void an_incomplete_packet_is_given_up_after_a_minute(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, IP6_US, 1000);
    const struct frame udp =
        frame_ip6(17, IP6_PEER, IP6_US, "12345678901234567890123456789012", 32);

    feed(world, &echo, 1, 400, 400); /* not the first */
    feed(world, &udp, 2, 0, 16);
    world_wait(world, 59 * second);
    assert_silent(world);
    world_wait(world, 2 * second);
    {
        const struct fake_frame *sent = world_expect(world);

        while (sent && frame_icmp6_type(sent) == 135) /* the peer's address is resolved first */
            sent = fake_netif_sent(&world->dev);
        assert_int_equal(leat_stats(world->stack)->ip_reassembly_timeouts, 2);
        assert_true(!sent || frame_icmp6_type(sent) == 3);
    }
}

/* V9; RFC 5722 */
static void test_threat_V9_fragments_that_overlap_condemn_all_of_it(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, IP6_US, 1000);

    feed(world, &echo, 7, 0, 400);
    feed(world, &echo, 7, 0, 400); /* an exact duplicate is harmless */
    assert_dropped(world, drop_ip_fragment_again);
    feed(world, &echo, 7, 392, 400);
    assert_ended(world, drop_ip_fragment);
    assert_silent(world);
    feed(world, &echo, 7, 400, 0);
    assert_dropped(world, drop_ip_fragment_condemned);
}

/* The sender is told that headers are missing (RFC 7112 5), unless the truncated packet may be an
 * error. */
static void is_refused(struct world *world, bool is_told)
{
    const struct fake_frame *sent;

    assert_ended(world, drop_ip6_headers);
    if (!is_told) {
        assert_silent(world);
        return;
    }
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), 4);
    assert_int_equal(sent->bytes[FRAME6_L4 + 1], 3);
    assert_int_equal(frame_get32(sent->bytes + FRAME6_L4 + 4), 0);
}

/* V9; RFC 7112 */
static void test_threat_V9_a_first_fragment_without_all_headers_is_dropped(void **state)
{
    struct world *world = *state;
    uint8_t payload[64] = {6, 1, 1, 4}; /* 16 bytes of options, then TCP */
    struct frame whole = frame_ip6(60, IP6_PEER, IP6_US, payload, sizeof payload);

    feed(world, &whole, 1, 0, 8); /* options truncated */
    is_refused(world, true);
    feed(world, &whole, 2, 0, 32); /* TCP header truncated */
    is_refused(world, true);
    whole = frame_ip6(6, IP6_PEER, IP6_US, payload, sizeof payload);
    whole.bytes[FRAME6_L4 + 12] = 0xf0; /* TCP options truncated */
    feed(world, &whole, 3, 0, 40);
    is_refused(world, true);
    payload[0] = 58; /* options, and no byte of ICMPv6 */
    whole = frame_ip6(60, IP6_PEER, IP6_US, payload, sizeof payload);
    feed(world, &whole, 4, 0, 16);
    is_refused(world, false);
    whole = frame_ip6(6, IP6_PEER, IP6_ALL, payload, sizeof payload);
    feed(world, &whole, 5, 0, 8);
    is_refused(world, false); /* no error about a packet to a group */
}

/* V9; RFC 6946: an atomic fragment doesn't wait for others with its identification, nor condemn
 * them */
static void test_threat_V9_an_atomic_fragment_is_alone(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, IP6_US, 1000);

    feed(world, &echo, 7, 0, 400);
    feed(world, &echo, 7, 0, 0); /* an atomic fragment */
    expect_reply(world, &echo);
    feed(world, &echo, 7, 400, 0);
    expect_reply(world, &echo);
}

/* V9; RFC 8200 4.5 */
static void test_threat_V9_odd_lengths_and_the_ping_of_death_are_complained_about(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, IP6_US, 1000);
    const struct fake_frame *sent;
    struct frame frame = fragment_of(&echo, 1, 0, 401);

    world_feed(world, &frame);
    assert_ended(world, drop_ip_fragment);
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), 4);
    assert_int_equal(frame_get32(sent->bytes + 58), 4); /* pointer: the payload length */
    frame = fragment_of(&echo, 2, 400, 0);
    frame_put16(frame.bytes + FRAME6_L4 + 2, 0xfff8);
    world_feed(world, &frame);
    assert_ended(world, drop_ip_fragment);
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), 4);
    assert_int_equal(frame_get32(sent->bytes + 58), 42); /* pointer: the fragment offset */
}

/* V1; RFC 6980 */
static void test_threat_V1_neighbour_discovery_in_fragments_is_dropped(void **state)
{
    struct world *world = *state;
    const struct frame question =
        frame_ndp(135, 0, IP6_PEER, ip6_asked(IP6_US), IP6_US, &MAC_PEER, 0);

    feed(world, &question, 1, 0, 0);
    assert_dropped(world, drop_ndp_format);
    feed(world, &question, 2, 0, 16);
    feed(world, &question, 2, 16, 0);
    assert_grown(world, drop_ndp_format, 1);
    assert_silent(world);
}

/* V9: both families share a table, of which a /64 holds at most as much as it leaves free */
static void test_threat_V9_a_flood_of_fragments_is_bounded(void **state)
{
    struct world *world = *state;
    const struct frame mine = frame_echo6(IP6_OTHER, IP6_US, 1000);
    struct leat_holdings holdings;

    feed(world, &mine, 1, 0, 400);
    for (unsigned i = 0; i < 1000; i++) {
        struct leat_ip from = ip6_of("2001:db8:bad::1");
        struct frame echo;

        from.bytes[15] = (uint8_t)i; /* one /64 with many hosts */
        from.bytes[14] = (uint8_t)(i >> 8);
        echo = frame_echo6(from, IP6_US, 1000);
        feed(world, &echo, i, 0, 400);
    }
    leat_holdings(world->stack, &holdings);
    assert_in_range(holdings.held_reassembly, 2, 16);
    feed(world, &mine, 1, 400, 0);
    assert_int_equal(leat_stats(world->stack)->ip_reassembled, 1);
}

/* Sends the reply to a long echo request while one allocation fails, each of them in turn: losses
 * are counted, and the next request is answered. */
static void a_reply_in_fragments_on_short_memory(void **state)
{
    struct world *world = *state;
    uint64_t lost = 0;
    unsigned call = 0;

    do {
        const uint64_t before = leat_stats(world->stack)->tx_no_memory;
        uint8_t message[3000];

        dry_at(leat_pool(world->stack), ++call);
        feed_echo(world, message, sizeof message, call);
        lost += leat_stats(world->stack)->tx_no_memory - before;
        fake_netif_forget(&world->dev);
    } while (dry_ends() && call < 100);
    assert_in_range(call, 4, 99);
    assert_in_range(lost, 3, call);
    ping(world, 2000, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world6_test(fragments_in_any_order_make_a_packet),
        world6_test(an_identification_belongs_to_two_hosts),
        world6_test(headers_behind_the_fragment_header_are_walked),
        world6_test(test_threat_V9_a_fragment_in_fragments_is_dropped),
        world6_test(replies_leave_in_fragments_with_random_identifications),
        world6_test(an_incomplete_packet_is_given_up_after_a_minute),
        world6_test(test_threat_V9_fragments_that_overlap_condemn_all_of_it),
        world6_test(test_threat_V9_a_first_fragment_without_all_headers_is_dropped),
        world6_test(test_threat_V9_an_atomic_fragment_is_alone),
        world6_test(test_threat_V9_odd_lengths_and_the_ping_of_death_are_complained_about),
        world6_test(test_threat_V1_neighbour_discovery_in_fragments_is_dropped),
        world6_test(a_reply_in_fragments_on_short_memory),
        world6_test(test_threat_V9_a_flood_of_fragments_is_bounded),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
