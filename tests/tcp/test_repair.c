/* test_repair.c -- loss detection and repair with a peer that has SACK: RACK-TLP (RFC 8985), PRR
 * (RFC 9937), limited transmit (RFC 3042), and undo (RFC 4015). */
#include "talk.h"
#include "needs.h"

enum {
    MSS = MSS_PEER,
    MSS_TS = MSS_PEER - 12
};

/* ESTABLISHED over a path of 100 ms. */
static void establish_with(struct talk *talk, uint32_t tsval)
{
    talk->world->tcp_config.congestion = &leat_tcp_newreno;
    talk_begin(talk);
    talk_offer(talk, tsval);
    if (tsval > 0)
        talk_extra_ts(talk, tsval, 0);
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    talk_wait(talk, 100 * ms);
    rx(talk, ACK, 1, 1, 0);
    assert_non_null(talk->conn);
}

static void establish(struct talk *talk)
{
    establish_with(talk, 0);
}

static void tx_segments(struct talk *talk, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        tx(talk, ACK, 1 + i * MSS, 1, MSS);
    quiet(talk);
}

/* The peer has the first @una segments, and those from @sack to @upto - 1. */
static void rx_sack(struct talk *talk, uint32_t una, uint32_t sack, uint32_t upto)
{
    talk_extra_none(talk);
    if (sack < upto)
        talk_extra_sack(talk, 1 + sack * MSS, 1 + upto * MSS);
    rx(talk, ACK, 1, 1 + una * MSS, 0);
}

static uint32_t cwnd(struct talk *talk)
{
    return talk_info(talk).cwnd_bytes / MSS;
}

static uint32_t ssthresh(struct talk *talk)
{
    return talk_info(talk).ssthresh_bytes / MSS;
}

/* Ten segments are in flight, and a round trip has passed. */
static void ten_are_out(struct talk *talk, uint32_t queued)
{
    establish(talk);
    talk_send(talk, queued * MSS);
    tx_segments(talk, 0, 10);
    talk_wait(talk, 100 * ms);
}

/* ---- loss detection ----------------------------------------------------------------------- */

/* RFC 8985 6.2: three segments, and no sign of reordering */
static void third_SACKed_segment_repairs_at_once(void **state)
{
    struct talk *talk = *state;

    ten_are_out(talk, 10);
    rx_sack(talk, 0, 1, 2);
    quiet(talk);
    rx_sack(talk, 0, 1, 3);
    quiet(talk);
    rx_sack(talk, 0, 1, 4);
    tx_segments(talk, 0, 1);
    assert_int_equal(talk_grown(talk, tcp_fast_recoveries), 1);
    assert_int_equal(ssthresh(talk), 5);
    rx_sack(talk, 10, 0, 0);
    assert_int_equal(cwnd(talk), 5);
}

/* RFC 6675 4, 5: the same without RACK */
static void without_RACK_three_SACKed_segments_count(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.no_rack = true;
    ten_are_out(talk, 10);
    rx_sack(talk, 0, 2, 4);
    quiet(talk);
    rx_sack(talk, 0, 2, 5);
    tx_segments(talk, 0, 1);
    rx_sack(talk, 0, 2, 7);
    tx_segments(talk, 1, 1);
}

/* RFC 8985 6.2 step 5: a quarter of the round trip for reordering */
static void single_SACK_repairs_after_the_reordering_window(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, MSS);
    talk_wait(talk, ms);
    talk_send(talk, 2 * MSS);
    tx_segments(talk, 0, 3);
    talk_wait(talk, 100 * ms);
    rx_sack(talk, 0, 1, 2);
    talk_wait(talk, 20 * ms);
    quiet(talk);
    talk_wait(talk, 8 * ms);
    tx_segments(talk, 0, 1);
    assert_int_equal(talk_info(talk).retransmits, 1);
}

/* ... in which the late segment may arrive */
static void reordering_within_the_window_repairs_nothing(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 2 * MSS);
    tx_segments(talk, 0, 2);
    talk_wait(talk, 100 * ms);
    rx_sack(talk, 0, 1, 2);
    talk_wait(talk, 20 * ms);
    rx_sack(talk, 2, 0, 0);
    talk_wait(talk, second);
    quiet(talk);
}

