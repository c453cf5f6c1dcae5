/*
 * test_threats_long.c -- threats S4 to S8, which need more than one segment.
 */
#include "place.h"

/* ---- S4: loops and side channels ---------------------------------------------------------- */

/* Opens a second connection of the same peer, ESTABLISHED; returns the first one's handle. */
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

/* CVE-2016-5696: counting challenge ACKs on one connection reveals nothing of others */
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
        rx(talk, ACK, place->peer + (1u << 20), place->us, 0); /* not acceptable */
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
    rx(talk, RST, 0, 0, 0); /* no ACK: it may be forged */
    assert_dropped(talk->world, drop_tcp_unacceptable);
    rx(talk, RST | ACK, 0, 2, 0);
    assert_dropped(talk->world, drop_tcp_unacceptable);
    rx(talk, ACK, 0, 1, 10); /* no SYN */
    assert_dropped(talk->world, drop_tcp_unacceptable);
    rx(talk, SYN | ACK, 0, 1, 0); /* the connection opens all the same */
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

/* The peer falls silent: after some time the same tuple can be opened again. */
static void silent_peer(struct place *place)
{
    struct talk *talk = place->talk;

    if (place->state == TCP_CLOSE_WAIT || place->state == TCP_ESTABLISHED)
        leat_tcp_abort(talk->conn);
    else if (place->state == TCP_FIN_WAIT_2)
        leat_tcp_close(talk->conn); /* the program is gone: it is abandoned */
    talk_wait(talk, 400 * second);
    if (talk->conn) { /* data is still unread */
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

/* A RST instead of the FIN. */
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

/* Both close at once and the ACKs of both FINs are lost, for ever. */
static void test_threat_S7_simultaneous_close_without_ACKs_leaves_nothing(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    leat_tcp_close(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, FIN | ACK, 1, 1, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_CLOSING);
    for (unsigned i = 0; i < 400 && !talk->closed; i++) {
        world_mark(talk->world);
        rx(talk, FIN | ACK, 1, 1, 0); /* again, without an ACK of ours */
        talk_wait(talk, second);
    }
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_TIMEOUT);
    leat_tcp_listener_close(talk->listener);
    world_mark(talk->world);
    talk_connect(talk); /* the same tuple is free */
    assert_int_equal(talk->err, LEAT_OK);
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

/* RFC 6528: ISNs of an attacker's own connections reveal nothing of another's */
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

/* RFC 6056: the ports seen by one server don't reveal the port for another, nor the next one. */
static void test_threat_S8_ports_do_not_follow_each_other(void **state)
{
    struct talk *talk = *state;
    uint16_t ports[64];
    unsigned neighbours = 0;

    for (unsigned i = 0; i < 64; i++) {
        const struct leat_endpoint remote = talk_remote(talk, IP_PEER, (uint16_t)(PORT_PEER + i));
        struct leat_tcp *conn;

        world_mark(talk->world);
        assert_int_equal(leat_tcp_connect(talk->world->stack, &conn, &remote, 0, 0, 0), LEAT_OK);
        world_poll(talk->world);
        ports[i] = frame_get16(world_expect(talk->world)->bytes + FRAME_L4);
        assert_true(ports[i] >= 32768);
        leat_tcp_abort(conn);
        neighbours += i > 0 && ports[i] - ports[i - 1] + 16u < 32;
    }
    assert_true(neighbours <= 3); /* of 63, each one by chance in 1,024 */
}

/* A clone of this machine must not use the numbers of the other. */
static void test_threat_S8_reseeding_changes_numbers_and_ports(void **state)
{
    static const uint8_t seed[LEAT_SEED_BYTES] = {42};
    struct talk *talk = *state;
    const struct leat_endpoint remote = talk_remote(talk, IP_PEER, PORT_PEER);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(test_threat_S4_no_counter_is_shared_between_connections),
        cmocka_unit_test(test_threat_S4_ACK_loop_ends),
        talk_test(test_threat_S5_nonsense_in_SYN_SENT),
        talk_test(test_threat_S6_transfer_from_the_last_sequence_number_with_shrinking_windows),
        cmocka_unit_test(test_threat_S7_no_connection_is_left_when_the_peer_falls_silent),
        cmocka_unit_test(test_threat_S7_RST_for_a_FIN_leaves_nothing),
        talk_test(test_threat_S7_simultaneous_close_without_ACKs_leaves_nothing),
        cmocka_unit_test(test_threat_S8_no_start_without_entropy),
        talk_test(test_threat_S8_ISN_of_one_connection_does_not_tell_the_next),
        talk_test(test_threat_S8_ports_do_not_follow_each_other),
        talk_test(test_threat_S8_reseeding_changes_numbers_and_ports),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
