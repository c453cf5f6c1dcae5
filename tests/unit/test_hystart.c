/* test_hystart.c -- HyStart++ (RFC 9406 4.2, with the constants of 4.3). */
#include "unit.h"
#include "needs.h"

#include "tcp/congestion/congestion.h"

enum {
    ROUND = 10, /* ACKs per round trip */
    STEP = 1000
};

static const uint64_t ms = 1000000;

static struct hystart hystart;
static uint32_t una; /* close to the wraparound */

static int fresh(void **state)
{
    (void)state;
    memset(&hystart, 0xa5, sizeof hystart);
    hystart_init(&hystart);
    una = 0xffffd000u;
    return 0;
}

/* One ACK, with ten segments in flight. */
static bool acked(uint64_t rtt_ns)
{
    una += STEP;
    return hystart_acked(&hystart, una, una + ROUND * STEP, rtt_ns);
}

/* A round trip with equal samples; true if slow start ended. */
static bool round_of(uint64_t rtt_ns)
{
    bool over = false;

    for (unsigned i = 0; i < ROUND && !over; i++)
        over = acked(rtt_ns);
    return over;
}

static void enter_css(void)
{
    assert_false(round_of(40 * ms));
    assert_false(round_of(60 * ms));
    assert_true(hystart.in_css);
}

static void steady_path_is_left_alone(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++)
        assert_false(round_of(40 * ms + i % 2 * ms));
    assert_int_equal(hystart_divisor(&hystart), 1);
}

/* RFC 9406 4.2: RttThresh = max(4 ms, min(lastRoundMinRTT / 8, 16 ms)) */
static void enters_when_the_least_round_trip_has_risen_by(uint64_t rtt_ns, uint64_t threshold_ns)
{
    fresh(0);
    round_of(rtt_ns);
    round_of(rtt_ns + threshold_ns - 1);
    assert_false(hystart.in_css);
    fresh(0);
    round_of(rtt_ns);
    round_of(rtt_ns + threshold_ns);
    assert_true(hystart.in_css);
}

static void threshold_is_an_eighth_between_4_and_16_ms(void **state)
{
    (void)state;
    enters_when_the_least_round_trip_has_risen_by(80 * ms, 10 * ms);
    enters_when_the_least_round_trip_has_risen_by(10 * ms, 4 * ms);
    enters_when_the_least_round_trip_has_risen_by(800 * ms, 16 * ms);
}

/* RFC 9406 4.2: N_RTT_SAMPLE */
static void eight_samples_are_needed(void **state)
{
    (void)state;
    round_of(40 * ms);
    for (unsigned i = 0; i < 7; i++)
        acked(80 * ms);
    assert_false(hystart.in_css);
    acked(0); /* no sample */
    assert_false(hystart.in_css);
    acked(80 * ms);
    assert_true(hystart.in_css);
}

static void one_quick_answer_in_the_round_is_enough_to_stay(void **state)
{
    (void)state;
    round_of(40 * ms);
    acked(41 * ms);
    for (unsigned i = 1; i < ROUND; i++)
        acked(200 * ms);
    assert_false(hystart.in_css);
}

/* A round ends when data that was sent at its start is acknowledged. */
static void slow_rise_within_a_round_is_compared_with_the_last_one(void **state)
{
    (void)state;
    round_of(40 * ms);
    round_of(43 * ms);
    round_of(46 * ms); /* 3 ms per round: less than the threshold of 5 */
    round_of(49 * ms);
    assert_false(hystart.in_css);
}

/* RFC 9406 4.2: CSS_GROWTH_DIVISOR */
static void conservative_slow_start_grows_by_a_quarter(void **state)
{
    (void)state;
    assert_int_equal(hystart_divisor(&hystart), 1);
    enter_css();
    assert_int_equal(hystart_divisor(&hystart), 4);
}

/* RFC 9406 4.2: CSS_ROUNDS, including the round in which it was entered */
static void after_five_rounds_slow_start_is_over(void **state)
{
    unsigned rounds = 1;

    (void)state;
    enter_css();
    while (!round_of(60 * ms))
        rounds++;
    assert_int_equal(rounds, 5);
}

