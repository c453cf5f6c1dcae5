/* test_bbr_model.c -- each formula of BBR (draft-ietf-ccwg-bbr 5.5, 5.6). */
#include "path.h"

/* The state after Startup on a path of 12.5 MB/s and 20 ms: 250,000 bytes. */
static int full_pipe(void **state)
{
    path_fresh(state);
    bbr.state = BBR_CRUISE;
    bbr.full_bw_reached = true;
    bbr.max_bw_filter[1] = bbr.bw = 12500000;
    bbr.min_rtt = 20 * ms;
    congestion.cwnd = 400000;
    return 0;
}

/* 5.6.2: 2.77 times the initial window per round trip, or per millisecond */
static void the_initial_rate_comes_of_the_initial_window(void **state)
{
    (void)state;
    bbr.full_bw_reached = false;
    bbr.initial_cwnd = 10000;
    bbr_init_pacing_rate(&bbr, 20 * ms);
    assert_int_equal(bbr.pacing_rate, 10000 * 50 * 277 / 100);
    bbr_init_pacing_rate(&bbr, 0);
    assert_int_equal(bbr.pacing_rate, (uint64_t)10000 * 1000 * 277 / 100);
}

/* 5.6.2: 1 % below; before the pipe is full the rate only grows */
static void the_rate_is_a_percent_short(void **state)
{
    (void)state;
    bbr_set_pacing_rate_with_gain(&bbr, 125);
    assert_int_equal(bbr.pacing_rate, 12500000 * 5 / 4 / 100 * 99);
    bbr.full_bw_reached = false;
    bbr_set_pacing_rate_with_gain(&bbr, 100);
    assert_int_equal(bbr.pacing_rate, 12500000 * 5 / 4 / 100 * 99);
    bbr_set_pacing_rate_with_gain(&bbr, 277);
    assert_int_equal(bbr.pacing_rate, 12500000 / 100 * 277 / 100 * 99);
}

/* 5.6.3: the bytes of a millisecond, two segments at least, 64 KiB at most */
static void a_quantum_is_a_millisecond(void **state)
{
    (void)state;
    bbr_update_control(&bbr, 0);
    assert_int_equal(bbr.send_quantum, 12375);
    bbr.bw = 1000;
    bbr_update_control(&bbr, 0);
    assert_int_equal(bbr.send_quantum, 2 * MSS);
    bbr.bw = 1250000000;
    bbr_update_control(&bbr, 0);
    assert_int_equal(bbr.send_quantum, 65536);
}

/* 5.6.4.2: the BDP times the gain of the state, plus the ACK aggregation */
static void the_window_is_a_multiple_of_the_BDP(void **state)
{
    static const struct {
        enum bbr_state state;
        uint32_t bytes;
    } cases[] = {{BBR_DRAIN, 500000},  {BBR_DOWN, 500000},         {BBR_CRUISE, 500000},
                 {BBR_REFILL, 500000}, {BBR_UP, 562500 + 2 * MSS}, {BBR_PROBE_RTT, 125000}};

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        bbr.state = (uint8_t)cases[i].state;
        congestion.cwnd = 1000000;
        bbr_update_control(&bbr, 0);
        assert_int_equal(congestion.cwnd, cases[i].bytes);
    }
    bbr.state = BBR_CRUISE;
    bbr.extra_acked_filter[0] = 30000;
    congestion.cwnd = 1000000;
    bbr_update_control(&bbr, 0);
    assert_int_equal(congestion.cwnd, 530000);
}

/* 5.6.4.6: the growth is at most the delivered bytes */
static void the_window_grows_by_the_deliveries(void **state)
{
    (void)state;
    bbr_update_control(&bbr, 3000);
    assert_int_equal(congestion.cwnd, 403000);
}

/* 5.6.4.7: the caps of each state */
static void the_model_caps_the_window(void **state)
{
    (void)state;
    bbr.inflight_longterm = 300000;
    bbr_update_control(&bbr, 0);
    assert_int_equal(congestion.cwnd, 255000); /* CRUISE leaves 15 % */
    bbr.state = BBR_REFILL;
    congestion.cwnd = 400000;
    bbr_update_control(&bbr, 0);
    assert_int_equal(congestion.cwnd, 300000);
    bbr.inflight_shortterm = 100000;
    bbr_update_control(&bbr, 0);
    assert_int_equal(congestion.cwnd, 100000);
    bbr.inflight_shortterm = 1;
    bbr_update_control(&bbr, 0);
    assert_int_equal(congestion.cwnd, 4 * MSS);
}

