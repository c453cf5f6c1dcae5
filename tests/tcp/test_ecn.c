/* test_ecn.c -- Explicit Congestion Notification (RFC 3168 6.1). */
#include "talk.h"

enum {
    ECT_0 = 2,
    CE = 3,
    MSS = MSS_PEER
};

static void begin(struct talk *talk, enum leat_tcp_ecn ecn)
{
    talk->world->tcp_config.congestion = &leat_tcp_newreno;
    talk->world->tcp_config.ecn = ecn;
    talk_begin(talk);
    talk_options(talk, MSS, 7);
}

/* The peer asks for ECN and gets it. */
static void establish(struct talk *talk)
{
    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_listen(talk);
    rx(talk, SYN | ECE | CWR, 0, 0, 0);
    tx(talk, SYN | ACK | ECE, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    assert_non_null(talk->conn);
}

/* The ECN field of the last segment. */
static unsigned ecn_of(const struct talk *talk)
{
    return talk->last.bytes[FRAME_IP + 1] & 3;
}

/* Receives ten bytes with this ECN field. */
static void rx_with(struct talk *talk, unsigned ecn, uint8_t flags, uint32_t seq)
{
    uint8_t data[10];
    struct frame frame;

    for (uint32_t i = 0; i < sizeof data; i++)
        data[i] = talk_byte(seq + i);
    frame = talk_frame(talk, flags, seq, 1, data, sizeof data);
    frame.bytes[FRAME_IP + 1] |= (uint8_t)ecn;
    frame_seal_ip(&frame);
    quiet(talk);
    world_feed(talk->world, &frame);
}

/* The same, with a CE mark. */
static void rx_marked(struct talk *talk, uint8_t flags, uint32_t seq)
{
    rx_with(talk, CE, flags, seq);
}

/* ---- the handshake ------------------------------------------------------------------------ */

/* RFC 3168 6.1.1: no control packet may be marked */
static void peer_that_asks_gets_it(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    assert_int_equal(ecn_of(talk), 0);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(ecn_of(talk), ECT_0);
}

/* RFC 3168 6.1.1: both bits ask, none doesn't; one alone is RFC 9768's (3.1.3) */
static void peer_that_does_not_ask_gets_none(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(ecn_of(talk), 0);
}

static void configuration_may_refuse_it(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_OFF);
    talk_listen(talk);
    rx(talk, SYN | ECE | CWR, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
}

static void our_SYN_does_not_ask_by_default(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
}

static void our_SYN_asks_if_told_to(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ASK);
    talk_connect(talk);
    tx(talk, SYN | ECE | CWR, 0, 0, 0);
    assert_int_equal(ecn_of(talk), 0);
    rx(talk, SYN | ACK | ECE, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(ecn_of(talk), ECT_0);
}

/* RFC 3168 6.1.1: some peers reflect the bits, which means nothing */
static void reflected_bits_are_no_consent(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ASK);
    talk_connect(talk);
    tx(talk, SYN | ECE | CWR, 0, 0, 0);
    rx(talk, SYN | ACK | ECE | CWR, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(ecn_of(talk), 0);
}

/* RFC 3168 6.1.1.1: a middlebox may drop SYNs that ask */
static void repeated_SYN_does_not_ask(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ASK);
    talk_connect(talk);
    tx(talk, SYN | ECE | CWR, 0, 0, 0);
    talk_wait(talk, 1100 * ms);
    tx(talk, SYN, 0, 0, 0);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
}

/* ---- the receiver ------------------------------------------------------------------------- */

/* RFC 3168 6.1.3: from a mark to the sender's CWR */
static void mark_is_echoed_until_CWR(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    rx_marked(talk, ACK, 1);
    tx(talk, ACK | ECE, 1, 11, 0);
    for (uint32_t i = 0; i < 3; i++) {
        rx(talk, ACK, 11 + 20 * i, 1, 10);
        rx(talk, ACK, 21 + 20 * i, 1, 10);
        tx(talk, ACK | ECE, 1, 31 + 20 * i, 0);
    }
    rx(talk, ACK | CWR, 71, 1, 10);
    rx(talk, ACK, 81, 1, 10);
    tx(talk, ACK, 1, 91, 0);
}

/* RFC 3168 6.1.3: the CWR itself may be marked */
static void mark_on_a_CWR_is_a_new_one(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    rx_marked(talk, ACK, 1);
    tx(talk, ACK | ECE, 1, 11, 0);
    rx_marked(talk, ACK | CWR, 11);
    tx(talk, ACK | ECE, 1, 21, 0);
}

/* RFC 3168 5: ECT(0) and ECT(1) only say that a packet may be marked */
static void ECT_is_no_mark(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    rx_with(talk, 1, ACK, 1);
    rx_with(talk, ECT_0, ACK, 11);
    tx(talk, ACK, 1, 21, 0);
}

static void mark_means_nothing_without_consent(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_OFF);
    talk_establish(talk);
    rx_marked(talk, ACK, 1);
    talk_wait(talk, 50 * ms);
    tx(talk, ACK, 1, 11, 0);
}

/* ---- the sender --------------------------------------------------------------------------- */

