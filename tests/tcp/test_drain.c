/* test_drain.c -- the end of a stack: leat_stop(), and leat_drain() of each kind of connection. */
#include "talk.h"

#include <leat/life.h>

enum {
    MS = 1000000
};

static const uint64_t long_ns = 10000000000;

/* ---- helpers ------------------------------------------------------------------------------ */

static struct leat *stack_of(const struct talk *talk)
{
    return talk->world->stack;
}

static void drain(struct talk *talk, uint64_t ns)
{
    leat_drain(stack_of(talk), leat_now_ns(stack_of(talk)) + ns);
    talk_wait(talk, 0);
}

/* A connection with 100 bytes in flight. */
static void establish_unacknowledged(struct talk *talk)
{
    talk_establish(talk);
    talk_send(talk, 100);
    tx(talk, PSH | ACK, 1, 1, 100);
}

/* The drain is over, with these counts. */
static void over(const struct talk *talk, uint32_t finished, uint32_t closed, uint32_t reset)
{
    const struct leat_drained drained = leat_drained(stack_of(talk));
    int status = 9;

    assert_true(leat_stopped(stack_of(talk), &status));
    assert_int_equal(status, 0);
    assert_int_equal(drained.finished, finished);
    assert_int_equal(drained.closed, closed);
    assert_int_equal(drained.reset, reset);
}

static void not_over(const struct talk *talk)
{
    assert_true(leat_is_draining(stack_of(talk)));
    assert_false(leat_stopped(stack_of(talk), NULL));
}

/* ---- stop --------------------------------------------------------------------------------- */

static void the_first_stop_decides(void **state)
{
    struct talk *talk = *state;
    int status = 9;

    assert_false(leat_stopped(stack_of(talk), &status));
    assert_int_equal(status, 9);
    leat_stop(stack_of(talk), 3);
    leat_stop(stack_of(talk), 4);
    leat_drain(stack_of(talk), LEAT_NEVER_NS);
    assert_true(leat_stopped(stack_of(talk), &status));
    assert_int_equal(status, 3);
    assert_false(leat_is_draining(stack_of(talk)));
}

/* ---- drain -------------------------------------------------------------------------------- */

static void a_drain_without_connections_ends_in_its_first_poll(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    leat_drain(stack_of(talk), LEAT_NEVER_NS);
    not_over(talk);
    talk_wait(talk, 0);
    over(talk, 0, 0, 0);
}

static void a_quiet_connection_gets_a_FIN_after_half_a_second(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    drain(talk, long_ns);
    talk_wait(talk, 480 * MS);
    quiet(talk);
    talk_wait(talk, 40 * MS);
    tx(talk, FIN | ACK, 1, 1, 0);
    not_over(talk);
    rx(talk, ACK, 1, 2, 0); /* FIN-WAIT-2: the peer knows */
    talk_wait(talk, 40 * MS);
    over(talk, 0, 1, 0);
}

static void data_delays_the_FIN(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    drain(talk, long_ns);
    talk_wait(talk, 400 * MS);
    rx(talk, PSH | ACK, 1, 1, 10);
    talk_wait(talk, 100 * MS);
    tx(talk, ACK, 1, 11, 0); /* delayed */
    talk_wait(talk, 360 * MS);
    quiet(talk);
    talk_wait(talk, 80 * MS);
    tx(talk, FIN | ACK, 1, 11, 0);
    rx(talk, FIN | ACK, 11, 2, 0);
    tx(talk, ACK, 2, 12, 0);
    talk_wait(talk, 40 * MS);
    over(talk, 0, 1, 0);
}

static void a_connection_that_its_peer_closes_is_finished(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    drain(talk, long_ns);
    rx(talk, FIN | ACK, 1, 1, 0);
    tx(talk, ACK, 1, 2, 0);
    leat_tcp_close(talk->conn);
    talk_wait(talk, 0);
    tx(talk, FIN | ACK, 1, 2, 0);
    talk_wait(talk, 20 * MS);
    not_over(talk);
    rx(talk, ACK, 2, 2, 0);
    talk_wait(talk, 40 * MS);
    over(talk, 1, 0, 0);
}

