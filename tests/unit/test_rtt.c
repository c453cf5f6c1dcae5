/* test_rtt.c -- the retransmission timeout, by the numbers of RFC 6298. */
#include "unit.h"

#include "tcp/rtt.h"

static const uint64_t ms = 1000000;
static const struct rtt_limits limits = {200000000, 60000000000};

/* RFC 6298 2.1 */
static void before_any_sample_it_is_one_second(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, &limits);
    assert_int_equal(rtt.rto_ns, 1000 * ms);
    rtt_forget_backoff(&rtt, &limits); /* there is nothing to go back to */
    assert_int_equal(rtt.rto_ns, 1000 * ms);
}

/* RFC 6298 2.2 */
static void first_sample_counts_half_as_variation(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, &limits);
    rtt_sample(&rtt, &limits, 100 * ms);
    assert_int_equal(rtt.srtt_ns, 100 * ms);
    assert_int_equal(rtt.rttvar_ns, 50 * ms);
    assert_int_equal(rtt.rto_ns, 300 * ms); /* SRTT + 4 * RTTVAR */
}

/* RFC 6298 2.3 */
static void later_samples_move_it_by_an_eighth_and_a_quarter(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, &limits);
    rtt_sample(&rtt, &limits, 800 * ms);
    rtt_sample(&rtt, &limits, 1600 * ms);
    assert_int_equal(rtt.rttvar_ns, 500 * ms); /* 3/4 * 400 + 1/4 * 800 */
    assert_int_equal(rtt.srtt_ns, 900 * ms);   /* 7/8 * 800 + 1/8 * 1600 */
    assert_int_equal(rtt.rto_ns, 2900 * ms);
    rtt_sample(&rtt, &limits, 100 * ms); /* and down */
    assert_int_equal(rtt.rttvar_ns, 575 * ms);
    assert_int_equal(rtt.srtt_ns, 800 * ms);
}

/* RFC 6298 2.4, 2.5 */
static void floor_and_ceiling_hold(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, &limits);
    rtt_sample(&rtt, &limits, ms);
    assert_int_equal(rtt.rto_ns, ms + limits.min_ns);
    rtt_sample(&rtt, &limits, 200000 * ms);
    assert_int_equal(rtt.rto_ns, limits.max_ns);
    for (unsigned i = 0; i < 100; i++)
        rtt_backoff(&rtt, &limits);
    assert_int_equal(rtt.rto_ns, limits.max_ns);
}

/* RFC 6298 2.3, 2.4: the least that is added, however steady the path */
static void timeout_of_a_steady_path_outlasts_a_delayed_ACK(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, &limits);
    for (unsigned i = 0; i < 200; i++)
        rtt_sample(&rtt, &limits, 500 * ms);
    assert_true(rtt.rttvar_ns < ms / 4);
    assert_int_equal(rtt.rto_ns, rtt.srtt_ns + limits.min_ns);
}

/* RFC 6298 5.5, 5.7 (last paragraph) */
static void backoff_doubles_until_new_text_is_acknowledged(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, &limits);
    rtt_sample(&rtt, &limits, 100 * ms);
    rtt_backoff(&rtt, &limits);
    assert_int_equal(rtt.rto_ns, 600 * ms);
    rtt_backoff(&rtt, &limits);
    assert_int_equal(rtt.rto_ns, 1200 * ms);
    rtt_forget_backoff(&rtt, &limits);
    assert_int_equal(rtt.rto_ns, 300 * ms);
}

/* RFC 6298 5.7 */
static void lost_SYN_makes_it_three_seconds(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, &limits);
    rtt_backoff(&rtt, &limits);
    rtt_after_lost_SYN(&rtt);
    assert_int_equal(rtt.rto_ns, 3000 * ms);
    rtt_sample(&rtt, &limits, 100 * ms);
    rtt_after_lost_SYN(&rtt); /* it knows better now */
    assert_int_equal(rtt.rto_ns, 300 * ms);
}

static void sample_of_no_time_is_a_sample(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt, &limits);
    rtt_sample(&rtt, &limits, 0);
    assert_true(rtt.srtt_ns > 0);
    assert_int_equal(rtt.rto_ns, rtt.srtt_ns + limits.min_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_any_sample_it_is_one_second),
        cmocka_unit_test(first_sample_counts_half_as_variation),
        cmocka_unit_test(later_samples_move_it_by_an_eighth_and_a_quarter),
        cmocka_unit_test(floor_and_ceiling_hold),
        cmocka_unit_test(timeout_of_a_steady_path_outlasts_a_delayed_ACK),
        cmocka_unit_test(backoff_doubles_until_new_text_is_acknowledged),
        cmocka_unit_test(lost_SYN_makes_it_three_seconds),
        cmocka_unit_test(sample_of_no_time_is_a_sample),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
