/* test_rtt.c -- the retransmission timeout of RFC 6298. */
#include "unit.h"

#include "tcp/congestion/rtt.h"

static const uint64_t ms = 1000000;
static const uint64_t min_ns = 200000000;
static const uint64_t max_ns = 60000000000;
static struct rtt_limits limits;

static void begin(struct rtt *rtt)
{
    limits = rtt_limits(min_ns, max_ns);
    rtt_init(rtt, &limits);
}

/* RFC 6298 2.1 */
static void before_any_sample_it_is_one_second(void **state)
{
    struct rtt rtt;

    (void)state;
    begin(&rtt);
    assert_int_equal(rtt_rto_ns(&rtt), 1000 * ms);
    rtt_forget_backoff(&rtt, &limits); /* no sample to return to */
    assert_int_equal(rtt_rto_ns(&rtt), 1000 * ms);
}

/* RFC 6298 2.2 */
static void first_sample_counts_half_as_variation(void **state)
{
    struct rtt rtt;

    (void)state;
    begin(&rtt);
    rtt_sample(&rtt, &limits, 100 * ms);
    assert_int_equal(rtt_srtt_ns(&rtt), 100 * ms);
    assert_int_equal(rtt_rttvar_ns(&rtt), 50 * ms);
    assert_int_equal(rtt_rto_ns(&rtt), 300 * ms); /* SRTT + 4 * RTTVAR */
}

/* RFC 6298 2.3 */
static void later_samples_move_it_by_an_eighth_and_a_quarter(void **state)
{
    struct rtt rtt;

    (void)state;
    begin(&rtt);
    rtt_sample(&rtt, &limits, 800 * ms);
    rtt_sample(&rtt, &limits, 1600 * ms);
    assert_int_equal(rtt_rttvar_ns(&rtt), 500 * ms); /* 3/4 * 400 + 1/4 * 800 */
    assert_int_equal(rtt_srtt_ns(&rtt), 900 * ms);   /* 7/8 * 800 + 1/8 * 1600 */
    assert_int_equal(rtt_rto_ns(&rtt), 2900 * ms);
    rtt_sample(&rtt, &limits, 100 * ms); /* and a shorter sample */
    assert_int_equal(rtt_rttvar_ns(&rtt), 575 * ms);
    assert_int_equal(rtt_srtt_ns(&rtt), 800 * ms);
}

/* RFC 6298 2.4, 2.5 */
static void floor_and_ceiling_hold(void **state)
{
    struct rtt rtt;

    (void)state;
    begin(&rtt);
    rtt_sample(&rtt, &limits, ms);
    assert_int_equal(rtt_rto_ns(&rtt), ms + min_ns);
    rtt_sample(&rtt, &limits, 200000 * ms);
    assert_int_equal(rtt_rto_ns(&rtt), max_ns);
    for (unsigned i = 0; i < 100; i++)
        rtt_backoff(&rtt, &limits);
    assert_int_equal(rtt_rto_ns(&rtt), max_ns);
}

/* RFC 6298 2.3, 2.4: the least increment, on a steady path */
static void timeout_of_a_steady_path_outlasts_a_delayed_ACK(void **state)
{
    struct rtt rtt;

    (void)state;
    begin(&rtt);
    for (unsigned i = 0; i < 200; i++)
        rtt_sample(&rtt, &limits, 500 * ms);
    assert_true(rtt_rttvar_ns(&rtt) < ms / 4);
    assert_int_equal(rtt_rto_ns(&rtt), rtt_srtt_ns(&rtt) + min_ns);
}

/* RFC 6298 5.5, 5.7 (last paragraph) */
static void backoff_doubles_until_new_data_is_acknowledged(void **state)
{
    struct rtt rtt;

    (void)state;
    begin(&rtt);
    rtt_sample(&rtt, &limits, 100 * ms);
    rtt_backoff(&rtt, &limits);
    assert_int_equal(rtt_rto_ns(&rtt), 600 * ms);
    rtt_backoff(&rtt, &limits);
    assert_int_equal(rtt_rto_ns(&rtt), 1200 * ms);
    rtt_forget_backoff(&rtt, &limits);
    assert_int_equal(rtt_rto_ns(&rtt), 300 * ms);
}