/* RFC 8985 3.1: the purpose of RACK */
static void lost_retransmission_is_sent_again_without_a_timeout(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;

    ten_are_out(talk, 30);
    rx_sack(talk, 0, 1, 4);
    tx_segments(talk, 0, 1);
    for (uint32_t upto = 5; upto <= 10; upto++) {
        rx_sack(talk, 0, 1, upto);
        world_mark(talk->world); /* some new data */
    }
    talk_wait(talk, 100 * ms);
    rx_sack(talk, 0, 1, 11); /* the first new segment, but not the retransmission before it */
    tx(talk, ACK, 1, 1, MSS);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_timeouts, 0);
}

/* RFC 2018 5, RFC 6675: SACKed data is not sent again */
static void only_the_holes_are_filled(void **state)
{
    struct talk *talk = *state;

    ten_are_out(talk, 10);
    talk_extra_none(talk);
    talk_extra_sack(talk, 1 + 7 * MSS, 1 + 10 * MSS);
    talk_extra_sack(talk, 1 + 1 * MSS, 1 + 5 * MSS);
    talk->extra[3] = 18; /* one option of two blocks */
    memmove(talk->extra + 12, talk->extra + 16, 8);
    talk->extra_len -= 4;
    rx(talk, ACK, 1, 1, 0);
    tx(talk, ACK, 1, 1, MSS);
    tx(talk, ACK, 1 + 5 * MSS, 1, MSS);
    tx(talk, ACK, 1 + 6 * MSS, 1, MSS);
    quiet(talk);
}

/* ---- tail loss probe ---------------------------------------------------------------------- */

/* RFC 8985 7.2, 7.3: after two round trips the last segment is sent again */
static void tail_is_probed_before_the_timeout(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 3 * MSS);
    tx_segments(talk, 0, 3);
    talk_wait(talk, 195 * ms);
    quiet(talk);
    talk_wait(talk, 10 * ms);
    tx_segments(talk, 2, 1);
    talk_wait(talk, 100 * ms);
    rx_sack(talk, 0, 2, 3); /* so the others are lost */
    tx(talk, ACK, 1, 1, MSS);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_tail_probes, 1);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_timeouts, 0);
}

/* RFC 8985 7.3: new data first */
static void probe_is_new_data_if_there_is_any(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 12 * MSS);
    tx_segments(talk, 0, 10);
    talk_wait(talk, 205 * ms);
    tx_segments(talk, 10, 1); /* beyond the window */
    assert_int_equal(talk_info(talk).retransmits, 0);
}

/* RFC 8985 7.2: one probe at a time; then the timer, which was restarted with the probe (7.3) */
static void unanswered_probe_is_followed_by_the_timeout(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 3 * MSS);
    tx_segments(talk, 0, 3);
    talk_wait(talk, 205 * ms);
    tx_segments(talk, 2, 1);
    talk_wait(talk, 50 * ms);
    rx_sack(talk, 0, 0, 0); /* no news, and so no reason for another probe */
    talk_wait(talk, 240 * ms);
    quiet(talk);
    talk_wait(talk, 20 * ms);
    tx_segments(talk, 0, 1);
    assert_int_equal(cwnd(talk), 1);
}

/* RFC 8985 7.4.2: a peer without DSACK reports by a duplicate ACK that both have arrived. */
static void probe_that_was_not_needed_is_no_loss_without_DSACK(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;
    uint32_t before;

    establish(talk);
    talk_send(talk, 3 * MSS);
    tx_segments(talk, 0, 3);
    talk_wait(talk, 205 * ms);
    tx_segments(talk, 2, 1); /* the probe */
    before = cwnd(talk);
    rx_sack(talk, 3, 0, 0);
    rx_sack(talk, 3, 0, 0);
    talk_send(talk, MSS);
    tx_segments(talk, 3, 1);
    rx_sack(talk, 4, 0, 0);
    assert_int_equal(talk_info(talk).repair, LEAT_TCP_REPAIR_NONE);
    assert_in_range(cwnd(talk), before, 100);
}