/* 5.3.3.9, InflightWithHeadroom: 15 %, a segment at least */
static void the_headroom_is_a_segment_at_least(void **state)
{
    (void)state;
    assert_int_equal(bbr_inflight_with_headroom(&bbr), BBR_INFINITE);
    bbr.inflight_longterm = 100000;
    assert_int_equal(bbr_inflight_with_headroom(&bbr), 85000);
    bbr.inflight_longterm = 6000;
    assert_int_equal(bbr_inflight_with_headroom(&bbr), 5000);
    bbr.inflight_longterm = 4500;
    assert_int_equal(bbr_inflight_with_headroom(&bbr), 4000);
}

/* 5.5.10.2: the position in a burst at which the losses exceeded 2 % */
static void the_prefix_that_is_borne_is_found(void **state)
{
    /* 100,000 before without loss: 0.02 * 100,000 / 0.98 of the burst is acceptable */
    struct rate_excess excess = {.tx_in_flight = 110000, .bytes = 10000, .lost = 10000};

    (void)state;
    assert_int_equal(bbr_inflight_at_loss(&excess), 100000 + 2040);
    excess.lost = 11000; /* 1,000 before: (2,000 - 1,000) / 0.98 */
    assert_int_equal(bbr_inflight_at_loss(&excess), 100000 + 1020);
    excess.lost = 20000; /* too many were lost before the burst */
    assert_int_equal(bbr_inflight_at_loss(&excess), 100000);
}

/* 5.5.10.2: the reduction is at most that of CUBIC */
static void the_long_term_falls_to_seven_tenths_at_most(void **state)
{
    (void)state;
    bbr.state = BBR_UP;
    bbr_handle_inflight_too_high(&bbr, 10000, false, path.now_ns);
    assert_int_equal(bbr.inflight_longterm, 175000);
    assert_int_equal(bbr.state, BBR_DOWN);
    bbr.state = BBR_UP;
    bbr_handle_inflight_too_high(&bbr, 200000, true, path.now_ns); /* app-limited: no evidence */
    assert_int_equal(bbr.inflight_longterm, 175000);
    assert_int_equal(bbr.state, BBR_DOWN);
}

/* An ACK that ends a round in which @bytes were delivered. */
static struct rate_sample round_of(uint64_t rate, uint32_t bytes)
{
    const struct rate_sample rs = {
        .has_data = true,
        .delivery_rate = rate,
        .delivered = bytes,
        .newly_acked = bytes,
        .prior_delivered = bbr.rate.delivered,
    };

    bbr.rate.delivered += bytes;
    return rs;
}

/* 5.5.10.3: once per round, to the delivered amount, by three tenths at most */
static void the_short_term_follows_the_deliveries(void **state)
{
    struct rate_sample rs;

    (void)state;
    bbr_note_loss(&bbr);
    rs = round_of(11000000, 220000);
    rs.tx_in_flight = rs.lost = 100000;
    bbr_update_latest_delivery_signals(&bbr, &rs);
    bbr_update_congestion_signals(&bbr, &rs);
    assert_int_equal(bbr.bw_shortterm, 11000000);
    assert_int_equal(bbr.inflight_shortterm,
                     280000); /* 0.7 of the window, which is more than delivered */
    bbr_advance_latest_delivery_signals(&bbr, &rs);
    bbr.bw_latest = bbr.inflight_latest = 0;
    bbr_note_loss(&bbr);
    rs = round_of(1000, 1000);
    rs.tx_in_flight = rs.lost = 100000;
    bbr_update_latest_delivery_signals(&bbr, &rs);
    bbr_update_congestion_signals(&bbr, &rs);
    assert_int_equal(bbr.bw_shortterm, 7700000);
    assert_int_equal(bbr.inflight_shortterm, 196000);
    assert_false(bbr.is_loss_in_round);
}

/* The short-term bounds after a round in which 200 segments were in flight, and @lost of them were
 * lost. */
static uint64_t bw_after(uint32_t lost, bool marked)
{
    struct rate_sample rs;

    bbr_note_loss(&bbr);
    bbr.is_mark_in_round = marked;
    rs = round_of(1000, 1000);
    rs.tx_in_flight = 200 * MSS;
    rs.lost = lost * MSS;
    bbr_update_latest_delivery_signals(&bbr, &rs);
    bbr_update_congestion_signals(&bbr, &rs);
    assert_false(bbr.is_loss_in_round || bbr.is_mark_in_round);
    return bbr.bw_shortterm;
}

/* 2 % of 200 segments are 4, and the root of 4 is 2 */
static void losses_by_chance_leave_the_short_term(void **state)
{
    (void)state;
    assert_int_equal(bw_after(1, false), UINT64_MAX);
    assert_int_equal(bw_after(6, false), UINT64_MAX);
    assert_true(bw_after(7, false) < UINT64_MAX);
}