/* RFC 6298 5.7 */
static void lost_SYN_makes_it_three_seconds(void **state)
{
    struct rtt rtt;

    (void)state;
    begin(&rtt);
    rtt_backoff(&rtt, &limits);
    rtt_after_lost_SYN(&rtt);
    assert_int_equal(rtt_rto_ns(&rtt), 3000 * ms);
    rtt_sample(&rtt, &limits, 100 * ms);
    rtt_after_lost_SYN(&rtt); /* no effect after a sample */
    assert_int_equal(rtt_rto_ns(&rtt), 300 * ms);
}

static void sample_of_no_time_is_a_sample(void **state)
{
    struct rtt rtt;

    (void)state;
    begin(&rtt);
    rtt_sample(&rtt, &limits, 0);
    assert_true(rtt_srtt_ns(&rtt) > 0);
    assert_int_equal(rtt_rto_ns(&rtt), rtt_srtt_ns(&rtt) + min_ns);
}

/* RFC 6298 2: the first sample is the handshake's. */
static void SYN_is_the_first_sample(void **state)
{
    const uint64_t sent_ns[] = {64, 5 * ms, ((uint64_t)1 << 38) - 64, (uint64_t)1 << 38,
                                ((uint64_t)1 << 38) + 6400};
    struct rtt rtt;

    (void)state;
    for (unsigned i = 0; i < sizeof sent_ns / sizeof *sent_ns; i++) {
        begin(&rtt);
        rtt_SYN_sent(&rtt, sent_ns[i]);
        assert_int_equal(rtt_srtt_ns(&rtt), 0);
        assert_int_equal(rtt_rttvar_ns(&rtt), 0);
        rtt_SYN_acked(&rtt, &limits, sent_ns[i] + 100 * ms);
        assert_in_range(rtt_srtt_ns(&rtt), 100 * ms - 64, 100 * ms);
        rtt_SYN_acked(&rtt, &limits, sent_ns[i] + 900 * ms); /* only the first one counts */
        assert_in_range(rtt_srtt_ns(&rtt), 100 * ms - 64, 100 * ms);
    }
    begin(&rtt);
    rtt_SYN_acked(&rtt, &limits, 100 * ms); /* the time of sending isn't known */
    assert_int_equal(rtt_srtt_ns(&rtt), 0);
}

/* RFC 6298 3: the ACK of a retransmitted SYN is ambiguous. */
static void SYN_that_left_twice_is_no_sample(void **state)
{
    struct rtt rtt;

    (void)state;
    begin(&rtt);
    for (unsigned i = 0; i < 3; i++)
        rtt_SYN_sent(&rtt, (i + 1) * ms);
    rtt_SYN_acked(&rtt, &limits, 100 * ms);
    assert_int_equal(rtt_srtt_ns(&rtt), 0);
}

/* Times that exceed 32 bits. */
static void long_times_are_cut(void **state)
{
    const struct rtt_limits wide = rtt_limits(min_ns, UINT64_MAX);
    const uint64_t most_ns = (uint64_t)UINT32_MAX << RTT_UNIT_SHIFT;
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, &wide);
    rtt_sample(&rtt, &wide, UINT64_MAX);
    assert_int_equal(rtt_srtt_ns(&rtt), most_ns);
    assert_int_equal(rtt_rto_ns(&rtt), most_ns);
    rtt_backoff(&rtt, &wide);
    assert_int_equal(rtt_rto_ns(&rtt), most_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_any_sample_it_is_one_second),
        cmocka_unit_test(first_sample_counts_half_as_variation),
        cmocka_unit_test(later_samples_move_it_by_an_eighth_and_a_quarter),
        cmocka_unit_test(floor_and_ceiling_hold),
        cmocka_unit_test(timeout_of_a_steady_path_outlasts_a_delayed_ACK),
        cmocka_unit_test(backoff_doubles_until_new_data_is_acknowledged),
        cmocka_unit_test(lost_SYN_makes_it_three_seconds),
        cmocka_unit_test(sample_of_no_time_is_a_sample),
        cmocka_unit_test(SYN_is_the_first_sample),
        cmocka_unit_test(SYN_that_left_twice_is_no_sample),
        cmocka_unit_test(long_times_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
