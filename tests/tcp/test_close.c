/* test_close.c -- how connections end (RFC 9293 3.6, 3.10.4, 3.10.5, 3.10.7.4 eighth). */
#include "talk.h"

/* ---- in order ----------------------------------------------------------------------------- */

/* RFC 9293 3.6, figure 12, from the left */
static void four_segments_close_actively(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk_close_actively(talk);
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
    talk_shut(talk);
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
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
