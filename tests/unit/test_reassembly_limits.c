/* test_reassembly_limits.c -- limits on fragments: per datagram, per source, in total. */
#include "world.h"

#include "base.h"

enum {
    UDP_BYTES = 48 /* length of the datagram that is fragmented here, with its header */
};

/* Feeds bytes @from .. @to of a UDP datagram from @src's port 1000 to our port 7. */
static void feed_part_of(struct world *world, leat_ip4 src, uint16_t id, uint32_t from, uint32_t to)
{
    uint8_t data[UDP_BYTES - 8] = "what is cut";
    const struct frame whole = frame_udp(src, 1000, IP_US, 7, data, sizeof data);
    struct frame fragment =
        frame_fragment(17, id, from, to < UDP_BYTES, whole.bytes + FRAME_L4 + from, to - from);

    frame_put32(fragment.bytes + FRAME_IP + 12, src);
    frame_seal_ip(&fragment);
    world_feed(world, &fragment);
}

static void feed_part(struct world *world, uint16_t id, uint32_t from, uint32_t to)
{
    feed_part_of(world, IP_PEER, id, from, to);
}

/* Feeds a fragment of 1,480 bytes at an offset that completes no datagram. */
static void feed_junk(struct world *world, leat_ip4 src, uint16_t id, uint32_t number)
{
    static const uint8_t data[1480];
    struct frame fragment = frame_fragment(17, id, 1480 * number, true, data, sizeof data);

    frame_put32(fragment.bytes + FRAME_IP + 12, src);
    frame_seal_ip(&fragment);
    world_feed(world, &fragment);
    assert_ended(world, taken_fragment);
}

static uint32_t held_buffers(const struct world *world)
{
    return 1024 - leat_pool_free_count(leat_pool(world->stack));
}

/* Feeds @count fragments of a datagram that can't become complete, then one more, which is
 * refused. */
static void assert_fragments_max(struct world *world, uint32_t count)
{
    for (uint32_t i = 0; i <= count; i++) {
        const struct frame fragment = frame_fragment(17, 1, 16 * i, true, "01234567", 8);

        world_feed(world, &fragment);
        if (i < count)
            assert_ended(world, taken_fragment);
    }
    assert_dropped(world, drop_ip_fragment_limit);
    assert_grown(world, ip_reassembly_failed, 1);
    assert_int_equal(held_buffers(world), 0);
    /* further fragments are well-formed, and refused for another reason */
    feed_part(world, 1, 0, 24);
    assert_dropped(world, drop_ip_fragment_condemned);
}

static void test_threat_I6_at_most_64_fragments_a_datagram(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    assert_fragments_max(world, 64);
}

static void fragments_of_a_datagram_are_configured(void **state)
{
    struct world *world = world_create();

    world->config.reassembly_fragments = 3;
    world_init(world);
    world_settle(world);
    assert_fragments_max(world, 3);
    *state = world;
    world_teardown(state);
}

static void largest_datagram_is_put_together_and_answered_at_1500(void **state)
{
    static uint8_t message[65515] = {8, 0, 0, 0, 1, 2, 3, 4}; /* ping -s 65507 */
    struct world *world = *state;
    const uint64_t before = leat_stats(world->stack)->ip_fragments_sent;

    for (uint32_t i = 8; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 7);
    frame_put16(message + 2, frame_sum(message, sizeof message, 0));
    for (uint32_t from = 0; from < sizeof message; from += 1480) {
        const uint32_t left = (uint32_t)sizeof message - from;
        const struct frame fragment =
            frame_fragment(1, 9, from, left > 1480, message + from, left > 1480 ? 1480 : left);

        world_feed(world, &fragment);
    }
    assert_grown(world, ip_reassembled, 1);
    assert_grown(world, icmp_echo_replies, 1);
    assert_int_equal(leat_stats(world->stack)->ip_fragments_sent - before, 45);
    message[0] = 0;
    frame_put16(message + 2, 0);
    frame_put16(message + 2, frame_sum(message, sizeof message, 0));
    for (uint32_t at = 0; at < sizeof message;) {
        const struct fake_frame *frame = world_expect(world);
        const uint32_t len = frame_get16(frame->bytes + FRAME_IP + 2) - 20u;

        assert_int_equal((frame_get16(frame->bytes + FRAME_IP + 6) & 0x1fff) * 8u, at);
        assert_memory_equal(frame->bytes + FRAME_L4, message + at, len);
        at += len;
    }
    assert_silent(world);
    assert_int_equal(held_buffers(world), 0);
}

static void test_threat_I6_at_most_256_kib_in_all(void **state)
{
    struct world *world = *state;
    uint32_t most = 0;

    world_socket(world, 7);
    for (uint16_t i = 0; i < 1000; i++) {
        /* sixteen datagrams of different sources at a time, each of many fragments */
        feed_junk(world, IP4(10, 0, 0, 16) + i % 16, i / 320u, 2 + i % 320u / 16u * 2);
        most = held_buffers(world) > most ? held_buffers(world) : most;
    }
    assert_in_range(most * 2048, 240 * 1024, 256 * 1024);
}

