/* test_threats_memory.c -- threats R1 to R5: attacks on memory. */
#include "talk.h"
#include "needs.h"

/* ---- R1: a flood of SYNs ------------------------------------------------------------------ */

/* One spoofed SYN, without a later segment. */
static void spoof_syn(struct talk *talk, uint32_t number)
{
    const struct frame_segment segment = {.src_port = (uint16_t)(1024 + number % 60000),
                                          .dst_port = PORT_US,
                                          .seq = number * 2654435761u,
                                          .flags = SYN,
                                          .window = 60000};
    const struct frame frame = frame_tcp(&segment, 0, 0);

    world_feed(talk->world, &frame);
}

/* The flood, @per_s a second for @ms_total. */
static void flood(struct talk *talk, uint32_t *number, uint32_t per_s, uint32_t ms_total)
{
    for (uint32_t at_ms = 0; at_ms < ms_total; at_ms++) {
        for (uint32_t i = 0; i < per_s / 1000; i++)
            spoof_syn(talk, (*number)++);
        talk_wait(talk, ms);
    }
}

static void test_threat_R1_client_gets_in_during_a_flood_of_SYNs(void **state)
{
    struct talk *talk = *state;
    struct leat_pool *pool = leat_pool(talk->world->stack);
    uint32_t number = 0, free_count;

    talk->listen.backlog = 8;
    talk->port_peer = 63000; /* not one of the flood's */
    talk_listen(talk);
    flood(talk, &number, 1000, 1000);
    free_count = leat_pool_free_count(pool);
    for (unsigned second_number = 0; second_number < 3; second_number++) {
        flood(talk, &number, 1000, 1000); /* 125 times the backlog a second */
        assert_int_equal(leat_pool_free_count(pool), free_count);
    }
    world_mark(talk->world);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    flood(talk, &number, 1000, 200); /* the client's round trip */
    world_mark(talk->world);
    rx(talk, ACK, 1, 1, 5);
    world_poll(talk->world);
    assert_non_null(talk->conn);
    assert_int_equal(talk_state(talk), LEAT_TCP_ESTABLISHED);
    talk_heard(talk, 5);
    assert_true(leat_stats(talk->world->stack)->tcp_cookies_sent > 3000);
}

/* ---- R2: combs ---------------------------------------------------------------------------- */

/* A comb of 1,000 teeth, of which @most are kept. */
static void comb(struct talk *talk, uint32_t most)
{
    const uint32_t before = leat_pool_free_count(leat_pool(talk->world->stack));

    talk_establish(talk);
    for (uint32_t i = 0; i < 1000; i++) {
        rx(talk, ACK, 2 + 2 * i, 1, 1);
        if (i < most)
            assert_ended(talk->world, taken_tcp);
        else
            assert_ended(talk->world, drop_tcp_memory);
        world_mark(talk->world);
    }
    assert_true(before - leat_pool_free_count(leat_pool(talk->world->stack)) <= most);
    for (uint32_t at = 1; at < 2001; at += 100) { /* the data arrives, sent again */
        world_mark(talk->world);
        rx(talk, ACK, at, 1, 100);
    }
    talk_heard(talk, 2000);
}

static void test_threat_R2_comb_of_single_bytes_holds_64_runs(void **state)
{
    comb(*state, 64);
}

static void test_threat_R2_program_may_limit_the_runs_of_a_connection(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.reorder_runs_per_connection = 7;
    talk_begin(talk);
    comb(talk, 7);
}

static void test_threat_R2_program_may_allow_more_runs_to_a_connection(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.reorder_runs_per_connection = 100;
    talk_begin(talk);
    comb(talk, 100);
}

/* Single bytes in order are copied together before they hold half of the pool. */
static void test_threat_R2_single_bytes_do_not_pin_the_pool(void **state)
{
    struct talk *talk = *state;
    const uint32_t total = leat_pool_free_count(leat_pool(talk->world->stack));

    talk->read_nothing = true;
    talk_establish(talk);
    for (uint32_t at = 1; at < 5001; at++) {
        world_mark(talk->world);
        rx(talk, ACK, at, 1, 1);
    }
    assert_int_equal(leat_tcp_readable(talk->conn), 5000);
    assert_true(leat_pool_free_count(leat_pool(talk->world->stack)) >= total / 2);
    talk_read(talk, 5000);
    talk_heard(talk, 5000);
}

/* ---- R3, R4 ------------------------------------------------------------------------------- */

/* Answers every probe of a closed window for @seconds. */
static void sit_it_out(struct talk *talk, unsigned seconds)
{
    for (unsigned i = 0; i < seconds && talk->conn; i++) {
        talk_wait(talk, second);
        world_mark(talk->world);
        if (talk->conn)
            rx(talk, ACK, 1, 1, 0);
    }
}