static void a_SYN_is_refused_by_a_reset(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    drain(talk, long_ns);
    talk->port_peer++;
    talk->iss = 0; /* a reset has no number of ours */
    rx(talk, SYN, 0, 0, 0);
    tx(talk, RST | ACK, 0, 1, 0);
    talk_wait(talk, 0);
    assert_int_equal(talk->opened, 0);
}

static void a_handshake_may_be_finished(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    drain(talk, long_ns);
    talk_wait(talk, 100 * MS);
    not_over(talk);
    rx(talk, ACK, 1, 1, 0);
    assert_non_null(talk->conn);
    rx(talk, PSH | ACK, 1, 1, 5);
    talk_heard(talk, 5);
    talk_wait(talk, 600 * MS);
    tx(talk, ACK, 1, 6, 0);
    tx(talk, FIN | ACK, 1, 6, 0);
    rx(talk, ACK, 6, 2, 0);
    talk_wait(talk, 40 * MS);
    over(talk, 0, 1, 0);
}

/* A forged SYN must not delay the end for longer. */
static void a_handshake_that_stops_is_reset_after_half_a_second(void **state)
{
    struct talk *talk = *state;

    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    drain(talk, long_ns);
    talk_wait(talk, 480 * MS);
    not_over(talk);
    talk_wait(talk, 40 * MS);
    tx(talk, RST | ACK, 1, 1, 0);
    over(talk, 0, 0, 0);
}

static void unsent_data_is_delivered_before_the_deadline(void **state)
{
    struct talk *talk = *state;

    establish_unacknowledged(talk);
    drain(talk, 100 * MS);
    rx(talk, ACK, 1, 101, 0);
    talk_wait(talk, 120 * MS);
    tx(talk, FIN | ACK, 101, 1, 0); /* at the deadline: it has nothing to lose */
    rx(talk, ACK, 1, 102, 0);
    talk_wait(talk, 40 * MS);
    over(talk, 0, 1, 0);
}

static void unacknowledged_data_is_reset_at_the_deadline(void **state)
{
    struct talk *talk = *state;

    establish_unacknowledged(talk);
    drain(talk, 50 * MS);
    talk_wait(talk, 70 * MS);
    tx(talk, RST | ACK, 101, 1, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_ABORTED);
    not_over(talk); /* a challenge ACK (RFC 5961 3.2) would get another reset */
    talk_wait(talk, 140 * MS);
    over(talk, 0, 0, 1);
}

/* The table sends no reset in LAST-ACK, but this peer waits for the data. */
static void a_peer_that_only_reads_is_reset_as_well(void **state)
{
    struct talk *talk = *state;

    establish_unacknowledged(talk);
    rx(talk, FIN | ACK, 1, 1, 0);
    tx(talk, ACK, 101, 2, 0);
    leat_tcp_close(talk->conn);
    talk_wait(talk, 0);
    tx(talk, FIN | ACK, 101, 2, 0);
    drain(talk, 50 * MS);
    talk_wait(talk, 70 * MS);
    tx(talk, RST | ACK, 102, 2, 0);
    talk_wait(talk, 140 * MS);
    over(talk, 0, 0, 1);
}

static void a_FIN_that_is_not_acknowledged_ends_in_a_reset(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    drain(talk, 0);
    tx(talk, FIN | ACK, 1, 1, 0);
    over(talk, 0, 1, 0); /* a quick end doesn't wait */
}

static void a_lost_FIN_is_repeated_and_then_reset(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    drain(talk, 30 * MS);
    talk_wait(talk, 50 * MS);
    tx(talk, FIN | ACK, 1, 1, 0);
    for (unsigned i = 0; i < 60; i++)
        talk_wait(talk, 10 * MS);
    over(talk, 0, 0, 1);
}