static void one_mark_lowers_the_short_term(void **state)
{
    (void)state;
    assert_true(bw_after(0, true) < UINT64_MAX);
}

/* Without a size of segments the threshold is the draft's. */
static void losses_are_too_many_beyond_a_standard_deviation(void **state)
{
    (void)state;
    assert_false(rate_is_too_much(2000, 100000, 0));
    assert_true(rate_is_too_much(2001, 100000, 0));
    assert_false(rate_is_too_much(0, 100000, 1000));
    assert_false(rate_is_too_much(3000, 100000, 1000)); /* 2 by the threshold, 1.4 by chance */
    assert_true(rate_is_too_much(4000, 100000, 1000));
    assert_true(rate_is_too_much(1000, 10000, 1000)); /* one of ten */
}

/* 5.5.5, 5.5.6: two cycles; app-limited samples count if they are higher */
static void the_bandwidth_is_that_of_two_cycles(void **state)
{
    struct rate_sample rs = round_of(15000000, 1000);

    (void)state;
    rs.is_app_limited = true;
    bbr_update_congestion_signals(&bbr, &rs);
    assert_int_equal(bbr_max_bw(&bbr), 15000000);
    bbr_advance_max_bw_filter(&bbr);
    rs = round_of(9000000, 1000);
    rs.is_app_limited = true;
    bbr_update_congestion_signals(&bbr, &rs);
    assert_int_equal(bbr.max_bw_filter[1], 0);
    rs.is_app_limited = false;
    bbr_update_congestion_signals(&bbr, &rs);
    assert_int_equal(bbr_max_bw(&bbr), 15000000);
    bbr_advance_max_bw_filter(&bbr);
    assert_int_equal(bbr_max_bw(&bbr), 9000000);
    bbr_advance_max_bw_filter(&bbr); /* without new samples the last ones are kept */
    assert_int_equal(bbr_max_bw(&bbr), 9000000);
}

/* 5.3.4.3: a longer round trip is accepted after ten seconds */
static void the_round_trip_is_the_least_of_ten_seconds(void **state)
{
    struct rate_sample rs = {.rtt_ns = 30 * ms};
    uint64_t at_ns = second;

    (void)state;
    bbr.probe_rtt_min_delay = 20 * ms;
    for (unsigned i = 0; i < 100; i++) {
        bbr_update_min_rtt(&bbr, &rs, at_ns += 99 * ms);
        assert_int_equal(bbr.min_rtt, 20 * ms);
    }
    bbr_update_min_rtt(&bbr, &rs, at_ns += 200 * ms);
    assert_int_equal(bbr.min_rtt, 30 * ms);
    rs.rtt_ns = 25 * ms; /* a shorter one is accepted at once */
    bbr_update_min_rtt(&bbr, &rs, at_ns + 1);
    assert_int_equal(bbr.min_rtt, 25 * ms);
}

/* 5.5.9: the bytes acknowledged beyond bw, over ten rounds */
static void ACKs_that_come_together_are_counted(void **state)
{
    struct rate_sample rs = {.newly_acked = 50000};
    uint64_t at_ns = 2 * second;

    (void)state;
    bbr_update_ack_aggregation(&bbr, &rs, at_ns); /* long after the last ACK: the interval starts */
    assert_int_equal(bbr_extra_acked(&bbr), 50000);
    bbr_update_ack_aggregation(&bbr, &rs, at_ns += ms); /* 12,500 would have been expected */
    assert_int_equal(bbr_extra_acked(&bbr), 87500);
    rs.newly_acked = 0;
    for (bbr.round_count = 0; bbr.round_count < 10; bbr.round_count++)
        bbr_update_ack_aggregation(&bbr, &rs, at_ns += 20 * ms);
    bbr_update_ack_aggregation(&bbr, &rs, at_ns);
    assert_int_equal(bbr_extra_acked(&bbr), 0);
}

/* A.18, 5.5.11: a spurious reduction is undone, and so is the end of the probe */
static void a_spurious_reduction_is_taken_back(void **state)
{
    struct bbr_ack ack = {.now_ns = 2 * second, .in_recovery = true};

    (void)state;
    bbr.state = BBR_UP;
    bbr.is_bw_probe_sample = true;
    congestion.ops->reduced(&congestion, 0, 0);
    bbr.rate.newly_lost = 10000;
    bbr.rate.excess =
        (struct rate_excess){.any = true, .bytes = MSS, .tx_in_flight = 200000, .lost = 10000};
    bbr_acked(&bbr, &ack);
    assert_int_equal(bbr.state, BBR_DOWN);
    assert_int_not_equal(bbr.inflight_longterm, BBR_INFINITE);
    congestion.cwnd = 10000;
    ack.in_recovery = false;
    ack.undone = true;
    bbr_acked(&bbr, &ack);
    assert_int_equal(bbr.state, BBR_REFILL);
    assert_int_equal(bbr.inflight_longterm, BBR_INFINITE);
    assert_int_equal(congestion.cwnd, 400000);
    assert_false(bbr.is_loss_in_round);
}

