/* test_below.c -- payload of a connection that waits below TCP, while the device is full. */
#include "talk.h"

#include "link/link.h"

enum {
    MSS = 1460,
    FRAME = 1514,
    OTHER_PORT = 4001
};

static const struct link *link_of(const struct talk *talk)
{
    return &talk->world->stack->links[0];
}

static void feed_echo(struct talk *talk)
{
    const struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 1, 0, 0);

    world_feed(talk->world, &echo);
}

/* ESTABLISHED, with a device that is known to be full: the reply to a ping waits. */
static void establish_slow(struct talk *talk)
{
    talk_options(talk, MSS, NO_SHIFT);
    talk_establish(talk);
    talk->world->dev.room = 0;
    feed_echo(talk);
    assert_int_equal(link_of(talk)->tx_waiting, 1);
}

static void give_room(struct talk *talk, uint32_t frames)
{
    fake_netif_forget(&talk->world->dev);
    talk->world->dev.room = frames;
    world_poll(talk->world);
}

/* The reply to the ping is sent. */
static void let_reply_go(struct talk *talk)
{
    give_room(talk, 1);
    assert_int_equal(world_expect(talk->world)->bytes[FRAME_IP + 9], 1);
}

static void two_segments_wait_for_a_device_whose_rate_is_unknown(void **state)
{
    struct talk *talk = *state;

    establish_slow(talk);
    talk_send(talk, 8 * MSS);
    assert_int_equal(link_of(talk)->tx_waiting, 1 + 2);
    let_reply_go(talk);
    for (uint32_t i = 0; i < 8; i++) {
        give_room(talk, 1);
        tx(talk, i < 7 ? ACK : PSH | ACK, 1 + i * MSS, 1, MSS);
        assert_int_equal(link_of(talk)->tx_waiting, i < 6 ? 2 : 7 - i);
        assert_true(talk->world->next_ns > talk->world->now_ns); /* the loop doesn't spin */
    }
    quiet(talk);
}

static void queue_below_holds_a_millisecond_of_the_device(void **state)
{
    struct talk *talk = *state;

    establish_slow(talk);
    talk->world->stack->links[0].rate.bytes_per_ms = 6 * FRAME;
    talk_send(talk, 10 * MSS);
    assert_in_range(link_of(talk)->tx_waiting, 1 + 6, 1 + 7);
}

/* Frames that fit into the device now don't wait, and don't count for the limit. */
static void room_of_the_device_is_filled(void **state)
{
    struct talk *talk = *state;

    establish_slow(talk);
    let_reply_go(talk);
    talk_queue(talk, 10 * MSS);
    give_room(talk, 5);
    for (uint32_t i = 0; i < 5; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    assert_int_equal(talk->world->next_ns, talk->world->now_ns); /* there is room for more */
    world_poll(talk->world);
    assert_int_equal(link_of(talk)->tx_waiting, 2);
    assert_true(talk->world->next_ns > talk->world->now_ns);
}

/* The peer never sees sequence numbers go back, and a segment that is sent later stays behind. */
static void bare_ACK_stays_behind_the_payload_of_its_connection(void **state)
{
    struct talk *talk = *state;

    establish_slow(talk);
    let_reply_go(talk);
    talk_send(talk, 8 * MSS);
    rx(talk, ACK, 1, 1, MSS);
    rx(talk, ACK, 1 + MSS, 1, MSS);
    give_room(talk, 4);
    tx(talk, ACK, 1, 1, MSS);
    tx(talk, ACK, 1 + MSS, 1, MSS);
    tx(talk, ACK, 1 + 2 * MSS, 1 + 2 * MSS, 0);
    tx(talk, ACK, 1 + 2 * MSS, 1 + 2 * MSS, MSS);
}

/* RFC 5961 3.2: before that it isn't at the number that the peer expects. */
static void RST_stays_behind_the_payload_of_its_connection(void **state)
{
    struct talk *talk = *state;

    establish_slow(talk);
    let_reply_go(talk);
    talk_send(talk, 8 * MSS);
    leat_tcp_abort(talk->conn);
    give_room(talk, UINT32_MAX);
    tx(talk, ACK, 1, 1, MSS);
    tx(talk, ACK, 1 + MSS, 1, MSS);
    tx(talk, RST | ACK, 1 + 2 * MSS, 1, 0);
    quiet(talk);
}

/* It isn't lost, and a copy would wait behind it. */
static void waiting_segment_is_not_retransmitted(void **state)
{
    struct talk *talk = *state;

    establish_slow(talk);
    let_reply_go(talk);
    talk_send(talk, MSS);
    talk_wait(talk, 3 * second);
    assert_int_equal(link_of(talk)->tx_waiting, 1);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_retransmitted, 0);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_timeouts, 0);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_tail_probes, 0);
    give_room(talk, UINT32_MAX);
    tx(talk, PSH | ACK, 1, 1, MSS);
    quiet(talk);
    talk_wait(talk, second); /* from here on it may be lost */
    tx(talk, PSH | ACK, 1, 1, MSS);
}

static void connection_ends_even_if_its_device_never_takes_a_frame(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.user_timeout_ns = 10 * second;
    talk_begin(talk);
    establish_slow(talk);
    talk_send(talk, MSS);
    talk_wait(talk, 15 * second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
}

/* The queue is full of our own payload; other traffic is still answered. */
static void test_threat_Q19_full_queue_has_places_for_handshakes_ICMP_and_ACKs(void **state)
{
    struct talk *talk = *state;

    talk->world->config.tx_queue_frames = 8;
    talk_begin(talk);
    talk_options(talk, MSS, NO_SHIFT);
    talk_establish(talk);
    talk->world->dev.room = 0;
    talk->hold_on_accept = true;
    talk_send(talk, 20 * MSS);
    assert_int_equal(link_of(talk)->tx_waiting, 8);
    talk->port_peer = OTHER_PORT;
    rx(talk, SYN, 0, 0, 0);
    feed_echo(talk);
    assert_int_equal(leat_stats(talk->world->stack)->tx_dropped, 0);
    give_room(talk, 3);
    world_expect(talk->world); /* payload, which was next */
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(world_expect(talk->world)->bytes[FRAME_IP + 9], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(two_segments_wait_for_a_device_whose_rate_is_unknown),
        talk_test(queue_below_holds_a_millisecond_of_the_device),
        talk_test(room_of_the_device_is_filled),
        talk_test(bare_ACK_stays_behind_the_payload_of_its_connection),
        talk_test(RST_stays_behind_the_payload_of_its_connection),
        talk_test(waiting_segment_is_not_retransmitted),
        talk_test_later(connection_ends_even_if_its_device_never_takes_a_frame),
        talk_test_later(test_threat_Q19_full_queue_has_places_for_handshakes_ICMP_and_ACKs),
    };

    return cmocka_run_group_tests_name("below", tests, 0, 0);
}
