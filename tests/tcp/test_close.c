/* test_close.c -- how connections end (RFC 9293 3.6, 3.10.4, 3.10.5, 3.10.7.4 eighth). */
#include "talk.h"

/* Our side closes: a FIN, acknowledged. */
static void shut_our_side(struct talk *talk)
{
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, ACK, 1, 2, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

/* To TIME-WAIT; the program doesn't hold the connection any more. */
static void close_actively(struct talk *talk)
{
    shut_our_side(talk);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
    world_poll(talk->world);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_OK);
}

/* ---- in order ----------------------------------------------------------------------------- */

/* RFC 9293 3.6, figure 12, from the left */
static void four_segments_close_actively(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    close_actively(talk);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_closed, 1);
}

/* ... from the right */
static void four_segments_close_passively(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, FIN | ACK, 1, 1, 0);
    tx(talk, ACK, 1, 2, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_CLOSE_WAIT);
    assert_true(leat_tcp_at_end(talk->conn));
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 2, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_LAST_ACK);
    assert_int_equal(talk->closed, 0);
    rx(talk, ACK, 2, 2, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_OK);
    rx(talk, ACK, 2, 2, 0); /* nothing is left of it, not even TIME-WAIT */
    tx(talk, RST, 2, 0, 0);
}

/* With SACK the ACK of one segment takes a shorter path. The FIN is no byte of the send queue. */
static void FIN_behind_data_is_acknowledged(void **state)
{
    struct talk *talk = *state;

    talk_offer(talk, 0);
    talk_establish(talk);
    talk_send(talk, 10);
    tx(talk, PSH | ACK, 1, 1, 10);
    rx(talk, ACK, 1, 11, 0);
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 11, 1, 0);
    rx(talk, ACK, 1, 12, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

/* ... in one segment */
static void FIN_in_the_segment_with_data_is_acknowledged(void **state)
{
    struct talk *talk = *state;

    talk_offer(talk, 0);
    talk_establish(talk);
    talk_queue(talk, 10);
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
    world_poll(talk->world);
    tx(talk, FIN | PSH | ACK, 1, 1, 10);
    rx(talk, ACK, 1, 12, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

/* RFC 9293 3.6, figure 13 */
static void both_sides_may_close_at_once(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, FIN | ACK, 1, 1, 0);
    tx(talk, ACK, 2, 2, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_CLOSING);
    rx(talk, ACK, 2, 2, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_OK);
    quiet(talk);
    rx(talk, FIN | ACK, 1, 2, 0); /* TIME-WAIT answers */
    tx(talk, ACK, 2, 2, 0);
}

static void FIN_with_the_ACK_of_ours_leads_to_TIME_WAIT(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
    assert_int_equal(talk->closed, 1);
}

/* RFC 9293 3.6, second half of MUST-12: "I have no more to send" doesn't close the peer's side */
static void half_closed_connection_still_receives(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    shut_our_side(talk);
    for (uint32_t at = 1; at < 10001; at += 1000) {
        world_mark(talk->world);
        rx(talk, ACK, at, 2, 1000);
    }
    talk_heard(talk, 10000);
    talk_wait(talk, 200 * second); /* for as long as it likes */
    assert_int_equal(talk->closed, 0);
    world_mark(talk->world);
    rx(talk, FIN | ACK, 10001, 2, 0);
    world_poll(talk->world);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_OK);
}

static void connection_that_the_peer_half_closed_still_sends(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, FIN | ACK, 1, 1, 0);
    tx(talk, ACK, 1, 2, 0);
    for (uint32_t at = 1; at < 501; at += 100) {
        talk_send(talk, 100);
        tx(talk, ACK, at, 2, 100);
        rx(talk, ACK, 2, at + 100, 0);
    }
    assert_int_equal(talk_state(talk), LEAT_TCP_CLOSE_WAIT);
}

/* RFC 9293 3.10.4: CLOSE waits until all queued data has been sent */
static void FIN_follows_the_queued_data(void **state)
{
    struct talk *talk = *state;

    talk->window_peer = 536;
    talk_establish(talk);
    talk_queue(talk, 1000);
    assert_int_equal(leat_tcp_close(talk->conn), LEAT_OK);
    world_poll(talk->world);
    tx(talk, ACK, 1, 1, 536);
    quiet(talk);
    rx(talk, ACK, 1, 537, 0);
    tx(talk, FIN | PSH | ACK, 537, 1, 464);
    rx(talk, ACK, 1, 1002, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

static void second_close_says_so(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_OK);
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_ERR_CLOSING);
    assert_int_equal(leat_tcp_close(talk->conn), LEAT_OK);
    assert_int_equal(leat_tcp_close(talk->conn), LEAT_ERR_CLOSING);
}

/* ---- not in order ------------------------------------------------------------------------- */

