/* test_idle.c -- a connection that was idle for so long that its 32-bit clocks have wrapped
 * (tcp/congestion/deadline.h) works as before. */
#include "talk.h"

#include "tcp/evict.h"
#include "base.h"
#include "tcp/conn/conn.h"

static const uint64_t hour = 3600 * second;

enum {
    MSS = 1000
};

/* Ticks of the wheel wrap after 73 minutes, ms after 50 days. */
static const uint64_t pauses_ns[] = {
    ((uint64_t)1 << 41) - 1000, /* half of the ticks */
    ((uint64_t)1 << 41) + 1000,
    ((uint64_t)1 << 42) - 1000, /* all of them */
    (uint64_t)1 << 42,
    ((uint64_t)1 << 42) + 1000,
    ((uint64_t)1 << 31) * 1000000, /* the same of ms */
    ((uint64_t)1 << 32) * 1000000 - 1000,
    ((uint64_t)1 << 32) * 1000000 + 1000,
    (uint64_t)3600 * 24 * 400 * 1000000000,
};

enum {
    PAUSES = sizeof pauses_ns / sizeof *pauses_ns
};

/* The link address of the peer has expired in the meantime. */
static void idle(struct talk *talk, uint64_t ns)
{
    talk_wait(talk, ns);
    quiet(talk);
    world_meet(talk->world, IP_PEER, &MAC_PEER);
}

/* RFC 6298 2.4, 5 */
static void data_goes_again_after_the_timeout(void **state)
{
    struct talk *talk = *state;

    talk_establish_with(talk, MSS, NO_SHIFT);
    for (uint32_t i = 0; i < PAUSES; i++) {
        idle(talk, pauses_ns[i]);
        talk_send(talk, 10);
        tx(talk, ACK, 1 + 10 * i, 1, 10);
        talk_silence(talk, 200 * ms);
        tx(talk, ACK, 1 + 10 * i, 1, 10);
        talk_silence(talk, 400 * ms - 5 * ms);
        tx(talk, ACK, 1 + 10 * i, 1, 10);
        rx(talk, ACK, 1, 1 + 10 * (i + 1), 0);
    }
    talk_wait(talk, 1000 * second);
    quiet(talk);
}

/* RFC 9293 3.8.6.3 */
static void an_ACK_waits_no_longer(void **state)
{
    struct talk *talk = *state;

    talk_establish_with(talk, MSS, NO_SHIFT);
    for (uint32_t i = 0; i < PAUSES; i++) {
        idle(talk, pauses_ns[i]);
        rx(talk, ACK, 1 + 10 * i, 1, 10);
        talk_silence(talk, 40 * ms);
        tx(talk, ACK, 1, 1 + 10 * (i + 1), 0);
        talk_heard(talk, 10 * (i + 1));
    }
}

/* RFC 9293 3.8.3, R2: 100 s from the data on, not from earlier segments */
static void unanswered_data_ends_it_not_earlier(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < PAUSES; i++) {
        void *own = 0;
        struct talk *talk;

        talk_setup(&own);
        talk = own;
        talk_establish_with(talk, MSS, NO_SHIFT);
        idle(talk, pauses_ns[i]);
        talk_send(talk, 10);
        talk_wait(talk, 95 * second);
        assert_int_equal(talk->closed, 0);
        talk_wait(talk, 15 * second);
        assert_int_equal(talk->closed, 1);
        assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
        talk_teardown(&own);
    }
}

/* RFC 9293 3.8.4 */
static void keepalive_goes_on(void **state)
{
    struct talk *talk = *state;

    talk_establish_with(talk, MSS, NO_SHIFT);
    idle(talk, 24 * 60 * hour);
    leat_tcp_set_keepalive(talk->conn, true);
    for (unsigned i = 0; i < 24 * 60 / 2; i++) { /* and continues, for another 60 days */
        talk_silence(talk, 2 * hour);
        tx(talk, ACK, 0, 1, 0);
        rx(talk, ACK, 1, 1, 0);
    }
    assert_int_equal(talk->closed, 0);
}

/* RFC 5681 4.1: the window is reset. */
static void the_window_restarts(void **state)
{
    struct talk *talk = *state;

    talk_establish_with(talk, MSS, NO_SHIFT);
    for (uint32_t i = 0; i < 4; i++) {
        talk_send(talk, 10 * MSS);
        talk_wait(talk, ms);
        world_mark(talk->world);
        rx(talk, ACK, 1, 1 + 10 * MSS * (i + 1), 0);
    }
    assert_true(talk_info(talk).cwnd_bytes > 10 * MSS);
    idle(talk, 24 * 40 * hour);
    talk_send(talk, 10);
    talk_wait(talk, ms);
    assert_int_equal(talk_info(talk).cwnd_bytes, 10 * MSS);
}

/* ... but not for a peer that is stalled when the clock wraps (evict.h). */
static void a_stalled_connection_stays_so_when_ms_go_round(void **state)
{
    struct talk *talk = *state;

    talk_establish_with(talk, MSS, NO_SHIFT);
    idle(talk, (UINT32_MAX - talk->world->stack->now_ms) * ms - 5 * second);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(tcp_stalled_ms(talk->conn), 0);
    talk_wait(talk, 4 * second);
    assert_in_range(tcp_stalled_ms(talk->conn), 3990, 4010);
    talk_wait(talk, 4 * second);
    assert_in_range(tcp_stalled_ms(talk->conn), 7990, 8010);
}

/* ---- the timer in the wheel (deadlines.h) --------------------------------------------------- */

/* A connection that ends with its retransmission timer running; returns its entry. */
static struct leat_tcp *end_with_timer(struct talk *talk)
{
    struct leat_tcp *conn;

    talk_establish(talk);
    conn = talk->conn;
    talk_send(talk, 10);
    tx(talk, PSH | ACK, 1, 1, 10);
    rx(talk, RST, 1, 0, 0);
    assert_null(talk->conn);
    assert_true(timer_is_set(&conn->timer));
    return conn;
}

static void timer_of_a_connection_that_has_ended_does_nothing(void **state)
{
    struct talk *talk = *state;
    const struct leat_tcp *conn = end_with_timer(talk);

    talk_wait(talk, 5 * second);
    quiet(talk);
    assert_false(timer_is_set(&conn->timer));
}

static void next_connection_of_an_entry_has_its_own_deadlines(void **state)
{
    struct talk *talk = *state;
    const struct leat_tcp *conn = end_with_timer(talk);

    talk->port_peer++;
    talk_establish(talk);
    assert_ptr_equal(talk->conn, conn);
    talk_wait(talk, 5 * second);
    quiet(talk);
    talk_send(talk, 10);
    tx(talk, PSH | ACK, 1, 1, 10);
    talk_silence(talk, 200 * ms);
    tx(talk, PSH | ACK, 1, 1, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(data_goes_again_after_the_timeout),
        talk_test(an_ACK_waits_no_longer),
        cmocka_unit_test(unanswered_data_ends_it_not_earlier),
        talk_test(keepalive_goes_on),
        talk_test(the_window_restarts),
        talk_test(a_stalled_connection_stays_so_when_ms_go_round),
        talk_test(timer_of_a_connection_that_has_ended_does_nothing),
        talk_test(next_connection_of_an_entry_has_its_own_deadlines),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
