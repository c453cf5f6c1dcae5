/* test_arp.c -- the neighbour cache (RFC 826, RFC 1122 2.3.2) and our own addresses (RFC 5227). */
#include "world.h"

#include "link/arp.h"
#include "link/address.h"

/* Asserts that @sent is an ARP packet with these fields. */
static void assert_arp(const struct fake_frame *sent, const struct leat_mac *to, uint16_t operation,
                       leat_ip4 spa, leat_ip4 tpa)
{
    const uint8_t *arp = sent->bytes + 14;

    assert_memory_equal(sent->bytes, to->octet, 6);
    assert_memory_equal(sent->bytes + 6, MAC_US.octet, 6);
    assert_int_equal(frame_get16(sent->bytes + 12), 0x0806);
    assert_memory_equal(arp, "\0\1\x08\0\6\4", 6);
    assert_int_equal(frame_get16(arp + 6), operation);
    assert_memory_equal(arp + 8, MAC_US.octet, 6);
    assert_int_equal(frame_get32(arp + 14), spa);
    assert_int_equal(frame_get32(arp + 24), tpa);
}

static void request_for_us_is_answered(void **state)
{
    struct world *world = *state;
    const struct frame request = frame_arp(1, &MAC_OTHER, IP_OTHER, IP_US);

    world_feed(world, &request);
    assert_ended(world, taken_arp);
    assert_arp(world_expect(world), &MAC_OTHER, 2, IP_US, IP_OTHER);
    assert_silent(world);
}

static void request_for_others_makes_no_entry(void **state)
{
    struct world *world = *state;
    const struct frame request = frame_arp(1, &MAC_OTHER, IP_OTHER, IP_PEER);
    const uint32_t count = neighbour_count(world->stack);

    world_feed(world, &request);
    assert_dropped(world, drop_arp_not_ours);
    assert_int_equal(neighbour_count(world->stack), count);
}

static void test_threat_A1_bad_lengths_are_dropped(void **state)
{
    static const struct {
        uint8_t at, value;
    } lies[] = {{1, 6}, {3, 1}, {4, 0}, {4, 5}, {4, 255}, {5, 0}, {5, 16}, {7, 0}, {7, 3}, {7, 9}};
    struct world *world = *state;
    const struct frame request = frame_arp(1, &MAC_OTHER, IP_OTHER, IP_US);

    for (uint32_t len = 14; len < 42; len++) {
        world_feed_bytes(world, request.bytes, len);
        assert_dropped(world, drop_arp_format);
    }
    for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct frame lie = request;

        lie.bytes[14 + lies[i].at] = lies[i].value;
        world_feed(world, &lie);
        assert_dropped(world, drop_arp_format);
    }
}

static void test_threat_A2_unsolicited_reply_makes_no_entry(void **state)
{
    struct world *world = *state;
    const struct frame reply = frame_arp(2, &MAC_OTHER, IP_OTHER, IP_US);
    const uint32_t count = neighbour_count(world->stack);

    world_feed(world, &reply);
    assert_silent(world);
    assert_int_equal(neighbour_count(world->stack), count);
}

static void test_threat_A2_our_address_is_defended_once_in_10_s(void **state)
{
    struct world *world = *state;
    const struct frame claims[2] = {frame_arp(2, &MAC_OTHER, IP_US, IP_PEER),
                                    frame_arp(1, &MAC_OTHER, IP_US, IP_US)};
    const uint32_t count = neighbour_count(world->stack);

    world_feed(world, &claims[0]);
    assert_ended(world, drop_arp_conflict);
    assert_arp(world_expect(world), &MAC_ALL, 1, IP_US, IP_US);
    assert_int_equal(world->conflicts, 1);
    assert_int_equal(world->last_ip, IP_US);
    for (unsigned i = 0; i < 99; i++) {
        world_wait(world, 100 * ms);
        world_feed(world, &claims[i % 2]);
        assert_dropped(world, drop_arp_conflict);
    }
    world_wait(world, 100 * ms);
    world_feed(world, &claims[1]);
    assert_arp(world_expect(world), &MAC_ALL, 1, IP_US, IP_US);
    assert_int_equal(leat_stats(world->stack)->arp_conflicts, 101);
    assert_int_equal(neighbour_count(world->stack), count);
}

