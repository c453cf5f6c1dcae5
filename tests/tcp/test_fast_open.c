/* test_fast_open.c -- data in the SYN (RFC 7413), both ways. */
#include "talk.h"
#include "needs.h"

static int setup(void **state)
{
    talk_setup_later(state);
    ((struct talk *)*state)->world->tcp_config.fast_open = true;
    talk_begin(*state);
    return 0;
}

#define fast_test(function) cmocka_unit_test_setup_teardown(function, setup, talk_teardown)

/* ---- the server --------------------------------------------------------------------------- */

/* RFC 7413 4.2.2: the program has the data, and may answer, before the handshake is over. */
static void data_in_a_SYN_with_a_good_cookie_is_delivered_and_answered_at_once(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;
    uint8_t cookie[8];

    talk_listen(talk);
    talk_get_cookie(talk, cookie);
    rx(talk, SYN, 0, 0, 100);
    tx(talk, SYN | ACK, 0, 101, 0);
    quiet(talk);
    world_poll(talk->world); /* accepted in the last poll */
    talk_heard(talk, 100);
    assert_int_equal(talk_state(talk), LEAT_TCP_SYN_RECEIVED);
    talk_send(talk, 50);
    tx(talk, ACK, 1, 101, 50);
    rx(talk, ACK, 101, 51, 0);
    quiet(talk);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
    assert_int_equal(talk->opened, 0); /* accept() replaces on_open */
    assert_int_equal(leat_stats(talk->world->stack)->tcp_fast_opens, 1);
}

