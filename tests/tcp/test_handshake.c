/* test_handshake.c -- connection establishment (RFC 9293 3.5, 3.7.1; RFC 7323 2). */
#include "talk.h"

enum {
    OPTION_MSS = 2,
    OPTION_WIND_SHIFT = 3
};

static uint16_t mss_option(const struct talk *talk)
{
    const uint8_t *option = talk_option(talk, OPTION_MSS);

    assert_non_null(option);
    assert_int_equal(option[1], 4);
    return frame_get16(option + 2);
}

/* An active open, answered with talk->options. */
static void connect_and_answer(struct talk *talk)
{
    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
}

/* ---- active and passive ------------------------------------------------------------------- */

/* RFC 9293 3.5, figure 6 */
static void three_segments_open_a_connection_actively(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    assert_int_equal(talk_state(talk), LEAT_TCP_SYN_SENT);
    tx(talk, SYN, 0, 0, 0);
    assert_int_equal(talk->opened, 0);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    quiet(talk);
    assert_int_equal(talk->opened, 1);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_opened_active, 1);
}

static void three_segments_open_a_connection_passively(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_null(talk->conn); /* no connection before the third segment */
    rx(talk, ACK, 1, 1, 0);
    quiet(talk);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_opened_passive, 1);
}

/* RFC 9293 3.5, figure 7 */
static void simultaneous_open_makes_one_connection(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_SYN_RECEIVED);
    rx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
    assert_int_equal(talk->opened, 1);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
}

/* The peer's SYN and its SYN,ACK come in one turn, in which we send nothing. */
static void simultaneous_open_may_be_over_in_one_turn(void **state)
{
    struct talk *talk = *state;
    struct frame frame;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    frame = talk_frame(talk, SYN, 0, 0, 0, 0);
    fake_netif_feed(&talk->world->dev, frame.bytes, frame.len);
    rx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
    world_mark(talk->world);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
}

/* Closed before the handshake ends: data and FIN are sent as soon as it does. */
static void simultaneous_open_that_is_closed_at_once_delivers_its_data(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    talk_send(talk, 10);
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
    world_poll(talk->world);
    quiet(talk);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_1);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, FIN | PSH | ACK, 1, 1, 10);
    talk_wait(talk, 2 * second); /* lost */
    tx(talk, FIN | PSH | ACK, 1, 1, 10);
    world_mark(talk->world);
    rx(talk, ACK, 1, 12, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

/* RFC 9293 3.10.7.4 fifth: the ACK that opens a connection may carry data, even a FIN */
static void third_segment_may_bring_data_and_FIN(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, FIN | PSH | ACK, 1, 1, 100);
    tx(talk, ACK, 1, 102, 0);
    world_poll(talk->world);
    talk_heard(talk, 100);
    assert_int_equal(talk_state(talk), LEAT_TCP_CLOSE_WAIT);
    assert_true(leat_tcp_at_end(talk->conn));
}

/* RFC 9293 3.10.7.2: data in a SYN isn't acknowledged, so the peer sends it again */
static void data_with_a_SYN_is_left_for_later(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    rx(talk, SYN, 0, 0, 100);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 100);
    world_poll(talk->world);
    talk_heard(talk, 100);
    talk_wait(talk, 100 * ms);
    tx(talk, ACK, 1, 101, 0);
}

/* ---- options ------------------------------------------------------------------------------ */

/* RFC 9293 3.7.1, MUST-14, SHLD-5; RFC 6691: MTU less fixed headers */
static void both_kinds_of_SYN_offer_the_MSS_of_the_link(void **state)
{
    struct talk *talk = *state;

    talk->world->dev.netif.mtu -= 100;
    talk_begin(talk);
    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    assert_int_equal(mss_option(talk), 1360);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(mss_option(talk), 1360);
    talk_listen(talk);
    talk->port_peer++;
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(mss_option(talk), 1360);
}

/* RFC 9293 3.7.1, MUST-15 */
static void peer_without_MSS_option_gets_segments_that_every_path_carries(void **state)
{
    const uint16_t mss = by_family(536, 1220);
    struct talk *talk = *state;

    talk_establish(talk);
    assert_int_equal(talk_info(talk).mss_bytes, mss);
    talk_send(talk, 2000);
    tx(talk, ACK, 1, 1, mss);
}

/* RFC 9293 3.7.1, MUST-16 */
static void segments_are_as_large_as_both_sides_allow(void **state)
{
    static const struct {
        uint16_t offered, used;
    } sizes[] = {{1000, 1000}, {1460, 1460}, {9000, 1460}, {65535, 1460}};

    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct talk *talk = *state;

        talk_options(talk, sizes[i].offered, NO_SHIFT);
        connect_and_answer(talk);
        assert_int_equal(talk_info(talk).mss_bytes, sizes[i].used);
        talk_send(talk, 2000);
        tx(talk, ACK, 1, 1, sizes[i].used);
        world_mark(talk->world);
        leat_tcp_abort(talk->conn);
        world_poll(talk->world);
        world_mark(talk->world);
    }
}

