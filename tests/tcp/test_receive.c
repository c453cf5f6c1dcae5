/* test_receive.c -- received data, in any order, and the window that we offer (RFC 9293 3.4, 3.8.6,
 * 3.10.7.4). */
#include "talk.h"

enum {
    PART = 100,
    PARTS = 4,
    ORDERS = 24
};

/* A new connection from another port of the peer. */
static void next_connection(struct talk *talk)
{
    talk->port_peer++;
    talk->conn = 0;
    talk->data_len = 0;
    world_mark(talk->world);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    assert_non_null(talk->conn);
}

/* The @order-th permutation of 0..3. */
static void permutation(unsigned order, unsigned parts[PARTS])
{
    unsigned left[PARTS] = {0, 1, 2, 3};

    for (unsigned i = 0, base = ORDERS; i < PARTS; i++) {
        unsigned pick;

        base /= PARTS - i;
        pick = order / base % (PARTS - i);
        parts[i] = left[pick];
        for (unsigned k = pick; k + 1 < PARTS - i; k++)
            left[k] = left[k + 1];
    }
}

static void in_every_order(struct talk *talk, uint8_t last_flags)
{
    talk_listen(talk);
    for (unsigned order = 0; order < ORDERS; order++) {
        unsigned parts[PARTS];

        next_connection(talk);
        permutation(order, parts);
        for (unsigned i = 0; i < PARTS; i++) {
            world_mark(talk->world);
            rx(talk, parts[i] == PARTS - 1 ? last_flags : ACK, 1 + PART * parts[i], 1, PART);
        }
        talk_wait(talk, 50 * ms);
        talk_heard(talk, PARTS * PART);
        assert_int_equal(talk_info(talk).rcv_nxt - IRS, 1 + PARTS * PART + (last_flags & FIN));
        assert_int_equal(talk_state(talk),
                         last_flags & FIN ? LEAT_TCP_CLOSE_WAIT : LEAT_TCP_ESTABLISHED);
    }
}

/* ---- order -------------------------------------------------------------------------------- */

static void data_in_any_order_is_read_in_order(void **state)
{
    in_every_order(*state, ACK);
}

/* RFC 9293 3.10.7.4 eighth: a FIN counts when all data before it is here */
static void FIN_in_any_order_ends_the_data(void **state)
{
    in_every_order(*state, FIN | ACK);
}

/* RFC 5681 4.2: an ACK at once for each segment behind a gap, and for the one that fills it */
static void gap_is_told_at_once(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, ACK, 101, 1, 100);
    tx(talk, ACK, 1, 1, 0);
    rx(talk, ACK, 201, 1, 100);
    tx(talk, ACK, 1, 1, 0);
    rx(talk, FIN | ACK, 301, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    talk_heard(talk, 0);
    rx(talk, ACK, 1, 1, 100);
    tx(talk, ACK, 1, 302, 0);
    quiet(talk);
    talk_heard(talk, 300);
    assert_int_equal(talk_state(talk), LEAT_TCP_CLOSE_WAIT);
}

/* A peer that sends a FIN, and then data beyond it: the data counts, and the FIN behind that. */
static void FIN_that_data_contradicts_is_forgotten(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, FIN | ACK, 101, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    rx(talk, ACK, 1, 1, 200);
    talk_heard(talk, 200);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
    world_mark(talk->world);
    rx(talk, FIN | ACK, 201, 1, 0);
    tx(talk, ACK, 1, 202, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_CLOSE_WAIT);
}

/* RFC 9293 3.4: data that was received before is acknowledged and dropped */
static void duplicate_is_acknowledged_and_dropped(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, ACK, 1, 1, 100);
    rx(talk, ACK, 1, 1, 100);
    tx(talk, ACK, 1, 101, 0);
    assert_ended(talk->world, drop_tcp_unacceptable);
    talk_heard(talk, 100);
}

/* RFC 9293 3.10.7.4: "segments with higher beginning sequence numbers", cut to the window */
static void partly_old_data_counts_from_where_it_is_new(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, ACK, 1, 1, 100);
    rx(talk, ACK, 51, 1, 100);
    tx(talk, ACK, 1, 151, 0);
    talk_heard(talk, 150);
}

