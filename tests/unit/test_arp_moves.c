/* test_arp_moves.c -- neighbours that move, and forged claims that they did. */
#include "world.h"

#include "link/arp.h"

/* Expects that the next frame is an ARP request to the peer's known Ethernet address. */
static void assert_asks_the_old(struct world *world)
{
    const uint8_t *sent = world_expect(world)->bytes;

    assert_memory_equal(sent, MAC_PEER.octet, 6);
    assert_int_equal(frame_get16(sent + 12), 0x0806);
    assert_int_equal(frame_get16(sent + 14 + 6), 1);
    assert_int_equal(frame_get32(sent + 14 + 14), IP_US);
    assert_int_equal(frame_get32(sent + 14 + 24), IP_PEER);
}

/* Sends to the peer, and expects the frame at this Ethernet address. */
static void assert_peer_is_at(struct world *world, struct leat_udp *udp, const struct leat_mac *mac)
{
    const uint8_t *sent;

    assert_int_equal(world_send(world, udp, IP_PEER, 9, "x", 1), LEAT_OK);
    sent = world_expect(world)->bytes;
    assert_int_equal(frame_get16(sent + 12), 0x0800);
    assert_memory_equal(sent, mac->octet, 6);
}

static void test_threat_A2_forged_reply_does_not_move_a_neighbour_that_answers(void **state)
{
    const struct frame forged[2] = {frame_arp(2, &MAC_OTHER, IP_PEER, IP_US),
                                    frame_arp(1, &MAC_OTHER, IP_PEER, IP_US)};
    const struct frame answer = frame_arp(2, &MAC_PEER, IP_PEER, IP_US);
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);

    for (unsigned i = 0; i < 2; i++) {
        world_feed(world, &forged[i]);
        assert_ended(world, taken_arp);
        assert_asks_the_old(world);
        if (i == 1) /* any request for our address is answered */
            assert_memory_equal(world_expect(world)->bytes, MAC_OTHER.octet, 6);
        assert_silent(world);
        assert_peer_is_at(world, udp, &MAC_PEER);
        world_feed(world, &answer);
        assert_ended(world, taken_arp);
        world_wait(world, 5 * second);
        assert_silent(world);
        assert_peer_is_at(world, udp, &MAC_PEER);
    }
    assert_int_equal(leat_stats(world->stack)->arp_claims, 2);
    assert_int_equal(leat_stats(world->stack)->arp_moves, 0);
}

static void test_threat_A2_flood_of_claims_asks_a_few_times_a_second(void **state)
{
    const struct frame answer = frame_arp(2, &MAC_PEER, IP_PEER, IP_US);
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const uint64_t before = leat_stats(world->stack)->arp_requests_sent;

    for (uint32_t i = 0; i < 10000; i++) { /* 10 s */
        const struct leat_mac mac = {{2, 1, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}};
        const struct frame forged = frame_arp(2, &mac, IP_PEER, IP_US);
        const uint64_t asked = leat_stats(world->stack)->arp_requests_sent;

        world_feed(world, &forged);
        world_wait(world, ms);
        if (leat_stats(world->stack)->arp_requests_sent > asked)
            world_feed(world, &answer);
    }
    assert_in_range(leat_stats(world->stack)->arp_requests_sent - before, 5, 11);
    assert_int_equal(leat_stats(world->stack)->arp_moves, 0);
    assert_peer_is_at(world, udp, &MAC_PEER);
}

static void test_threat_A2_claim_is_not_believed_for_want_of_memory(void **state)
{
    const struct frame forged = frame_arp(2, &MAC_OTHER, IP_PEER, IP_US);
    const struct frame answer = frame_arp(2, &MAC_PEER, IP_PEER, IP_US);
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    struct leat_buf *all = world_take_all_small(world);

    world_feed(world, &forged);
    world_wait(world, 10 * second);
    assert_int_equal(leat_stats(world->stack)->arp_moves, 0);
    world_give_all(all);
    world_mark(world);
    world_wait(world, second / 2);
    assert_asks_the_old(world);
    world_feed(world, &answer);
    assert_peer_is_at(world, udp, &MAC_PEER);
}

static void neighbour_that_moved_is_believed_within_a_second(void **state)
{
    /* failover: it announces its address, and the old station is silent */
    const struct frame announcement = frame_arp(1, &MAC_OTHER, IP_PEER, IP_PEER);
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);

    world_feed(world, &announcement);
    assert_ended(world, taken_arp);
    world_wait(world, 899 * ms);
    for (unsigned i = 0; i < 3; i++)
        assert_asks_the_old(world);
    assert_peer_is_at(world, udp, &MAC_PEER);
    world_wait(world, 2 * ms);
    assert_peer_is_at(world, udp, &MAC_OTHER);
    assert_int_equal(leat_stats(world->stack)->arp_moves, 1);
    assert_int_equal(neighbour_count(world->stack), 1);
}

/* Repeated announcements don't restart the request to the old address; otherwise a flood of true
 * announcements would delay the move for ever. */
static void neighbour_that_announces_itself_often_is_believed_as_soon(void **state)
{
    const struct frame announcement = frame_arp(1, &MAC_OTHER, IP_PEER, IP_PEER);
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);

    for (unsigned i = 0; i < 10; i++) { /* 901 ms in all */
        world_feed(world, &announcement);
        world_wait(world, i < 9 ? 100 * ms : ms);
    }
    assert_int_equal(leat_stats(world->stack)->arp_moves, 1);
    fake_netif_forget(&world->dev);
    assert_peer_is_at(world, udp, &MAC_OTHER);
}

