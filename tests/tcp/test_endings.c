/*
 * test_endings.c -- no state lasts for ever: the event that a connection waits for is possible, and
 * a timer ends the wait.
 */
#include "talk.h"

enum {
    HELD_MAX = 8192
};

/* ---- SND.NXT counts only data that was sent ----------------------------------------------- */

static struct leat_buf *held[HELD_MAX];
static unsigned held_count;

/* Takes all headers and all descriptors, so that nothing can be sent or queued. */
static void hold_all(struct talk *talk)
{
    struct leat_pool *pool = leat_pool(talk->world->stack);
    struct leat_buf *base = leat_buf_alloc(pool, 0);

    assert_non_null(base);
    leat_buf_put(base, 8);
    held[held_count++] = base;
    while ((held[held_count] = leat_buf_slice(base, 0, 1)))
        held_count++;
    while ((held[held_count] = leat_buf_alloc_small(pool, 0)))
        held_count++;
    assert_true(held_count < HELD_MAX);
}

static void let_go(void)
{
    while (held_count > 0)
        leat_buf_free(held[--held_count]);
}

static uint32_t in_flight(const struct talk *talk)
{
    return talk_info(talk).snd_nxt - talk_info(talk).snd_una;
}

/* Waits until a segment was sent, or for @ns. */
static void wait_for_segment(struct talk *talk, uint64_t ns)
{
    for (uint64_t waited_ns = 0; waited_ns < ns; waited_ns += ms) {
        if (fake_netif_sent_count(&talk->world->dev) > 0)
            return;
        talk_wait(talk, ms);
    }
}

