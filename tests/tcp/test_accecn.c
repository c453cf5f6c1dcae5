/* test_accecn.c -- Accurate ECN (RFC 9768): its handshake, and the counters in ACE. */
#include "talk.h"
#include "needs.h"

enum {
    NOT_ECT = 0,
    ECT_1 = 1,
    ECT_0 = 2,
    CE = 3,
    MSS = MSS_PEER
};

/* The flags of a segment with AE, CWR and ECE set to @ace; and AE alone, which is in another
 * byte. */
static uint8_t flags_of(unsigned ace, uint8_t others)
{
    return (uint8_t)(others | (ace & 3) << 6);
}

static void begin(struct talk *talk, enum leat_tcp_ecn ecn)
{
    talk->world->tcp_config.congestion = &leat_tcp_newreno;
    talk->world->tcp_config.ecn = ecn;
    talk_begin(talk);
    talk_options(talk, MSS, 7);
}

/* Receives a segment with @len bytes, ACE and an ECN field. */
static void rx_ace(struct talk *talk, uint8_t flags, unsigned ace, unsigned ecn, uint32_t seq,
                   uint32_t ack, uint32_t len)
{
    uint8_t data[100] = {0};
    struct frame frame;

    for (uint32_t i = 0; i < len; i++)
        data[i] = talk_byte(seq + i);
    frame = talk_frame(talk, flags_of(ace, flags), seq, ack, data, len);
    frame.bytes[FRAME_L4 + 12] |= ace >> 2 & 1;
    frame.bytes[FRAME_IP + 1] |= (uint8_t)ecn;
    frame_seal_tcp(&frame);
    frame_seal_ip(&frame);
    quiet(talk);
    world_feed(talk->world, &frame);
}

/* Expects one of ours. */
static void tx_ace(struct talk *talk, uint8_t flags, unsigned ace, unsigned ecn, uint32_t seq,
                   uint32_t ack, uint32_t len)
{
    tx(talk, flags_of(ace, flags), seq, ack, len);
    assert_int_equal(talk->last.bytes[FRAME_L4 + 12] & 15, ace >> 2);
    assert_int_equal(talk->last.bytes[FRAME_IP + 1] & 3, ecn);
}

/* The peer asks for AccECN, and gets it. Neither SYN nor SYN,ACK is marked. */
static void establish(struct talk *talk)
{
    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_listen(talk);
    rx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
    tx_ace(talk, SYN | ACK, 2, NOT_ECT, 0, 1, 0);
    rx_ace(talk, ACK, 2, NOT_ECT, 1, 1, 0);
    assert_non_null(talk->conn);
    assert_true(talk_info(talk).accurate_ecn && talk_info(talk).ecn);
}

/* ---- the handshake ------------------------------------------------------------------------ */

/* Table 2: the SYN,ACK reports how the SYN was marked */
static void server_tells_the_mark_of_the_SYN(void **state)
{
    NEEDS(ACCECN);
    static const unsigned aces[] = {2, 3, 4, 6};
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_listen(talk);
    for (unsigned ecn = NOT_ECT; ecn <= CE; ecn++) {
        talk->port_peer++;
        rx_ace(talk, SYN, 7, ecn, 0, 0, 0);
        tx_ace(talk, SYN | ACK, aces[ecn], NOT_ECT, 0, 1, 0);
    }
}

/* 3.1.3: reserved values ask as well; 0 1 1 is RFC 3168 */
static void server_agrees_to_the_kind_asked_for(void **state)
{
    NEEDS(ACCECN);
    static const unsigned answers[] = {0, 2, 2, 1, 2, 2, 2, 2};
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_listen(talk);
    for (unsigned ace = 0; ace < 8; ace++) {
        talk->port_peer++;
        rx_ace(talk, SYN, ace, NOT_ECT, 0, 0, 0);
        tx_ace(talk, SYN | ACK, answers[ace], NOT_ECT, 0, 1, 0);
    }
}

static void server_may_refuse_it(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_OFF);
    talk_listen(talk);
    rx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
    tx_ace(talk, SYN | ACK, 0, NOT_ECT, 0, 1, 0);
}

/* 3.1.5: the latest SYN's mark; a peer whose SYN once asked for nothing may have no ECN at all */
static void server_answers_a_second_SYN(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_listen(talk);
    rx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
    tx_ace(talk, SYN | ACK, 2, NOT_ECT, 0, 1, 0);
    rx_ace(talk, SYN, 0, CE, 0, 0, 0);
    tx_ace(talk, SYN | ACK, 6, NOT_ECT, 0, 1, 0);
    rx_ace(talk, ACK, 2, NOT_ECT, 1, 1, 0);
    talk_send(talk, 10);
    tx_ace(talk, ACK, 5, NOT_ECT, 1, 1, 10);
}