/* A connection that sends only a FIN. */
static void send_FIN_alone(struct talk *talk)
{
    establish(talk);
    leat_tcp_shutdown(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
}

/* The same for a FIN when all data before it is acknowledged (tcp/conn/fin.c). */
static void a_FIN_alone_is_a_tail(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;

    send_FIN_alone(talk);
    talk_wait(talk, 295 * ms);
    quiet(talk);
    talk_wait(talk, 10 * ms);
    tx(talk, FIN | ACK, 1, 1, 0);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_tail_probes, 1);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_timeouts, 0);
    talk_wait(talk, 290 * ms);
    quiet(talk);
    talk_wait(talk, 20 * ms);
    tx(talk, FIN | ACK, 1, 1, 0);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_timeouts, 1);
    rx(talk, ACK, 1, 2, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
}

/* Data out of order needs a transfer, which then holds the FIN's record. */
static void a_FIN_alone_gets_a_record(void **state)
{
    struct talk *talk = *state;

    send_FIN_alone(talk);
    talk_wait(talk, 50 * ms);
    rx(talk, ACK, 1 + MSS, 1, MSS);
    tx(talk, ACK, 2, 1, 0);
    assert_int_equal(talk_info(talk).in_flight_bytes, 1);
    talk_wait(talk, 310 * ms);
    tx(talk, FIN | ACK, 1, 1, 0);
    rx(talk, ACK, 1, 2, MSS);
    tx(talk, ACK, 2, 1 + 2 * MSS, 0);
    assert_int_equal(talk_state(talk), LEAT_TCP_FIN_WAIT_2);
    assert_int_equal(talk_info(talk).in_flight_bytes, 0);
}

/* RFC 8985 7.4.2: the peer reports that the probe came twice */
static void needless_probe_costs_nothing(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 3 * MSS);
    tx_segments(talk, 0, 3);
    talk_wait(talk, 205 * ms);
    tx_segments(talk, 2, 1);
    rx_sack(talk, 3, 0, 0);
    rx_sack(talk, 3, 2, 3); /* DSACK */
    talk_send(talk, MSS);
    tx_segments(talk, 3, 1);
    rx_sack(talk, 4, 0, 0);
    assert_true(cwnd(talk) >= 10);
    assert_true(ssthresh(talk) > 10);
}

/* RFC 8985 7.4.2 */
static void probe_that_repaired_a_loss_reduces_the_window(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;

    establish(talk);
    talk_send(talk, 4 * MSS);
    tx_segments(talk, 0, 4);
    talk_wait(talk, 100 * ms);
    rx_sack(talk, 2, 0, 0);
    talk_wait(talk, 205 * ms);
    tx_segments(talk, 3, 1);
    talk_send(talk, MSS);
    tx_segments(talk, 4, 1);
    rx_sack(talk, 5, 0, 0);
    assert_true(ssthresh(talk) <= 10);
}

/* ---- the window during repair ------------------------------------------------------------- */

/* RFC 3042: for each segment that arrived a new one is sent */
static void limited_transmit_sends_new_data(void **state)
{
    struct talk *talk = *state;

    ten_are_out(talk, 30);
    rx_sack(talk, 0, 1, 2);
    tx_segments(talk, 10, 1);
    rx_sack(talk, 0, 1, 3);
    tx_segments(talk, 11, 1);
    assert_int_equal(cwnd(talk), 10);
}

/* RFC 9937: the window halves, so for two that arrived one is sent */
static void repair_is_paced_by_arrivals(void **state)
{
    struct talk *talk = *state;
    uint32_t sent = 0;

    ten_are_out(talk, 30);
    rx_sack(talk, 0, 1, 4); /* three arrived, at once */
    tx(talk, ACK, 1, 1, MSS);
    sent = 1 + fake_netif_sent_count(&talk->world->dev);
    for (uint32_t upto = 5; upto <= 10; upto++) {
        world_mark(talk->world);
        rx_sack(talk, 0, 1, upto);
        sent += fake_netif_sent_count(&talk->world->dev);
        assert_true(fake_netif_sent_count(&talk->world->dev) <= 1);
        world_mark(talk->world);
    }
    assert_in_range(sent, 4, 6);
}

/* ---- undo --------------------------------------------------------------------------------- */

static uint32_t tsval_of(const struct talk *talk)
{
    return frame_get32(talk_option(talk, 8) + 2);
}