/* RFC 9406 4.2: currentRoundMinRTT < cssBaselineMinRtt */
static void fall_of_the_round_trip_takes_it_back(void **state)
{
    (void)state;
    enter_css();
    assert_false(round_of(60 * ms)); /* not lower */
    assert_true(hystart.in_css);
    for (unsigned i = 0; i < 7; i++)
        acked(59 * ms);
    assert_true(hystart.in_css); /* eight samples here, too */
    acked(59 * ms);
    assert_false(hystart.in_css);
    assert_int_equal(hystart_divisor(&hystart), 1);
}

static void second_try_has_its_own_five_rounds(void **state)
{
    unsigned rounds = 1;

    (void)state;
    enter_css();
    round_of(60 * ms);
    round_of(60 * ms);
    round_of(50 * ms);
    assert_false(hystart.in_css);
    round_of(60 * ms);
    assert_true(hystart.in_css);
    while (!round_of(60 * ms))
        rounds++;
    assert_int_equal(rounds, 5);
}

/* ---- in slow start ------------------------------------------------------------------------ */

static void ack_a_segment(struct congestion *congestion, uint64_t rtt_ns)
{
    const struct congestion_ack ack = {
        .now_ns = 1000 * ms,
        .srtt_ns = rtt_ns,
        .rtt_ns = rtt_ns,
        .acked_bytes = STEP,
        .flight_bytes = congestion->cwnd,
        .snd_una = una + STEP,
        .snd_nxt = una + STEP + ROUND * STEP,
    };

    una += STEP;
    congestion->ops->acked(congestion, &ack);
}

static void end_of_slow_start_sets_ssthresh(void **state)
{
    NEEDS(HYSTART);
    struct congestion congestion;

    (void)state;
    congestion_init(&congestion, &leat_tcp_newreno, STEP, 10, false);
    for (unsigned i = 0; i < ROUND; i++)
        ack_a_segment(&congestion, 40 * ms);
    assert_int_equal(congestion.cwnd, 20 * STEP);
    for (unsigned i = 0; i < ROUND; i++)
        ack_a_segment(&congestion, 60 * ms);
    assert_in_range(congestion.cwnd, 27 * STEP,
                    29 * STEP); /* slower growth from the eighth sample on */
    for (unsigned i = 0; i < 4 * ROUND; i++)
        ack_a_segment(&congestion, 60 * ms);
    assert_true(congestion.ssthresh > congestion.cwnd);
    ack_a_segment(&congestion, 60 * ms);
    assert_int_equal(congestion.ssthresh, congestion.cwnd);
    assert_in_range(congestion.cwnd, 37 * STEP, 39 * STEP);
}

/* RFC 9406 4.3: only in the initial slow start */
static void later_slow_starts_know_where_to_end(void **state)
{
    struct congestion congestion;

    (void)state;
    congestion_init(&congestion, &leat_tcp_newreno, STEP, 10, false);
    congestion.ssthresh = 1000 * STEP;
    for (unsigned i = 0; i < 20 * ROUND; i++)
        ack_a_segment(&congestion, (40 + i) * ms);
    assert_int_equal(congestion.cwnd, (10 + 20 * ROUND) * STEP);
    assert_int_equal(congestion.ssthresh, 1000 * STEP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(steady_path_is_left_alone, fresh),
        cmocka_unit_test_setup(threshold_is_an_eighth_between_4_and_16_ms, fresh),
        cmocka_unit_test_setup(eight_samples_are_needed, fresh),
        cmocka_unit_test_setup(one_quick_answer_in_the_round_is_enough_to_stay, fresh),
        cmocka_unit_test_setup(slow_rise_within_a_round_is_compared_with_the_last_one, fresh),
        cmocka_unit_test_setup(conservative_slow_start_grows_by_a_quarter, fresh),
        cmocka_unit_test_setup(after_five_rounds_slow_start_is_over, fresh),
        cmocka_unit_test_setup(fall_of_the_round_trip_takes_it_back, fresh),
        cmocka_unit_test_setup(second_try_has_its_own_five_rounds, fresh),
        cmocka_unit_test_setup(end_of_slow_start_sets_ssthresh, fresh),
        cmocka_unit_test_setup(later_slow_starts_know_where_to_end, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
