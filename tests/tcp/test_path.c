/* test_path.c -- TCP on a path with a smaller MTU than our link (RFC 8899), and on one that
 * changes. */
#include "talk.h"
#include "needs.h"

enum {
    LARGE = 1460 /* for our link */
};

/* for a packet that every path carries */
#define SMALL by_family(1160u, 1220u)

/* No large packet gets through: two timeouts (with SACK a tail loss probe before them), and then
 * small segments. */
static void fall_into_black_hole_from(struct talk *talk, uint32_t large)
{
    uint32_t at;

    talk_establish(talk);
    talk_send(talk, large);
    tx(talk, ACK, 1, 1, large);
    for (unsigned i = 0; i < 1u + talk_info(talk).sack; i++) {
        talk_wait(talk, 250 * ms);
        tx(talk, ACK, 1, 1, large);
    }
    talk_wait(talk, 450 * ms);
    tx(talk, ACK, 1, 1, SMALL);
    rx(talk, ACK, 1, 1 + SMALL, 0);
    tx(talk, ACK, 1 + SMALL, 1, large - SMALL);
    rx(talk, ACK, 1, 1 + large, 0);
    assert_int_equal(talk_info(talk).mss_bytes, SMALL);
    for (at = 1 + large; at < 20 * SMALL; at += SMALL) {
        talk_send(talk, SMALL);
        tx(talk, ACK, at, 1, SMALL);
        rx(talk, ACK, 1, at + SMALL, 0);
    }
    talk_wait(talk, 1100 * ms);
}

static void fall_into_black_hole(struct talk *talk)
{
    if (talk->options_len == 0)
        talk_options(talk, MSS_PEER, NO_SHIFT);
    fall_into_black_hole_from(talk, LARGE);
}

static uint32_t next_seq(const struct talk *talk)
{
    return talk_info(talk).snd_nxt - talk->iss;
}

static void black_hole_is_left_by_small_segments(void **state)
{
    fall_into_black_hole(*state);
}

/* RFC 8899 5.3: one larger packet tests that. */
static void probe_that_arrives_ends_it(void **state)
{
    NEEDS(MTU_SEARCH);
    struct talk *talk = *state;
    uint32_t at;

    fall_into_black_hole(talk);
    at = next_seq(talk);
    talk_send(talk, LARGE + SMALL);
    tx(talk, ACK, at, 1, LARGE);
    tx(talk, ACK, at + LARGE, 1, SMALL);
    rx(talk, ACK, 1, at + LARGE + SMALL, 0);
    assert_int_equal(talk_info(talk).mss_bytes, LARGE);
    assert_int_equal(talk_info(talk).path_mtu_bytes, by_family(1500, 1520));
}

/* RFC 8899 5.1.2: MAX_PLPMTU is at most the peer's limit, and that size is probed. */
static void probe_is_no_larger_than_the_peer_takes(void **state)
{
    NEEDS(MTU_SEARCH);
    const uint32_t taken = LARGE - 8; /* PPPoE, say */
    struct talk *talk = *state;
    uint32_t at;

    talk_options(talk, (uint16_t)taken, NO_SHIFT);
    fall_into_black_hole_from(talk, taken);
    at = next_seq(talk);
    talk_send(talk, taken + SMALL);
    tx(talk, ACK, at, 1, taken);
    tx(talk, ACK, at + taken, 1, SMALL);
    rx(talk, ACK, 1, at + taken + SMALL, 0);
    assert_int_equal(talk_info(talk).mss_bytes, taken);
    talk_wait(talk, 1100 * ms);
    talk_send(talk, 2 * LARGE); /* no more than that */
    tx(talk, ACK, at + taken + SMALL, 1, taken);
}