/* A world with 2^24 addresses that knows the peer. */
static struct world *wide_world(void)
{
    struct world *world = world_create();

    world->config.buf_count = 4096;
    world_init(world);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(IP_US), 8),
                     LEAT_OK);
    world_wait(world, 5 * second);
    world_meet(world, IP_PEER, &MAC_PEER);
    return world;
}

static void test_threat_A3_flood_of_senders_is_bounded(void **state)
{
    struct world *world = wide_world();

    for (uint32_t i = 0; i < 65536; i++) {
        const struct leat_mac mac = {{2, 1, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}};
        const struct frame request = frame_arp(1, &mac, IP4(10, 1, 0, 1) + i, IP_US);

        world_feed(world, &request);
        assert_ended(world, taken_arp);
        assert_true(neighbour_count(world->stack) <= 256);
    }
    assert_int_equal(neighbour_count(world->stack), 256);
    *state = world;
    world_teardown(state);
}

static void test_threat_A3_flood_of_targets_is_bounded(void **state)
{
    struct world *world = wide_world();
    struct leat_udp *udp = world_socket(world, 1000);

    for (uint32_t i = 0; i < 65536; i++) {
        world_send(world, udp, IP4(10, 1, 0, 1) + i / 6, 9, "x", 1);
        assert_true(neighbour_count(world->stack) <= 256);
        assert_true(leat_pool_free_count(leat_pool(world->stack)) >= 4096 - 256 * 4 - 256);
    }
    /* the neighbour that had answered is still known */
    assert_int_equal(world_send(world, udp, IP_PEER, 9, "x", 1), LEAT_OK);
    assert_memory_equal(world_expect(world)->bytes, MAC_PEER.octet, 6);
    *state = world;
    world_teardown(state);
}

/* A world with @shared common places for parked frames. */
static struct world *sharing_world(void **state, uint16_t shared)
{
    struct world *world = world_create();

    world->config.arp_shared = shared;
    world_init(world);
    world_settle(world);
    *state = world;
    return world;
}

static void test_threat_A3_four_frames_are_parked_and_the_shared_ones(void **state)
{
    struct world *world = sharing_world(state, 2);
    struct leat_udp *udp = world_socket(world, 1000);
    const struct frame reply = frame_arp(2, &MAC_OTHER, IP_OTHER, IP_US);
    struct leat_holdings holdings;

    for (char c = '1'; c <= '8'; c++) {
        world_send(world, udp, IP_OTHER, 9, &c, 1);
        assert_grown(world, tx_parked_out, c > '6');
    }
    leat_holdings(world->stack, &holdings);
    assert_int_equal(holdings.held_parked, 6);
    world_feed(world, &reply);
    assert_ended(world, taken_arp);
    for (char c = '3'; c <= '8'; c++) {
        const struct fake_frame *frame = world_expect(world);

        assert_memory_equal(frame->bytes, MAC_OTHER.octet, 6);
        assert_int_equal(frame->bytes[FRAME_UDP_DATA], c);
    }
    assert_silent(world);
}