/* RFC 7323 2.2, 2.3: windows are scaled if both SYNs have the option; in SYNs never */
static void window_scale_of_both_sides_counts(void **state)
{
    struct talk *talk = *state;
    const uint8_t *option;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    option = talk_option(talk, OPTION_WIND_SHIFT);
    assert_non_null(option);
    assert_int_equal(option[2], 7); /* 4 MiB */
    assert_int_equal(talk->last_window, 65535);
    talk->window_peer = 1000;
    talk_options(talk, MSS_PEER, 5);
    rx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(talk_info(talk).snd_wnd_bytes, 1000);
    tx(talk, ACK, 1, 1, 0);
    assert_int_equal(talk->last_window, 256 * 1024 >> 7);
    rx(talk, ACK, 1, 1, 0);
    assert_int_equal(talk_info(talk).snd_wnd_bytes, 1000 << 5);
}

static void window_scale_is_answered_passively(void **state)
{
    struct talk *talk = *state;

    talk_options(talk, MSS_PEER, 0); /* a window scale of 0 */
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_non_null(talk_option(talk, OPTION_WIND_SHIFT));
    assert_int_equal(talk->last_window, 65535);
    rx(talk, ACK, 1, 1, 0);
    assert_int_equal(talk_info(talk).rcv_wind_shift, 7);
    assert_int_equal(talk_info(talk).snd_wnd_bytes, WINDOW_PEER);
}

/* RFC 7323 2.2: both or none */
static void window_scale_of_one_side_is_none(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    talk_options(talk, MSS_PEER, NO_SHIFT);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_null(talk_option(talk, OPTION_WIND_SHIFT));
    rx(talk, ACK, 1, 1, 1);
    assert_int_equal(talk_info(talk).rcv_wind_shift, 0);
    assert_true(talk_info(talk).rcv_wnd_bytes <= 65535);
    talk_wait(talk, 100 * ms);
    tx(talk, ACK, 1, 2, 0);
    assert_int_equal(talk->last_window, talk_info(talk).rcv_wnd_bytes);
    talk->port_peer++;
    talk->conn = 0;
    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    assert_non_null(talk_option(talk, OPTION_WIND_SHIFT));
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    assert_int_equal(talk_info(talk).rcv_wind_shift, 0);
}

/* ---- lost segments ------------------------------------------------------------------------ */

