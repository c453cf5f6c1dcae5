/* test_ipv6_neighbours.c -- our own addresses, and neighbours (RFC 4861, 4862, 7217, 7527). */
#include "frames6.h"

enum {
    SOLICITATION = 135,
    ADVERTISEMENT = 136,
    SOLICITED = 0x40,
    OVERRIDE = 0x20
};

static const uint8_t some_nonce[6] = {1, 2, 3, 4, 5, 6};

static struct world *bare_world(void **state)
{
    struct world *world = world6_create();

    world_init(world);
    *state = world;
    return world;
}

/* Expects the solicitation of duplicate address detection; returns the address. */
static struct leat_ip expect_probe(struct world *world, uint8_t nonce[6])
{
    const struct fake_frame *sent = world_expect(world);
    const struct leat_ip target = frame_ip6_at(sent->bytes + FRAME6_L4 + 8);

    assert_int_equal(frame_icmp6_type(sent), SOLICITATION);
    assert_int_equal(sent->bytes[21], 255);
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 22), LEAT_IP_ANY));
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 38), ip6_asked(target)));
    assert_int_equal(sent->len, FRAME6_L4 + 32);
    assert_int_equal(sent->bytes[FRAME6_L4 + 24], 14);
    memcpy(nonce, sent->bytes + FRAME6_L4 + 26, 6);
    return target;
}

/* Waits until the check of the link-local address starts. */
static struct leat_ip begin_check(struct world *world, uint8_t nonce[6])
{
    world_wait(world, 200 * ms);
    return expect_probe(world, nonce);
}

static void an_address_without_a_duplicate_is_used(void **state)
{
    struct world *world = bare_world(state);
    uint8_t nonce[6];
    const struct leat_ip ip = begin_check(world, nonce);

    assert_int_equal(world->usable, 0);
    assert_true(leat_ip_is_link_local(ip));
    world_wait(world, 700 * ms);
    assert_int_equal(world->usable, 0);
    world_wait(world, 400 * ms);
    assert_int_equal(world->usable, 1);
    assert_true(leat_ip_equal(world->last_address, ip));
    assert_silent(world);
}

/* RFC 7217: determined by the secret, the netif and the prefix only. */
static void identifiers_are_opaque_and_stable(void **state)
{
    struct world *first = bare_world(state);
    uint8_t nonce[6];
    const struct leat_ip ip = begin_check(first, nonce);
    struct leat_ip others[3];

    for (unsigned i = 0; i < 3; i++) {
        struct world *world = world6_create();

        if (i == 0)
            world->config.seed[5] ^= 1;
        else if (i == 1)
            world->ipv6_config.secret[5] ^= 1;
        else
            world->dev.netif.mac.octet[5] ^= 1;
        world_init(world);
        others[i] = begin_check(world, nonce);
        world_teardown((void **)&world);
    }
    assert_true(leat_ip_equal(others[0], ip));
    assert_false(leat_ip_equal(others[1], ip));
    assert_false(leat_ip_equal(others[2], ip));
    /* it doesn't contain the MAC (RFC 8064) */
    assert_memory_not_equal(ip.bytes + 13, first->dev.netif.mac.octet + 3, 3);
}

static void an_address_that_another_host_claims_is_replaced(void **state)
{
    struct world *world = bare_world(state);
    uint8_t nonce[6];
    struct leat_ip before = LEAT_IP_ANY;

    for (unsigned i = 0; i < 3; i++) {
        const struct leat_ip ip = begin_check(world, nonce);
        const struct frame answer =
            frame_ndp(ADVERTISEMENT, OVERRIDE, ip, IP6_ALL, ip, &MAC_OTHER, 0);

        assert_false(leat_ip_equal(ip, before));
        before = ip;
        world_feed(world, &answer);
        assert_ended(world, taken_ndp);
        assert_grown(world, ndp_conflicts, 1);
    }
    /* V5: after three identifiers the program is told */
    assert_int_equal(world->conflicts, 1);
    world_wait(world, 5 * second);
    assert_silent(world);
    assert_int_equal(world->usable, 0);
}

/* RFC 4862 5.4.3, RFC 7527 */
static void a_check_of_the_same_address_is_a_duplicate_but_our_own_echo_is_not(void **state)
{
    struct world *world = bare_world(state);
    uint8_t nonce[6];
    const struct leat_ip ip = begin_check(world, nonce);
    const struct frame ours = frame_ndp(SOLICITATION, 0, LEAT_IP_ANY, ip6_asked(ip), ip, 0, nonce);
    const struct frame other =
        frame_ndp(SOLICITATION, 0, LEAT_IP_ANY, ip6_asked(ip), ip, 0, some_nonce);
    const struct frame asker =
        frame_ndp(SOLICITATION, 0, IP6_PEER_LINK, ip6_asked(ip), ip, &MAC_PEER, 0);

    world_feed(world, &ours);
    assert_ended(world, taken_ndp);
    assert_grown(world, ndp_conflicts, 0);
    world_feed(world, &asker); /* a solicitation with a source address isn't answered yet */
    assert_ended(world, taken_ndp);
    assert_grown(world, ndp_conflicts, 0);
    assert_silent(world);
    world_feed(world, &other);
    assert_ended(world, taken_ndp);
    assert_grown(world, ndp_conflicts, 1);
    assert_false(leat_ip_equal(begin_check(world, nonce), ip));
}

static void an_address_of_the_program_is_given_up_and_told(void **state)
{
    struct world *world = bare_world(state);
    const struct frame answer =
        frame_ndp(ADVERTISEMENT, OVERRIDE, IP6_US, IP6_ALL, IP6_US, &MAC_OTHER, 0);

    world_wait(world, 2 * second);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, IP6_US, 64), LEAT_OK);
    world_wait(world, 300 * ms);
    world_feed(world, &answer);
    assert_ended(world, taken_ndp);
    world_wait(world, 5 * second);
    assert_int_equal(world->conflicts, 1);
    assert_true(leat_ip_equal(world->last_address, IP6_US));
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, IP6_US),
                     LEAT_ERR_NOT_FOUND);
}

static void the_check_can_be_left_out(void **state)
{
    struct world *world = world6_create();

    world->ipv6_config.no_duplicate_check = true;
    world_init(world);
    *state = world;
    assert_int_equal(world->usable, 1);
    assert_silent(world);
}

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
        cmocka_unit_test_teardown(an_address_without_a_duplicate_is_used, world_teardown),
        cmocka_unit_test_teardown(identifiers_are_opaque_and_stable, world_teardown),
        cmocka_unit_test_teardown(an_address_that_another_host_claims_is_replaced, world_teardown),
        cmocka_unit_test_teardown(
            a_check_of_the_same_address_is_a_duplicate_but_our_own_echo_is_not, world_teardown),
        cmocka_unit_test_teardown(an_address_of_the_program_is_given_up_and_told, world_teardown),
        cmocka_unit_test_teardown(the_check_can_be_left_out, world_teardown),
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