/* A lost segment takes the FIN along; an attempt without memory must not count it again. */
static void FIN_that_memory_holds_up_is_counted_once(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk_send(talk, 1);
    tx(talk, ACK, 1, 1, 1);
    hold_all(talk);
    talk_wait(talk, 700 * ms); /* now it counts as lost */
    leat_tcp_close(talk->conn);
    talk_wait(talk, 1500 * ms);
    assert_int_equal(in_flight(talk), 1);
    let_go();
    world_mark(talk->world);
    wait_for_segment(talk, 5 * second);
    tx(talk, FIN | ACK, 1, 1, 1);
    assert_int_equal(in_flight(talk), 2);
    rx(talk, ACK, 1, 3, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
    assert_int_equal(in_flight(talk), 0);
    rx(talk, FIN | ACK, 1, 3, 0);
    tx(talk, ACK, 3, 2, 0);
    assert_int_equal(talk->closed, 1);
}

/* It counted as sent, so it was never sent. */
static void FIN_that_memory_refused_leaves_when_there_is_some(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk_send(talk, 1);
    tx(talk, ACK, 1, 1, 1);
    hold_all(talk);
    leat_tcp_close(talk->conn);
    talk_wait(talk, 50 * ms);
    assert_int_equal(in_flight(talk), 1);
    let_go();
    world_mark(talk->world);
    talk_wait(talk, 10 * ms);
    tx(talk, FIN | ACK, 2, 1, 0);
    rx(talk, ACK, 1, 3, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

/* The byte that a closed window refused is sent again together with the data behind it, as far as
 * the pieces of one frame reach. The rest follows. */
static void lost_octet_takes_along_what_leaves_with_it(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk->window_peer = 0;
    rx(talk, ACK, 1, 1, 0);
    for (unsigned i = 0; i < 20; i++) /* of one byte each */
        talk_queue(talk, 1);
    leat_tcp_close(talk->conn);
    talk_wait(talk, 250 * ms);
    tx(talk, ACK, 1, 1, 1); /* the probe */
    hold_all(talk);
    talk->window_peer = WINDOW_PEER;
    rx(talk, ACK, 1, 1, 0);
    quiet(talk);
    assert_int_equal(in_flight(talk), 1);
    let_go();
    talk_wait(talk, 100 * ms);
    tx(talk, ACK, 1, 1, 16);
    tx(talk, FIN | ACK, 17, 1, 4);
    quiet(talk);
    assert_int_equal(in_flight(talk), 21);
    rx(talk, ACK, 1, 22, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
    assert_int_equal(in_flight(talk), 0);
}

/* The peer's next segments carry this timestamp; its SYN had 100. */
static void stamp(struct talk *talk, uint32_t tsval)
{
    talk_extra_none(talk);
    talk_extra_ts(talk, tsval, 0);
}

static void read_and_hold_all(struct leat_tcp *conn, void *arg)
{
    leat_buf_free(leat_tcp_receive(conn, 10));
    leat_tcp_consumed(conn, 10);
    hold_all(arg);
}

/* An ACK that finds no buffer was not sent, so it moves neither Last.ACK.sent (RFC 7323 4.3) nor
 * the edge of the window, which is rounded up when it is sent (2.3). */
static void assert_that_ACK_without_buffer_said_nothing(struct talk *talk)
{
    static const struct leat_tcp_events events = {.on_readable = read_and_hold_all};
    struct leat_tcp_info info = talk_info(talk);
    const uint32_t edge = info.rcv_nxt + info.rcv_wnd_bytes;

    leat_tcp_set_events(talk->conn, &events, talk);
    stamp(talk, 110);
    rx(talk, ACK, 1, 1, 10);
    talk_wait(talk, 50 * ms); /* for a delayed ACK */
    assert_true(talk_grown(talk, tx_no_memory) > 0);
    info = talk_info(talk);
    assert_int_equal(info.rcv_nxt + info.rcv_wnd_bytes, edge);
    leat_tcp_set_events(talk->conn, 0, 0);
    let_go();
    stamp(talk, 120); /* isn't echoed: SEG.SEQ is above Last.ACK.sent (RFC 7323 4.3) */
    rx(talk, ACK, 11, 1, 5);
    tx(talk, ACK, 1, 16, 0);
    assert_int_equal(frame_get32(talk_option(talk, 8) + 6), 110);
}

static void ACK_that_memory_refused_was_not_sent(void **state)
{
    struct talk *talk = *state;

    talk_offer(talk, 100);
    stamp(talk, 100);
    talk_establish(talk);
    assert_that_ACK_without_buffer_said_nothing(talk);
}

static void SACK_that_memory_refused_was_not_sent(void **state)
{
    struct talk *talk = *state;

    talk_offer(talk, 100);
    stamp(talk, 100);
    talk_establish(talk);
    rx(talk, ACK, 101, 1, 10);
    tx(talk, ACK, 1, 1, 0);
    assert_that_ACK_without_buffer_said_nothing(talk);
}

/* While the peer's window is closed, window probes send it one byte. A peer that opens its window
 * and SACKs this byte must still acknowledge it; until then we send the byte again. */
static void octet_of_a_probe_that_was_SACKed_comes_again(void **state)
{
    struct talk *talk = *state;

    talk_offer(talk, 0);
    talk_establish(talk);
    talk->window_peer = 0;
    rx(talk, ACK, 1, 1, 0);
    talk_send(talk, 1);
    quiet(talk);
    talk_wait(talk, second);
    tx(talk, PSH | ACK, 1, 1, 1);
    talk_wait(talk, 10 * second); /* the probe after that, and others */
    world_mark(talk->world);
    talk->window_peer = WINDOW_PEER;
    talk_extra_sack(talk, 1, 2);
    rx(talk, ACK, 1, 1, 0);
    quiet(talk);
    talk_wait(talk, 2 * second);
    tx(talk, PSH | ACK, 1, 1, 1);
    world_mark(talk->world);
    talk_extra_none(talk);
    rx(talk, ACK, 1, 2, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

/* The peer may also leave its window closed: the probes go on, because it may drop the SACKed
 * byte. */
static void probe_that_was_SACKed_is_followed_by_others(void **state)
{
    struct talk *talk = *state;

    talk_offer(talk, 0);
    talk_establish(talk);
    talk->window_peer = 0;
    rx(talk, ACK, 1, 1, 0);
    talk_send(talk, 10);
    talk_wait(talk, second);
    tx(talk, ACK, 1, 1, 1);
    world_mark(talk->world);
    talk_extra_sack(talk, 1, 2);
    rx(talk, ACK, 1, 1, 0);
    talk_wait(talk, 10 * second);
    assert_non_null(fake_netif_sent(&talk->world->dev));
    world_mark(talk->world);
    talk_wait(talk, 60 * second);
    assert_non_null(fake_netif_sent(&talk->world->dev));
    world_mark(talk->world);
    talk->window_peer = WINDOW_PEER;
    talk_extra_none(talk);
    rx(talk, ACK, 1, 1, 0);
    talk_wait(talk, 20 * second);
    world_mark(talk->world);
    rx(talk, ACK, 1, 11, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

/* After timeouts the window closes, and data behind the first segment is SACKed. None of it is
 * acknowledged, so all of it is sent again. */
static void data_SACKed_at_a_shut_window_is_still_owed(void **state)
{
    struct talk *talk = *state;
    uint32_t tsval;

    talk_offer(talk, 7000);
    talk_extra_ts(talk, 7000, 0);
    talk_establish(talk);
    talk_send(talk, 2896);
    tx(talk, ACK, 1, 1, 1448);
    tsval = frame_get32(talk_option(talk, 8) + 2);
    talk_wait(talk, 1040 * ms);
    world_mark(talk->world);
    talk->window_peer = 0;
    talk_extra_none(talk);
    talk_extra_ts(talk, 7001, tsval);
    rx(talk, ACK, 1, 1, 0);
    talk_wait(talk, 300 * ms);
    world_mark(talk->world);
    talk_extra_none(talk);
    talk_extra_ts(talk, 17001, tsval);
    talk_extra_sack(talk, 1449, 2897);
    rx(talk, ACK, 1, 1, 0);
    talk_wait(talk, 60 * second);
    assert_non_null(fake_netif_sent(&talk->world->dev));
    world_mark(talk->world);
}

/* ---- no route to the peer ----------------------------------------------------------------- */

static void lose_address(struct talk *talk)
{
    struct world *world = talk->world;

    assert_int_equal(
        leat_address_remove(world->stack, &world->dev.netif, world_ip(talk->world, IP_US)),
        LEAT_OK);
}

/* Nothing is left to retransmit; the minute of FIN-WAIT-2 passes. */
static void FIN_WAIT_2_without_a_route_ends(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, ACK, 1, 2, 0);
    rx(talk, ACK, 1, 2, 5); /* its ACK is delayed */
    lose_address(talk);
    talk_wait(talk, 5 * second);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
    leat_tcp_close(talk->conn);
    talk_wait(talk, 61 * second);
    assert_int_equal(talk->closed, 1);
}

/* Nothing waits for an answer, so no timeout ends it. */
static void idle_connection_outlives_its_route(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk_wait(talk, 1000 * second);
    lose_address(talk);
    leat_tcp_set_nodelay(talk->conn, true); /* looks for something to send */
    talk_wait(talk, 1000 * second);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
}

/* The timeout begins with the data, not with earlier segments. */
static void data_without_a_route_has_all_the_patience(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    talk_wait(talk, 1000 * second);
    lose_address(talk);
    talk_send(talk, 10);
    talk_wait(talk, 90 * second);
    assert_int_equal(talk->closed, 0);
    talk_wait(talk, 120 * second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_NO_ROUTE);
}

/* ---- another seed ------------------------------------------------------------------------- */

static const uint8_t new_seed[LEAT_SEED_BYTES] = {99, 1, 2, 3};

static uint32_t tsval_of(const struct talk *talk)
{
    assert_non_null(talk_option(talk, 8));
    return frame_get32(talk_option(talk, 8) + 2);
}

/* RFC 7323 5.4: the timestamp clock of a connection never jumps, or PAWS would drop its
 * segments. */
static void half_open_connection_keeps_its_clock_when_the_seed_changes(void **state)
{
    struct talk *talk = *state;
    uint32_t tsval;

    talk_listen(talk);
    talk_offer(talk, 5);
    talk_extra_ts(talk, 6, 0);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    tsval = tsval_of(talk);
    assert_int_equal(leat_reseed(talk->world->stack, new_seed), LEAT_OK);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_in_range(tsval_of(talk) - tsval, 0, 1000);
    rx(talk, ACK, 1, 1, 0);
    assert_non_null(talk->conn);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_in_range(tsval_of(talk) - tsval, 0, 1000);
}

/* The peer's FIN is repeated, and must accept the timestamp of our ACK. */
static void TIME_WAIT_keeps_its_clock_when_the_seed_changes(void **state)
{
    struct talk *talk = *state;
    uint32_t tsval;

    talk_offer(talk, 5);
    talk_extra_ts(talk, 6, 0);
    talk_establish(talk);
    leat_tcp_close(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    tsval = tsval_of(talk);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
    assert_int_equal(leat_reseed(talk->world->stack, new_seed), LEAT_OK);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
    assert_in_range(tsval_of(talk) - tsval, 0, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(FIN_that_memory_holds_up_is_counted_once),
        talk_test(FIN_that_memory_refused_leaves_when_there_is_some),
        talk_test(ACK_that_memory_refused_was_not_sent),
        talk_test(SACK_that_memory_refused_was_not_sent),
        talk_test(octet_of_a_probe_that_was_SACKed_comes_again),
        talk_test(probe_that_was_SACKed_is_followed_by_others),
        talk_test(data_SACKed_at_a_shut_window_is_still_owed),
        talk_test(lost_octet_takes_along_what_leaves_with_it),
        talk_test(FIN_WAIT_2_without_a_route_ends),
        talk_test(idle_connection_outlives_its_route),
        talk_test(data_without_a_route_has_all_the_patience),
        talk_test(half_open_connection_keeps_its_clock_when_the_seed_changes),
        talk_test(TIME_WAIT_keeps_its_clock_when_the_seed_changes),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