/* RFC 8899 3: the probe was lost because of its size, which is no congestion. */
static void probe_that_is_lost_costs_no_window(void **state)
{
    NEEDS(MTU_SEARCH);
    struct talk *talk = *state;
    struct leat_tcp_info before;
    uint32_t at;

    talk_offer(talk, 0); /* SACK, so that RACK finds the loss */
    fall_into_black_hole(talk);
    at = next_seq(talk);
    before = talk_info(talk);
    talk_send(talk, LARGE + SMALL);
    tx(talk, ACK, at, 1, LARGE);
    tx(talk, ACK, at + LARGE, 1, SMALL);
    talk_extra_sack(talk, at + LARGE, at + LARGE + SMALL);
    rx(talk, ACK, 1, at, 0);
    talk_wait(talk, 10 * ms);
    tx(talk, ACK, at, 1, SMALL);
    tx(talk, ACK, at + SMALL, 1, LARGE - SMALL);
    assert_int_equal(talk_info(talk).repair, LEAT_TCP_REPAIR_NONE);
    assert_int_equal(talk_info(talk).ssthresh_bytes, before.ssthresh_bytes);
    assert_true(talk_info(talk).cwnd_bytes >= before.cwnd_bytes);
    talk_extra_none(talk);
    rx(talk, ACK, 1, at + LARGE + SMALL, 0);
    assert_int_equal(talk_info(talk).mss_bytes, SMALL);
}

/* RFC 8985 7.3: if its ACK is late, its end is sent again. It doesn't count as lost. */
static void probe_whose_ACK_is_late_costs_no_window(void **state)
{
    NEEDS(MTU_SEARCH);
    struct talk *talk = *state;
    struct leat_tcp_info before;
    uint32_t at;

    talk_offer(talk, 0); /* SACK, needed for a tail loss probe */
    fall_into_black_hole(talk);
    at = next_seq(talk);
    before = talk_info(talk);
    talk_send(talk, LARGE);
    tx(talk, ACK, at, 1, LARGE);
    for (unsigned i = 0; i < 200 && fake_netif_sent_count(&talk->world->dev) == 0; i++)
        talk_wait(talk, ms);
    tx(talk, ACK, at + SMALL, 1, LARGE - SMALL);
    rx(talk, ACK, 1, at + LARGE, 0);
    assert_int_equal(talk_info(talk).repair, LEAT_TCP_REPAIR_NONE);
    assert_int_equal(talk_info(talk).ssthresh_bytes, before.ssthresh_bytes);
    assert_true(talk_info(talk).cwnd_bytes >= before.cwnd_bytes);
    assert_int_equal(talk_info(talk).mss_bytes, LARGE);
}

/* The path to a peer is cached; a change of the routes invalidates it. In IPv6 a destination on the
 * link needs no route (RFC 4861 5.2). */
static void change_of_the_routes_is_followed_at_once(void **state)
{
    struct talk *talk = *state;
    struct leat *stack = talk->world->stack;
    const uint8_t *const mac = by_family(&MAC_OTHER, &MAC_PEER)->octet;
    const struct leat_ip peer = world_ip(talk->world, IP_PEER);
    const uint8_t bits = world_bits(talk->world, 32);

    talk_establish(talk);
    world_meet(talk->world, IP_OTHER, &MAC_OTHER);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_memory_equal(talk->last.bytes, MAC_PEER.octet, 6);
    rx(talk, ACK, 1, 11, 0);
    assert_int_equal(leat_route_add(stack, peer, bits, world_ip(talk->world, IP_OTHER)), LEAT_OK);
    talk_send(talk, 10);
    tx(talk, ACK, 11, 1, 10);
    assert_memory_equal(talk->last.bytes, mac, 6);
    rx(talk, ACK, 1, 21, 0);
    assert_int_equal(leat_route_remove(stack, peer, bits), LEAT_OK);
    talk_send(talk, 10);
    tx(talk, ACK, 21, 1, 10);
    assert_memory_equal(talk->last.bytes, MAC_PEER.octet, 6);
}

/* RFC 9293 3.9.1.1, MUST-45: a new connection to the same peer would have another address */
static void connection_keeps_the_address_that_it_began_with(void **state)
{
    struct talk *talk = *state;
    struct world *world = talk->world;
    const struct leat_endpoint remote = talk_remote(talk, IP_PEER, PORT_PEER + 1);
    struct leat_tcp *other = 0;

    if (talk_is_ipv6()) /* the device translates only one of our addresses */
        return;
    talk_establish(talk);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(IP_OTHER), 29),
                     LEAT_OK);
    talk_wait(talk, 10 * second);
    world_mark(world);
    assert_int_equal(leat_tcp_connect(world->stack, &other, &remote, 0, 0, 0), LEAT_OK);
    world_poll(world);
    assert_int_equal(frame_get32(world_expect(world)->bytes + FRAME_IP + 12), IP_OTHER);
    leat_tcp_abort(other);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(frame_get32(talk->last.bytes + FRAME_IP + 12), IP_US);
    rx(talk, ACK, 1, 11, 10);
    talk_wait(talk, second);
    tx(talk, ACK, 11, 11, 0);
    assert_int_equal(frame_get32(talk->last.bytes + FRAME_IP + 12), IP_US);
}

