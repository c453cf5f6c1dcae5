/* test_reassembly.c -- reassembly: complete datagrams, and attacks by fragments. */
#include "world.h"

#include "family.h"

enum {
    UDP_BYTES = 48 /* of the datagram that is fragmented here, header included */
};

/* A UDP datagram from the peer's port 1000 to our port 7, as IP payload. */
static struct frame datagram_of(uint32_t bytes)
{
    uint8_t data[1400];

    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i + 1);
    return frame_udp(IP_PEER, 1000, IP_US, 7, data, bytes - 8);
}

/* Feeds bytes @from .. @to of the datagram. */
static void feed_part(struct world *world, uint16_t id, uint32_t from, uint32_t to, bool more)
{
    const struct frame whole = datagram_of(UDP_BYTES);
    const struct frame fragment =
        frame_fragment(17, id, from, more, whole.bytes + FRAME_L4 + from, to - from);

    world_feed(world, &fragment);
}

static void assert_received(struct world *world, uint32_t count)
{
    const struct frame whole = datagram_of(UDP_BYTES);

    assert_int_equal(world->datagrams, count);
    if (count == 0)
        return;
    assert_int_equal(world->data_len, UDP_BYTES - 8);
    assert_memory_equal(world->data, whole.bytes + FRAME_UDP_DATA, UDP_BYTES - 8);
    assert_int_equal(leat_ip_v4_number(world->peer.ip), IP_PEER);
    assert_int_equal(world->peer.port, 1000);
}

