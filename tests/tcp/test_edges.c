/*
 * test_edges.c -- rules that concern one number or one bit, and that had no test, as mutations of
 * the source showed.
 */
#include "place.h"

#include "tcp/conn/deadlines.h"
#include "tcp/tcp.h"

enum {
    FIRST_SEGMENT = 1000
};

/* ---- the window's right edge -------------------------------------------------------------- */

/* Fills our window to the last byte; returns the peer's next number. */
static uint32_t fill_window(struct talk *talk)
{
    uint32_t seq = 1;

    talk->read_nothing = true;
    for (;;) {
        const uint32_t window = talk_info(talk).rcv_wnd_bytes;

        if (window == 0)
            return seq;
        rx(talk, ACK, seq, 1, window < FIRST_SEGMENT ? window : FIRST_SEGMENT);
        seq += window < FIRST_SEGMENT ? window : FIRST_SEGMENT;
        talk_wait(talk, 100 * ms);
        world_mark(talk->world);
    }
}

static int setup_small_window(void **state)
{
    talk_setup_later(state);
    ((struct talk *)*state)->world->tcp_config.receive_window_bytes = 4 * FIRST_SEGMENT;
    talk_begin(*state);
    return 0;
}

/* RFC 9293 3.10.7.4 first: with our window closed, a segment without data is still acceptable. This
 * one is urgent, so header prediction doesn't apply. */
