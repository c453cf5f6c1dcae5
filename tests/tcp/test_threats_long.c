/*
 * test_threats_long.c -- what wears other stacks down: loops, leaks, limits, an empty pool.
 */
#include "place.h"

/* ---- S4: loops and side channels ---------------------------------------------------------- */

/* A second connection of the same peer, in ESTABLISHED; the first one's handle is returned. */
static struct leat_tcp *second_connection(struct talk *talk)
{
    struct leat_tcp *first = talk->conn;

    talk->conn = 0;
    talk->port_peer++;
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    assert_non_null(talk->conn);
    return first;
}

/* CVE-2016-5696: who counts challenge ACKs on his own connection learns nothing of others */
static void test_threat_S4_no_counter_is_shared_between_connections(void **state)
{
    struct talk *talk = *state;
    uint64_t challenged;

    talk_establish(talk);
    second_connection(talk);
    talk->port_peer--;
    talk->iss = 0;
    for (unsigned i = 0; i < 1000; i++) {
        world_mark(talk->world);
        rx(talk, RST, 100, 0, 0);
    }
    challenged = leat_stats(talk->world->stack)->tcp_challenge_acks;
    assert_int_equal(challenged, 1);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_challenge_limited, 999);
    talk->port_peer++;
    rx(talk, RST, 100, 0, 0);
    assert_grown(talk->world, tcp_challenge_acks, 1);
    world_mark(talk->world);
    leat_tcp_listener_close(talk->listener);
}

/* Two ends that are out of step answer each other's ACKs: the loop must end. */
static void answer_of_a_mirror(struct place *place)
{
    struct talk *talk = place->talk;
    unsigned answers = 0;

    for (unsigned i = 0; i < 100; i++) {
        rx(talk, ACK, place->peer + (1u << 20), place->us, 0); /* "you are wrong" */
        answers += fake_netif_sent_count(&talk->world->dev);
        talk_wait(talk, ms);
        world_mark(talk->world);
    }
    assert_in_range(answers, 1, 2);
}

static void test_threat_S4_ACK_loop_ends(void **state)
{
    (void)state;
    in_states(synchronized_states, answer_of_a_mirror);
}

/* ---- S5: the handshake -------------------------------------------------------------------- */

static void test_threat_S5_nonsense_in_SYN_SENT(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    rx(talk, SYN | ACK, 0, 2, 0); /* never sent */
    tx(talk, RST, 2, 0, 0);
    rx(talk, ACK, 0, 0, 0); /* nothing new */
    tx(talk, RST, 0, 0, 0);
    rx(talk, FIN, 0, 0, 0);
    assert_dropped(talk->world, drop_tcp_unacceptable);
    rx(talk, RST, 0, 0, 0); /* no ACK: anybody could say so */
    assert_dropped(talk->world, drop_tcp_unacceptable);
    rx(talk, RST | ACK, 0, 2, 0);
    assert_dropped(talk->world, drop_tcp_unacceptable);
    rx(talk, ACK, 0, 1, 10); /* no SYN */
    assert_dropped(talk->world, drop_tcp_unacceptable);
    rx(talk, SYN | ACK, 0, 1, 0); /* and the connection opens all the same */
    tx(talk, ACK, 1, 1, 0);
}

/* ---- S6: numbers wrap --------------------------------------------------------------------- */