/* The ICMP error doesn't hide that the drain has closed the connection before. */
static void a_connection_is_counted_once_after_an_ICMP_error(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    drain(talk, 30 * MS);
    talk_wait(talk, 50 * MS);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx_icmp(talk, 3, 1, 0);
    for (unsigned i = 0; i < 60; i++)
        talk_wait(talk, 10 * MS);
    over(talk, 0, 0, 1);
}

static void a_second_call_moves_the_deadline(void **state)
{
    struct talk *talk = *state;

    establish_unacknowledged(talk);
    leat_end(stack_of(talk)); /* 5 s by default */
    talk_wait(talk, 20 * MS);
    not_over(talk);
    quiet(talk);
    leat_end(stack_of(talk));
    talk_wait(talk, 0);
    tx(talk, RST | ACK, 101, 1, 0);
    over(talk, 0, 0, 1);
}

static void connections_that_we_opened_do_not_delay_the_end(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    drain(talk, long_ns);
    tx(talk, FIN | ACK, 1, 1, 0);
    not_over(talk);
    rx(talk, ACK, 1, 2, 0);
    talk_wait(talk, 40 * MS);
    over(talk, 0, 1, 0);
}

/* ---- the program's part ------------------------------------------------------------------- */

static bool is_working;
static unsigned asked, asked_quiet;

static bool on_drain(struct leat_tcp *conn, bool quiet, void *arg)
{
    (void)conn;
    (void)arg;
    asked++;
    asked_quiet += quiet;
    return is_working;
}

static const struct leat_tcp_events draining_events = {.on_drain = on_drain};

static void work_of_the_program_delays_the_FIN(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_set_events(talk->conn, &draining_events, NULL);
    is_working = true;
    asked = asked_quiet = 0;
    leat_drain(stack_of(talk), leat_now_ns(stack_of(talk)) + long_ns);
    world_poll(talk->world);
    assert_int_equal(asked, 1);
    assert_int_equal(asked_quiet, 0);
    talk_wait(talk, 900 * MS);
    assert_true(asked_quiet > 0);
    quiet(talk);
    not_over(talk);
    is_working = false;
    talk_wait(talk, 20 * MS);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
    talk_wait(talk, 40 * MS);
    over(talk, 0, 1, 0);
    talk->conn = NULL;
}

/* Works until the connection is quiet or the deadline has come, then sends a byte and closes. */
static bool say_goodbye(struct leat_tcp *conn, bool quiet_or_due, void *arg)
{
    const uint8_t byte = talk_byte(1);
    size_t taken;

    (void)arg;
    if (!quiet_or_due)
        return true;
    assert_int_equal(leat_tcp_write(conn, &byte, sizeof byte, &taken), LEAT_OK);
    assert_int_equal(leat_tcp_close(conn), LEAT_OK);
    return true;
}

static const struct leat_tcp_events polite_events = {.on_drain = say_goodbye};

/* As TLS does, which sends close_notify. */
static void the_last_words_at_the_deadline_are_not_reset(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_set_events(talk->conn, &polite_events, NULL);
    drain(talk, 100 * MS);
    talk_wait(talk, 120 * MS);
    tx(talk, FIN | PSH | ACK, 1, 1, 1);
    quiet(talk);
    not_over(talk);
    rx(talk, ACK, 1, 3, 0);
    talk_wait(talk, 40 * MS);
    over(talk, 1, 0, 0);
    talk->conn = NULL;
}

static void the_last_words_of_a_quick_end_are_not_reset(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_set_events(talk->conn, &polite_events, NULL);
    drain(talk, 0);
    tx(talk, FIN | PSH | ACK, 1, 1, 1);
    quiet(talk);
    over(talk, 1, 0, 0);
    talk->conn = NULL;
}

struct work {
    struct leat_drainer drainer;
    bool busy;
};

static bool is_busy(struct leat_drainer *drainer)
{
    return ((struct work *)(void *)drainer)->busy;
}