/* RFC 3522, RFC 4015: the ACK of the first transmission came late */
static void needless_timeout_is_undone(void **state)
{
    struct talk *talk = *state;
    uint32_t tsval;

    establish_with(talk, 7000);
    talk_send(talk, 4 * MSS_TS);
    tx(talk, ACK, 1, 1, MSS_TS);
    tsval = tsval_of(talk);
    talk_wait(talk, 520 * ms); /* a probe at 200, the timeout 300 later */
    assert_int_equal(leat_stats(talk->world->stack)->tcp_timeouts, 1);
    assert_int_equal(talk_info(talk).cwnd_bytes, MSS_TS);
    world_mark(talk->world);
    talk_extra_none(talk);
    talk_extra_ts(talk, 7600, tsval);
    rx(talk, ACK, 1, 1 + MSS_TS, 0);
    quiet(talk); /* nothing else is sent again */
    assert_int_equal(talk_grown(talk, tcp_undone), 1);
    assert_true(talk_info(talk).cwnd_bytes >= 10 * MSS_TS);
    assert_true(talk_info(talk).ssthresh_bytes > 10 * MSS_TS);
}

static void answer_to_the_retransmission_undoes_nothing(void **state)
{
    NEEDS(RACK);
    struct talk *talk = *state;

    establish_with(talk, 7000);
    talk_send(talk, 4 * MSS_TS);
    talk_wait(talk, 520 * ms);
    for (unsigned i = 0; i < 4; i++)
        tx(talk, ACK, 1 + i * MSS_TS, 1, MSS_TS);
    tx(talk, ACK, 1 + 3 * MSS_TS, 1, MSS_TS); /* the probe */
    tx(talk, ACK, 1, 1, MSS_TS);
    talk_extra_none(talk);
    talk_extra_ts(talk, 7600, tsval_of(talk));
    rx(talk, ACK, 1, 1 + MSS_TS, 0);
    assert_int_equal(talk_grown(talk, tcp_undone), 0);
    tx(talk, ACK, 1 + MSS_TS, 1, MSS_TS);
}

/* RFC 3708: it came twice, so nothing was lost */
static void needless_fast_retransmit_is_undone(void **state)
{
    struct talk *talk = *state;

    ten_are_out(talk, 10);
    rx_sack(talk, 0, 1, 4);
    tx_segments(talk, 0, 1);
    assert_int_equal(ssthresh(talk), 5);
    rx_sack(talk, 10, 0, 0);
    rx_sack(talk, 10, 0, 1); /* DSACK */
    assert_int_equal(talk_grown(talk, tcp_undone), 1);
    assert_true(cwnd(talk) >= 10);
    assert_true(ssthresh(talk) > 10);
}

/* RFC 2018 8: the peer may drop SACKed data */
static void reneging_peer_gets_it_all_again(void **state)
{
    struct talk *talk = *state;

    ten_are_out(talk, 10);
    rx_sack(talk, 0, 1, 10);
    tx_segments(talk, 0, 1);
    rx_sack(talk, 1, 0, 0); /* an ACK of everything was possible */
    quiet(talk);
    talk_wait(talk, second);
    tx(talk, ACK, 1 + MSS, 1, MSS);
    world_mark(talk->world);
    for (uint32_t una = 2; una <= 10; una++) {
        rx_sack(talk, una, 0, 0);
        world_mark(talk->world);
    }
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test_later(third_SACKed_segment_repairs_at_once),
        talk_test_later(without_RACK_three_SACKed_segments_count),
        talk_test_later(single_SACK_repairs_after_the_reordering_window),
        talk_test_later(reordering_within_the_window_repairs_nothing),
        talk_test_later(lost_retransmission_is_sent_again_without_a_timeout),
        talk_test_later(only_the_holes_are_filled),
        talk_test_later(tail_is_probed_before_the_timeout),
        talk_test_later(probe_is_new_data_if_there_is_any),
        talk_test_later(probe_that_was_not_needed_is_no_loss_without_DSACK),
        talk_test_later(unanswered_probe_is_followed_by_the_timeout),
        talk_test_later(a_FIN_alone_is_a_tail),
        talk_test_later(a_FIN_alone_gets_a_record),
        talk_test_later(needless_probe_costs_nothing),
        talk_test_later(probe_that_repaired_a_loss_reduces_the_window),
        talk_test_later(limited_transmit_sends_new_data),
        talk_test_later(repair_is_paced_by_arrivals),
        talk_test_later(needless_timeout_is_undone),
        talk_test_later(answer_to_the_retransmission_undoes_nothing),
        talk_test_later(needless_fast_retransmit_is_undone),
        talk_test_later(reneging_peer_gets_it_all_again),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
