/* test_congestion.c -- congestion control as seen on the wire (RFC 5681, 6582, 6928, 9937), with
 * NewReno and a peer without SACK. */
#include "talk.h"

enum {
    MSS = 1000
};

static void establish(struct talk *talk)
{
    talk->world->tcp_config.congestion = &leat_tcp_newreno;
    talk_begin(talk);
    talk_establish_with(talk, MSS, NO_SHIFT);
}

/* Segments @first .. @first + @count - 1 must have been sent, and no more. */
static void tx_segments(struct talk *talk, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    quiet(talk);
}

/* The peer acknowledges the first @segments. */
static void rx_ack(struct talk *talk, uint32_t segments)
{
    rx(talk, ACK, 1, 1 + segments * MSS, 0);
}

static uint32_t cwnd(struct talk *talk)
{
    return talk_info(talk).cwnd_bytes / MSS;
}

static uint32_t ssthresh(struct talk *talk)
{
    return talk_info(talk).ssthresh_bytes / MSS;
}

/* ---- growth ------------------------------------------------------------------------------- */

/* RFC 6928 2 */
static void ten_segments_leave_at_first(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 30 * MSS);
    tx_segments(talk, 0, 10);
}

/* A listener's setting overrides the stack's. */
static void listener_chooses_initial_window_and_congestion_control(void **state)
{
    struct talk *talk = *state;

    talk->listen.initial_window_segments = 4;
    talk->listen.congestion = &leat_tcp_cubic;
    establish(talk);
    assert_string_equal(talk_info(talk).congestion, "cubic");
    talk_send(talk, 30 * MSS);
    tx_segments(talk, 0, 4);
    for (uint32_t acked = 1; acked <= 30; acked++) {
        world_mark(talk->world);
        rx_ack(talk, acked);
    }
    assert_true(cwnd(talk) > 4);
    talk_wait(talk, second); /* RFC 5681 4.1: after an idle time at most the initial window */
    world_mark(talk->world);
    talk_send(talk, 30 * MSS);
    tx_segments(talk, 30, 4);
}

static void initial_window_has_63_segments_at_most(void **state)
{
    struct talk *talk = *state;
    struct leat_tcp_listener *listener;
    struct leat_tcp_listen_config config = {
        .ip = LEAT_IP_ANY, .port = 99, .initial_window_segments = LEAT_TCP_INITIAL_WINDOW_MAX + 1};

    talk->world->tcp_config.initial_window_segments = LEAT_TCP_INITIAL_WINDOW_MAX;
    establish(talk);
    assert_int_equal(cwnd(talk), 63);
    assert_int_equal(leat_tcp_listen(talk->world->stack, &listener, &config), LEAT_ERR_ARGUMENT);
}

/* RFC 5681 3.1, RFC 3465 */
static void slow_start_sends_two_for_each_that_arrived(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 30 * MSS);
    tx_segments(talk, 0, 10);
    rx_ack(talk, 1);
    tx_segments(talk, 10, 2);
    rx_ack(talk, 3);
    tx_segments(talk, 12, 4);
}

/* RFC 5681 3.1 */
static void congestion_avoidance_adds_one_segment_a_window(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 50 * MSS);
    tx_segments(talk, 0, 10);
    talk_wait(talk, 205 * ms);
    world_mark(talk->world);
    assert_int_equal(ssthresh(talk), 5);
    for (uint32_t acked = 1; cwnd(talk) < 5; acked++) { /* slow start at first */
        world_mark(talk->world);
        rx_ack(talk, acked);
    }
    for (uint32_t wanted = 6; wanted < 9; wanted++) {
        uint32_t acks = 0;

        while (cwnd(talk) < wanted) {
            world_mark(talk->world);
            rx(talk, ACK, 1, talk_info(talk).snd_una - talk->iss + MSS, 0);
            acks++;
        }
        assert_in_range(acks, wanted - 2, wanted);
    }
}

/* the point of RFC 7661 */
static void window_that_is_not_used_does_not_grow(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    for (uint32_t i = 0; i < 20; i++) {
        talk_send(talk, MSS);
        tx_segments(talk, i, 1);
        rx_ack(talk, i + 1);
    }
    assert_int_equal(cwnd(talk), 10);
}