static void work_without_a_connection_delays_the_end(void **state)
{
    struct talk *talk = *state;
    struct work work = {.drainer = {.is_busy = is_busy}, .busy = true};
    struct work gone = work;

    leat_drainer_add(stack_of(talk), &work.drainer);
    leat_drainer_add(stack_of(talk), &work.drainer);
    leat_drainer_add(stack_of(talk), &gone.drainer);
    leat_drainer_remove(stack_of(talk), &gone.drainer);
    drain(talk, 200 * MS);
    talk_wait(talk, 100 * MS);
    not_over(talk);
    work.busy = false;
    talk_wait(talk, 40 * MS);
    over(talk, 0, 0, 0);
    leat_drainer_remove(stack_of(talk), &work.drainer);
}

static void work_without_a_connection_ends_at_the_deadline(void **state)
{
    struct talk *talk = *state;
    struct work work = {.drainer = {.is_busy = is_busy}, .busy = true};

    leat_drainer_add(stack_of(talk), &work.drainer);
    drain(talk, 100 * MS);
    talk_wait(talk, 80 * MS);
    not_over(talk);
    talk_wait(talk, 40 * MS);
    over(talk, 0, 0, 0);
    leat_drainer_remove(stack_of(talk), &work.drainer);
}

/* ---- leat_tcp_read() ---------------------------------------------------------------------- */

static void a_read_copies_and_opens_the_window(void **state)
{
    struct talk *talk = *state;
    uint8_t bytes[64];

    talk->read_nothing = true;
    talk_establish(talk);
    assert_int_equal(leat_tcp_read(talk->conn, bytes, sizeof bytes), 0);
    rx(talk, PSH | ACK, 1, 1, 100);
    assert_int_equal(leat_tcp_read(talk->conn, bytes, sizeof bytes), 64);
    for (uint32_t i = 0; i < 64; i++)
        assert_int_equal(bytes[i], talk_byte(1 + i));
    assert_int_equal(leat_tcp_readable(talk->conn), 36);
    assert_int_equal(leat_tcp_read(talk->conn, bytes, sizeof bytes), 36);
    assert_int_equal(bytes[35], talk_byte(100));
    assert_false(leat_tcp_at_end(talk->conn));
    rx(talk, FIN | ACK, 101, 1, 0);
    assert_int_equal(leat_tcp_read(talk->conn, bytes, sizeof bytes), 0);
    assert_true(leat_tcp_at_end(talk->conn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(the_first_stop_decides),
        talk_test(a_drain_without_connections_ends_in_its_first_poll),
        talk_test(a_quiet_connection_gets_a_FIN_after_half_a_second),
        talk_test(data_delays_the_FIN),
        talk_test(a_connection_that_its_peer_closes_is_finished),
        talk_test(a_SYN_is_refused_by_a_reset),
        talk_test(a_handshake_may_be_finished),
        talk_test(a_handshake_that_stops_is_reset_after_half_a_second),
        talk_test(unsent_data_is_delivered_before_the_deadline),
        talk_test(unacknowledged_data_is_reset_at_the_deadline),
        talk_test(a_peer_that_only_reads_is_reset_as_well),
        talk_test(a_FIN_that_is_not_acknowledged_ends_in_a_reset),
        talk_test(a_lost_FIN_is_repeated_and_then_reset),
        talk_test(a_connection_is_counted_once_after_an_ICMP_error),
        talk_test(a_second_call_moves_the_deadline),
        talk_test(connections_that_we_opened_do_not_delay_the_end),
        talk_test(work_of_the_program_delays_the_FIN),
        talk_test(the_last_words_at_the_deadline_are_not_reset),
        talk_test(the_last_words_of_a_quick_end_are_not_reset),
        talk_test(work_without_a_connection_delays_the_end),
        talk_test(work_without_a_connection_ends_at_the_deadline),
        talk_test(a_read_copies_and_opens_the_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
