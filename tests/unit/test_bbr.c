/* test_bbr.c -- BBR's states over a path with one bottleneck (draft-ietf-ccwg-bbr; A.n are the
 * cases of its appendix). */
#include "path.h"

#define MBIT(bytes_per_s) ((double)(bytes_per_s)*8 / 1e6)

/* A.1, 5.3.1.2: three rounds without growth, with the bandwidth known to 2 % */
static void startup_ends_when_the_bandwidth_grows_no_more(void **state)
{
    (void)state;
    assert_int_equal(bbr.state, BBR_STARTUP);
    path_run_to(BBR_DRAIN);
    assert_int_equal(bbr.full_bw_count, 3);
    assert_true(bbr.full_bw_now && bbr.full_bw_reached);
    assert_near(bbr_max_bw(&bbr), path.rate, 2);
    assert_near(bbr.min_rtt, path.rtt_ns, 1);
    assert_in_range(path.now_ns - second, 0, 400 * ms); /* O(log(BDP)) round trips */
    assert_int_equal(bbr.inflight_longterm, BBR_INFINITE);
}

/* A.2, 5.3.1.3: losses end it, too: after a round of recovery with six ranges and more than 2 % */
static void startup_ends_by_losses(void **state)
{
    (void)state;
    path.buffer_bytes = UINT32_MAX;
    path.limit = 100 * MSS; /* app-limited: no plateau counts */
    path_run(2 * second);
    assert_int_equal(bbr.state, BBR_STARTUP);
    path.lose_every = 12;
    path_run(second);
    assert_int_not_equal(bbr.state,
                         BBR_STARTUP); /* and it isn't DRAIN, because there is no queue */
    assert_true(bbr.full_bw_reached);
    assert_int_not_equal(bbr.inflight_longterm, BBR_INFINITE);
}

/* A.2: few losses don't end it: LossThresh is 2 % */
static void startup_bears_a_percent_of_losses(void **state)
{
    (void)state;
    path.limit = 100 * MSS;
    path.lose_every = 100;
    path_run(3 * second);
    assert_int_equal(bbr.state, BBR_STARTUP);
}

/* A.7: without losses, and with too little data to send, it continues for ever */
static void startup_of_a_slow_program_does_not_end(void **state)
{
    (void)state;
    path.limit = 20 * MSS;
    path_run(4 * second);
    assert_int_equal(bbr.state, BBR_STARTUP);
    assert_false(bbr.full_bw_reached);
}

/* A.3, 5.3.2 */
static void drain_ends_when_the_queue_is_gone(void **state)
{
    (void)state;
    path_run_to(BBR_DRAIN);
    assert_true(path.in_flight > bbr_inflight(&bbr, bbr.bw, 100));
    path_step();
    assert_near(bbr.pacing_rate, (double)bbr.bw * 0.99 / 2, 1);
    while (bbr.state == BBR_DRAIN)
        assert_true(path_step());
    assert_true(path.in_flight <= bbr_inflight(&bbr, bbr.bw, 100));
    assert_in_range(bbr.round_count - bbr.drain_start_round, 0, 3);
}

/* A.4 */
static void drain_ends_after_three_rounds(void **state)
{
    struct bbr_ack ack = {.in_flight_bytes = UINT32_MAX};

    (void)state;
    path_run_to(BBR_DRAIN);
    ack.now_ns = path.now_ns;
    bbr.round_count = bbr.drain_start_round + 3;
    bbr_check_drain_done(&bbr, &ack);
    assert_int_equal(bbr.state, BBR_DRAIN);
    bbr.round_count++;
    bbr_check_drain_done(&bbr, &ack);
    assert_int_equal(bbr.state, BBR_DOWN);
}

/* 5.3.3: one cycle, with the gains of 5.6.1 */
static void the_cycle_goes_down_cruise_refill_up(void **state)
{
    static const struct {
        enum bbr_state state;
        double gain;
    } cycle[] = {{BBR_CRUISE, 1.0}, {BBR_REFILL, 1.0}, {BBR_UP, 1.25}, {BBR_DOWN, 0.9}};

    (void)state;
    path_run_to(BBR_DRAIN);
    for (unsigned i = 0; i < 2 * sizeof cycle / sizeof *cycle; i++) {
        path_run_to(cycle[i % 4].state);
        assert_near(bbr.pacing_rate, (double)bbr.bw * 0.99 * cycle[i % 4].gain, 1);
    }
}

/* A.5, 5.3.3.7: a plateau ends the probe; before that, more is in flight than the path can hold */
static void a_probe_ends_on_a_plateau(void **state)
{
    uint32_t most = 0;

    (void)state;
    path_run_to(BBR_UP);
    while (bbr.state == BBR_UP) {
        most = path.in_flight > most ? path.in_flight : most;
        assert_true(path_step());
    }
    assert_int_equal(bbr.state, BBR_DOWN);
    assert_true(most >= 1.2 * path_bdp());
    assert_false(bbr.prev_probe_too_high);
    assert_int_equal(bbr.inflight_longterm, BBR_INFINITE);
}