static void test_threat_R3_shut_window_is_not_suffered_when_the_pool_is_low(void **state)
{
    struct talk *talk = *state;
    struct leat_pool *pool = leat_pool(talk->world->stack);
    struct leat_buf *hog = 0;

    talk_establish(talk);
    talk->window_peer = 0;
    rx(talk, ACK, 1, 1, 0);
    talk_send(talk, 1000);
    sit_it_out(talk, 300);
    assert_int_equal(talk->closed, 0);         /* while there is room it may (RFC 9293 3.8.6.1) */
    while (leat_pool_free_count(pool) > 200) { /* of 1024 */
        struct leat_buf *buf = leat_buf_alloc(pool, 0);

        buf->next = hog;
        hog = buf;
    }
    sit_it_out(talk, 120);
    assert_int_equal(talk->closed, 1);
    leat_buf_free(hog);
}

static void test_threat_R3_program_may_limit_a_shut_window(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_set_user_timeout(talk->conn, 20 * second);
    talk->window_peer = 0;
    rx(talk, ACK, 1, 1, 0);
    talk_send(talk, 1000);
    sit_it_out(talk, 15);
    assert_int_equal(talk->closed, 0);
    sit_it_out(talk, 30);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
}

/* ---- Q7: a closed window in a SYN that opens ---------------------------------------------- */

/* A SYN with data, a good cookie and a closed window. */
static void open_by_shut_window(struct talk *talk)
{
    uint8_t cookie[8];

    talk->world->tcp_config.fast_open = true;
    talk_begin(talk);
    talk_listen(talk);
    talk_get_cookie(talk, cookie);
    talk->window_peer = 0;
    rx(talk, SYN, 0, 0, 100);
    tx(talk, SYN | ACK, 0, 101, 0);
}

/* The program has answered. */
static void test_threat_Q7_shut_window_in_a_Fast_Open_SYN_ends(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;

    open_by_shut_window(talk);
    world_poll(talk->world);
    talk_send(talk, 50);
    quiet(talk); /* no probe: the SYN,ACK is retransmitted already */
    talk_wait(talk, 1100 * ms);
    tx(talk, SYN | ACK, 0, 101, 0);
    talk_wait(talk, 300 * second);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
    assert_int_equal(leat_stats(talk->world->stack)->drop_tcp_impossible, 0);
    world_mark(talk->world);
}

/* The handshake is over, and the window still closed: now it is probed. */
static void test_threat_Q7_shut_window_is_probed_after_the_handshake(void **state)
{
    NEEDS(FAST_OPEN);
    struct talk *talk = *state;

    open_by_shut_window(talk);
    talk_send(talk, 50);
    rx(talk, ACK, 101, 1, 0);
    quiet(talk);
    talk_wait(talk, 250 * ms);
    tx(talk, ACK, 1, 101, 1);
    talk->window_peer = WINDOW_PEER;
    rx(talk, ACK, 101, 1, 0);
    tx(talk, ACK, 1, 101, 50);
    rx(talk, ACK, 101, 51, 0);
}

/* Abandoned, and the peer never closes: a minute, though it keeps talking. */
static void test_threat_R4_orphans_in_FIN_WAIT_2_last_a_minute(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_close(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    for (unsigned i = 0; i < 59; i++) {
        rx(talk, ACK, 1, 2, 0);
        talk_wait(talk, second);
        world_mark(talk->world);
    }
    assert_int_equal(talk->closed, 0);
    talk_wait(talk, 2 * second);
    assert_int_equal(talk->closed, 1);
}

/* A program that never accepts: waiting connections count, none is let in beyond the limit, not
 * even with a cookie, and a waiting connection whose peer goes away ends after all. */
static void test_threat_R4_backlog_is_capped_without_accepts(void **state)
{
    struct talk *talk = *state;
    struct leat_pool *pool = leat_pool(talk->world->stack);
    const uint32_t free_count = leat_pool_free_count(pool);

    talk->listen.backlog = 8;
    talk->hold_on_accept = true;
    talk_listen(talk);
    for (uint16_t port = 5000; port < 5100; port++) {
        talk->port_peer = port;
        rx(talk, SYN, 0, 0, 0);
        if (port >= 5008) {
            assert_dropped(talk->world, drop_tcp_backlog);
            rx(talk, ACK, 1, 1, 5);
            assert_ended(talk->world, drop_tcp_unacceptable);
            world_mark(talk->world);
            continue;
        }
        tx(talk, SYN | ACK, 0, 1, 0);
        rx(talk, ACK, 1, 1, 0);
    }
    assert_int_equal(leat_pool_free_count(pool), free_count);
    for (unsigned i = 0; i < 8; i++) {
        talk_accept(talk);
        assert_non_null(talk->conn);
        leat_tcp_abort(talk->conn);
        world_poll(talk->world);
    }
    talk_accept(talk);
    assert_null(talk->conn);
}

/* ---- R5: no memory ------------------------------------------------------------------------ */

enum {
    HOGS = 4096
};

struct hog {
    struct leat_buf *bufs[HOGS];
    unsigned count;
};

/* Takes all buffers of all three kinds but @left of each. */
static void take_all_but(struct hog *hog, struct leat_pool *pool, unsigned left)
{
    const unsigned kinds = 3;

    hog->count = 0;
    for (unsigned kind = 0; kind < kinds; kind++) {
        const unsigned first = hog->count;
        struct leat_buf *buf;

        do {
            buf = kind == 0   ? leat_buf_alloc(pool, 0)
                  : kind == 1 ? leat_buf_alloc_small(pool, 0)
                              : leat_buf_lend(pool, "x", 1, 0, 0);
            if (buf)
                hog->bufs[hog->count++] = buf;
        } while (buf);
        for (unsigned i = 0; i < left && hog->count > first; i++)
            leat_buf_free(hog->bufs[--hog->count]);
    }
}

static void give_all(struct hog *hog)
{
    while (hog->count > 0)
        leat_buf_free(hog->bufs[--hog->count]);
}

/* The peer acknowledges our data and sends all of its own (and FIN) again. */
static void peer_speaks(struct talk *talk, uint8_t flags)
{
    const uint32_t us = talk_info(talk).snd_nxt - talk->iss;

    world_mark(talk->world);
    rx(talk, ACK, 301, us, 200);
    world_mark(talk->world);
    rx(talk, flags, 1, us, 500);
    talk_wait(talk, 300 * ms);
    world_mark(talk->world);
    if (talk->conn)
        rx(talk, ACK, talk_info(talk).rcv_nxt - IRS, talk_info(talk).snd_nxt - talk->iss, 0);
}

/* A conversation during which only @left buffers of each kind are free; then all are. */
static void talk_with(struct talk *talk, struct hog *hog, unsigned left)
{
    struct leat_pool *pool = leat_pool(talk->world->stack);
    size_t taken;

    talk_establish(talk);
    take_all_but(hog, pool, left);
    for (unsigned turn = 0; turn < 3; turn++) {
        leat_tcp_write(talk->conn, "some text", 9, &taken);
        peer_speaks(talk, ACK);
    }
    leat_tcp_shutdown(talk->conn);
    peer_speaks(talk, FIN | ACK);
    give_all(hog);
    for (unsigned turn = 0; turn < 10 && talk->conn; turn++)
        peer_speaks(talk, FIN | ACK);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_OK);
    talk_heard(talk, 500);
}