/* Each neighbour has four places of its own, whatever the others hold; shared ones are returned. */
static void shared_places_come_back_and_own_places_stay(void **state)
{
    struct world *world = sharing_world(state, 2);
    struct leat_udp *udp = world_socket(world, 1000);
    const struct frame reply = frame_arp(2, &MAC_OTHER, IP_OTHER, IP_US);

    for (unsigned i = 0; i < 6; i++)
        world_send(world, udp, IP_OTHER, 9, "x", 1);
    for (unsigned i = 0; i < 5; i++) {
        world_send(world, udp, IP_OTHER + 1, 9, "x", 1);
        assert_grown(world, tx_parked_out, i > 3);
    }
    world_feed(world, &reply);
    world_mark(world);
    for (unsigned i = 0; i < 3; i++) {
        world_send(world, udp, IP_OTHER + 1, 9, "x", 1);
        assert_grown(world, tx_parked_out, i > 1);
    }
    world_wait(world, 5 * second); /* no answer comes, and the places are returned again */
    world_mark(world);
    for (unsigned i = 0; i < 6; i++) {
        world_send(world, udp, IP_OTHER + 2, 9, "x", 1);
        assert_grown(world, tx_parked_out, 0);
    }
}

static void three_unanswered_requests_are_told_to_the_sender(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);

    assert_int_equal(world_send(world, udp, IP_OTHER, 9, "x", 1), LEAT_OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_arp(world_expect(world), &MAC_ALL, 1, IP_US, IP_OTHER);
        assert_silent(world);
        assert_int_equal(world->errors, 0);
        world_wait(world, 999 * ms);
        assert_silent(world);
        world_wait(world, 2 * ms);
    }
    assert_silent(world);
    assert_grown(world, tx_unresolved, 1);
    assert_int_equal(world->errors, 1);
    assert_int_equal(world->error, LEAT_ERR_UNREACHABLE);
    assert_int_equal(leat_ip_v4_number(world->error_peer.ip), IP_OTHER);
    assert_int_equal(world->error_peer.port, 9);
    assert_int_equal(leat_unreachable_to(world->stack, world->error_peer.ip)->how,
                     LEAT_UNREACHABLE_ARP);
}

static void neighbour_in_use_is_refreshed_by_unicast(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct frame reply = frame_arp(2, &MAC_PEER, IP_PEER, IP_US);

    world_send(world, udp, IP_PEER, 9, "x", 1);
    world_mark(world);
    world_wait(world, 61 * second);
    assert_arp(world_expect(world), &MAC_PEER, 1, IP_US, IP_PEER);
    /* meanwhile frames are sent */
    world_send(world, udp, IP_PEER, 9, "y", 1);
    assert_int_equal(world_expect(world)->bytes[FRAME_UDP_DATA], 'y');
    world_feed(world, &reply);
    assert_ended(world, taken_arp);
    world_wait(world, 50 * second);
    assert_silent(world);
    world_send(world, udp, IP_PEER, 9, "z", 1);
    assert_int_equal(world_expect(world)->bytes[FRAME_UDP_DATA], 'z');
}

/* Sends to ten hosts that don't exist; returns how often the peer itself was asked meanwhile. */
static unsigned questions_in_a_spray(struct world *world, struct leat_udp *udp, unsigned round)
{
    const struct fake_frame *sent;
    unsigned count = 0;

    for (unsigned i = 0; i < 10; i++)
        world_send(world, udp, IP4(10, 0, 0, 100 + (10 * round + i) % 100), 9, "s", 1);
    world_wait(world, 100 * ms);
    while ((sent = fake_netif_sent(&world->dev)))
        count += memcmp(sent->bytes, MAC_PEER.octet, 6) == 0;
    return count;
}

/* The limit applies to broadcasts. */
static void test_threat_A3_a_neighbour_in_use_is_refreshed_in_a_flood_of_targets(void **state)
{
    struct world *world = world_create();
    struct leat_udp *udp;
    unsigned count = 0;

    *state = world;
    world->config.arp_entries = 8;
    world_init(world);
    world_settle(world);
    udp = world_socket(world, 1000);
    world_send(world, udp, IP_PEER, 9, "x", 1);
    world_wait(world, 55 * second);
    world_mark(world);
    for (unsigned round = 0; round < 150; round++)
        count += questions_in_a_spray(world, udp, round);
    assert_int_equal(count, 3);
}

