/* test_ipv6_neighbours.c -- neighbours, and what they ask about us (RFC 4861). */
#include "frames6.h"

enum {
    SOLICITATION = 135,
    ADVERTISEMENT = 136,
    SOLICITED = 0x40,
    OVERRIDE = 0x20
};

static const uint8_t some_nonce[6] = {1, 2, 3, 4, 5, 6};

static void a_solicitation_is_answered(void **state)
{
    struct world *world = *state;
    const struct frame question =
        frame_ndp(SOLICITATION, 0, IP6_PEER, ip6_asked(IP6_US), IP6_US, &MAC_PEER, 0);
    const struct fake_frame *sent;

    world_feed(world, &question);
    assert_ended(world, taken_ndp);
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), ADVERTISEMENT);
    assert_memory_equal(sent->bytes, MAC_PEER.octet, 6);
    assert_int_equal(sent->bytes[21], 255);
    assert_int_equal(sent->bytes[FRAME6_L4 + 4], SOLICITED | OVERRIDE);
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + FRAME6_L4 + 8), IP6_US));
    assert_int_equal(sent->bytes[FRAME6_L4 + 24], 2);
    assert_memory_equal(sent->bytes + FRAME6_L4 + 26, MAC_US.octet, 6);
    assert_silent(world);
}

/* RFC 4861 7.2.4: the answer to a duplicate check goes to all nodes. */
static void a_check_of_our_address_is_answered_to_all(void **state)
{
    struct world *world = *state;
    const struct frame question =
        frame_ndp(SOLICITATION, 0, LEAT_IP_ANY, ip6_asked(IP6_US), IP6_US, 0, some_nonce);
    const struct fake_frame *sent;

    world_feed(world, &question);
    assert_ended(world, taken_ndp);
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), ADVERTISEMENT);
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 38), IP6_ALL));
    assert_int_equal(sent->bytes[FRAME6_L4 + 4], OVERRIDE);
}

/* V1; RFC 4861 7.1 */
static void test_threat_V1_messages_with_a_false_envelope_are_dropped(void **state)
{
    struct world *world = *state;
    const struct frame good =
        frame_ndp(SOLICITATION, 0, IP6_PEER, ip6_asked(IP6_US), IP6_US, &MAC_PEER, 0);
    struct frame bad[8];

    for (unsigned i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].bytes[21] = 254;             /* from outside the link */
    bad[1].bytes[FRAME6_L4 + 1] = 1;    /* code */
    bad[2].bytes[FRAME6_L4 + 25] = 0;   /* an option without a length */
    bad[3].bytes[FRAME6_L4 + 25] = 2;   /* longer than the message */
    bad[4].bytes[FRAME6_L4 + 8] = 0xff; /* a group as target */
    bad[5] = frame_ndp(SOLICITATION, 0, LEAT_IP_ANY, ip6_asked(IP6_US), IP6_US, &MAC_PEER, 0);
    bad[6] = frame_ndp(SOLICITATION, 0, LEAT_IP_ANY, IP6_US, IP6_US, 0, 0);
    bad[7] = frame_ndp(ADVERTISEMENT, SOLICITED, IP6_PEER, IP6_ALL, IP6_PEER, &MAC_PEER, 0);
    for (unsigned i = 0; i < 8; i++) {
        frame_icmp6_repair(&bad[i]);
        world_feed(world, &bad[i]);
        assert_dropped(world, drop_ndp_format);
    }
}

static void questions_for_others_are_none_of_ours(void **state)
{
    struct world *world = *state;
    const struct leat_ip twin = ip6_of("2001:db8:1::1"); /* the same solicited-node group as ours */
    const struct frame question =
        frame_ndp(SOLICITATION, 0, IP6_PEER, ip6_asked(twin), twin, &MAC_PEER, 0);

    world_feed(world, &question);
    assert_dropped(world, drop_ndp_not_ours);
}

/* Expects a solicitation for a neighbour: by multicast, or to @to. */
static void expect_question(struct world *world, struct leat_ip target, const struct leat_mac *to)
{
    const struct fake_frame *sent = world_expect(world);
    const struct leat_ip dst = frame_ip6_at(sent->bytes + 38);

    assert_int_equal(frame_icmp6_type(sent), SOLICITATION);
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + FRAME6_L4 + 8), target));
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 22), IP6_US));
    assert_true(leat_ip_equal(dst, to ? target : ip6_asked(target)));
    if (to)
        assert_memory_equal(sent->bytes, to->octet, 6);
    else
        assert_memory_equal(sent->bytes + 2, dst.bytes + 12, 4);
    assert_int_equal(sent->bytes[FRAME6_L4 + 24], 1);
}

static void feed_advertisement(struct world *world, uint8_t flags, struct leat_ip ip,
                               const struct leat_mac *mac)
{
    const struct frame answer = frame_ndp(ADVERTISEMENT, flags, ip, IP6_US, ip, mac, 0);

    world_feed(world, &answer);
}