static void test_threat_S6_transfer_from_the_last_sequence_number_with_shrinking_windows(void **s)
{
    struct talk *talk = *s;
    uint64_t opened_at_ns;
    uint32_t acked = 0;

    talk_connect(talk);
    opened_at_ns = talk->world->now_ns;
    tx(talk, SYN, 0, 0, 0);
    rx(talk, RST | ACK, 0, 1, 0);
    /* the ISN is a clock of 4.096 us: wait until it shows 0xffffffff */
    talk_wait(talk,
              opened_at_ns + ((uint64_t)(0xffffffffu - talk->iss) << 12) - talk->world->now_ns);
    talk_options(talk, 1000, NO_SHIFT);
    talk_connect(talk);
    talk_wait(talk, 0);
    tx(talk, SYN, 0, 0, 0);
    assert_int_equal(talk->iss, 0xffffffffu);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    talk_send(talk, 50000);
    for (unsigned turn = 0; acked < 50000 && turn < 200; turn++) {
        acked = talk_info(talk).snd_nxt - talk->iss - 1;
        talk->window_peer = (uint16_t)(turn % 5 * 1700); /* also 0, and less than before */
        world_mark(talk->world);
        rx(talk, ACK, 1, 1 + acked, 0);
        talk_wait(talk, 300 * ms);
    }
    assert_int_equal(acked, 50000);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

/* ---- S7: nothing is left ------------------------------------------------------------------ */

/* The peer says nothing more: sooner or later the same ends can be opened again. */
static void silent_peer(struct place *place)
{
    struct talk *talk = place->talk;

    if (place->state == TCP_CLOSE_WAIT || place->state == TCP_ESTABLISHED)
        leat_tcp_abort(talk->conn);
    else if (place->state == TCP_FIN_WAIT_2)
        leat_tcp_close(talk->conn); /* nobody reads: it is abandoned */
    talk_wait(talk, 400 * second);
    if (talk->conn) { /* text is unread still */
        leat_tcp_close(talk->conn);
        world_poll(talk->world);
    }
    assert_int_equal(talk->closed, 1);
    assert_null(talk->conn);
    world_mark(talk->world);
    talk_connect(talk);
    assert_int_equal(talk->err, LEAT_OK);
}

static void test_threat_S7_no_connection_is_left_when_the_peer_falls_silent(void **state)
{
    (void)state;
    in_states(synchronized_states | STATE_BIT(SYN_SENT) | STATE_BIT(SYN_RECEIVED), silent_peer);
}

/* mirage-tcpip#489: a RST in the place of the FIN */
static void rst_for_fin(struct place *place)
{
    struct talk *talk = place->talk;

    rx(talk, RST | ACK, place->peer, place->us, 0);
    assert_int_equal(talk->closed, 1);
    world_mark(talk->world);
    talk_connect(talk);
    assert_int_equal(talk->err, LEAT_OK);
}

static void test_threat_S7_RST_for_a_FIN_leaves_nothing(void **state)
{
    (void)state;
    in_states(opened_states, rst_for_fin);
}

/* ---- S8: numbers that can't be guessed ---------------------------------------------------- */

static void test_threat_S8_no_start_without_entropy(void **state)
{
    struct leat_config config = {0};
    struct leat *stack = 0;
    const size_t bytes = leat_memory_bytes(&config);
    void *memory = malloc(bytes);

    (void)state;
    assert_int_equal(leat_init(&stack, memory, bytes, &config), LEAT_ERR_ENTROPY);
    assert_null(stack);
    free(memory);
}

/* RFC 6528: what an attacker sees on his own connections says nothing about another's */
static void test_threat_S8_ISN_of_one_connection_does_not_tell_the_next(void **state)
{
    struct talk *talk = *state;
    uint32_t iss[32];
    unsigned close = 0;

    talk_listen(talk);
    talk->hold_on_accept = true;
    for (unsigned i = 0; i < 32; i++) {
        talk->port_peer++;
        rx(talk, SYN, 0, 0, 0);
        tx(talk, SYN | ACK, 0, 1, 0);
        iss[i] = talk->iss;
        for (unsigned k = 0; k < i; k++)
            close += iss[i] - iss[k] + (1u << 20) < 2u << 20;
    }
    assert_true(close <= 2); /* 496 pairs, each one near by chance in 2048 */
}

/* A clone of this machine must not use the numbers of the other. */
static void test_threat_S8_reseeding_changes_numbers_and_ports(void **state)
{
    static const uint8_t seed[LEAT_SEED_BYTES] = {42};
    struct talk *talk = *state;
    const struct leat_endpoint remote = {IP_PEER, PORT_PEER};
    uint16_t ports[2];
    uint32_t iss[2];

    for (unsigned i = 0; i < 2; i++) {
        struct leat_tcp *conn;

        world_mark(talk->world);
        assert_int_equal(leat_tcp_connect(talk->world->stack, &conn, &remote, 0, 0, 0), LEAT_OK);
        world_poll(talk->world);
        tx(talk, SYN, 0, 0, 0);
        ports[i] = talk->port_us;
        iss[i] = talk->iss;
        leat_tcp_abort(conn);
        assert_int_equal(leat_reseed(talk->world->stack, seed), LEAT_OK);
    }
    assert_true(ports[0] >= 32768 && ports[1] >= 32768);
    assert_int_not_equal(ports[0] + 1, ports[1]);
    assert_true(iss[1] - iss[0] + (1u << 16) > 2u << 16);
}

/* ---- R2: combs ---------------------------------------------------------------------------- */

static void test_threat_R2_comb_of_single_bytes_holds_64_runs(void **state)
{
    struct talk *talk = *state;
    const uint32_t before = leat_pool_free_count(leat_pool(talk->world->stack));

    talk_establish(talk);
    for (uint32_t i = 0; i < 1000; i++) {
        rx(talk, ACK, 2 + 2 * i, 1, 1);
        if (i < 64)
            assert_ended(talk->world, taken_tcp);
        else
            assert_ended(talk->world, drop_tcp_memory);
        world_mark(talk->world);
    }
    assert_true(before - leat_pool_free_count(leat_pool(talk->world->stack)) <= 64);
    for (uint32_t at = 1; at < 2001; at += 100) { /* and the text arrives, sent again */
        world_mark(talk->world);
        rx(talk, ACK, at, 1, 100);
    }
    talk_heard(talk, 2000);
}

/* Single bytes in order hold as much memory as is free for that, and none is copied for nothing. */
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

/* Answers every probe of a shut window for @seconds. */
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

/* The peer acknowledges what has come and sends all of its text (and FIN) again. */
static void peer_speaks(struct talk *talk, uint8_t flags)
{
    const uint32_t us = talk_info(talk).snd_nxt - talk->iss;

    world_mark(talk->world);
    rx(talk, ACK, 301, us, 200);
    world_mark(talk->world);
    rx(talk, flags, 1, us, 500);
    talk_wait(talk, 300 * ms);
}

/* A conversation during which only @left buffers of each kind are free; then all are. */
static void talk_with(struct talk *talk, struct hog *hog, unsigned left)
{
    struct leat_pool *pool = leat_pool(talk->world->stack);
    size_t taken = 0;

    talk_establish(talk);
    take_all_but(hog, pool, left);
    for (unsigned turn = 0; turn < 3; turn++) {
        size_t now;

        leat_tcp_write(talk->conn, "some text", 9, &now);
        taken += now;
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
    assert_true(left < 12 || taken == 27); /* an eighth of the pool is not for text */
}

static void test_threat_R5_conversation_survives_the_want_of_each_buffer(void **state)
{
    struct hog *hog = malloc(sizeof *hog);

    (void)state;
    for (unsigned left = 1; left < 20; left++) { /* with none no frame comes in */
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

/* The SYN,ACK that could not be sent goes when the timer says so. */
static void test_threat_R5_handshake_survives_an_empty_pool(void **state)
{
    struct talk *talk = *state;
    struct hog *hog = malloc(sizeof *hog);

    talk_listen(talk);
    take_all_but(hog, leat_pool(talk->world->stack), 0);
    give_all(hog);
    take_all_but(hog, leat_pool(talk->world->stack), 0);
    leat_buf_free(hog->bufs[0]); /* one, for the SYN to come in */
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

static void test_threat_R5_text_is_refused_while_the_pool_is_low_and_comes_again(void **state)
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
        talk_test(test_threat_S4_no_counter_is_shared_between_connections),
        cmocka_unit_test(test_threat_S4_ACK_loop_ends),
        talk_test(test_threat_S5_nonsense_in_SYN_SENT),
        talk_test(test_threat_S6_transfer_from_the_last_sequence_number_with_shrinking_windows),
        cmocka_unit_test(test_threat_S7_no_connection_is_left_when_the_peer_falls_silent),
        cmocka_unit_test(test_threat_S7_RST_for_a_FIN_leaves_nothing),
        cmocka_unit_test(test_threat_S8_no_start_without_entropy),
        talk_test(test_threat_S8_ISN_of_one_connection_does_not_tell_the_next),
        talk_test(test_threat_S8_reseeding_changes_numbers_and_ports),
        talk_test(test_threat_R2_comb_of_single_bytes_holds_64_runs),
        talk_test(test_threat_R2_single_bytes_do_not_pin_the_pool),
        talk_test(test_threat_R3_shut_window_is_not_suffered_when_the_pool_is_low),
        talk_test(test_threat_R3_program_may_limit_a_shut_window),
        talk_test(test_threat_R4_orphans_in_FIN_WAIT_2_last_a_minute),
        cmocka_unit_test(test_threat_R5_conversation_survives_the_want_of_each_buffer),
        talk_test(test_threat_R5_handshake_survives_an_empty_pool),
        talk_test(test_threat_R5_text_is_refused_while_the_pool_is_low_and_comes_again),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