static void overlapping_data_behind_a_gap_is_read_once(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, ACK, 101, 1, 100);
    tx(talk, ACK, 1, 1, 0);
    rx(talk, ACK, 151, 1, 100);
    tx(talk, ACK, 1, 1, 0);
    rx(talk, ACK, 51, 1, 300);
    tx(talk, ACK, 1, 1, 0);
    rx(talk, ACK, 1, 1, 120);
    tx(talk, ACK, 1, 351, 0);
    talk_heard(talk, 350);
}

/* ---- acknowledgments ---------------------------------------------------------------------- */

/* RFC 9293 3.8.6.3, MUST-40: less than 500 ms; here 40 */
static void one_segment_is_acknowledged_after_40_ms(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, ACK, 1, 1, 100);
    talk_wait(talk, 39 * ms);
    quiet(talk);
    talk_wait(talk, 2 * ms);
    tx(talk, ACK, 1, 101, 0);
    talk_wait(talk, second);
    quiet(talk);
}

/* RFC 9293 3.8.6.3, SHLD-19 */
static void every_second_segment_is_acknowledged_at_once(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    for (uint32_t at = 1; at < 1 + 6 * 536; at += 2 * 536) {
        rx(talk, ACK, at, 1, 536);
        quiet(talk);
        rx(talk, ACK, at + 536, 1, 536);
        tx(talk, ACK, 1, at + 2 * 536, 0);
    }
    talk_wait(talk, second);
    quiet(talk);
}

/* RFC 9293 3.8.6.3, SHLD-18 */
static void data_of_ours_carries_the_ACK(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, ACK, 1, 1, 100);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 101, 10);
    rx(talk, ACK, 101, 11, 0);
    talk_wait(talk, second);
    quiet(talk);
}

static void ACK_without_data_is_not_answered(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    for (unsigned i = 0; i < 10; i++)
        rx(talk, ACK, 1, 1, 0);
    talk_wait(talk, second);
    quiet(talk);
}

/* ---- the window --------------------------------------------------------------------------- */

static void small_window(struct talk *talk, uint32_t bytes)
{
    talk->world->tcp_config.receive_window_bytes = bytes;
    talk_begin(talk);
    talk->read_nothing = true;
    talk_establish_with(talk, MSS_PEER, NO_SHIFT);
}

static void data_behind_the_window_is_cut(void **state)
{
    struct talk *talk = *state;

    small_window(talk, 1000);
    rx(talk, FIN | ACK, 1, 1, 1200);
    talk_wait(talk, 50 * ms);
    tx(talk, ACK, 1, 1001, 0);
    assert_int_equal(talk->last_window, 0);
    assert_int_equal(leat_tcp_readable(talk->conn), 1000);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED); /* the FIN was cut as well */
}

static void window_is_the_room_that_the_program_leaves(void **state)
{
    struct talk *talk = *state;

    small_window(talk, 4000);
    assert_int_equal(talk_info(talk).rcv_wnd_bytes, 4000);
    rx(talk, ACK, 1, 1, 1460);
    rx(talk, ACK, 1461, 1, 1460);
    tx(talk, ACK, 1, 2921, 0);
    assert_int_equal(talk->last_window, 4000 - 2920);
    rx(talk, ACK, 2921, 1, 1080);
    talk_wait(talk, 50 * ms);
    tx(talk, ACK, 1, 4001, 0);
    assert_int_equal(talk->last_window, 0);
    talk_read(talk, 4000);
    tx(talk, ACK, 1, 4001, 0);
    assert_int_equal(talk->last_window, 4000);
    talk_heard(talk, 4000);
}