static void test_threat_I6_source_holds_no_more_bytes_than_it_leaves(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    for (uint16_t i = 0; i < 1000; i++) {
        feed_junk(world, IP_PEER, i / 20u, 1u + i % 20u * 2u);
        assert_in_range(held_buffers(world) * 2048, 0, 128 * 1024);
    }
    /* two such sources leave a third of the reassembly memory for others */
    for (uint16_t i = 0; i < 1000; i++) {
        feed_junk(world, IP_PEER + i % 2u, i / 40u, 1u + i % 40u / 2u * 2u);
        assert_in_range(held_buffers(world) * 2048, 0, 256 * 1024 * 2 / 3 + 2048);
    }
}

static void test_threat_I6_flood_of_a_source_costs_others_no_datagram(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    feed_part_of(world, IP_OTHER, 1, 0, 24);
    for (uint32_t i = 0; i < 20000; i++) { /* datagrams of few fragments, then of many */
        if (i < 10000)
            feed_junk(world, IP_PEER, (uint16_t)i, 1);
        else
            feed_junk(world, IP_PEER, (uint16_t)(i / 40), 1 + i % 40);
        if (i % 100 == 0)
            world_wait(world, ms);
    }
    assert_true(leat_stats(world->stack)->ip_reassembly_evicted > 10000);
    feed_part_of(world, IP_OTHER, 1, 24, UDP_BYTES);
    assert_int_equal(world->datagrams, 1);
    assert_int_equal(leat_ip_v4_number(world->peer.ip), IP_OTHER);
}

static void test_threat_I6_incomplete_sets_of_many_sources_go_oldest_first(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    for (uint16_t id = 1; id <= 200; id++) {
        feed_part_of(world, IP4(10, 0, 0, 20) + id, id, 0, 24);
        assert_grown(world, taken_fragment, 1);
        assert_true(held_buffers(world) <= 16);
        world_wait(world, ms);
    }
    /* the last sixteen are kept */
    feed_part_of(world, IP4(10, 0, 0, 20) + 184, 184, 24, UDP_BYTES);
    assert_int_equal(world->datagrams, 0);
    feed_part_of(world, IP4(10, 0, 0, 20) + 186, 186, 24, UDP_BYTES);
    assert_int_equal(world->datagrams, 1);
    feed_part_of(world, IP4(10, 0, 0, 20) + 200, 200, 24, UDP_BYTES);
    assert_int_equal(world->datagrams, 2);
}

static void test_threat_I6_incomplete_sets_of_one_source_keep_half_of_the_slots(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    for (uint16_t id = 1; id <= 100; id++) {
        feed_part(world, id, 0, 24);
        assert_true(held_buffers(world) <= 8);
        world_wait(world, ms);
    }
    assert_int_equal(leat_stats(world->stack)->ip_reassembly_evicted, 92);
    feed_part(world, 92, 24, UDP_BYTES);
    assert_int_equal(world->datagrams, 0);
    feed_part(world, 94, 24, UDP_BYTES);
    assert_int_equal(world->datagrams, 1);
}

static void test_threat_I6_repeated_last_fragment_costs_nothing(void **state)
{
    struct world *world = *state;

    world_socket(world, 7);
    feed_part(world, 1, 24, UDP_BYTES);
    for (unsigned i = 0; i < 1000; i++) {
        feed_part(world, 1, 24, UDP_BYTES);
        assert_dropped(world, drop_ip_fragment_again);
    }
    assert_int_equal(held_buffers(world), 1);
    feed_part(world, 1, 0, 24);
    assert_int_equal(world->datagrams, 1);
}

static void the_account_counts_buffers_of_fragments(void **state)
{
    struct world *world = *state;
    struct leat_holdings holdings;

    feed_junk(world, IP_PEER, 1, 1);
    feed_junk(world, IP_PEER, 1, 3);
    feed_junk(world, IP_OTHER, 2, 1);
    leat_holdings(world->stack, &holdings);
    assert_int_equal(holdings.held_reassembly, 3);
    assert_int_equal(holdings.held_others, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_threat_I6_at_most_64_fragments_a_datagram),
        cmocka_unit_test(fragments_of_a_datagram_are_configured),
        world_test(largest_datagram_is_put_together_and_answered_at_1500),
        world_test(test_threat_I6_at_most_256_kib_in_all),
        world_test(test_threat_I6_source_holds_no_more_bytes_than_it_leaves),
        world_test(test_threat_I6_flood_of_a_source_costs_others_no_datagram),
        world_test(test_threat_I6_incomplete_sets_of_many_sources_go_oldest_first),
        world_test(test_threat_I6_incomplete_sets_of_one_source_keep_half_of_the_slots),
        world_test(test_threat_I6_repeated_last_fragment_costs_nothing),
        world_test(the_account_counts_buffers_of_fragments),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