/* 3.1.5: the peer can't know which SYN was answered; a reserved value asks as well */
static void SYNs_of_both_kinds_are_answered_by_RST(void **state)
{
    NEEDS(ACCECN);
    static const unsigned aces[][2] = {{7, 3}, {3, 7}, {1, 3}, {3, 1}};
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_listen(talk);
    for (unsigned i = 0; i < sizeof aces / sizeof *aces; i++) {
        talk->port_peer++;
        rx_ace(talk, SYN, aces[i][0], NOT_ECT, 0, 0, 0);
        tx_ace(talk, SYN | ACK, aces[i][0] == 3 ? 1 : 2, NOT_ECT, 0, 1, 0);
        rx_ace(talk, SYN, aces[i][1], NOT_ECT, 0, 0, 0);
        tx(talk, RST | ACK, 1, 1, 0);
        rx_ace(talk, ACK, 0, NOT_ECT, 1, 1, 0);
        tx(talk, RST, 1, 0, 0);
        assert_null(talk->conn);
    }
}

/* 3.1.5: a SYN of another connection (RFC 5961 4.2), and one that asks for nothing */
static void other_SYNs_are_no_SYNs_of_the_other_kind(void **state)
{
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_listen(talk);
    rx_ace(talk, SYN, 3, NOT_ECT, 0, 0, 0);
    tx_ace(talk, SYN | ACK, 1, NOT_ECT, 0, 1, 0);
    rx_ace(talk, SYN, 7, NOT_ECT, 100, 0, 0);
    tx(talk, ACK, 1, 1, 0);
    rx_ace(talk, SYN, 0, NOT_ECT, 0, 0, 0);
    tx_ace(talk, SYN | ACK, 1, NOT_ECT, 0, 1, 0);
    rx_ace(talk, SYN, 3, NOT_ECT, 0, 0, 0);
    tx_ace(talk, SYN | ACK, 1, NOT_ECT, 0, 1, 0);
    rx_ace(talk, ACK, 0, NOT_ECT, 1, 1, 0);
    assert_true(talk_info(talk).ecn && !talk_info(talk).accurate_ecn);
}

/* 3.2.3.2.2: a middlebox may drop unknown flags; then no data is ECT (3.1.5) */
static void server_asks_for_it_twice(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_listen(talk);
    rx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
    tx_ace(talk, SYN | ACK, 2, NOT_ECT, 0, 1, 0);
    talk_wait(talk, 1100 * ms);
    tx_ace(talk, SYN | ACK, 2, NOT_ECT, 0, 1, 0);
    talk_wait(talk, 2100 * ms);
    tx_ace(talk, SYN | ACK, 0, NOT_ECT, 0, 1, 0);
    rx_ace(talk, ACK, 2, NOT_ECT, 1, 1, 0);
    talk_send(talk, 10);
    tx_ace(talk, ACK, 5, NOT_ECT, 1, 1, 10);
}

/* Table 4, note 1, and 3.2.2.3: after 0, or a mark that we haven't set, no data is ECT, but marks
 * are echoed */
static void server_believes_no_mangled_field(void **state)
{
    NEEDS(ACCECN);
    static const unsigned aces[] = {0, 3, 4, 6};
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ACCEPT);
    talk_listen(talk);
    for (unsigned i = 0; i < 4; i++) {
        talk->port_peer++;
        rx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
        tx_ace(talk, SYN | ACK, 2, NOT_ECT, 0, 1, 0);
        rx_ace(talk, ACK, aces[i], NOT_ECT, 1, 1, 0);
        talk_send(talk, 10);
        tx_ace(talk, ACK, 5, NOT_ECT, 1, 1, 10);
        rx_ace(talk, ACK, 5, CE, 1, 11, 10);
        tx_ace(talk, ACK, 6, NOT_ECT, 11, 11, 0);
        leat_tcp_abort(talk->conn);
        world_poll(talk->world);
        tx(talk, RST | ACK, 11, 11, 0);
    }
}

