/* test_transfers.c -- two connections, with memory for the data of one (tcp/conn/transfer.h). */
#include "talk.h"

enum {
    LEN = 100,
    MSS = 536
};

/* Two ends of the same kind; the conversation continues with one of them. */
static struct end {
    struct leat_tcp *conn;
    uint32_t iss;
    uint16_t port_peer;
} ends[2];

static void turn_to(struct talk *talk, const struct end *end)
{
    talk->conn = end->conn;
    talk->iss = end->iss;
    talk->port_peer = end->port_peer;
    world_mark(talk->world);
}

static void establish_both(struct talk *talk)
{
    talk->world->tcp_config.transfers = 1;
    talk_begin(talk);
    talk_establish_with(talk, MSS, NO_SHIFT);
    ends[0] = (struct end){talk->conn, talk->iss, talk->port_peer};
    talk->conn = 0;
    talk->port_peer++;
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    assert_non_null(talk->conn);
    ends[1] = (struct end){talk->conn, talk->iss, talk->port_peer};
    turn_to(talk, &ends[0]);
}

static uint64_t refused(const struct talk *talk)
{
    return leat_stats(talk->world->stack)->tcp_transfers_short;
}

/* The first has data in flight, which stays there. The second continues. */
static void occupy(struct talk *talk)
{
    establish_both(talk);
    talk_send(talk, LEN);
    tx(talk, PSH | ACK, 1, 1, LEN);
    turn_to(talk, &ends[1]);
}

/* Acknowledges that data. */
static void vacate(struct talk *talk)
{
    turn_to(talk, &ends[0]);
    rx(talk, ACK, 1, 1 + LEN, 0);
    turn_to(talk, &ends[1]);
}

static void idle_connection_gives_up_its_transfer(void **state)
{
    struct talk *talk = *state;

    establish_both(talk);
    for (uint32_t i = 0; i < 20; i++) {
        turn_to(talk, &ends[i % 2]);
        talk_send(talk, LEN);
        tx(talk, PSH | ACK, 1 + i / 2 * LEN, 1, LEN);
        rx(talk, ACK, 1, 1 + (i / 2 + 1) * LEN, 0);
        quiet(talk);
        assert_int_equal(talk_info(talk).queued_bytes, 0);
    }
    assert_int_equal(refused(talk), 0);
}

/* Slow start continues, and so does the threshold of a loss. */
static uint32_t whole_segments(const struct talk *talk, uint32_t window_bytes)
{
    return window_bytes - window_bytes % talk_info(talk).mss_bytes;
}

static void the_window_outlives_the_transfer(void **state)
{
    struct talk *talk = *state;
    struct leat_tcp_info before;

    establish_both(talk);
    for (uint32_t i = 0; i < 4; i++) {
        talk_send(talk, 10 * MSS);
        talk_wait(talk, ms);
        world_mark(talk->world);
        rx(talk, ACK, 1, 1 + 10 * MSS * (i + 1), 0);
    }
    talk_send(talk, 4 * MSS);
    talk_wait(talk, 1500 * ms); /* it counts as lost */
    world_mark(talk->world);
    rx(talk, ACK, 1, 1 + 44 * MSS, 0);
    before = talk_info(talk);
    assert_true(before.ssthresh_bytes < 0x7fffffff);
    turn_to(talk, &ends[1]);
    talk_send(talk, LEN);
    tx(talk, PSH | ACK, 1, 1, LEN);
    rx(talk, ACK, 1, 1 + LEN, 0);
    turn_to(talk, &ends[0]);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(talk_info(talk).cwnd_bytes, whole_segments(talk, before.cwnd_bytes));
        assert_int_equal(talk_info(talk).ssthresh_bytes,
                         whole_segments(talk, before.ssthresh_bytes));
        assert_true(leat_tcp_send_room(talk->conn) > 0); /* it has a transfer again */
    }
}