/* A.8: DOWN ends when the queue is empty and the headroom is free */
static void down_ends_when_there_is_room_again(void **state)
{
    (void)state;
    path_run_to(BBR_UP);
    path_run_to(BBR_DOWN);
    path_run_to(BBR_CRUISE);
    assert_true(path.in_flight <= bbr_inflight(&bbr, bbr_max_bw(&bbr), 100));
    assert_true(path.in_flight <= bbr_inflight_with_headroom(&bbr));
}

/* A.9, 5.3.3.8.3: with any inflight, the next probe comes after two or three seconds */
static void the_next_probe_comes_by_the_clock(void **state)
{
    (void)state;
    path_run_to(BBR_UP);
    path_run_to(BBR_DOWN);
    for (unsigned i = 0; i < 50; i++) {
        bbr.cycle_stamp = 0;
        bbr_check_probe_rtt_done(&bbr, 0);
        assert_in_range(bbr.bw_probe_wait, 2 * second, 3 * second);
        assert_in_range(bbr.rounds_since_probe_up, 0, 1);
    }
}

/* A.9: or after 63 round trips, as Reno would take to fill the same window */
static void the_next_probe_comes_as_Reno_would(void **state)
{
    uint32_t round;

    (void)state;
    path_run_to(BBR_UP);
    path_run_to(BBR_DOWN);
    round = bbr.round_count;
    path_run_to(BBR_REFILL);
    assert_in_range(bbr.round_count - round, 62, 63); /* 1.26 s at 20 ms */
}

/* A.21, 5.5.10.2: losses in a probe lower inflight_longterm and end the probe */
static void a_probe_that_loses_is_cut_short(void **state)
{
    (void)state;
    path.buffer_bytes = 20000; /* shallow: 8 % of the BDP */
    path_run_to(BBR_UP);
    path_run_to(BBR_DOWN);
    assert_true(bbr.prev_probe_too_high);
    assert_int_equal(bbr.undo_state, BBR_UP);
    assert_near(bbr.inflight_longterm, path_bdp() + path.buffer_bytes, 10);
    path_run_to(BBR_CRUISE);
    path_run(100 * ms);
    assert_true(congestion.cwnd <= bbr_inflight_with_headroom(&bbr));
}

/* 5.3.3.6: the next probe stops at that mark; without losses another one follows at once */
static void after_too_much_a_probe_is_careful(void **state)
{
    uint32_t round;

    (void)state;
    path.buffer_bytes = 20000;
    path_run_to(BBR_UP);
    path_run_to(BBR_DOWN);
    path.buffer_bytes = 500000; /* the competing flow has ended */
    path_run_to(BBR_UP);
    assert_true(bbr.prev_probe_too_high);
    path_run_to(BBR_DOWN);
    assert_true(bbr.prev_probe_precautionary);
    round = bbr.round_count;
    path_run_to(BBR_REFILL);
    assert_in_range(bbr.round_count - round, 1, 3);
    assert_false(bbr.prev_probe_precautionary);
}

/* 5.5.10.3: a loss outside a probe lowers the bounds of the next rounds to the delivered rate */
static void a_loss_while_cruising_lowers_the_short_term(void **state)
{
    const uint32_t was = 63;

    (void)state;
    path_run_to(BBR_DRAIN);
    path_run_to(BBR_CRUISE);
    path_run(200 * ms);
    assert_int_equal(bbr.bw_shortterm, UINT64_MAX);
    path.rate /= 2; /* other flows start, and the buffer overflows */
    path.buffer_bytes = 1000;
    path_run(300 * ms);
    assert_true(bbr.bw_shortterm < bbr_max_bw(&bbr));
    assert_near(bbr.bw, path.rate, 8);
    assert_true(bbr.rounds_since_probe_up < was);
    path_run_to(BBR_REFILL); /* the bounds are reset before the next probe */
    assert_int_equal(bbr.bw_shortterm, UINT64_MAX);
    assert_int_equal(bbr.inflight_shortterm, BBR_INFINITE);
}

/* A.10, 5.3.4: after five seconds the queue is drained for 200 ms */
static void the_round_trip_is_probed(void **state)
{
    uint64_t began_ns;

    (void)state;
    path_run_to(BBR_DRAIN);
    path_run_to(BBR_PROBE_RTT);
    began_ns = path.now_ns;
    assert_in_range(began_ns - second, 5 * second, 7 * second);
    path_run(60 * ms);
    assert_near(congestion.cwnd, path_bdp() / 2, 5);
    path_run_to(BBR_CRUISE);
    assert_in_range(path.now_ns - began_ns, 200 * ms, 280 * ms);
    path_run(60 * ms);
    assert_true(congestion.cwnd >= 1.5 * path_bdp()); /* RestoreCwnd */
    assert_near(bbr.min_rtt, path.rtt_ns, 1);
    assert_near(bbr_max_bw(&bbr), path.rate, 2); /* the low rates of the probe don't count */
}