static void neighbour_that_moves_right_after_a_lie_is_believed_too(void **state)
{
    const struct frame forged =
        frame_arp(2, &(struct leat_mac){{2, 0, 0, 0, 0, 9}}, IP_PEER, IP_US);
    const struct frame answer = frame_arp(2, &MAC_PEER, IP_PEER, IP_US);
    const struct frame announcement = frame_arp(1, &MAC_OTHER, IP_PEER, IP_PEER);
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);

    world_feed(world, &forged);
    world_feed(world, &answer);
    world_feed(world, &announcement); /* a first claim */
    assert_silent(world);             /* too soon for another doubt */
    world_wait(world, 999 * ms);
    assert_silent(world);
    world_wait(world, 2 * ms);
    assert_asks_the_old(world);
    world_wait(world, 900 * ms);
    assert_peer_is_at(world, udp, &MAC_OTHER);
}

/* The second until another doubt counts from the first request, however many followed. */
static void doubts_are_a_second_apart_from_their_beginnings(void **state)
{
    const struct frame forged =
        frame_arp(2, &(struct leat_mac){{2, 0, 0, 0, 0, 9}}, IP_PEER, IP_US);
    const struct frame answer = frame_arp(2, &MAC_PEER, IP_PEER, IP_US);
    struct world *world = *state;

    world_feed(world, &forged);
    assert_asks_the_old(world);
    for (unsigned i = 0; i < 2; i++) {
        world_wait(world, 310 * ms);
        assert_asks_the_old(world);
    }
    world_wait(world, 200 * ms);
    world_feed(world, &answer);
    world_wait(world, 170 * ms);
    world_feed(world, &forged);
    assert_silent(world);
    world_wait(world, 20 * ms);
    assert_asks_the_old(world);
    world_feed(world, &answer);
}

static void neighbour_that_is_refreshed_in_vain_is_found_where_it_says(void **state)
{
    /* it moved while the old address was asked, and its unsolicited reply comes from the new one */
    const struct frame reply = frame_arp(2, &MAC_OTHER, IP_PEER, IP_US);
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);

    assert_peer_is_at(world, udp, &MAC_PEER);
    world_wait(world, 61 * second);
    world_feed(world, &reply);
    world_wait(world, second);
    assert_peer_is_at(world, udp, &MAC_OTHER);
    world_wait(world, 5 * second);
    assert_int_equal(neighbour_count(world->stack), 1);
}

static void doubted_neighbour_is_forgotten_with_our_address(void **state)
{
    const struct frame announcement = frame_arp(1, &MAC_OTHER, IP_PEER, IP_PEER);
    struct world *world = *state;

    world_feed(world, &announcement);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, leat_ip_v4(IP_US)),
                     LEAT_OK);
    world_wait(world, second);
    assert_int_equal(neighbour_count(world->stack), 0);
}

/* A full table gives the entry of the neighbour that was used least recently. */
static void neighbour_that_was_used_stays_in_its_order(void **state)
{
    struct world *world = world_create();
    struct leat_udp *udp;

    world->config.arp_entries = 4;
    world_init(world);
    *state = world;
    world_settle(world);
    udp = world_socket(world, 1000);
    for (unsigned i = 0; i < 3; i++)
        world_meet(world, IP4(10, 0, 0, 20) + i, &MAC_OTHER);
    assert_int_equal(neighbour_count(world->stack), 4);
    /* now the order is: the peer, 20, 21, 22; then the peer, 21, 22, 20 */
    assert_int_equal(world_send(world, udp, IP4(10, 0, 0, 20), 9, "x", 1), LEAT_OK);
    assert_int_equal(world_send(world, udp, IP4(10, 0, 0, 30), 9, "x", 1), LEAT_OK);
    assert_int_equal(frame_get16(world_expect(world)->bytes + 12), 0x0806);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(world_send(world, udp, IP4(10, 0, 0, 20) + i, 9, "x", 1), LEAT_OK);
        assert_int_equal(frame_get16(world_expect(world)->bytes + 12), 0x0800);
    }
    assert_int_equal(world_send(world, udp, IP_PEER, 9, "x", 1), LEAT_OK);
    assert_int_equal(frame_get16(world_expect(world)->bytes + 12), 0x0806); /* it was forgotten */
    world_wait(world, 5 * second);
    world_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_threat_A2_forged_reply_does_not_move_a_neighbour_that_answers),
        world_test(test_threat_A2_flood_of_claims_asks_a_few_times_a_second),
        world_test(test_threat_A2_claim_is_not_believed_for_want_of_memory),
        world_test(neighbour_that_moved_is_believed_within_a_second),
        world_test(neighbour_that_announces_itself_often_is_believed_as_soon),
        world_test(neighbour_that_moves_right_after_a_lie_is_believed_too),
        world_test(doubts_are_a_second_apart_from_their_beginnings),
        world_test(neighbour_that_is_refreshed_in_vain_is_found_where_it_says),
        world_test(doubted_neighbour_is_forgotten_with_our_address),
        cmocka_unit_test(neighbour_that_was_used_stays_in_its_order),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