/* Table 3: the ACK of the SYN,ACK reports how that was marked, and its CE mark counts */
static void client_tells_the_mark_of_the_SYN_ACK(void **state)
{
    NEEDS(ACCECN);
    static const unsigned aces[] = {2, 3, 4, 6};
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ASK_ACCURATE);
    for (unsigned ecn = NOT_ECT; ecn <= CE; ecn++) {
        talk_connect(talk);
        tx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
        rx_ace(talk, SYN | ACK, 2, ecn, 0, 1, 0);
        tx_ace(talk, ACK, aces[ecn], NOT_ECT, 1, 1, 0);
        talk_send(talk, 10);
        tx_ace(talk, ACK, ecn == CE ? 6 : 5, ECT_0, 1, 1, 10);
        leat_tcp_abort(talk->conn);
        world_poll(talk->world);
        tx(talk, RST | ACK, 11, 1, 0);
    }
}

/* Table 2: fallback to RFC 3168, to no ECN, and a server that reflects our flags */
static void client_takes_the_kind_that_the_server_has(void **state)
{
    NEEDS(ACCECN);
    static const struct {
        unsigned said, ace, ecn;
        bool accurate;
    } rows[] = {{1, 0, ECT_0, false},  {0, 0, NOT_ECT, false}, {7, 0, NOT_ECT, false},
                {2, 5, ECT_0, true},   {5, 5, ECT_0, true},    {3, 5, NOT_ECT, true},
                {4, 5, NOT_ECT, true}, {6, 5, NOT_ECT, true}};
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ASK_ACCURATE);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        talk_connect(talk);
        tx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
        rx_ace(talk, SYN | ACK, rows[i].said, NOT_ECT, 0, 1, 0);
        tx_ace(talk, ACK, rows[i].accurate ? 2 : 0, NOT_ECT, 1, 1, 0);
        assert_int_equal(talk_info(talk).accurate_ecn, rows[i].accurate);
        talk_send(talk, 10);
        tx_ace(talk, ACK, rows[i].ace, rows[i].ecn, 1, 1, 10);
        leat_tcp_abort(talk->conn);
        world_poll(talk->world);
        tx(talk, RST | ACK, 11, 1, 0);
    }
}

/* 3.1.4.1: asks twice; the first SYN,ACK decides, whichever SYN it answers */
static void client_asks_for_it_twice(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ASK_ACCURATE);
    talk_connect(talk);
    tx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
    talk_wait(talk, 1100 * ms);
    tx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
    talk_wait(talk, 2100 * ms);
    tx_ace(talk, SYN, 0, NOT_ECT, 0, 0, 0);
    rx_ace(talk, SYN | ACK, 2, NOT_ECT, 0, 1, 0);
    tx_ace(talk, ACK, 2, NOT_ECT, 1, 1, 0);
    assert_true(talk_info(talk).accurate_ecn);
}

/* 3.1.2: our SYN,ACK is that of a responding host */
static void crossed_SYNs_agree_to_it(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ASK_ACCURATE);
    talk_connect(talk);
    tx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
    rx_ace(talk, SYN, 7, ECT_0, 0, 0, 0);
    tx_ace(talk, SYN | ACK, 4, NOT_ECT, 0, 1, 0);
    rx_ace(talk, ACK, 5, NOT_ECT, 1, 1, 0);
    assert_true(talk_info(talk).accurate_ecn);
    talk_send(talk, 10);
    tx_ace(talk, ACK, 5, ECT_0, 1, 1, 10);
}

static void SYN_of_the_other_kind_crosses_ours(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ASK_ACCURATE);
    talk_connect(talk);
    tx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
    rx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
    tx_ace(talk, SYN | ACK, 2, NOT_ECT, 0, 1, 0);
    rx_ace(talk, SYN, 3, NOT_ECT, 0, 0, 0);
    tx(talk, RST | ACK, 1, 1, 0);
    assert_int_equal(talk->why, LEAT_ERR_REFUSED);
}

/* ---- the receiver ------------------------------------------------------------------------- */

/* Table 3: the ACK of the SYN,ACK waits for data, but is sent at once if a mark is to be echoed. */
static void mark_that_comes_before_the_SYN_ACK_is_told(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    begin(talk, LEAT_TCP_ECN_ASK_ACCURATE);
    talk_connect(talk);
    tx_ace(talk, SYN, 7, NOT_ECT, 0, 0, 0);
    talk_queue(talk, 10);
    rx_ace(talk, SYN | ACK, 2, NOT_ECT, 0, 1, 0);
    tx_ace(talk, ACK, 5, ECT_0, 1, 1, 10);
    rx_ace(talk, ACK, 5, CE, 1, 11, 10);
    tx_ace(talk, ACK, 6, NOT_ECT, 11, 11, 0);
}