static void ACK_of_the_SYN_alone_leaves_the_answer_in_flight(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;
    uint8_t cookie[8];

    talk_listen(talk);
    talk_get_cookie(talk, cookie);
    rx(talk, SYN, 0, 0, 100);
    tx(talk, SYN | ACK, 0, 101, 0);
    talk_send(talk, 50);
    tx(talk, ACK, 1, 101, 50);
    rx(talk, ACK, 101, 1, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 50);
    talk_wait(talk, 2 * second);
    tx(talk, ACK, 1, 101, 50); /* lost, and sent again */
    world_mark(talk->world);
    rx(talk, ACK, 101, 51, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

static void wrong_cookie_makes_a_handshake_like_any_other(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;
    uint8_t cookie[8];

    talk_listen(talk);
    talk_get_cookie(talk, cookie);
    cookie[3] ^= 1;
    talk_fast_open(talk, cookie);
    rx(talk, SYN, 0, 0, 100);
    tx(talk, SYN | ACK, 0, 1, 0); /* the data isn't accepted, and a good cookie is offered */
    assert_non_null(talk_option(talk, 34));
    rx(talk, ACK, 1, 1, 100);
    world_poll(talk->world); /* accepted in the last poll */
    talk_heard(talk, 100);
}

/* RFC 7413 5.1: another client can't use it. */
static void cookie_belongs_to_one_address(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;
    uint8_t cookie[8];
    struct frame frame;

    talk_listen(talk);
    talk_get_cookie(talk, cookie);
    world_meet(talk->world, IP_OTHER, &MAC_OTHER);
    frame = talk_frame(talk, SYN, 0, 0, "0123456789", 10);
    frame_from(&frame, &MAC_OTHER);
    frame_put32(frame.bytes + FRAME_IP + 12, IP_OTHER);
    frame_seal_ip(&frame);
    frame_seal_tcp(&frame);
    world_feed(talk->world, &frame);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_fast_opens, 0);
    assert_null(talk->conn);
}

static void lost_SYN_ACK_comes_again(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;
    uint8_t cookie[8];

    talk_listen(talk);
    talk_get_cookie(talk, cookie);
    rx(talk, SYN, 0, 0, 100);
    tx(talk, SYN | ACK, 0, 101, 0);
    talk_wait(talk, 1100 * ms);
    tx(talk, SYN | ACK, 0, 101, 0);
    rx(talk, SYN, 0, 0, 100); /* its SYN comes again as well, with the data that was received */
    tx(talk, SYN | ACK, 0, 101, 0);
    rx(talk, ACK, 101, 1, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
    talk_heard(talk, 100);
}

/* RFC 7413 5.1: limits an attacker who spoofs SYNs with a cookie of his own. */
static void at_most_64_wait_for_their_handshakes(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;
    uint8_t cookie[8];

    talk->hold_on_accept = true;
    talk_listen(talk);
    talk_get_cookie(talk, cookie);
    for (uint16_t i = 0; i < 64; i++) {
        talk->port_peer = (uint16_t)(10000 + i);
        rx(talk, SYN, 0, 0, 10);
        tx(talk, SYN | ACK, 0, 11, 0);
    }
    talk->port_peer = 11000;
    rx(talk, SYN, 0, 0, 10);
    tx(talk, SYN | ACK, 0, 1, 0);
}

static void without_the_setting_the_option_is_ignored(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    talk_fast_open(talk, 0);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_null(talk_option(talk, 34));
}

/* ---- the client --------------------------------------------------------------------------- */

static const uint8_t server_cookie[8] = {1, 2, 3, 4, 5, 6, 7, 8};

/* A first connection, which brings the cookie and ends. */
static void learn_cookie(struct talk *talk)
{
    const uint8_t *option;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    option = talk_option(talk, 34);
    assert_non_null(option);
    assert_int_equal(option[1], 2); /* the option is a request */
    talk_fast_open(talk, server_cookie);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    rx(talk, RST, 1, 0, 0);
    assert_null(talk->conn);
}

/* Connects with data that is queued before the next poll. */
static void connect_before_poll(struct talk *talk, uint32_t len)
{
    const struct leat_endpoint remote = talk_remote(talk, IP_PEER, PORT_PEER);
    const struct leat_endpoint local = leat_endpoint_of(LEAT_IP_ANY, PORT_US);

    world_mark(talk->world);
    assert_int_equal(leat_tcp_connect(talk->world->stack, &talk->conn, &remote, &local, 0, 0),
                     LEAT_OK);
    talk_queue(talk, len);
}

static void connect_with_data(struct talk *talk, uint32_t len)
{
    connect_before_poll(talk, len);
    world_poll(talk->world);
}

/* Expects a SYN with @sent of @len bytes of data. */
static void connect_with_known_cookie(struct talk *talk, uint32_t len, uint32_t sent)
{
    learn_cookie(talk);
    connect_with_data(talk, len);
    tx(talk, SYN, 0, 0, sent);
}

static void data_goes_with_the_SYN_when_the_cookie_is_known(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;

    connect_with_known_cookie(talk, 100, 100);
    assert_memory_equal(talk_option(talk, 34) + 2, server_cookie, 8);
    rx(talk, SYN | ACK, 0, 101, 0);
    tx(talk, ACK, 101, 1, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

/* RFC 7413 4.2.1: data that the server didn't accept is sent again at once. */
static void data_that_was_not_taken_goes_again(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;

    connect_with_known_cookie(talk, 100, 100);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 100);
    rx(talk, ACK, 1, 101, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

/* RFC 7413 4.1.3.1: a middlebox may drop SYNs with data. */
static void repeated_SYN_is_a_plain_one(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;

    connect_with_known_cookie(talk, 100, 100);
    talk_wait(talk, 1100 * ms);
    tx(talk, SYN, 0, 0, 0);
    assert_null(talk_option(talk, 34));
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 100);
}

static void long_data_fills_the_SYN_and_goes_on_after_it(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;

    connect_with_known_cookie(talk, 2000, 1420);
    rx(talk, SYN | ACK, 0, 1421, 0);
    tx(talk, PSH | ACK, 1421, 1, 580);
}

/* A server may send an MSS that is smaller than the options. */
static void data_in_a_SYN_fits_the_server_with_the_smallest_MSS(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    talk_fast_open(talk, server_cookie);
    talk->options[2] = 0;
    talk->options[3] = 20; /* MSS */
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    rx(talk, RST, 1, 0, 0);
    talk->options_len = 0;
    connect_with_data(talk, 1400);
    tx(talk, SYN, 0, 0, 8); /* 48, our minimum, less 40 of options */
}

/* It was sent before the window was known; the retransmission must keep to the window (RFC 9293
 * 3.8.6). */
static void data_that_was_not_taken_goes_again_within_the_window(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;

    connect_with_known_cookie(talk, 1000, 1000);
    talk->window_peer = 600;
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 600);
    quiet(talk);
    talk->window_peer = WINDOW_PEER;
    rx(talk, ACK, 1, 601, 0);
    tx(talk, ACK, 601, 1, 400);
    rx(talk, ACK, 1, 1001, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

/* The peer can't know our window yet: data beyond it is not accepted. */
static void data_in_a_SYN_is_cut_at_our_window(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;
    uint8_t cookie[8];

    talk->world->tcp_config.fast_open = true;
    talk->world->tcp_config.receive_window_bytes = 1000;
    talk_begin(talk);
    talk->read_nothing = true;
    talk_listen(talk);
    talk_get_cookie(talk, cookie);
    rx(talk, SYN, 0, 0, 1400);
    tx(talk, SYN | ACK, 0, 1001, 0);
    assert_int_equal(talk->last_window, 0);
    rx(talk, ACK, 1001, 1, 0);
    assert_int_equal(talk_info(talk).readable_bytes, 1000);
}

/* The program asks for it before the handshake is over, and has answered already. */
static void keepalive_begins_when_the_SYN_is_acknowledged(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;
    uint8_t cookie[8];

    talk_listen(talk);
    talk_get_cookie(talk, cookie);
    rx(talk, SYN, 0, 0, 100);
    tx(talk, SYN | ACK, 0, 101, 0);
    world_poll(talk->world);
    leat_tcp_set_keepalive(talk->conn, true);
    talk_send(talk, 50);
    tx(talk, ACK, 1, 101, 50);
    rx(talk, ACK, 101, 51, 0);
    talk_wait(talk, 7201 * second);
    tx(talk, ACK, 50, 101, 0);
}

/* Data that was not sent doesn't count as sent. */
static void data_in_a_SYN_that_memory_refused_did_not_leave(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;
    struct leat_buf *small;

    learn_cookie(talk);
    connect_before_poll(talk, 50);
    talk_queue(talk, 50); /* another piece: a header in front of both needs a buffer of its own */
    small = world_take_all_small(talk->world);
    world_poll(talk->world);
    quiet(talk);
    assert_int_equal(talk_info(talk).snd_nxt - talk_info(talk).snd_una, 1);
    world_give_all(small);
    talk_wait(talk, 1100 * ms);
    tx(talk, SYN, 0, 0, 0);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 100);
}

/* RFC 7413 4.2: a SYN that can't open a connection at once begins an ordinary handshake. */
static void data_waits_for_the_handshake_if_no_connection_is_free(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;
    struct leat_tcp *first;
    uint8_t cookie[8];

    talk->world->tcp_config.fast_open = true;
    talk->world->tcp_config.connections = 1;
    talk_begin(talk);
    talk_listen(talk);
    talk_get_cookie(talk, cookie);
    talk->options_len = 0;
    rx(talk, SYN, 0, 0, 0); /* takes the only connection */
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    first = talk->conn;
    assert_non_null(first);
    talk->conn = 0;
    talk->port_peer++;
    talk_fast_open(talk, cookie);
    rx(talk, SYN, 0, 0, 100);
    tx(talk, SYN | ACK, 0, 1, 0); /* the data isn't accepted */
    assert_int_equal(leat_stats(talk->world->stack)->tcp_fast_opens, 0);
    talk->conn = first;
    leat_tcp_abort(first);
    world_poll(talk->world);
    assert_null(talk->conn);
    world_mark(talk->world);
    rx(talk, ACK, 1, 1, 100);
    world_poll(talk->world);
    talk_heard(talk, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test_later(data_waits_for_the_handshake_if_no_connection_is_free),
        fast_test(data_in_a_SYN_with_a_good_cookie_is_delivered_and_answered_at_once),
        fast_test(ACK_of_the_SYN_alone_leaves_the_answer_in_flight),
        fast_test(wrong_cookie_makes_a_handshake_like_any_other),
        fast_test(cookie_belongs_to_one_address),
        fast_test(lost_SYN_ACK_comes_again),
        fast_test(at_most_64_wait_for_their_handshakes),
        talk_test(without_the_setting_the_option_is_ignored),
        fast_test(data_goes_with_the_SYN_when_the_cookie_is_known),
        fast_test(data_that_was_not_taken_goes_again),
        fast_test(repeated_SYN_is_a_plain_one),
        fast_test(long_data_fills_the_SYN_and_goes_on_after_it),
        fast_test(data_in_a_SYN_fits_the_server_with_the_smallest_MSS),
        fast_test(data_in_a_SYN_that_memory_refused_did_not_leave),
        fast_test(data_that_was_not_taken_goes_again_within_the_window),
        talk_test_later(data_in_a_SYN_is_cut_at_our_window),
        fast_test(keepalive_begins_when_the_SYN_is_acknowledged),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