static void fragments_in_any_order_make_the_datagram(void **state)
{
    static const uint32_t cuts[4] = {0, 16, 24, UDP_BYTES};
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                          {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct world *world = *state;

    world_socket(world, 7);
    for (uint16_t o = 0; o < 6; o++) {
        for (unsigned i = 0; i < 3; i++) {
            const unsigned part = orders[o][i];

            assert_int_equal(world->datagrams, o);
            feed_part(world, o, cuts[part], cuts[part + 1], part < 2);
            assert_grown(world, taken_fragment, 1);
        }
        assert_grown(world, ip_reassembled, 1);
        assert_grown(world, taken_udp, 1);
        assert_received(world, o + 1u);
    }
    assert_int_equal(leat_pool_free_count(leat_pool(world->stack)), 1024);
}

static void datagrams_do_not_mix(void **state)
{
    struct world *world = *state;
    const struct frame whole = datagram_of(UDP_BYTES);
    struct frame other;

    world_socket(world, 7);
    feed_part(world, 1, 0, 24, true);
    feed_part(world, 2, 24, UDP_BYTES, false);
    assert_received(world, 0);
    other = frame_fragment(17, 1, 24, false, whole.bytes + FRAME_L4 + 24, UDP_BYTES - 24);
    frame_put32(other.bytes + FRAME_IP + 12, IP_OTHER);
    frame_seal_ip(&other);
    world_feed(world, &other);
    assert_received(world, 0);
    feed_part(world, 1, 24, UDP_BYTES, false);
    assert_received(world, 1);
    feed_part(world, 2, 0, 24, true);
    assert_received(world, 2);
}

static void exact_duplicate_is_dropped_alone(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    feed_part(world, 1, 0, 24, true);
    feed_part(world, 1, 0, 24, true);
    assert_dropped(world, drop_ip_fragment_again);
    feed_part(world, 1, 24, UDP_BYTES, false);
    assert_received(world, 1);
}

/* Asserts that datagram 1 is condemned: its fragments are freed, and further ones are refused. */
static void assert_condemned(struct world *world)
{
    assert_dropped(world, drop_ip_fragment);
    assert_grown(world, ip_reassembly_failed, 1);
    assert_int_equal(leat_pool_free_count(leat_pool(world->stack)), 1024);
    feed_part(world, 1, 0, 24, true);
    assert_dropped(world, drop_ip_fragment_condemned);
    feed_part(world, 1, 24, UDP_BYTES, false);
    assert_dropped(world, drop_ip_fragment_condemned);
    assert_received(world, 0);
    /* until the timeout */
    world_wait(world, 31 * second);
    assert_silent(world);
    world_meet(world, IP_PEER, &MAC_PEER);
}

static void test_threat_I4_ping_of_death_is_discarded(void **state)
{
    struct world *world = *state;
    uint8_t data[1480] = {0};
    struct frame fragment;

    world_socket(world, 7);
    feed_part(world, 1, 0, 24, true);
    fragment = frame_fragment(17, 1, 65528, false, data, 8);
    world_feed(world, &fragment);
    assert_condemned(world);
    /* 20 + 64,040 + 1,480 are 65,540 */
    fragment = frame_fragment(17, 1, 64040, false, data, 1480);
    world_feed(world, &fragment);
    assert_condemned(world);
    fragment = frame_fragment(17, 1, 64040, true, data, 1480);
    world_feed(world, &fragment);
    assert_condemned(world);
}

static void test_threat_I5_overlap_discards_the_datagram(void **state)
{
    static const struct {
        uint32_t from, to;
        bool more;
    } second_parts[] = {
        {8, 24, true},         /* within, at the end */
        {0, 16, true},         /* within, at the start */
        {0, 32, true},         /* includes the first */
        {16, 32, true},        /* teardrop */
        {8, 16, true},         /* in the middle */
        {16, UDP_BYTES, false} /* with the end */
    };
    struct world *world = *state;

    world_socket(world, 7);
    for (unsigned i = 0; i < sizeof second_parts / sizeof second_parts[0]; i++) {
        feed_part(world, 1, 0, 24, true);
        assert_grown(world, taken_fragment, 1);
        feed_part(world, 1, second_parts[i].from, second_parts[i].to, second_parts[i].more);
        assert_condemned(world);
    }
}

static void test_threat_I5_overlap_from_the_front_discards_the_datagram(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    feed_part(world, 1, 16, 32, true);
    feed_part(world, 1, 0, 24, true);
    assert_condemned(world);
}

static void test_threat_I5_two_ends_discard_the_datagram(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    feed_part(world, 1, 24, 32, false);
    feed_part(world, 1, 40, UDP_BYTES, false);
    assert_condemned(world);
    feed_part(world, 1, 40, UDP_BYTES, false);
    feed_part(world, 1, 24, 30, false);
    assert_condemned(world);
    /* data after the end */
    feed_part(world, 1, 24, 32, false);
    feed_part(world, 1, 32, 40, true);
    assert_condemned(world);
    /* the same bytes, first as the end and then not */
    feed_part(world, 1, 24, 32, false);
    feed_part(world, 1, 24, 32, true);
    assert_condemned(world);
    feed_part(world, 1, 24, 32, true);
    feed_part(world, 1, 24, 32, false);
    assert_condemned(world);
}

static void test_threat_I5_odd_and_empty_fragments_are_discarded(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    feed_part(world, 1, 0, 23, true);
    assert_condemned(world);
    feed_part(world, 1, 8, 8, true);
    assert_condemned(world);
    feed_part(world, 1, 8, 8, false);
    assert_condemned(world);
}

static void tcp_sink(struct leat *stack, struct packet *packet)
{
    stack_end(stack, packet->buf, taken_tcp);
}

static void test_threat_I5_tcp_header_cut_by_a_fragment_is_discarded(void **state)
{
    static const struct protocol protocol = {.input = tcp_sink, .number = 6};
    struct world *world = *state;
    uint8_t segment[64] = {0};
    struct frame fragment;

    assert_true(stack_register(world->stack, &protocol));
    /* RFC 1858: a first fragment without the flags is refused */
    segment[12] = 0x50;
    fragment = frame_fragment(6, 1, 0, true, segment, 16);
    world_feed(world, &fragment);
    assert_dropped(world, drop_ip_fragment);
    /* and so is a second one that would supply or replace them */
    for (uint16_t offset = 8; offset < 20; offset += 8) {
        fragment = frame_fragment(6, 2 + offset, offset, true, segment, 16);
        world_feed(world, &fragment);
        assert_dropped(world, drop_ip_fragment);
    }
    /* and options that exceed the first fragment */
    segment[12] = 0x80;
    fragment = frame_fragment(6, 3, 0, true, segment, 24);
    world_feed(world, &fragment);
    assert_dropped(world, drop_ip_fragment);
    /* a complete header is accepted */
    fragment = frame_fragment(6, 4, 0, true, segment, 32);
    world_feed(world, &fragment);
    assert_ended(world, taken_fragment);
    fragment = frame_fragment(6, 4, 32, false, segment, 32);
    world_feed(world, &fragment);
    assert_grown(world, taken_tcp, 1);
}

static void test_threat_I6_timeout_is_30_s_and_fixed(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    feed_part(world, 1, 8, 16, true);
    /* further fragments don't prolong the timeout */
    for (unsigned i = 2; i < 5; i++) {
        world_wait(world, 9 * second);
        feed_part(world, 1, 8 * i, 8 * i + 8, true);
        assert_ended(world, taken_fragment);
    }
    world_wait(world, 2900 * ms);
    assert_int_equal(leat_stats(world->stack)->ip_reassembly_timeouts, 0);
    world_wait(world, 200 * ms);
    assert_int_equal(leat_stats(world->stack)->ip_reassembly_timeouts, 1);
    assert_int_equal(leat_pool_free_count(leat_pool(world->stack)), 1024);
    /* RFC 1122 3.3.2: no error without the first fragment */
    assert_silent(world);
}

static void timeout_is_told_with_the_first_fragment(void **state)
{
    struct world *world = *state;
    const struct frame whole = datagram_of(UDP_BYTES);
    const struct frame first = frame_fragment(17, 1, 0, true, whole.bytes + FRAME_L4, 24);

    world_socket(world, 7);
    world_feed(world, &first);
    world_wait(world, 29 * second);
    assert_silent(world);
    world_wait(world, 2 * second);
    world_expect_icmp(world, &first, 11, 1);
    assert_silent(world);
}

static void test_threat_I7_tunnel_in_fragments_is_dropped(void **state)
{
    struct world *world = *state;
    const struct frame inner = frame_icmp(IP_PEER, IP_US, 8, 0, 1, "0123456789", 10);
    struct frame fragment;

    fragment = frame_fragment(4, 1, 0, true, inner.bytes + FRAME_IP, 24);
    world_feed(world, &fragment);
    assert_ended(world, drop_ip_protocol);
    fragment = frame_fragment(4, 1, 24, false, inner.bytes + FRAME_IP + 24, 14);
    world_feed(world, &fragment);
    assert_dropped(world, drop_ip_protocol);
    assert_grown(world, taken_fragment, 0);
}

static void large_echo_is_answered_in_fragments(void **state)
{
    struct world *world = *state;
    uint8_t data[3000];
    uint8_t message[3008] = {8, 0, 0, 0, 1, 2, 3, 4};
    uint8_t seen[3008];
    struct frame fragment;
    uint32_t at = 0;

    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 3);
    memcpy(message + 8, data, sizeof data);
    frame_put16(message + 2, frame_sum(message, sizeof message, 0));
    for (uint32_t from = 0; from < sizeof message; from += 1480) {
        const uint32_t left = (uint32_t)sizeof message - from;

        fragment =
            frame_fragment(1, 9, from, left > 1480, message + from, left > 1480 ? 1480 : left);
        world_feed(world, &fragment);
    }
    assert_grown(world, taken_icmp, 1);
    for (unsigned i = 0; i < 3; i++) {
        const struct fake_frame *frame = world_expect(world);
        const uint32_t len = frame_get16(frame->bytes + FRAME_IP + 2) - 20u;

        memcpy(seen + at, frame->bytes + FRAME_L4, len);
        at += len;
    }
    assert_int_equal(at, sizeof message);
    assert_int_equal(seen[0], 0);
    assert_int_equal(frame_sum(seen, sizeof seen, 0), 0);
    assert_memory_equal(seen + 4, message + 4, sizeof message - 4);
}