/* RFC 3168 6.1.2: as for a loss, once a round trip; CWR reports it */
static void echo_reduces_the_window_once_and_says_CWR(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 30 * MSS);
    for (uint32_t i = 0; i < 10; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    rx(talk, ACK | ECE, 1, 1 + 2 * MSS, 0);
    assert_int_equal(talk_info(talk).ssthresh_bytes, 5 * MSS);
    assert_int_equal(talk_grown(talk, tcp_ecn_reductions), 1);
    tx(talk, ACK | CWR, 1 + 10 * MSS, 1, MSS);
    assert_int_equal(ecn_of(talk), ECT_0);
    world_mark(talk->world);
    rx(talk, ACK | ECE, 1, 1 + 6 * MSS, 0);
    assert_int_equal(talk_info(talk).ssthresh_bytes, 5 * MSS);
    assert_int_equal(talk_grown(talk, tcp_ecn_reductions), 0);
    rx(talk, ACK, 1, 1 + 7 * MSS, 0);
    tx(talk, ACK, 1 + 11 * MSS, 1, MSS); /* CWR once */
    assert_int_equal(talk_info(talk).retransmits, 0);
}

static void echo_means_nothing_without_consent(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_OFF);
    talk_establish(talk);
    talk_send(talk, 10 * MSS);
    world_mark(talk->world);
    rx(talk, ACK | ECE, 1, 1 + 2 * MSS, 0);
    assert_true(talk_info(talk).ssthresh_bytes > 1000 * MSS);
    assert_true(talk_info(talk).cwnd_bytes >= 10 * MSS);
}

/* RFC 3168 6.1.4, 6.1.5: neither pure ACKs nor retransmissions */
static void only_new_data_may_be_marked(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    rx(talk, ACK, 11, 1, 10);
    tx(talk, ACK, 1, 1, 0);
    assert_int_equal(ecn_of(talk), 0);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(ecn_of(talk), ECT_0);
    talk_wait(talk, 300 * ms);
    tx(talk, ACK, 1, 1, 10);
    assert_int_equal(ecn_of(talk), 0);
}

/* RFC 3168 6.1.6: a window probe carries neither ECT nor CWR */
static void window_probe_may_not_be_marked(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk->window_peer = 0;
    rx(talk, ACK, 1, 1, 0);
    talk_send(talk, 100);
    talk_wait(talk, 250 * ms);
    tx(talk, ACK, 1, 1, 1);
    assert_int_equal(ecn_of(talk), 0);
}

/* RFC 3168 6.1.2: CWR for every reduction, whatever its cause */
static void timeout_says_CWR_with_the_next_new_data(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    talk_wait(talk, 300 * ms);
    tx(talk, ACK, 1, 1, 10);
    rx(talk, ACK, 1, 11, 0);
    talk_send(talk, 10);
    tx(talk, ACK | CWR, 11, 1, 10);
    talk_wait(talk, ms);
    rx(talk, ACK, 1, 21, 0);
    talk_send(talk, 10);
    tx(talk, ACK, 21, 1, 10);
}

/* RFC 3168 6.1.3: on every ACK, also on one with SACK blocks. */
static void mark_is_echoed_beside_SACK_blocks(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_offer(talk, 0);
    talk_listen(talk);
    rx(talk, SYN | ECE | CWR, 0, 0, 0);
    tx(talk, SYN | ACK | ECE, 0, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    rx_marked(talk, ACK, 11);
    tx(talk, ACK | ECE, 1, 1, 0);
    assert_non_null(talk_option(talk, 5));
}

/* A FIN is marked like any other packet, though no peer sends an ECT one (RFC 3168 6.1.3). */
static void mark_on_a_FIN_is_reported(void **state)
{
    struct talk *talk = *state;
    struct frame frame;

    establish(talk);
    frame = talk_frame(talk, FIN | ACK, 1, 1, 0, 0);
    frame.bytes[FRAME_IP + 1] |= CE;
    frame_seal_ip(&frame);
    world_feed(talk->world, &frame);
    tx(talk, ACK | ECE, 1, 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test_later(mark_is_echoed_beside_SACK_blocks),
        talk_test_later(peer_that_asks_gets_it),
        talk_test_later(peer_that_does_not_ask_gets_none),
        talk_test_later(configuration_may_refuse_it),
        talk_test_later(our_SYN_does_not_ask_by_default),
        talk_test_later(our_SYN_asks_if_told_to),
        talk_test_later(reflected_bits_are_no_consent),
        talk_test_later(repeated_SYN_does_not_ask),
        talk_test_later(mark_is_echoed_until_CWR),
        talk_test_later(mark_on_a_CWR_is_a_new_one),
        talk_test_later(ECT_is_no_mark),
        talk_test_later(mark_means_nothing_without_consent),
        talk_test_later(echo_reduces_the_window_once_and_says_CWR),
        talk_test_later(echo_means_nothing_without_consent),
        talk_test_later(only_new_data_may_be_marked),
        talk_test_later(window_probe_may_not_be_marked),
        talk_test_later(timeout_says_CWR_with_the_next_new_data),
        talk_test_later(mark_on_a_FIN_is_reported),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