static void data_waits_and_its_writer_is_told(void **state)
{
    struct talk *talk = *state;
    const uint8_t byte = talk_byte(1);
    size_t taken = 1;

    occupy(talk);
    assert_int_equal(leat_tcp_send_room(talk->conn), 0);
    assert_int_equal(leat_tcp_write(talk->conn, &byte, 1, &taken), LEAT_ERR_FULL);
    assert_int_equal(taken, 0);
    assert_true(refused(talk) >= 2);
    talk_wait(talk, 10 * ms);
    assert_int_equal(talk->writable, 0);
    vacate(talk);
    talk_wait(talk, 3 * ms);
    assert_int_equal(talk->writable, 1);
    assert_int_equal(leat_tcp_write(talk->conn, &byte, 1, &taken), LEAT_OK);
    world_poll(talk->world);
    assert_int_equal(taken, 1);
    tx(talk, PSH | ACK, 1, 1, 1);
}

/* tcp/conn/fin.c */
static void a_FIN_alone_needs_none(void **state)
{
    struct talk *talk = *state;

    occupy(talk);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    assert_int_equal(talk_info(talk).in_flight_bytes, 1);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
    assert_int_equal(refused(talk), 0);
}

static void a_lost_FIN_waits(void **state)
{
    struct talk *talk = *state;

    occupy(talk);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    talk_wait(talk, 3 * second); /* the repair needs a transfer */
    assert_true(refused(talk) > 0);
    turn_to(talk, &ends[0]);
    rx(talk, ACK, 1, 1 + LEN, 0);
    turn_to(talk, &ends[1]);
    talk_wait(talk, 300 * ms);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, ACK, 1, 2, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

static void data_out_of_order_is_dropped_and_comes_again(void **state)
{
    struct talk *talk = *state;

    occupy(talk);
    rx(talk, ACK, 1 + LEN, 1, LEN);
    assert_int_equal(talk_grown(talk, drop_tcp_memory), 1);
    tx(talk, ACK, 1, 1, 0); /* the peer counts these */
    rx(talk, ACK, 1, 1, LEN);
    rx(talk, ACK, 1 + LEN, 1, LEN);
    tx(talk, ACK, 1, 1 + 2 * LEN, 0);
    talk_heard(talk, 2 * LEN);
}

/* A peer may keep its window closed as long as it answers, but not while others wait for its
 * transfer. */
static void a_shut_window_gives_way_to_waiting_connections(void **state)
{
    struct talk *talk = *state;

    establish_both(talk);
    talk_send(talk, LEN);
    tx(talk, PSH | ACK, 1, 1, LEN);
    talk->window_peer = 0;
    rx(talk, ACK, 1, 1, 0);
    rx(talk, ACK, 1, 1 + LEN, 0);
    talk_queue(talk, LEN);
    talk_wait(talk, 30 * second); /* the only one may wait, without answers to its probes */
    assert_int_equal(talk->closed, 0);
    assert_int_equal(leat_tcp_send_room(ends[1].conn), 0);
    for (unsigned i = 0; i < 60 && talk->closed == 0; i++)
        talk_wait(talk, second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
    assert_int_equal(talk->writable, 1); /* the other */
    assert_true(leat_tcp_send_room(ends[1].conn) > 0);
}

/* In one stack with the default pool, and the table of buckets. */
static void a_million_connections_fit_into_512_MB(void **state)
{
    const struct leat_config config = {.seed = {1}};
    const struct leat_tcp_config tcp = {.connections = 1000000};

    (void)state;
    assert_true(leat_memory_bytes(&config) + leat_tcp_memory_bytes(&tcp) < 512000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_connections_fit_into_512_MB),
        talk_test_later(idle_connection_gives_up_its_transfer),
        talk_test_later(the_window_outlives_the_transfer),
        talk_test_later(data_waits_and_its_writer_is_told),
        talk_test_later(a_FIN_alone_needs_none),
        talk_test_later(a_lost_FIN_waits),
        talk_test_later(data_out_of_order_is_dropped_and_comes_again),
        talk_test_later(a_shut_window_gives_way_to_waiting_connections),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