/* RFC 5681 4.1: an old window says little about the path */
static void idle_connection_begins_again_with_ten_segments(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 30 * MSS);
    tx_segments(talk, 0, 10);
    for (uint32_t acked = 1; acked <= 30; acked++) {
        world_mark(talk->world);
        rx_ack(talk, acked);
    }
    assert_true(cwnd(talk) > 12);
    talk_wait(talk, second);
    world_mark(talk->world);
    talk_send(talk, 30 * MSS);
    tx_segments(talk, 30, 10);
}

/* ---- ECN ---------------------------------------------------------------------------------- */

/* A segment of the peer with data and a CE mark. */
static void rx_marked(struct talk *talk, uint8_t flags, uint32_t seq)
{
    struct frame frame = talk_frame(talk, flags, seq, 1, "a", 1);

    frame.bytes[FRAME_IP + 1] = 3; /* CE */
    frame_seal_ip(&frame);
    world_mark(talk->world);
    world_feed(talk->world, &frame);
}

static void establish_with_ecn(struct talk *talk)
{
    talk->world->tcp_config.congestion = &leat_tcp_newreno;
    talk_begin(talk);
    talk_options(talk, MSS, NO_SHIFT);
    talk_listen(talk);
    rx(talk, SYN | ECE | CWR, 0, 0, 0);
    tx(talk, SYN | ACK | ECE, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
}

/* RFC 3168 6.1.3 */
static void mark_is_echoed_until_the_peer_has_reduced(void **state)
{
    struct talk *talk = *state;

    establish_with_ecn(talk);
    rx_marked(talk, ACK, 1);
    tx(talk, ACK | ECE, 1, 2, 0);
    talk_send(talk, MSS);
    tx(talk, ACK | ECE, 1, 2, MSS);
    rx(talk, ACK | CWR, 2, 1 + MSS, 0);
    talk_send(talk, MSS);
    tx(talk, ACK, 1 + MSS, 2, MSS);
    assert_int_equal(talk->last.bytes[FRAME_IP + 1] & 3, 2); /* ECT(0) */
}

/* RFC 3168 6.1.2: as for a loss, once a round trip, without a retransmission */
static void echo_of_a_mark_halves_the_window_once(void **state)
{
    struct talk *talk = *state;

    establish_with_ecn(talk);
    talk_send(talk, 30 * MSS);
    tx_segments(talk, 0, 10);
    for (uint32_t acked = 1; acked <= 10; acked++) {
        world_mark(talk->world);
        rx(talk, ACK | ECE, 1, 1 + acked * MSS, 0);
    }
    assert_int_equal(ssthresh(talk), 5);
    assert_int_equal(talk_info(talk).retransmits, 0);
}

/* ---- fast retransmit and recovery --------------------------------------------------------- */

/* RFC 5681 3.2: three duplicates, not two */
static void third_duplicate_sends_the_first_segment_again(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10 * MSS);
    tx_segments(talk, 0, 10);
    rx_ack(talk, 0);
    quiet(talk);
    rx_ack(talk, 0);
    quiet(talk);
    rx_ack(talk, 0);
    tx_segments(talk, 0, 1);
    assert_int_equal(ssthresh(talk), 5);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_fast_recoveries, 1);
}

/* RFC 5681 3.2 (4), (5), as RFC 9937 does it: half as much is sent as arrives */
static void more_duplicates_let_new_segments_go(void **state)
{
    struct talk *talk = *state;
    uint32_t sent = 0;

    establish(talk);
    talk_send(talk, 30 * MSS);
    tx_segments(talk, 0, 10);
    for (unsigned i = 0; i < 9; i++) { /* one of ten is missing */
        world_mark(talk->world);
        rx_ack(talk, 0);
        sent += fake_netif_sent_count(&talk->world->dev);
    }
    assert_in_range(sent, 4, 6);
    tx(talk, ACK, talk_info(talk).snd_nxt - talk->iss - MSS, 1, MSS);
}

/* RFC 6582 3.2 (3): each partial ACK uncovers the next hole */
static void partial_ACK_sends_the_next_hole(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10 * MSS);
    tx_segments(talk, 0, 10);
    for (unsigned i = 0; i < 7; i++) { /* 1, 2, 3, 5, 6, 8 and 9 have arrived */
        rx_ack(talk, 0);
        if (i == 2)
            tx_segments(talk, 0, 1);
    }
    rx_ack(talk, 4);
    tx_segments(talk, 4, 1);
    rx_ack(talk, 7);
    tx_segments(talk, 7, 1);
    rx_ack(talk, 10);
    quiet(talk);
    assert_true(cwnd(talk) <= 5);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_timeouts, 0);
}

