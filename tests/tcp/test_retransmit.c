/* test_retransmit.c -- retransmission: the data, the times, and giving up (RFC 6298; RFC 9293
 * 3.8). */
#include "talk.h"

enum {
    MSS = 1460
};

/* ESTABLISHED over a path whose handshake took @rtt_ns. */
static void establish(struct talk *talk, uint64_t rtt_ns)
{
    talk_options(talk, MSS, NO_SHIFT);
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    talk_wait(talk, rtt_ns);
    rx(talk, ACK, 1, 1, 0);
    assert_non_null(talk->conn);
}

/* ---- the retransmission timer ------------------------------------------------------------- */

/* RFC 6298 2.2: SRTT + 4 * SRTT / 2 */
static void first_timeout_is_three_times_the_RTT_of_the_handshake(void **state)
{
    struct talk *talk = *state;

    establish(talk, 100 * ms);
    assert_int_equal(talk_info(talk).srtt_ns, 100 * ms);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    talk_silence(talk, 300 * ms);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(talk_info(talk).retransmits, 1);
}

static void timeout_is_never_under_its_floor(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    talk_silence(talk, 200 * ms);
    tx(talk, ACK, 1, 1, 10);
}

/* RFC 6298 5.5, 2.5; MUST-19 */
static void timeout_doubles_up_to_its_ceiling(void **state)
{
    struct talk *talk = *state;
    uint64_t rto_ns = 1500 * ms;

    talk->world->tcp_config.user_timeout_ns = 1000 * second;
    talk_begin(talk);
    establish(talk, 500 * ms);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    for (unsigned i = 0; i < 8; i++) {
        talk_silence(talk, i == 0 ? rto_ns : rto_ns - 5 * ms);
        tx(talk, ACK, 1, 1, 10);
        rto_ns = 2 * rto_ns < 60 * second ? 2 * rto_ns : 60 * second;
    }
}

/* RFC 6298 3, MUST-18: Karn's algorithm */
static void retransmitted_data_gives_no_sample(void **state)
{
    struct talk *talk = *state;
    uint64_t srtt;

    establish(talk, 100 * ms);
    srtt = talk_info(talk).srtt_ns;
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    talk_silence(talk, 300 * ms);
    tx(talk, ACK, 1, 1, 10);
    rx(talk, ACK, 1, 11, 0);
    assert_int_equal(talk_info(talk).srtt_ns, srtt);
    talk_send(talk, 10); /* the first sample */
    tx(talk, ACK, 11, 1, 10);
    talk_wait(talk, 20 * ms);
    rx(talk, ACK, 1, 21, 0);
    assert_true(talk_info(talk).srtt_ns < srtt);
}

/* RFC 6298 5.3: an ACK of new data restarts the timer */
static void progress_pushes_the_timeout_back(void **state)
{
    struct talk *talk = *state;

    establish(talk, 100 * ms);
    talk_send(talk, 2 * MSS);
    tx(talk, ACK, 1, 1, MSS);
    tx(talk, ACK, 1 + MSS, 1, MSS);
    talk_wait(talk, 100 * ms);
    rx(talk, ACK, 1, 1 + MSS, 0);
    talk_silence(talk, talk_info(talk).rto_ns);
    tx(talk, ACK, 1 + MSS, 1, MSS);
}

/* RFC 6298 5.1: the timer runs already */
static void new_data_does_not_push_the_timeout_back(void **state)
{
    struct talk *talk = *state;
    uint64_t rto_ns;

    establish(talk, 100 * ms);
    talk_send(talk, MSS);
    tx(talk, ACK, 1, 1, MSS);
    rto_ns = talk_info(talk).rto_ns;
    talk_wait(talk, rto_ns / 2);
    talk_send(talk, MSS);
    tx(talk, ACK, 1 + MSS, 1, MSS);
    talk_silence(talk, rto_ns - rto_ns / 2);
    tx(talk, ACK, 1, 1, MSS);
}

/* RFC 6298 5.2 */
static void timer_stops_when_all_is_acknowledged(void **state)
{
    struct talk *talk = *state;

    establish(talk, 10 * ms);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    rx(talk, ACK, 1, 11, 0);
    talk_wait(talk, 30 * second);
    quiet(talk);
    talk_send(talk, 10); /* and starts again after the pause */
    tx(talk, ACK, 11, 1, 10);
    talk_silence(talk, talk_info(talk).rto_ns);
    tx(talk, ACK, 11, 1, 10);
}

