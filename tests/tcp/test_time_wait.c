/* test_time_wait.c -- what TIME-WAIT answers, and when a tuple may be opened again (RFC
 * 9293 3.10.7.4). */
#include "talk.h"

/* RFC 9293 3.10.7.4 eighth, MUST-13: 2 MSL, restarted by a repeated FIN */
static void TIME_WAIT_answers_FINs_and_starts_again(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk_close_actively(talk);
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
    talk_close_actively(talk);
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
    talk_close_actively(talk);
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
    talk_close_actively(talk);
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
    talk_close_actively(talk);
    rx(talk, SYN, 1, 0, 0);
    tx(talk, ACK, 2, 2, 0);
}

/* RFC 5961 4.2: without a listener a SYN reopens nothing, so it must not end the wait either */
static void newer_SYN_without_a_listener_is_challenged(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_listener_close(talk->listener);
    talk_close_actively(talk);
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
    talk_close_actively(talk);
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
        talk_close_actively(talk);
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