static void congestion_mark_of_one_fragment_marks_the_whole(void **state)
{
    /* RFC 3168 5.3: not-ECT together with CE is invalid, ECT with CE is valid */
    static const struct {
        uint8_t first, last;
        uint32_t received;
    } cases[] = {{2, 3, 1}, {3, 2, 2}, {0, 0, 3}, {0, 3, 3}, {3, 0, 3}};
    struct world *world = *state;
    const struct frame whole = datagram_of(UDP_BYTES);

    world_socket(world, 7);
    for (uint16_t i = 0; i < 5; i++) {
        struct frame first = frame_fragment(17, i, 0, true, whole.bytes + FRAME_L4, 24);
        struct frame last = frame_fragment(17, i, 24, false, whole.bytes + FRAME_L4 + 24, 24);

        first.bytes[FRAME_IP + 1] = cases[i].first;
        last.bytes[FRAME_IP + 1] = cases[i].last;
        frame_seal_ip(&first);
        frame_seal_ip(&last);
        world_feed(world, &first);
        world_feed(world, &last);
        assert_received(world, cases[i].received);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(fragments_in_any_order_make_the_datagram),
        world_test(datagrams_do_not_mix),
        world_test(exact_duplicate_is_dropped_alone),
        world_test(test_threat_I4_ping_of_death_is_discarded),
        world_test(test_threat_I5_overlap_discards_the_datagram),
        world_test(test_threat_I5_overlap_from_the_front_discards_the_datagram),
        world_test(test_threat_I5_two_ends_discard_the_datagram),
        world_test(test_threat_I5_odd_and_empty_fragments_are_discarded),
        world_test(test_threat_I5_tcp_header_cut_by_a_fragment_is_discarded),
        world_test(test_threat_I6_timeout_is_30_s_and_fixed),
        world_test(timeout_is_told_with_the_first_fragment),
        world_test(test_threat_I7_tunnel_in_fragments_is_dropped),
        world_test(large_echo_is_answered_in_fragments),
        world_test(congestion_mark_of_one_fragment_marks_the_whole),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