static void neighbour_that_went_away_is_forgotten(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);

    world_send(world, udp, IP_PEER, 9, "x", 1);
    world_mark(world);
    world_wait(world, 70 * second);
    for (unsigned i = 0; i < 3; i++)
        assert_arp(world_expect(world), &MAC_PEER, 1, IP_US, IP_PEER);
    assert_silent(world);
    assert_int_equal(neighbour_count(world->stack), 0);
    world_send(world, udp, IP_PEER, 9, "x", 1);
    assert_arp(world_expect(world), &MAC_ALL, 1, IP_US, IP_PEER);
}

static void idle_neighbour_is_forgotten_in_silence(void **state)
{
    struct world *world = *state;

    world_wait(world, 61 * second);
    assert_silent(world);
    assert_int_equal(neighbour_count(world->stack), 0);
}

static void signs_of_life_make_refreshing_needless(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    struct link *link = &world->stack->links[0];

    world_send(world, udp, IP_PEER, 9, "x", 1);
    world_mark(world);
    for (unsigned i = 0; i < 10; i++) {
        world_wait(world, 30 * second);
        neighbour_confirmed(link, IP_PEER);
    }
    assert_silent(world);
    assert_int_equal(neighbour_count(world->stack), 1);
}

static void senders_that_cannot_be_are_dropped(void **state)
{
    static const leat_ip4 ips[] = {IP4(127, 0, 0, 1),  IP4(224, 0, 0, 1), IP4(255, 255, 255, 255),
                                   IP4(10, 0, 0, 255), IP4(10, 0, 0, 0),  IP4(0, 1, 2, 3)};
    static const struct leat_mac macs[] = {
        {{0, 0, 0, 0, 0, 0}}, {{1, 0, 0, 0, 0, 2}}, {{2, 0, 0, 0, 0, 1}}};
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof ips / sizeof ips[0]; i++) {
        const struct frame request = frame_arp(1, &MAC_OTHER, ips[i], IP_US);

        world_feed(world, &request);
        assert_dropped(world, drop_arp_sender);
    }
    for (unsigned i = 0; i < 3; i++) {
        struct frame request = frame_arp(1, &macs[i], IP_OTHER, IP_US);

        frame_from(&request, &MAC_OTHER);
        world_feed(world, &request);
        assert_dropped(world, drop_arp_sender);
    }
}

static void sender_beyond_the_link_makes_no_entry(void **state)
{
    struct world *world = *state;
    const struct frame request = frame_arp(1, &MAC_OTHER, IP4(192, 0, 2, 1), IP_US);
    const uint32_t count = neighbour_count(world->stack);

    world_feed(world, &request);
    assert_arp(world_expect(world), &MAC_OTHER, 2, IP_US, IP4(192, 0, 2, 1));
    assert_int_equal(neighbour_count(world->stack), count);
}

static void address_is_announced_twice(void **state)
{
    struct world *world = world_create();

    (void)state;
    world_init(world);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(IP_US), 24),
                     LEAT_OK);
    world_wait(world, second);
    assert_int_equal(world->usable, 1);
    assert_arp(world_expect(world), &MAC_ALL, 1, IP_US, IP_US);
    assert_silent(world);
    world_wait(world, 10 * second);
    assert_arp(world_expect(world), &MAC_ALL, 1, IP_US, IP_US);
    assert_silent(world);
    assert_int_equal(leat_ip_v4_number(leat_address(world->stack, &world->dev.netif)), IP_US);
    *state = world;
    world_teardown(state);
}

/* A world that probes for its address. */
static struct world *probing(void)
{
    struct world *world = world_create();

    world->config.arp_probe = true;
    world_init(world);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(IP_US), 24),
                     LEAT_OK);
    world_wait(world, 1001 * ms);
    return world;
}