/* RFC 9293 3.4: our ACKs have SND.NXT, whatever is being retransmitted */
static void numbers_on_the_wire_do_not_go_back(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    talk_send(talk, 3 * MSS);
    for (unsigned i = 0; i < 3; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    talk_silence(talk, 200 * ms);
    tx(talk, ACK, 1, 1, MSS);
    quiet(talk);
    rx(talk, ACK, 101, 1, 10); /* out of order: answered at once */
    tx(talk, ACK, 1 + 3 * MSS, 1, 0);
}

static void ACK_of_everything_ends_the_repair(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    talk_send(talk, 3 * MSS);
    for (unsigned i = 0; i < 3; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    talk_silence(talk, 200 * ms);
    tx(talk, ACK, 1, 1, MSS);
    rx(talk, ACK, 1, 1 + 3 * MSS, 0); /* only the first was lost */
    talk_wait(talk, 10 * second);
    quiet(talk);
    assert_int_equal(talk_info(talk).retransmits, 1);
}

static void lost_FIN_goes_again(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    talk_queue(talk, 10);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 10);
    talk_silence(talk, 200 * ms);
    tx(talk, FIN | ACK, 1, 1, 10);
    rx(talk, ACK, 1, 11, 0); /* the data, not the FIN */
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_1);
    talk_silence(talk, 200 * ms);
    tx(talk, FIN | ACK, 11, 1, 0);
    rx(talk, ACK, 1, 12, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

/* ---- giving up ---------------------------------------------------------------------------- */

/* RFC 9293 3.8.3, SHLD-11: R2 is 100 s at least */
static void unanswered_data_ends_the_connection_after_R2(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    talk_send(talk, 10);
    talk_wait(talk, 99 * second);
    assert_int_equal(talk->closed, 0);
    talk_wait(talk, 60 * second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
    assert_true(fake_netif_sent_count(&talk->world->dev) >= 9); /* SHLD-10: R1 is 3 at least */
}

/* RFC 9293 3.9.1.3 */
static void program_may_choose_the_timeout(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    leat_tcp_set_user_timeout(talk->conn, 3 * second);
    talk_send(talk, 10);
    talk_wait(talk, 29 * second / 10);
    assert_int_equal(talk->closed, 0);
    talk_wait(talk, 4 * second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
}

static void waiting_begins_when_the_data_leaves(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    leat_tcp_set_user_timeout(talk->conn, 3 * second);
    talk_wait(talk, 1000 * second); /* idle: no ACK is due */
    talk_send(talk, 10);
    talk_wait(talk, 2 * second);
    assert_int_equal(talk->closed, 0);
}

/* ---- zero windows ------------------------------------------------------------------------- */

static void shut(struct talk *talk)
{
    talk->window_peer = 0;
    rx(talk, ACK, 1, 1, 0);
}

/* RFC 9293 3.8.6.1, MUST-36, SHLD-29, SHLD-30 */
static void shut_window_is_probed_with_one_byte_ever_more_rarely(void **state)
{
    struct talk *talk = *state;
    uint64_t rto_ns = 200 * ms;

    establish(talk, 0);
    shut(talk);
    talk_send(talk, 100);
    for (unsigned i = 0; i < 7; i++) {
        talk_silence(talk, i == 0 ? rto_ns : rto_ns - 5 * ms);
        tx(talk, ACK, 1, 1, 1);
        rx(talk, ACK, 1, 1, 0); /* "still closed" */
        quiet(talk);
        rto_ns *= 2;
    }
}

static void open_window_lets_everything_go_at_once(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    shut(talk);
    talk_send(talk, 2 * MSS);
    talk_silence(talk, 200 * ms);
    tx(talk, ACK, 1, 1, 1);
    talk->window_peer = WINDOW_PEER;
    rx(talk, ACK, 1, 1, 0);
    tx(talk, ACK, 1, 1, MSS); /* the refused byte of the probe, and the data behind it */
    tx(talk, PSH | ACK, 1 + MSS, 1, MSS);
}

static void byte_of_a_probe_that_was_taken_is_not_sent_again(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    shut(talk);
    talk_send(talk, 100);
    talk_silence(talk, 200 * ms);
    tx(talk, ACK, 1, 1, 1);
    talk->window_peer = WINDOW_PEER;
    rx(talk, ACK, 1, 2, 0);
    tx(talk, ACK, 2, 1, 99);
}

/* RFC 9293 3.8.6.1, MUST-37: a window may stay closed as long as the peer answers */
static void answered_probes_go_on_for_ever(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    shut(talk);
    talk_send(talk, 100);
    for (unsigned i = 0; i < 30; i++) {
        talk_wait(talk, 60 * second);
        world_mark(talk->world);
        rx(talk, ACK, 1, 1, 0);
    }
    assert_int_equal(talk->closed, 0);
    talk->window_peer = WINDOW_PEER;
    world_mark(talk->world);
    rx(talk, ACK, 1, 1, 0);
    tx(talk, ACK, 1, 1, 100);
}

static void unanswered_probes_end_the_connection(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    shut(talk);
    talk_send(talk, 100);
    talk_wait(talk, 200 * second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
}

/* A FIN needs no window, but may be sent only as a probe. */
static void FIN_gets_through_a_shut_window(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    shut(talk);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    talk_silence(talk, 200 * ms);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, ACK, 1, 2, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

/* ---- keep-alive --------------------------------------------------------------------------- */

/* RFC 9293 3.8.4, MUST-24, MUST-25 */
static void keep_alive_is_off_by_default(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    talk_wait(talk, 100000 * second);
    quiet(talk);
}

/* RFC 9293 3.8.4, MUST-26..29: not before two hours, and a lost probe doesn't end the connection */
static void keep_alive_probes_after_two_hours_of_silence(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    leat_tcp_set_keepalive(talk->conn, true);
    talk_silence(talk, 7200 * second);
    tx(talk, ACK, 0, 1, 0); /* SEQ = SND.NXT - 1, no data: SHLD-12 */
    talk_silence(talk, 75 * second);
    tx(talk, ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    talk_silence(talk, 7200 * second);
    tx(talk, ACK, 0, 1, 0);
}

static void nine_unanswered_probes_end_the_connection(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    leat_tcp_set_keepalive(talk->conn, true);
    talk_wait(talk, (7200 + 9 * 75) * second - 10 * ms);
    assert_int_equal(talk->closed, 0);
    for (unsigned i = 0; i < 9; i++)
        tx(talk, ACK, 0, 1, 0);
    talk_wait(talk, 20 * ms);
    tx(talk, RST | ACK, 1, 1, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
}

/* A connection with a FIN that waits for a window is not idle. */
static void keep_alive_does_not_meet_a_FIN_that_waits(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.keepalive_idle_ns = 10 * second;
    talk_begin(talk);
    establish(talk, 0);
    leat_tcp_set_keepalive(talk->conn, true);
    shut(talk);
    talk_wait(talk, 10 * second - 100 * ms);
    leat_tcp_shutdown(talk->conn);
    talk_wait(talk, 200 * ms);
    talk_wait(talk, 100 * ms);
    tx(talk, FIN | ACK, 1, 1, 0);
    assert_int_equal(talk->closed, 0);
}

/* RFC 9293 3.8.4: as the peer of such a connection */
static void keep_alive_probe_of_the_peer_is_answered(void **state)
{
    struct talk *talk = *state;

    establish(talk, 0);
    rx(talk, ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    talk_wait(talk, second);
    rx(talk, ACK, 0, 1, 1); /* some stacks send an old byte */
    tx(talk, ACK, 1, 1, 0);
    talk_heard(talk, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(first_timeout_is_three_times_the_RTT_of_the_handshake),
        talk_test(timeout_is_never_under_its_floor),
        talk_test_later(timeout_doubles_up_to_its_ceiling),
        talk_test(retransmitted_data_gives_no_sample),
        talk_test(progress_pushes_the_timeout_back),
        talk_test(new_data_does_not_push_the_timeout_back),
        talk_test(timer_stops_when_all_is_acknowledged),
        talk_test(numbers_on_the_wire_do_not_go_back),
        talk_test(ACK_of_everything_ends_the_repair),
        talk_test(lost_FIN_goes_again),
        talk_test(unanswered_data_ends_the_connection_after_R2),
        talk_test(program_may_choose_the_timeout),
        talk_test(waiting_begins_when_the_data_leaves),
        talk_test(shut_window_is_probed_with_one_byte_ever_more_rarely),
        talk_test(open_window_lets_everything_go_at_once),
        talk_test(byte_of_a_probe_that_was_taken_is_not_sent_again),
        talk_test(answered_probes_go_on_for_ever),
        talk_test(unanswered_probes_end_the_connection),
        talk_test(FIN_gets_through_a_shut_window),
        talk_test(keep_alive_is_off_by_default),
        talk_test(keep_alive_probes_after_two_hours_of_silence),
        talk_test(nine_unanswered_probes_end_the_connection),
        talk_test_later(keep_alive_does_not_meet_a_FIN_that_waits),
        talk_test(keep_alive_probe_of_the_peer_is_answered),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