/* A.20: if the pipe isn't full yet, Startup continues afterwards */
static void startup_goes_on_after_the_round_trip_is_probed(void **state)
{
    (void)state;
    path.limit = 20 * MSS;
    path_run_to(BBR_PROBE_RTT);
    path_run_to(BBR_STARTUP);
    assert_false(bbr.full_bw_reached);
}

/* A.11: idle time drains the queue, too */
static void idle_time_stands_for_a_probe_of_the_round_trip(void **state)
{
    (void)state;
    path_run_to(BBR_DRAIN);
    path_run_to(BBR_CRUISE);
    path.limit = 1; /* nothing to send */
    while (path.first != path.next)
        path_step();
    path.now_ns += 6 * second;
    path.limit = 0;
    path.states = 0;
    path_step();
    assert_true(bbr.idle_restart);
    assert_near(bbr.pacing_rate, (double)bbr.bw * 0.99, 1); /* 5.4.1 */
    path_run(500 * ms);
    assert_false(path.states & 1u << BBR_PROBE_RTT);
    assert_false(bbr.idle_restart);
}

/* A.14: with less than a segment per round trip, four are in flight, at the path's rate */
static void a_tiny_path_keeps_four_segments(void **state)
{
    (void)state;
    path.rate = 20000; /* 160 kbit/s: 0.4 segments per round trip */
    path_run(20 * second);
    assert_true(bbr.full_bw_reached);
    assert_in_range(congestion.cwnd, 4 * MSS, 10 * MSS); /* three quanta of two (5.5.8), and more */
    assert_near(bbr_max_bw(&bbr), path.rate, 5);
}

/* A.15: a tenfold bandwidth is found in O(log) rounds */
static void ten_times_the_bandwidth_is_found(void **state)
{
    uint64_t began_ns;

    (void)state;
    path.rate /= 10;
    path.buffer_bytes = 3000;
    path_run_to(BBR_UP); /* until inflight_longterm is known */
    path_run_to(BBR_CRUISE);
    path.rate *= 10;
    path.buffer_bytes = 500000;
    began_ns = path.now_ns;
    while (bbr_max_bw(&bbr) < path.rate * 95 / 100)
        path_step();
    assert_in_range(path.now_ns - began_ns, 0, 5 * second);
}

/* A.16: with a tenth of the bandwidth, no more is in flight than the path can hold, and max_bw is
 * correct after two cycles */
static void a_tenth_of_the_bandwidth_is_found(void **state)
{
    (void)state;
    path.buffer_bytes = 60000;
    path_run_to(BBR_CRUISE);
    path.rate /= 10;
    path_run(second);
    assert_true(path.in_flight <= path_bdp() + path.buffer_bytes);
    assert_true(bbr.bw_shortterm < bbr_max_bw(&bbr) / 4);
    path_run(13 * second);
    assert_near(bbr_max_bw(&bbr), path.rate, 5);
}

/* 5.4: the rate is mostly 1 % below the path's, so the queue stays short */
static void most_of_the_path_is_used(void **state)
{
    uint64_t delivered;

    (void)state;
    path_run_to(BBR_CRUISE);
    delivered = bbr.rate.delivered;
    path_run(10 * second);
    assert_near(bbr.rate.delivered - delivered, 10.0 * (double)path.rate * 0.97, 3);
    assert_in_range(path.free_ns > path.now_ns ? path.free_ns - path.now_ns : 0, 0, 25 * ms);
}

/* A percent of random losses costs little (3.1). */
static void a_percent_of_losses_costs_little(void **state)
{
    uint64_t delivered;

    (void)state;
    path.lose_every = 101;
    path_run_to(BBR_CRUISE);
    delivered = bbr.rate.delivered;
    path_run(10 * second);
    assert_true(MBIT(bbr.rate.delivered - delivered) / 10 > 70);
}

#define on_path(function) cmocka_unit_test_setup(function, path_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_path(startup_ends_when_the_bandwidth_grows_no_more),
        on_path(startup_ends_by_losses),
        on_path(startup_bears_a_percent_of_losses),
        on_path(startup_of_a_slow_program_does_not_end),
        on_path(drain_ends_when_the_queue_is_gone),
        on_path(drain_ends_after_three_rounds),
        on_path(the_cycle_goes_down_cruise_refill_up),
        on_path(a_probe_ends_on_a_plateau),
        on_path(down_ends_when_there_is_room_again),
        on_path(the_next_probe_comes_by_the_clock),
        on_path(the_next_probe_comes_as_Reno_would),
        on_path(a_probe_that_loses_is_cut_short),
        on_path(after_too_much_a_probe_is_careful),
        on_path(a_loss_while_cruising_lowers_the_short_term),
        on_path(the_round_trip_is_probed),
        on_path(startup_goes_on_after_the_round_trip_is_probed),
        on_path(idle_time_stands_for_a_probe_of_the_round_trip),
        on_path(a_tiny_path_keeps_four_segments),
        on_path(ten_times_the_bandwidth_is_found),
        on_path(a_tenth_of_the_bandwidth_is_found),
        on_path(most_of_the_path_is_used),
        on_path(a_percent_of_losses_costs_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