/* 3.2, 3.2.2.5.1: each mark counts, and is echoed at once; CWR doesn't end the echo */
static void marks_are_counted_modulo_eight(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    establish(talk);
    for (uint32_t i = 0; i < 10; i++) {
        rx_ace(talk, ACK, 5, CE, 1 + 10 * i, 1, 10);
        tx_ace(talk, ACK, (6 + i) % 8, NOT_ECT, 1, 11 + 10 * i, 0);
    }
    rx_ace(talk, ACK, 5, ECT_0, 101, 1, 10);
    rx_ace(talk, ACK, 5, ECT_1, 111, 1, 10);
    tx_ace(talk, ACK, 7, NOT_ECT, 1, 121, 0);
}

/* 3.2: only acceptable packets count */
static void mark_of_a_refused_segment_does_not_count(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    establish(talk);
    rx_ace(talk, ACK, 5, CE, 100000000, 1, 10);
    tx_ace(talk, ACK, 5, NOT_ECT, 1, 1, 0);
}

/* ---- the sender --------------------------------------------------------------------------- */

/* Queues @written segments, of which ten are sent. */
static void send_ten(struct talk *talk, uint32_t written)
{
    establish(talk);
    talk_send(talk, written * MSS);
    for (uint32_t i = 0; i < 10; i++)
        tx_ace(talk, ACK, 5, ECT_0, 1 + i * MSS, 1, MSS);
}

/* 3.2.2.2, 3.1.5: a grown counter reduces the window once a round trip; there is no CWR */
static void grown_counter_reduces_the_window_once(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    send_ten(talk, 30);
    rx_ace(talk, ACK, 6, NOT_ECT, 1, 1 + 2 * MSS, 0);
    assert_int_equal(talk_info(talk).ssthresh_bytes, 5 * MSS);
    assert_int_equal(talk_grown(talk, tcp_ecn_reductions), 1);
    tx_ace(talk, ACK, 5, ECT_0, 1 + 10 * MSS, 1, MSS);
    world_mark(talk->world);
    rx_ace(talk, ACK, 0, NOT_ECT, 1, 1 + 6 * MSS, 0);
    assert_int_equal(talk_info(talk).ssthresh_bytes, 5 * MSS);
    assert_int_equal(talk_grown(talk, tcp_ecn_reductions), 0);
}

/* A counter that doesn't grow reports no mark, for any ACE */
static void counter_that_stands_is_no_mark(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    send_ten(talk, 10);
    world_mark(talk->world);
    for (uint32_t i = 1; i <= 10; i++)
        rx_ace(talk, ACK, 5, NOT_ECT, 1, 1 + i * MSS, 0);
    assert_int_equal(talk_grown(talk, tcp_ecn_reductions), 0);
    assert_true(talk_info(talk).cwnd_bytes > 10 * MSS);
}

/* 3.2.2.2: an ACK that a later one has superseded is ignored */
static void superseded_ACK_says_nothing(void **state)
{
    NEEDS(ACCECN);
    struct talk *talk = *state;

    send_ten(talk, 10);
    rx_ace(talk, ACK, 5, NOT_ECT, 1, 1 + 4 * MSS, 0);
    world_mark(talk->world);
    rx_ace(talk, ACK, 4, NOT_ECT, 1, 1 + 2 * MSS, 0);
    rx_ace(talk, ACK, 5, NOT_ECT, 1, 1 + 5 * MSS, 0);
    assert_int_equal(talk_grown(talk, tcp_ecn_reductions), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test_later(server_tells_the_mark_of_the_SYN),
        talk_test_later(server_agrees_to_the_kind_asked_for),
        talk_test_later(server_may_refuse_it),
        talk_test_later(server_answers_a_second_SYN),
        talk_test_later(SYNs_of_both_kinds_are_answered_by_RST),
        talk_test_later(other_SYNs_are_no_SYNs_of_the_other_kind),
        talk_test_later(server_asks_for_it_twice),
        talk_test_later(server_believes_no_mangled_field),
        talk_test_later(client_tells_the_mark_of_the_SYN_ACK),
        talk_test_later(client_takes_the_kind_that_the_server_has),
        talk_test_later(client_asks_for_it_twice),
        talk_test_later(crossed_SYNs_agree_to_it),
        talk_test_later(SYN_of_the_other_kind_crosses_ours),
        talk_test_later(mark_that_comes_before_the_SYN_ACK_is_told),
        talk_test_later(marks_are_counted_modulo_eight),
        talk_test_later(mark_of_a_refused_segment_does_not_count),
        talk_test_later(grown_counter_reduces_the_window_once),
        talk_test_later(counter_that_stands_is_no_mark),
        talk_test_later(superseded_ACK_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