/* RFC 9293 3.8.6.2.2, MUST-39: min(half of the buffer, MSS) at least */
static void window_does_not_open_by_crumbs(void **state)
{
    struct talk *talk = *state;

    small_window(talk, 4000);
    rx(talk, ACK, 1, 1, 1460);
    rx(talk, ACK, 1461, 1, 1460);
    tx(talk, ACK, 1, 2921, 0);
    rx(talk, ACK, 2921, 1, 1080);
    talk_wait(talk, 50 * ms);
    tx(talk, ACK, 1, 4001, 0);
    for (unsigned i = 0; i < 14; i++) {
        talk_read(talk, 100);
        quiet(talk);
    }
    rx(talk, ACK, 4001, 1, 1); /* a probe */
    tx(talk, ACK, 1, 4001, 0);
    assert_int_equal(talk->last_window, 0);
    talk_read(talk, 1000);
    tx(talk, ACK, 1, 4001, 0);
    assert_int_equal(talk->last_window, 2400);
}

/* The window stays as small as if the data had not been read. */
static void data_with_the_program_keeps_the_window_shut(void **state)
{
    struct talk *talk = *state;
    struct leat_buf *data;

    small_window(talk, 1000);
    rx(talk, ACK, 1, 1, 1000);
    talk_wait(talk, 50 * ms);
    tx(talk, ACK, 1, 1001, 0);
    data = leat_tcp_receive(talk->conn, 1000);
    assert_int_equal(leat_buf_total(data), 1000);
    world_poll(talk->world);
    quiet(talk);
    leat_buf_free(data);
    world_poll(talk->world);
    quiet(talk);
    leat_tcp_consumed(talk->conn, 1000);
    world_poll(talk->world);
    tx(talk, ACK, 1, 1001, 0);
    assert_int_equal(talk->last_window, 1000);
}

/* RFC 9293 3.8.6.1, MUST-36; 3.10.7.4: "special allowance": its ACK counts */
static void probe_of_a_shut_window_is_answered_and_its_ACK_counts(void **state)
{
    struct talk *talk = *state;

    small_window(talk, 1000);
    rx(talk, ACK, 1, 1, 1000);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1001, 10);
    assert_int_equal(talk->last_window, 0);
    rx(talk, ACK, 1001, 11, 1);
    tx(talk, ACK, 11, 1001, 0);
    assert_int_equal(talk->last_window, 0);
    assert_int_equal(leat_tcp_readable(talk->conn), 1000);
    assert_int_equal(talk_info(talk).snd_una - talk->iss, 11);
}

/* RFC 9293 3.8.6, SHLD-14: a receiver does not shrink the window, except by the rounding to the
 * scale (RFC 7323 2.4) */
static void offered_window_is_never_taken_back(void **state)
{
    struct talk *talk = *state;
    struct leat_buf *taken[800] = {0};
    uint32_t edge = 0, seq = 1;

    talk->read_nothing = true;
    talk_establish_with(talk, MSS_PEER, 0);
    for (unsigned i = 0; i < 100; i++) {
        uint32_t now;

        for (unsigned k = 0; k < 8; k++) /* the pool runs low in the meantime */
            taken[8 * i + k] = leat_buf_alloc(leat_pool(talk->world->stack), 0);
        rx(talk, ACK, seq, 1, 100);
        talk_wait(talk, 50 * ms);
        seq += 100;
        tx(talk, ACK, 1, seq, 0);
        now = seq + ((uint32_t)talk->last_window << talk_info(talk).rcv_wind_shift);
        assert_true(now + (1u << talk_info(talk).rcv_wind_shift) > edge);
        edge = now > edge ? now : edge;
    }
    for (unsigned i = 0; i < 800; i++)
        leat_buf_free(taken[i]);
}

/* A slow reader gets every byte, and the peer never more window than there is. */
static void slow_reader_gets_every_byte(void **state)
{
    struct talk *talk = *state;
    uint32_t seq = 1, edge = 1 + 4000;

    small_window(talk, 4000);
    for (unsigned turn = 0; turn < 400 && talk->data_len < 40000; turn++) {
        uint32_t len = edge - seq < 1000 ? edge - seq : 1000;

        len = len < 40001 - seq ? len : 40001 - seq;
        world_mark(talk->world);
        if (len > 0)
            rx(talk, ACK, seq, 1, len);
        seq = talk_info(talk).rcv_nxt - IRS;
        talk_read(talk, 700);
        talk_wait(talk, 50 * ms);
        assert_true(talk_info(talk).rcv_wnd_bytes + leat_tcp_readable(talk->conn) <= 4000);
        edge = seq + talk_info(talk).rcv_wnd_bytes;
    }
    talk_heard(talk, 40000);
}