/* RFC 9293 3.6.1, SHLD-3; RFC 2525 2.17 */
static void closing_with_unread_data_resets(void **state)
{
    struct talk *talk = *state;

    talk->read_nothing = true;
    talk_establish(talk);
    rx(talk, ACK, 1, 1, 100);
    assert_int_equal(leat_tcp_close(talk->conn), LEAT_OK);
    world_poll(talk->world);
    tx(talk, RST | ACK, 1, 101, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_ABORTED);
}

static void data_after_close_resets(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    assert_int_equal(leat_tcp_close(talk->conn), LEAT_OK);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, ACK, 1, 2, 100);
    tx(talk, RST | ACK, 2, 1, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_RESET);
}

/* RFC 9293 3.10.5 */
static void abort_resets_at_the_next_number(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk_send(talk, 100);
    tx(talk, ACK, 1, 1, 100);
    leat_tcp_abort(talk->conn);
    world_poll(talk->world);
    tx(talk, RST | ACK, 101, 1, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_ABORTED);
    quiet(talk);
}

/* RFC 9293 3.10.4, SYN-SENT: the peer doesn't know of it */
static void close_of_an_unanswered_open_is_silent(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    assert_int_equal(leat_tcp_close(talk->conn), LEAT_OK);
    world_poll(talk->world);
    quiet(talk);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_ABORTED);
}

static void peers_RST_ends_at_once_even_with_data_unread(void **state)
{
    struct talk *talk = *state;

    talk->read_nothing = true;
    talk_establish(talk);
    rx(talk, ACK, 1, 1, 100);
    rx(talk, RST, 101, 0, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_RESET);
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static void end_is_told_when_the_data_was_read(void **state)
{
    struct talk *talk = *state;

    talk->read_nothing = true;
    talk_establish(talk);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, FIN | ACK, 1, 2, 100);
    tx(talk, ACK, 2, 102, 0);
    talk_wait(talk, 100 * second); /* TIME-WAIT has ended as well */
    assert_int_equal(talk->closed, 0);
    assert_int_equal(leat_tcp_readable(talk->conn), 100);
    talk_read(talk, 60);
    assert_int_equal(talk->closed, 0);
    talk_read(talk, 60);
    world_poll(talk->world);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_OK);
    talk_heard(talk, 100);
}

static void look_at_handle(struct talk *talk)
{
    size_t taken;

    assert_int_equal(talk_state(talk), LEAT_TCP_CLOSED);
    assert_int_equal(talk_info(talk).remote.port, PORT_PEER);
    assert_int_equal(leat_tcp_write(talk->conn, "a", 1, &taken), LEAT_ERR_CLOSED);
    assert_null(leat_tcp_receive(talk->conn, 1));
    assert_int_equal(leat_tcp_shutdown(talk->conn), LEAT_ERR_CLOSED);
    leat_tcp_set_nodelay(talk->conn, true);
    leat_tcp_set_keepalive(talk->conn, true);
    leat_tcp_abort(talk->conn);
    leat_tcp_close(talk->conn);
}

static void handle_lives_until_its_last_callback_returns(void **state)
{
    struct talk *talk = *state;

    talk->in_closed = look_at_handle;
    talk_establish(talk);
    rx(talk, RST, 1, 0, 0);
    assert_int_equal(talk->closed, 1);
    talk_wait(talk, 10000 * second);
    assert_int_equal(talk->closed, 1);
}

/* ---- waiting for the peer ----------------------------------------------------------------- */