static void ping_from(struct world *world, struct leat_ip ip)
{
    const struct frame echo = frame_echo6(ip, IP6_US, 8);

    world_feed(world, &echo);
    assert_ended(world, taken_icmp6);
}

static void expect_reply_to(struct world *world, const struct leat_mac *mac)
{
    const struct fake_frame *sent = world_expect(world);

    assert_int_equal(frame_icmp6_type(sent), 129);
    assert_memory_equal(sent->bytes, mac->octet, 6);
}

static void a_packet_waits_for_its_neighbours_address(void **state)
{
    struct world *world = *state;

    ping_from(world, IP6_OTHER);
    expect_question(world, IP6_OTHER, 0);
    assert_silent(world);
    feed_advertisement(world, SOLICITED | OVERRIDE, IP6_OTHER, &MAC_OTHER);
    assert_ended(world, taken_ndp);
    expect_reply_to(world, &MAC_OTHER);
    ping_from(world, IP6_OTHER);
    expect_reply_to(world, &MAC_OTHER);
    assert_silent(world);
}

/* RFC 4861 7.2.2 */
static void a_silent_neighbour_is_asked_three_times(void **state)
{
    struct world *world = *state;

    ping_from(world, IP6_OTHER);
    for (unsigned i = 0; i < 3; i++) {
        expect_question(world, IP6_OTHER, 0);
        assert_silent(world);
        world_wait(world, second + 10 * ms);
    }
    assert_silent(world);
    assert_grown(world, tx_unresolved, 1);
}

static void only_the_latest_packets_wait(void **state)
{
    struct world *world = world6_create();
    struct leat_holdings holdings;

    *state = world;
    world->config.arp_shared = 1;
    world_init(world);
    world6_settle(world);
    for (unsigned i = 0; i < 7; i++)
        ping_from(world, IP6_OTHER);
    leat_holdings(world->stack, &holdings);
    assert_int_equal(holdings.held_parked, 5 * 2); /* headers, and echoed data */
    feed_advertisement(world, SOLICITED, IP6_OTHER, &MAC_OTHER);
    for (unsigned i = 0; i < 5; i++)
        expect_reply_to(world, &MAC_OTHER);
    assert_silent(world);
    assert_int_equal(leat_stats(world->stack)->tx_parked_out, 2);
    for (unsigned i = 0; i < 6; i++) /* the shared place was freed */
        ping_from(world, ip6_of("2001:db8::4"));
    assert_int_equal(leat_stats(world->stack)->tx_parked_out, 3);
    world_wait(world, 4 * second);
    for (unsigned i = 0; i < 6; i++)
        ping_from(world, ip6_of("2001:db8::4"));
    assert_int_equal(leat_stats(world->stack)->tx_parked_out, 4);
}

/* RFC 4861 7.3: 30 s more or less half, 5 s in DELAY, three probes. */
static void a_neighbour_that_is_used_is_asked_whether_it_is_there(void **state)
{
    struct world *world = *state;

    feed_advertisement(world, SOLICITED | OVERRIDE, IP6_PEER, &MAC_PEER);
    world_wait(world, 14 * second);
    ping_from(world, IP6_PEER);
    expect_reply_to(world, &MAC_PEER);
    world_wait(world, 6 * second);
    assert_silent(world); /* reachable: no probes */
    world_wait(world, 30 * second);
    ping_from(world, IP6_PEER);
    expect_reply_to(world, &MAC_PEER);
    world_wait(world, 4900 * ms);
    assert_silent(world);
    world_wait(world, 200 * ms);
    expect_question(world, IP6_PEER, &MAC_PEER);
    feed_advertisement(world, SOLICITED, IP6_PEER, &MAC_PEER);
    world_wait(world, 10 * second);
    assert_silent(world);
}

static void a_neighbour_that_is_gone_is_forgotten(void **state)
{
    struct world *world = *state;

    feed_advertisement(world, SOLICITED, IP6_PEER, &MAC_PEER);
    world_wait(world, 60 * second);
    ping_from(world, IP6_PEER);
    expect_reply_to(world, &MAC_PEER);
    world_wait(world, 5 * second + 10 * ms);
    for (unsigned i = 0; i < 3; i++) {
        expect_question(world, IP6_PEER, &MAC_PEER);
        world_wait(world, second + 10 * ms);
    }
    assert_silent(world);
    ping_from(world, IP6_PEER);
    expect_question(world, IP6_PEER, 0);
}