/* ---- reading ------------------------------------------------------------------------------ */

static void data_can_be_taken_in_any_portions(void **state)
{
    struct talk *talk = *state;

    talk->read_nothing = true;
    talk_establish(talk);
    for (uint32_t at = 1; at < 401; at += 100) {
        world_mark(talk->world);
        rx(talk, ACK, at, 1, 100);
    }
    assert_int_equal(leat_tcp_readable(talk->conn), 400);
    for (uint32_t portion = 1; talk->data_len < 400; portion += 13)
        talk_read(talk, portion);
    talk_heard(talk, 400);
    assert_null(leat_tcp_receive(talk->conn, 100));
}

/* Zero copy: the program gets the buffers that the device filled. */
static void data_is_not_copied(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    for (uint32_t at = 1; at < 50000; at += 1000) {
        world_mark(talk->world);
        rx(talk, ACK, at, 1, 1000);
    }
    assert_int_equal(leat_stats(talk->world->stack)->copied_compact_bytes, 0);
    talk_heard(talk, 50000);
}

/* ---- the ACK with the program's answer (RFC 9293 3.8.6.3) --------------------------------- */

static void answer(struct talk *talk)
{
    talk_queue(talk, 5);
}

static void an_answer_takes_the_ACK_along(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk->in_readable = answer;
    rx(talk, ACK | PSH, 1, 1, 10);
    tx(talk, ACK | PSH, 1, 11, 5);
    /* no timer was set for the ACK: the first one due is for the answer */
    assert_true(talk->world->next_ns > talk->world->now_ns + 100 * ms);
    talk_wait(talk, 60 * ms);
    quiet(talk);
}

static void an_answer_that_must_not_leave_delays_the_ACK_only(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk->in_readable = answer;
    talk->window_peer = 0;
    rx(talk, ACK | PSH, 1, 1, 10);
    talk_silence(talk, 40 * ms);
    tx(talk, ACK, 1, 11, 0);
}

static void reader_without_an_answer_acknowledges_later(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, ACK | PSH, 1, 1, 10);
    assert_true(talk->world->next_ns <= talk->world->now_ns + 41 * ms);
    talk_silence(talk, 40 * ms);
    tx(talk, ACK, 1, 11, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(data_in_any_order_is_read_in_order),
        talk_test(FIN_in_any_order_ends_the_data),
        talk_test(gap_is_told_at_once),
        talk_test(FIN_that_data_contradicts_is_forgotten),
        talk_test(duplicate_is_acknowledged_and_dropped),
        talk_test(partly_old_data_counts_from_where_it_is_new),
        talk_test(overlapping_data_behind_a_gap_is_read_once),
        talk_test(one_segment_is_acknowledged_after_40_ms),
        talk_test(every_second_segment_is_acknowledged_at_once),
        talk_test(data_of_ours_carries_the_ACK),
        talk_test(ACK_without_data_is_not_answered),
        talk_test_later(data_behind_the_window_is_cut),
        talk_test_later(window_is_the_room_that_the_program_leaves),
        talk_test_later(window_does_not_open_by_crumbs),
        talk_test_later(data_with_the_program_keeps_the_window_shut),
        talk_test_later(probe_of_a_shut_window_is_answered_and_its_ACK_counts),
        talk_test(offered_window_is_never_taken_back),
        talk_test_later(slow_reader_gets_every_byte),
        talk_test(data_can_be_taken_in_any_portions),
        talk_test(data_is_not_copied),
        talk_test(an_answer_takes_the_ACK_along),
        talk_test(an_answer_that_must_not_leave_delays_the_ACK_only),
        talk_test(reader_without_an_answer_acknowledges_later),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