static void test_threat_R5_conversation_survives_the_want_of_each_buffer(void **state)
{
    struct hog *hog = malloc(sizeof *hog);

    (void)state;
    for (unsigned left = 1; left < 20; left++) { /* with none, no frame comes in */
        struct talk *talk;
        void *fixture;

        talk_setup_later(&fixture);
        talk = fixture;
        talk->world->config.buf_count = 64;
        talk_begin(talk);
        talk_with(talk, hog, left);
        talk_teardown(&fixture);
    }
    free(hog);
}

/* A SYN,ACK that could not be sent is sent when the timer expires. */
static void test_threat_R5_handshake_survives_an_empty_pool(void **state)
{
    struct talk *talk = *state;
    struct hog *hog = malloc(sizeof *hog);

    talk_listen(talk);
    take_all_but(hog, leat_pool(talk->world->stack), 0);
    give_all(hog);
    take_all_but(hog, leat_pool(talk->world->stack), 0);
    leat_buf_free(hog->bufs[0]); /* one, for the SYN */
    hog->bufs[0] = hog->bufs[--hog->count];
    rx(talk, SYN, 0, 0, 0);
    quiet(talk);
    give_all(hog);
    free(hog);
    talk_wait(talk, 1100 * ms);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 10);
    world_poll(talk->world);
    talk_heard(talk, 10);
}

static void test_threat_R5_data_is_refused_while_the_pool_is_low_and_comes_again(void **state)
{
    struct talk *talk = *state;
    struct hog *hog = malloc(sizeof *hog);

    talk_establish(talk);
    take_all_but(hog, leat_pool(talk->world->stack), 20);
    rx(talk, ACK, 1, 1, 100);
    assert_ended(talk->world, drop_tcp_memory);
    tx(talk, ACK, 1, 1, 0);
    talk_heard(talk, 0);
    give_all(hog);
    free(hog);
    rx(talk, ACK, 1, 1, 100);
    talk_heard(talk, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(test_threat_R1_client_gets_in_during_a_flood_of_SYNs),
        talk_test(test_threat_R2_comb_of_single_bytes_holds_64_runs),
        talk_test_later(test_threat_R2_program_may_limit_the_runs_of_a_connection),
        talk_test_later(test_threat_R2_program_may_allow_more_runs_to_a_connection),
        talk_test(test_threat_R2_single_bytes_do_not_pin_the_pool),
        talk_test(test_threat_R3_shut_window_is_not_suffered_when_the_pool_is_low),
        talk_test(test_threat_R3_program_may_limit_a_shut_window),
        talk_test_later(test_threat_Q7_shut_window_in_a_Fast_Open_SYN_ends),
        talk_test_later(test_threat_Q7_shut_window_is_probed_after_the_handshake),
        talk_test(test_threat_R4_orphans_in_FIN_WAIT_2_last_a_minute),
        talk_test(test_threat_R4_backlog_is_capped_without_accepts),
        cmocka_unit_test(test_threat_R5_conversation_survives_the_want_of_each_buffer),
        talk_test(test_threat_R5_handshake_survives_an_empty_pool),
        talk_test(test_threat_R5_data_is_refused_while_the_pool_is_low_and_comes_again),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