/* RFC 6298 2.1, 5.5; RFC 9293 3.8.3, MUST-20..23 */
static void SYN_goes_again_twice_as_late_each_time_until_R2(void **state)
{
    static const uint64_t gaps_s[] = {1, 2, 4, 8, 16, 32, 60};
    struct talk *talk = *state;
    uint64_t at_s = 0;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    for (unsigned i = 0; i < sizeof gaps_s / sizeof *gaps_s; i++) {
        const uint32_t iss = talk->iss;

        talk_wait(talk, gaps_s[i] * second - 50 * ms);
        quiet(talk);
        talk_wait(talk, 51 * ms);
        tx(talk, SYN, 0, 0, 0);
        assert_int_equal(talk->iss, iss);
        at_s += gaps_s[i];
    }
    talk_wait(talk, (179 - at_s) * second);
    assert_int_equal(talk->closed, 0);
    talk_wait(talk, 60 * second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
}

/* The wait for an answer begins with the SYN: the stack may not have had a clock at connect(). */
static void SYN_goes_again_when_connect_came_long_after_the_last_poll(void **state)
{
    struct talk *talk = *state;

    talk->world->now_ns += 200 * second; /* longer than connect_timeout_ns */
    talk_connect(talk);
    talk_wait(talk, 0); /* for ARP */
    tx(talk, SYN, 0, 0, 0);
    talk_wait(talk, 1001 * ms);
    tx(talk, SYN, 0, 0, 0);
    assert_int_equal(talk->closed, 0);
}

/* RFC 6298 5.7; RFC 5681 3.1: a lost SYN reduces the initial window */
static void lost_SYN_makes_the_window_one_segment_and_RTO_3_s(void **state)
{
    struct talk *talk = *state;

    talk_options(talk, MSS_PEER, NO_SHIFT);
    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    talk_wait(talk, second);
    tx(talk, SYN, 0, 0, 0);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    assert_int_equal(talk_info(talk).cwnd_bytes, MSS_PEER);
    assert_int_equal(talk_info(talk).rto_ns, 3 * second);
    assert_int_equal(talk_info(talk).srtt_ns, 0); /* Karn */
}

/* RFC 6298 3, Karn: the ACK may answer any of several SYN,ACKs */
static void SYN_ACK_that_a_second_SYN_got_is_no_sample(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    talk_wait(talk, 900 * ms);
    for (unsigned i = 0; i < 2; i++) { /* the peer is 1 s away, and impatient */
        rx(talk, SYN, 0, 0, 0);
        tx(talk, SYN | ACK, 0, 1, 0);
    }
    talk_wait(talk, 100 * ms);
    rx(talk, ACK, 1, 1, 0); /* perhaps of the first one */
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
    assert_int_equal(talk_info(talk).srtt_ns, 0);
    assert_int_equal(talk_info(talk).rto_ns, second); /* 2.1 */
}

/* RFC 9293 3.8.3: a SYN gets five more SYN,ACKs, then it is forgotten */
static void SYN_ACK_goes_again_five_times(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    for (unsigned i = 0; i < 5; i++) {
        talk_wait(talk, (second << i) - 50 * ms);
        quiet(talk);
        talk_wait(talk, 51 * ms);
        tx(talk, SYN | ACK, 0, 1, 0);
    }
    talk_wait(talk, 100 * second);
    quiet(talk);
    rx(talk, ACK, 1, 1, 0); /* too late */
    talk_wait(talk, ms);    /* for ARP */
    tx(talk, RST, 1, 0, 0);
    assert_null(talk->conn);
}

/* RFC 9293 3.10.7.4 first: our SYN,ACK was lost */
static void duplicate_SYN_is_answered_as_the_first(void **state)
{
    struct talk *talk = *state;
    uint32_t iss;

    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    iss = talk->iss;
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_int_equal(talk->iss, iss);
    rx(talk, ACK, 1, 1, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
}

/* ---- refused, and old duplicates ---------------------------------------------------------- */

/* RFC 9293 3.10.7.3 second */
static void RST_refuses_our_SYN(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    rx(talk, RST | ACK, 0, 1, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_REFUSED);
    assert_int_equal(talk->opened, 0);
    quiet(talk);
}

/* RFC 9293 3.5, figure 8: an old SYN is answered, and the peer resets that */
static void old_duplicate_SYN_is_reset_by_its_sender(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    rx(talk, SYN, 90, 0, 0);
    tx(talk, SYN | ACK, 0, 91, 0);
    rx(talk, RST, 91, 0, 0);
    quiet(talk);
    rx(talk, SYN, 100, 0, 0);
    tx(talk, SYN | ACK, 0, 101, 0);
    rx(talk, ACK, 101, 1, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
}

/* RFC 9293 3.5.1, figure 9: the peer has crashed and doesn't know the connection */
static void half_open_connection_is_found_out(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, SYN, 400000, 0, 0);
    tx(talk, ACK, 1, 1, 0);
    rx(talk, RST, 1, 0, 0); /* the peer never sent SEQ 1 */
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_RESET);
}

/* RFC 6528: the ISN of a tuple moves with the clock, so that numbers don't repeat soon */
static void ISN_moves_on_between_connections(void **state)
{
    struct talk *talk = *state;
    uint32_t iss;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    iss = talk->iss;
    rx(talk, RST | ACK, 0, 1, 0);
    talk_wait(talk, 10 * second);
    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    assert_in_range(talk->iss - iss, 2400000, 2500000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(three_segments_open_a_connection_actively),
        talk_test(three_segments_open_a_connection_passively),
        talk_test(simultaneous_open_makes_one_connection),
        talk_test(simultaneous_open_may_be_over_in_one_turn),
        talk_test(simultaneous_open_that_is_closed_at_once_delivers_its_data),
        talk_test(third_segment_may_bring_data_and_FIN),
        talk_test(data_with_a_SYN_is_left_for_later),
        talk_test_later(both_kinds_of_SYN_offer_the_MSS_of_the_link),
        talk_test(peer_without_MSS_option_gets_segments_that_every_path_carries),
        talk_test(segments_are_as_large_as_both_sides_allow),
        talk_test(window_scale_of_both_sides_counts),
        talk_test(window_scale_is_answered_passively),
        talk_test(window_scale_of_one_side_is_none),
        talk_test(SYN_goes_again_twice_as_late_each_time_until_R2),
        talk_test(SYN_goes_again_when_connect_came_long_after_the_last_poll),
        talk_test(lost_SYN_makes_the_window_one_segment_and_RTO_3_s),
        talk_test(SYN_ACK_that_a_second_SYN_got_is_no_sample),
        talk_test(SYN_ACK_goes_again_five_times),
        talk_test(duplicate_SYN_is_answered_as_the_first),
        talk_test(RST_refuses_our_SYN),
        talk_test(old_duplicate_SYN_is_reset_by_its_sender),
        talk_test(half_open_connection_is_found_out),
        talk_test(ISN_moves_on_between_connections),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