/* V6; RFC 4861 7.2.5 */
static void test_threat_V6_advertisements_move_only_known_neighbours_by_override(void **state)
{
    struct world *world = *state;

    feed_advertisement(world, OVERRIDE, IP6_OTHER, &MAC_OTHER); /* unsolicited */
    assert_dropped(world, drop_ndp_not_ours);
    feed_advertisement(world, SOLICITED, IP6_PEER, &MAC_PEER);
    feed_advertisement(world, 0, IP6_PEER, &MAC_OTHER); /* no override: STALE, same address */
    ping_from(world, IP6_PEER);
    expect_reply_to(world, &MAC_PEER);
    world_wait(world, 5100 * ms);
    expect_question(world, IP6_PEER, &MAC_PEER);
    feed_advertisement(world, OVERRIDE, IP6_PEER, &MAC_OTHER);
    ping_from(world, IP6_PEER);
    expect_reply_to(world, &MAC_OTHER);
}

/* RFC 4861 7.2.5: an answer without a link-layer address is ignored. */
static void an_answer_without_an_address_leaves_the_question_open(void **state)
{
    struct world *world = *state;

    ping_from(world, IP6_OTHER);
    expect_question(world, IP6_OTHER, 0);
    feed_advertisement(world, SOLICITED, IP6_OTHER, 0);
    assert_dropped(world, drop_ndp_not_ours);
    feed_advertisement(world, 0, IP6_OTHER, &MAC_OTHER);
    expect_reply_to(world, &MAC_OTHER);
}

static void another_host_with_our_address_is_told_of(void **state)
{
    struct world *world = *state;
    const struct frame claimed =
        frame_ndp(ADVERTISEMENT, OVERRIDE, IP6_US, IP6_ALL, IP6_US, &MAC_OTHER, 0);

    world_feed(world, &claimed);
    assert_ended(world, taken_ndp);
    assert_int_equal(world->conflicts, 1);
    assert_true(leat_ip_equal(world->last_address, IP6_US));
}

/* V4; RFC 6583 */
static void test_threat_V4_a_spray_of_neighbours_evicts_none_that_answers(void **state)
{
    struct world *world = *state;
    struct leat_ip ip = IP6_OTHER;

    feed_advertisement(world, SOLICITED, IP6_PEER, &MAC_PEER);
    for (unsigned i = 0; i < 1000; i++) {
        ip.bytes[8] = (uint8_t)(i >> 8);
        ip.bytes[9] = (uint8_t)i;
        ip.bytes[10] = 1;
        ping_from(world, ip);
    }
    assert_in_range(leat_stats(world->stack)->ndp_evictions, 900, 1000);
    ping_from(world, IP6_PEER);
    expect_reply_to(world, &MAC_PEER);
    world_wait(world, 10 * second);
}

/* Solicitations from unknown hosts fill the table, and evict no neighbour. */
static void test_threat_V4_a_spray_of_askers_evicts_no_neighbour(void **state)
{
    struct world *world = *state;
    struct leat_ip ip = IP6_OTHER;

    feed_advertisement(world, SOLICITED, IP6_PEER, &MAC_PEER);
    for (unsigned i = 0; i < 300; i++) {
        struct frame question;

        ip.bytes[9] = (uint8_t)i;
        ip.bytes[10] = (uint8_t)(1 + (i >> 8));
        question = frame_ndp(SOLICITATION, 0, ip, ip6_asked(IP6_US), IP6_US, &MAC_OTHER, 0);
        world_feed(world, &question);
        assert_ended(world, taken_ndp);
    }
    ping_from(world, IP6_PEER);
    expect_reply_to(world, &MAC_PEER);
    world_wait(world, 10 * second);
}

static void an_address_that_is_removed_is_silent(void **state)
{
    struct world *world = *state;
    const struct frame question =
        frame_ndp(SOLICITATION, 0, IP6_PEER, IP6_US, IP6_US, &MAC_PEER, 0);

    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, IP6_US), LEAT_OK);
    world_feed(world, &question);
    assert_dropped(world, drop_ip6_not_ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world6_test(a_solicitation_is_answered),
        world6_test(a_check_of_our_address_is_answered_to_all),
        world6_test(test_threat_V1_messages_with_a_false_envelope_are_dropped),
        world6_test(questions_for_others_are_none_of_ours),
        world6_test(a_packet_waits_for_its_neighbours_address),
        world6_test(a_silent_neighbour_is_asked_three_times),
        cmocka_unit_test_teardown(only_the_latest_packets_wait, world_teardown),
        world6_test(a_neighbour_that_is_used_is_asked_whether_it_is_there),
        world6_test(a_neighbour_that_is_gone_is_forgotten),
        world6_test(test_threat_V6_advertisements_move_only_known_neighbours_by_override),
        world6_test(an_answer_without_an_address_leaves_the_question_open),
        world6_test(another_host_with_our_address_is_told_of),
        world6_test(test_threat_V4_a_spray_of_neighbours_evicts_none_that_answers),
        world6_test(test_threat_V4_a_spray_of_askers_evicts_no_neighbour),
        world6_test(an_address_that_is_removed_is_silent),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