/* RFC 5681 2: these are no duplicates */
static void window_updates_and_data_are_no_duplicates(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10 * MSS);
    tx_segments(talk, 0, 10);
    for (unsigned i = 0; i < 5; i++) {
        talk->window_peer--;
        rx_ack(talk, 0);
        quiet(talk);
    }
    for (uint32_t at = 1; at < 51; at += 10) {
        world_mark(talk->world);
        rx(talk, ACK, at, 1, 10);
    }
    assert_int_equal(leat_stats(talk->world->stack)->tcp_fast_recoveries, 0);
}

static void duplicates_mean_nothing_when_nothing_is_in_flight(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    for (unsigned i = 0; i < 10; i++) {
        rx_ack(talk, 0);
        quiet(talk);
    }
    assert_int_equal(cwnd(talk), 10);
}

/* ---- timeouts ----------------------------------------------------------------------------- */

/* RFC 5681 3.1: the loss window, then slow start up to half of the flight */
static void timeout_begins_again_with_one_segment(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10 * MSS);
    tx_segments(talk, 0, 10);
    talk_wait(talk, 205 * ms);
    tx_segments(talk, 0, 1);
    assert_int_equal(ssthresh(talk), 5);
    rx_ack(talk, 1);
    tx_segments(talk, 1, 2);
    rx_ack(talk, 3); /* RFC 3465 2.3: L = 1 */
    tx_segments(talk, 3, 3);
}

/* RFC 5681 3.1, eqn. 4: only the first timeout of a segment sets ssthresh */
static void second_timeout_leaves_ssthresh(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10 * MSS);
    tx_segments(talk, 0, 10);
    talk_wait(talk, 205 * ms);
    tx_segments(talk, 0, 1);
    talk_wait(talk, 405 * ms);
    tx_segments(talk, 0, 1);
    assert_int_equal(ssthresh(talk), 5);
    assert_int_equal(cwnd(talk), 1);
}

/* RFC 6582 4.1: retransmissions cause them, so they are no sign of another loss */
static void duplicates_after_a_timeout_are_no_loss(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10 * MSS);
    tx_segments(talk, 0, 10);
    talk_wait(talk, 205 * ms);
    tx_segments(talk, 0, 1);
    rx_ack(talk, 1);
    tx_segments(talk, 1, 2);
    for (unsigned i = 0; i < 5; i++) {
        rx_ack(talk, 1);
        assert_true(fake_netif_sent_count(&talk->world->dev) <= 1); /* one out, one in */
        world_mark(talk->world);
    }
    assert_int_equal(leat_stats(talk->world->stack)->tcp_fast_recoveries, 0);
    assert_int_equal(ssthresh(talk), 5);
    assert_int_equal(cwnd(talk), 2);
}

/* ACKs of parts of a segment must not grow the window by a segment each (RFC 3465: count bytes). */
static void ACK_division_gains_nothing(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 30 * MSS);
    tx_segments(talk, 0, 10);
    for (uint32_t at = 1; at <= MSS; at += 10) {
        world_mark(talk->world);
        rx(talk, ACK, 1, at + 10, 0);
    }
    assert_true(talk_info(talk).cwnd_bytes <= 11 * MSS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test_later(ten_segments_leave_at_first),
        talk_test_later(listener_chooses_initial_window_and_congestion_control),
        talk_test_later(initial_window_has_63_segments_at_most),
        talk_test_later(slow_start_sends_two_for_each_that_arrived),
        talk_test_later(congestion_avoidance_adds_one_segment_a_window),
        talk_test_later(window_that_is_not_used_does_not_grow),
        talk_test_later(idle_connection_begins_again_with_ten_segments),
        talk_test_later(mark_is_echoed_until_the_peer_has_reduced),
        talk_test_later(echo_of_a_mark_halves_the_window_once),
        talk_test_later(third_duplicate_sends_the_first_segment_again),
        talk_test_later(more_duplicates_let_new_segments_go),
        talk_test_later(partial_ACK_sends_the_next_hole),
        talk_test_later(window_updates_and_data_are_no_duplicates),
        talk_test_later(duplicates_mean_nothing_when_nothing_is_in_flight),
        talk_test_later(timeout_begins_again_with_one_segment),
        talk_test_later(second_timeout_leaves_ssthresh),
        talk_test_later(duplicates_after_a_timeout_are_no_loss),
        talk_test_later(ACK_division_gains_nothing),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