/* Not in the RFC: the peer is gone, and the program has closed the connection */
static void abandoned_FIN_WAIT_2_lasts_a_minute(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_close(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, ACK, 1, 2, 0);
    talk_wait(talk, 59 * second);
    assert_int_equal(talk->closed, 0);
    talk_wait(talk, 2 * second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
}

/* RFC 9293 3.10.7.4 eighth, MUST-13: 2 MSL, restarted by a repeated FIN */
static void TIME_WAIT_answers_FINs_and_starts_again(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    close_actively(talk);
    for (unsigned i = 0; i < 3; i++) {
        talk_wait(talk, 59 * second);
        rx(talk, FIN | ACK, 1, 2, 0);
        talk_wait(talk, ms); /* for ARP */
        tx(talk, ACK, 2, 2, 0);
    }
    talk_wait(talk, 61 * second);
    quiet(talk);
    rx(talk, FIN | ACK, 1, 2, 0);
    talk_wait(talk, ms);
    tx(talk, RST, 2, 0, 0);
}

/* RFC 1337 3 */
static void TIME_WAIT_is_not_assassinated(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    close_actively(talk);
    rx(talk, RST, 2, 0, 0);
    rx(talk, ACK, 2, 2, 0);
    quiet(talk);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
}

/* RFC 9293 3.10.7.4, MAY-2 */
static void newer_SYN_reopens_above_all_old_numbers(void **state)
{
    struct talk *talk = *state;
    uint32_t old_iss;

    talk_establish(talk);
    close_actively(talk);
    old_iss = talk->iss;
    talk->hold_on_accept = true;
    rx(talk, SYN, 1000, 0, 0);
    tx(talk, SYN | ACK, 0, 1001, 0);
    assert_true((int32_t)(talk->iss - (old_iss + 2)) > 0);
    rx(talk, ACK, 1001, 1, 0);
    talk_accept(talk);
    assert_non_null(talk->conn);
}

/* RFC 6191 2: with timestamps the clock decides, whatever the sequence numbers */
static void SYN_with_a_newer_timestamp_reopens(void **state)
{
    struct talk *talk = *state;

    talk_offer(talk, 1000);
    talk_extra_ts(talk, 1000, 0);
    talk_establish(talk);
    close_actively(talk);
    assert_non_null(talk_option(talk, 8));
    talk->hold_on_accept = true;
    talk_offer(talk, 999);
    rx(talk, SYN, 1000, 0, 0);
    tx(talk, ACK, 2, 2, 0);
    talk_offer(talk, 1001);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
}

static void older_SYN_is_challenged(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    close_actively(talk);
    rx(talk, SYN, 1, 0, 0);
    tx(talk, ACK, 2, 2, 0);
}

/* RFC 5961 4.2: without a listener a SYN reopens nothing, so it must not end the wait either */
static void newer_SYN_without_a_listener_is_challenged(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_listener_close(talk->listener);
    close_actively(talk);
    rx(talk, SYN, 1000, 0, 0);
    tx(talk, ACK, 2, 2, 0);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
}

/* RFC 9293 3.10.1: the same tuple can't be opened before the wait is over */
static void ends_in_TIME_WAIT_are_in_use(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    close_actively(talk);
    talk_connect(talk);
    assert_int_equal(talk->err, LEAT_ERR_IN_USE);
    talk_wait(talk, 61 * second);
    talk_connect(talk);
    assert_int_equal(talk->err, LEAT_OK);
}

/* New connections are worth more than the last seconds of an old one. */
static void full_TIME_WAIT_lets_the_oldest_go(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.time_wait = 2;
    talk_begin(talk);
    talk_listen(talk);
    for (unsigned i = 0; i < 3; i++) {
        talk->closed = 0;
        rx(talk, SYN, 0, 0, 0);
        tx(talk, SYN | ACK, 0, 1, 0);
        rx(talk, ACK, 1, 1, 0);
        close_actively(talk);
        talk->port_peer++;
    }
    assert_int_equal(leat_stats(talk->world->stack)->tcp_time_wait_recycled, 1);
    talk->port_peer = PORT_PEER; /* has ended */
    rx(talk, FIN | ACK, 1, 2, 0);
    talk->iss = frame_get32(world_expect(talk->world)->bytes + FRAME_L4 + 4);
    assert_grown(talk->world, tcp_rst_sent, 1);
    talk->port_peer = PORT_PEER + 1; /* still exists */
    rx(talk, FIN | ACK, 1, 2, 0);
    assert_grown(talk->world, tcp_rst_sent, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(four_segments_close_actively),
        talk_test(four_segments_close_passively),
        talk_test(FIN_behind_data_is_acknowledged),
        talk_test(FIN_in_the_segment_with_data_is_acknowledged),
        talk_test(both_sides_may_close_at_once),
        talk_test(FIN_with_the_ACK_of_ours_leads_to_TIME_WAIT),
        talk_test(half_closed_connection_still_receives),
        talk_test(connection_that_the_peer_half_closed_still_sends),
        talk_test(FIN_follows_the_queued_data),
        talk_test(second_close_says_so),
        talk_test(closing_with_unread_data_resets),
        talk_test(data_after_close_resets),
        talk_test(abort_resets_at_the_next_number),
        talk_test(close_of_an_unanswered_open_is_silent),
        talk_test(peers_RST_ends_at_once_even_with_data_unread),
        talk_test(end_is_told_when_the_data_was_read),
        talk_test(handle_lives_until_its_last_callback_returns),
        talk_test(abandoned_FIN_WAIT_2_lasts_a_minute),
        talk_test(TIME_WAIT_answers_FINs_and_starts_again),
        talk_test(TIME_WAIT_is_not_assassinated),
        talk_test(newer_SYN_reopens_above_all_old_numbers),
        talk_test(SYN_with_a_newer_timestamp_reopens),
        talk_test(older_SYN_is_challenged),
        talk_test(newer_SYN_without_a_listener_is_challenged),
        talk_test(ends_in_TIME_WAIT_are_in_use),
        talk_test_later(full_TIME_WAIT_lets_the_oldest_go),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