static void address_is_probed_for_three_times_before_use(void **state)
{
    struct world *world = probing();
    const struct frame request = frame_arp(1, &MAC_PEER, IP_PEER, IP_US);

    (void)state;
    world_feed(world, &request);
    assert_dropped(world, drop_arp_not_ours); /* RFC 5227 2.1.1: not ours yet */
    world_wait(world, 8 * second);
    /* the first probe was discarded by world_feed() */
    for (unsigned i = 0; i < 2; i++)
        assert_arp(world_expect(world), &MAC_ALL, 1, 0, IP_US);
    for (unsigned i = 0; i < 2; i++)
        assert_arp(world_expect(world), &MAC_ALL, 1, IP_US, IP_US);
    assert_silent(world);
    assert_int_equal(leat_stats(world->stack)->arp_requests_sent, 5);
    assert_int_equal(world->usable, 1);
    *state = world;
    world_teardown(state);
}

static void claimed_address_is_never_used(void **state)
{
    /* RFC 5227 2.1.1: another host has it, or probes for it, too */
    const struct frame claims[3] = {frame_arp(2, &MAC_OTHER, IP_US, 0),
                                    frame_arp(1, &MAC_OTHER, IP_US, IP_PEER),
                                    frame_arp(1, &MAC_OTHER, 0, IP_US)};

    for (unsigned i = 0; i < 3; i++) {
        struct world *world = probing();

        world_feed(world, &claims[i]);
        assert_dropped(world, drop_arp_conflict);
        world_wait(world, 20 * second);
        assert_silent(world);
        assert_int_equal(world->conflicts, 1);
        assert_int_equal(world->usable, 0);
        assert_int_equal(leat_ip_v4_number(leat_address(world->stack, &world->dev.netif)), IP4_ANY);
        *state = world;
        world_teardown(state);
    }
}

static void probe_for_our_address_is_answered(void **state)
{
    struct world *world = *state;
    const struct frame probe = frame_arp(1, &MAC_OTHER, 0, IP_US);
    const uint32_t count = neighbour_count(world->stack);

    world_feed(world, &probe);
    assert_arp(world_expect(world), &MAC_OTHER, 2, IP_US, 0);
    assert_int_equal(neighbour_count(world->stack), count);
}

static void removed_address_is_no_longer_ours(void **state)
{
    struct world *world = *state;
    const struct frame request = frame_arp(1, &MAC_PEER, IP_PEER, IP_US);

    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, leat_ip_v4(IP_US)),
                     LEAT_OK);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, leat_ip_v4(IP_US)),
                     LEAT_ERR_NOT_FOUND);
    world_feed(world, &request);
    assert_silent(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(request_for_us_is_answered),
        world_test(request_for_others_makes_no_entry),
        world_test(test_threat_A1_bad_lengths_are_dropped),
        world_test(test_threat_A2_unsolicited_reply_makes_no_entry),
        world_test(test_threat_A2_our_address_is_defended_once_in_10_s),
        cmocka_unit_test(test_threat_A3_flood_of_senders_is_bounded),
        cmocka_unit_test(test_threat_A3_flood_of_targets_is_bounded),
        cmocka_unit_test_teardown(test_threat_A3_four_frames_are_parked_and_the_shared_ones,
                                  world_teardown),
        cmocka_unit_test_teardown(shared_places_come_back_and_own_places_stay, world_teardown),
        world_test(three_unanswered_requests_are_told_to_the_sender),
        world_test(neighbour_in_use_is_refreshed_by_unicast),
        cmocka_unit_test_teardown(
            test_threat_A3_a_neighbour_in_use_is_refreshed_in_a_flood_of_targets, world_teardown),
        world_test(neighbour_that_went_away_is_forgotten),
        world_test(idle_neighbour_is_forgotten_in_silence),
        world_test(signs_of_life_make_refreshing_needless),
        world_test(senders_that_cannot_be_are_dropped),
        world_test(sender_beyond_the_link_makes_no_entry),
        cmocka_unit_test(address_is_announced_twice),
        cmocka_unit_test(address_is_probed_for_three_times_before_use),
        cmocka_unit_test(claimed_address_is_never_used),
        world_test(probe_for_our_address_is_answered),
        world_test(removed_address_is_no_longer_ours),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