/* A.19 in Startup: the state is entered again */
static void startup_is_entered_again(void **state)
{
    struct bbr_ack ack = {.now_ns = 2 * second, .undone = true};

    (void)state;
    bbr.state = BBR_STARTUP;
    bbr.full_bw_reached = false;
    bbr_save_state_upon_loss(&bbr);
    bbr_fill_pipe_early(&bbr);
    bbr.state = BBR_DRAIN;
    bbr_acked(&bbr, &ack);
    assert_int_equal(bbr.state, BBR_STARTUP);
    assert_false(bbr.full_bw_reached);
    assert_int_equal(bbr.inflight_longterm, BBR_INFINITE);
}

/* 5.6.4.4: the previous window is restored after a timeout, within the bounds of the model */
static void the_window_comes_back_after_recovery(void **state)
{
    struct bbr_ack ack = {.now_ns = 2 * second, .in_recovery = true};

    (void)state;
    congestion.ops->reduced(&congestion, 0, 0);
    congestion.cwnd = MSS; /* recovery_timed_out() */
    bbr_acked(&bbr, &ack);
    assert_int_equal(congestion.cwnd, MSS);
    ack.in_recovery = false;
    bbr_acked(&bbr, &ack);
    assert_int_equal(congestion.cwnd, 400000);
}

/* 3.7: an ECN mark is congestion: it ends Startup, ends a probe, and lowers the short-term
 * bounds */
static void a_mark_is_congestion(void **state)
{
    const struct bbr_ack ack = {.now_ns = 2 * second, .marked = true};

    (void)state;
    bbr_acked(&bbr, &ack);
    assert_true(bbr.is_loss_in_round);
    assert_int_equal(bbr.inflight_longterm, BBR_INFINITE);
    bbr.state = BBR_UP;
    bbr.is_bw_probe_sample = true;
    bbr_acked(&bbr, &ack);
    assert_int_equal(bbr.state, BBR_DOWN);
    assert_int_equal(bbr.inflight_longterm, 175000);
    bbr.state = BBR_STARTUP;
    bbr.full_bw_reached = false;
    bbr_acked(&bbr, &ack);
    assert_true(bbr.full_bw_reached);
    assert_int_equal(bbr.inflight_longterm, 250000);
}

/* 5.3.1.3, 5.5.10.2: without SACK only one loss is visible, so one is enough */
static void without_SACK_one_loss_is_too_much(void **state)
{
    struct rate_sample rs = {.lost = 1, .tx_in_flight = 250000};

    (void)state;
    assert_false(bbr_is_inflight_too_high(&bbr, &rs));
    bbr.has_selective_acks = false;
    assert_true(bbr_is_inflight_too_high(&bbr, &rs));
}

#define on_full_pipe(function) cmocka_unit_test_setup(function, full_pipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_full_pipe(the_initial_rate_comes_of_the_initial_window),
        on_full_pipe(the_rate_is_a_percent_short),
        on_full_pipe(a_quantum_is_a_millisecond),
        on_full_pipe(the_window_is_a_multiple_of_the_BDP),
        on_full_pipe(the_window_grows_by_the_deliveries),
        on_full_pipe(the_model_caps_the_window),
        on_full_pipe(the_headroom_is_a_segment_at_least),
        on_full_pipe(the_prefix_that_is_borne_is_found),
        on_full_pipe(the_long_term_falls_to_seven_tenths_at_most),
        on_full_pipe(the_short_term_follows_the_deliveries),
        on_full_pipe(losses_by_chance_leave_the_short_term),
        on_full_pipe(one_mark_lowers_the_short_term),
        on_full_pipe(losses_are_too_many_beyond_a_standard_deviation),
        on_full_pipe(the_bandwidth_is_that_of_two_cycles),
        on_full_pipe(the_round_trip_is_the_least_of_ten_seconds),
        on_full_pipe(ACKs_that_come_together_are_counted),
        on_full_pipe(a_spurious_reduction_is_taken_back),
        on_full_pipe(startup_is_entered_again),
        on_full_pipe(the_window_comes_back_after_recovery),
        on_full_pipe(a_mark_is_congestion),
        on_full_pipe(without_SACK_one_loss_is_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