/* RFC 9293 3.9.2.2 and RFC 1122 4.2.3.9: a missing route is a soft error; the connection waits. */
static void nothing_leaves_from_an_address_that_is_gone(void **state)
{
    struct talk *talk = *state;
    struct world *world = talk->world;

    talk_establish(talk);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    rx(talk, ACK, 1, 11, 0);
    assert_int_equal(
        leat_address_remove(world->stack, &world->dev.netif, world_ip(talk->world, IP_US)),
        LEAT_OK);
    world_mark(world);
    talk_send(talk, 10);
    talk_wait(talk, 3 * second);
    quiet(talk);
    /* except two reports that the group of an IPv6 address is left (RFC 3810 6.1) */
    assert_int_equal(talk_grown(talk, tx_frames), by_family(0, 2));
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
    /* with the address back, the data is sent */
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, world_ip(talk->world, IP_US),
                                      world_bits(world, 24)),
                     LEAT_OK);
    world_mark(world);
    talk_wait(talk, 10 * second);
    assert_true(talk_grown(talk, tcp_sent) > 0);
    fake_netif_forget(&world->dev);
    rx(talk, ACK, 1, 21, 0);
    assert_int_equal(talk_info(talk).snd_una, talk_info(talk).snd_nxt);
}

/* One turn sends at most 64 segments of a connection. Before the neighbour has answered, no frame
 * reaches a device, so no device is full: the next turn continues at once. */
static void more_than_a_turn_sends_asks_for_another(void **state)
{
    struct talk *talk = *state;
    struct world *world = talk->world;
    uint32_t cwnd;

    world->tcp_config.no_pacing = true;
    talk_begin(talk);
    talk_establish_with(talk, 100, NO_SHIFT);
    while ((cwnd = talk_info(talk).cwnd_bytes) < 13000) {
        talk_send(talk, cwnd);
        for (unsigned turns = 0; turns < 4; turns++)
            world_poll(world);
        world_mark(world);
        rx(talk, ACK, 1, next_seq(talk), 0);
    }
    if (talk_is_ipv6()) /* a destination on the link needs no route (RFC 4861 5.2) */
        return;
    assert_int_equal(leat_route_add(world->stack, world_ip(world, IP_PEER), world_bits(world, 32),
                                    world_ip(world, IP_OTHER)),
                     LEAT_OK);
    talk_send(talk, 100); /* with a question for the new neighbour */
    world_mark(world);
    talk_send(talk, 100 * 100);
    assert_int_equal(world->next_ns, world->now_ns);
    world_mark(world);
}

/* A packet from outside can't have our address as its source (RFC 1122 3.2.1.3). Our own packets to
 * that address come to us, where no such connection exists. So the connection ends as if the peer
 * had crashed. Over IPv6 the peer on the link still has the address, and says so (RFC 4862 5.4). */
static void taking_the_address_of_the_peer_ends_the_connection(void **state)
{
    struct talk *talk = *state;
    struct world *world = talk->world;

    talk_establish(talk);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    rx(talk, ACK, 1, 11, 0);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, world_ip(world, IP_PEER),
                                      world_bits(world, 24)),
                     LEAT_OK);
    talk_wait(talk, 3 * second);
    world_mark(world);
    rx(talk, ACK, 1, 11, 5);
    if (talk_is_ipv6()) {
        assert_int_equal(talk->data_len, 5);
        return;
    }
    assert_dropped(world, drop_ip_source);
    assert_int_equal(talk->data_len, 0);
    talk_send(talk, 10);
    talk_wait(talk, second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_RESET);
    quiet(talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(black_hole_is_left_by_small_segments),
        talk_test(probe_that_arrives_ends_it),
        talk_test(probe_is_no_larger_than_the_peer_takes),
        talk_test(probe_that_is_lost_costs_no_window),
        talk_test(probe_whose_ACK_is_late_costs_no_window),
        talk_test(change_of_the_routes_is_followed_at_once),
        talk_test_later(more_than_a_turn_sends_asks_for_another),
        talk_test(connection_keeps_the_address_that_it_began_with),
        talk_test(nothing_leaves_from_an_address_that_is_gone),
        talk_test(taking_the_address_of_the_peer_ends_the_connection),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