static void ACK_of_our_FIN_counts_while_our_window_is_shut(void **state)
{
    struct talk *talk = *state;
    uint32_t seq;

    talk_establish(talk);
    seq = fill_window(talk);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, seq, 0);
    rx(talk, URG | ACK, seq, 2, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

/* A peer that has filled our window, with its first segment lost, sends ACKs from the right
 * edge. */
static void ACK_from_the_right_edge_counts_and_none_from_beyond(void **state)
{
    struct talk *talk = *state;
    uint32_t edge;

    talk_establish(talk);
    edge = 1 + talk_info(talk).rcv_wnd_bytes;
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    rx(talk, ACK, edge + 1, 11, 0);
    tx(talk, ACK, 11, 1, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 10);
    rx(talk, ACK, edge, 11, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

/* Half of all numbers away, it is neither before nor behind SND.NXT. */
static void ACK_from_the_other_half_of_all_numbers_is_refused(void **state)
{
    struct talk *talk = *state;

    talk->window_peer = 0; /* always, so that no late ACK is acceptable (RFC 5961 5.2) */
    talk_establish(talk);
    rx(talk, ACK, 1, 1 + 0x80000000u, 0);
    tx(talk, ACK, 1, 1, 0);
    quiet(talk);
    assert_int_equal(talk_info(talk).snd_una, talk->iss + 1);
}

/* ---- timers ------------------------------------------------------------------------------- */

/* Nothing is in flight after the handshake, so nothing expires, and the RTO stays. */
static void idle_connection_keeps_the_RTO_of_its_handshake(void **state)
{
    struct talk *talk = *state;
    uint64_t rto_ns;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    rto_ns = talk_info(talk).rto_ns;
    talk_wait(talk, 60 * second);
    quiet(talk);
    assert_int_equal(talk_info(talk).rto_ns, rto_ns);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_timeouts, 0);
}

static void user_timeout_of_0_is_that_of_the_configuration(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_set_user_timeout(talk->conn, second);
    leat_tcp_set_user_timeout(talk->conn, 0);
    talk_send(talk, 10);
    talk_wait(talk, 90 * second);
    assert_int_equal(talk->closed, 0);
    talk_wait(talk, 100 * second);
    assert_int_equal(talk->closed, 1);
}

/* RFC 9293 3.10.8: closed or not, the handshake isn't over. */
static void SYN_ACK_is_repeated_after_a_close_in_SYN_RECEIVED(void **state)
{
    struct talk *talk = *state;
    struct place place = place_reach(talk, TCP_SYN_RECEIVED);

    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_1);
    world_mark(talk->world);
    talk_wait(talk, 1900 * ms);
    tx(talk, SYN | ACK, 0, 1, 0);
    quiet(talk);
    rx(talk, ACK, place.peer, 1, 0);
    tx(talk, FIN | ACK, 1, 1, 0);
}

/* RFC 9293 3.10.7.4 first, in SYN-RECEIVED: lack of memory delays the ACK, but doesn't drop it. */
static void ACK_in_SYN_RECEIVED_waits_for_memory(void **state)
{
    struct talk *talk = *state;
    struct place place = place_reach(talk, TCP_SYN_RECEIVED);
    struct leat_buf *small = world_take_all_small(talk->world);

    rx(talk, ACK, place.peer - 5, place.us, 5);
    quiet(talk);
    world_give_all(small);
    talk_wait(talk, 5 * ms);
    tx(talk, ACK, place.us, place.peer, 0);
}

/* ---- the bits of the IP header ------------------------------------------------------------ */

enum {
    TOS_AT = FRAME_IP + 1,
    DSCP_AF31 = 26
};

/* RFC 3168 6.1.1: a SYN or SYN,ACK never has ECT. */
static void neither_kind_of_SYN_is_marked_as_ECT(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.ecn = LEAT_TCP_ECN_ASK;
    talk_begin(talk);
    talk_offer(talk, 1);
    talk_connect(talk);
    tx(talk, SYN | 0xc0, 0, 0, 0);
    assert_int_equal(talk->last.bytes[TOS_AT], 0);
    rx(talk, RST | ACK, 0, 1, 0);
    talk_listen(talk);
    rx(talk, SYN | 0xc0, 0, 0, 0);
    tx(talk, SYN | ACK | 0x40, 0, 1, 0);
    assert_int_equal(talk->last.bytes[TOS_AT], 0);
    leat_tcp_listener_close(talk->listener);
}

/* RFC 9293 3.9.2.1: from the first segment on. */
static void SYN_has_the_diffserv_field_that_the_program_chose(void **state)
{
    struct talk *talk = *state;
    const struct leat_endpoint remote = talk_remote(talk, IP_PEER, PORT_PEER);

    world_mark(talk->world);
    assert_int_equal(leat_tcp_connect(talk->world->stack, &talk->conn, &remote, 0, 0, 0), LEAT_OK);
    leat_tcp_set_dscp(talk->conn, DSCP_AF31);
    world_poll(talk->world);
    tx(talk, SYN, 0, 0, 0);
    assert_int_equal(talk->last.bytes[TOS_AT], DSCP_AF31 << 2);
    leat_tcp_abort(talk->conn);
    world_poll(talk->world);
}

/* ---- the send queue ----------------------------------------------------------------------- */

/* No call returns an error, but the queue is full, and the program waits. */
static void program_that_fills_the_queue_to_the_last_byte_hears_of_room(void **state)
{
    struct talk *talk = *state;
    uint32_t room;

    talk->world->tcp_config.send_queue_bytes = 2 * FIRST_SEGMENT;
    talk_begin(talk);
    talk_establish_with(talk, 536, NO_SHIFT);
    room = leat_tcp_send_room(talk->conn);
    assert_int_equal(room, 2 * FIRST_SEGMENT);
    talk_send(talk, room);
    world_mark(talk->world);
    assert_int_equal(talk->writable, 0);
    rx(talk, ACK, 1, 1 + MSS_PEER, 0);
    assert_int_equal(talk->writable, 1);
    world_mark(talk->world);
}

#ifdef NDEBUG
/* An event that tcp.rl claims impossible stops a debug build. A release goes on, and the minute of
 * FIN-WAIT-2 still ends. */
static void timeout_that_cannot_be_takes_no_other_with_it(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_close(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, ACK, 1, 2, 0);
    tcp_start_rexmt(talk->conn); /* though nothing is in flight */
    talk_wait(talk, 61 * second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
    world_mark(talk->world);
}
#endif

#define small_test(function)                                                                       \
    cmocka_unit_test_setup_teardown(function, setup_small_window, talk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        small_test(ACK_of_our_FIN_counts_while_our_window_is_shut),
        talk_test(ACK_from_the_right_edge_counts_and_none_from_beyond),
        talk_test(ACK_from_the_other_half_of_all_numbers_is_refused),
        talk_test(idle_connection_keeps_the_RTO_of_its_handshake),
        talk_test(user_timeout_of_0_is_that_of_the_configuration),
        talk_test(SYN_ACK_is_repeated_after_a_close_in_SYN_RECEIVED),
        talk_test(ACK_in_SYN_RECEIVED_waits_for_memory),
        talk_test_later(neither_kind_of_SYN_is_marked_as_ECT),
        talk_test(SYN_has_the_diffserv_field_that_the_program_chose),
        talk_test_later(program_that_fills_the_queue_to_the_last_byte_hears_of_room),
#ifdef NDEBUG
        talk_test(timeout_that_cannot_be_takes_no_other_with_it),
#endif
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
