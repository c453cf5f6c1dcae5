/* test_newreno.c -- how the congestion window grows and falls (RFC 5681, RFC 6582, RFC 6928). */
#include "unit.h"

#include "tcp/congestion.h"
#include "tcp/recovery.h"

enum {
    MSS = 1000
};

static struct congestion congestion;
static struct recovery recovery;

static int fresh(void **state)
{
    (void)state;
    memset(&congestion, 0xa5, sizeof congestion);
    memset(&recovery, 0xa5, sizeof recovery);
    congestion_init(&congestion, &newreno, MSS, 0);
    recovery_init(&recovery);
    return 0;
}

static uint32_t initial(uint32_t mss, int lost_SYN)
{
    congestion_init(&congestion, &newreno, mss, lost_SYN);
    return congestion.cwnd;
}

/* ---- the window --------------------------------------------------------------------------- */

/* RFC 6928 2: min(10 * MSS, max(2 * MSS, 14600)) */
static void initial_window_is_ten_segments(void **state)
{
    (void)state;
    assert_int_equal(initial(536, 0), 5360);
    assert_int_equal(initial(1460, 0), 14600);
    assert_int_equal(initial(8960, 0), 17920);
    assert_int_equal(initial(2000, 0), 14600);
}

/* RFC 5681 3.1, RFC 6928 2 */
static void initial_window_is_one_segment_after_a_lost_SYN(void **state)
{
    (void)state;
    assert_int_equal(initial(1460, 1), 1460);
}

/* RFC 5681 3.1 eqn. 2, with RFC 3465's L = 2 */
static void slow_start_grows_by_what_is_acknowledged(void **state)
{
    (void)state;
    newreno.acked(&congestion, MSS, congestion.cwnd);
    assert_int_equal(congestion.cwnd, 11 * MSS);
    newreno.acked(&congestion, 300, congestion.cwnd);
    assert_int_equal(congestion.cwnd, 11 * MSS + 300);
    newreno.acked(&congestion, 8 * MSS, congestion.cwnd); /* not a burst for a burst */
    assert_int_equal(congestion.cwnd, 13 * MSS + 300);
}

/* RFC 5681 3.1: at most one segment each round trip */
static void congestion_avoidance_grows_by_one_segment_a_window(void **state)
{
    (void)state;
    congestion.ssthresh = congestion.cwnd;
    for (unsigned i = 0; i < 9; i++)
        newreno.acked(&congestion, MSS, congestion.cwnd);
    assert_int_equal(congestion.cwnd, 10 * MSS);
    newreno.acked(&congestion, MSS, congestion.cwnd);
    assert_int_equal(congestion.cwnd, 11 * MSS);
    for (unsigned i = 0; i < 10; i++)
        newreno.acked(&congestion, MSS, congestion.cwnd);
    assert_int_equal(congestion.cwnd, 11 * MSS);
    newreno.acked(&congestion, MSS, congestion.cwnd);
    assert_int_equal(congestion.cwnd, 12 * MSS);
}

/* RFC 7661 */
static void window_that_is_not_used_does_not_grow(void **state)
{
    (void)state;
    newreno.acked(&congestion, MSS, MSS);
    assert_int_equal(congestion.cwnd, 10 * MSS);
}

/* RFC 5681 eqn. 4 */
static void loss_halves_the_flight_but_leaves_two_segments(void **state)
{
    (void)state;
    newreno.lost(&congestion, 9 * MSS);
    assert_int_equal(congestion.ssthresh, 4500);
    newreno.lost(&congestion, MSS);
    assert_int_equal(congestion.ssthresh, 2 * MSS);
}

/* RFC 5681 3.1: ssthresh is held constant when the same text times out again */
static void timeout_leaves_the_loss_window(void **state)
{
    (void)state;
    newreno.timed_out(&congestion, 10 * MSS, 1);
    assert_int_equal(congestion.cwnd, MSS);
    assert_int_equal(congestion.ssthresh, 5 * MSS);
    newreno.timed_out(&congestion, MSS, 0);
    assert_int_equal(congestion.cwnd, MSS);
    assert_int_equal(congestion.ssthresh, 5 * MSS);
}

/* ---- recovery ----------------------------------------------------------------------------- */

/* Ten segments are out, from 0xfffff000 on: the numbers wrap in the middle. */
static const uint32_t una = 0xfffff000u;
static const uint32_t flight = 10 * MSS;

static void three_duplicates(void)
{
    assert_false(recovery_duplicate(&recovery, &congestion, una, una + flight, flight));
    assert_false(recovery_duplicate(&recovery, &congestion, una, una + flight, flight));
    assert_true(recovery_duplicate(&recovery, &congestion, una, una + flight, flight));
}

/* RFC 5681 3.2 (2), (3) */
static void third_duplicate_sends_again_and_halves(void **state)
{
    (void)state;
    three_duplicates();
    assert_true(recovery.resend);
    assert_true(recovery.active);
    assert_int_equal(congestion.ssthresh, 5 * MSS);
    assert_int_equal(congestion.cwnd, 8 * MSS);
}

/* RFC 5681 3.2 (4) */
static void each_more_duplicate_inflates_by_a_segment_and_not_for_ever(void **state)
{
    (void)state;
    three_duplicates();
    assert_false(recovery_duplicate(&recovery, &congestion, una, una + flight, flight));
    assert_int_equal(congestion.cwnd, 9 * MSS);
    for (unsigned i = 0; i < 1000; i++) /* made up by the peer */
        recovery_duplicate(&recovery, &congestion, una, una + flight, flight);
    assert_true(congestion.cwnd <= congestion.ssthresh + flight + MSS);
}

/* RFC 6582 3.2 (3), partial acknowledgments */
static void partial_ACK_sends_the_next_hole_and_deflates(void **state)
{
    (void)state;
    three_duplicates();
    recovery.resend = false;
    recovery_acked(&recovery, &congestion, una + 3 * MSS, 3 * MSS, flight);
    assert_true(recovery.active);
    assert_true(recovery.resend);
    assert_int_equal(congestion.cwnd, 8 * MSS - 3 * MSS + MSS);
}

/* RFC 6582 3.2 (3), full acknowledgments: min(ssthresh, max(FlightSize, SMSS) + SMSS) */
static void full_ACK_ends_it_without_a_burst(void **state)
{
    (void)state;
    three_duplicates();
    recovery_acked(&recovery, &congestion, una + flight, flight, flight);
    assert_false(recovery.active);
    assert_false(recovery.resend);
    assert_int_equal(congestion.cwnd, 2 * MSS);
    fresh(0);
    three_duplicates(); /* five more segments left meanwhile */
    recovery_acked(&recovery, &congestion, una + flight, flight, flight + 5 * MSS);
    assert_int_equal(congestion.cwnd, 5 * MSS);
}

static void window_never_falls_under_a_segment(void **state)
{
    (void)state;
    three_duplicates();
    recovery_acked(&recovery, &congestion, una + 9 * MSS, 9 * MSS, flight);
    assert_true(congestion.cwnd >= MSS);
    assert_true(recovery.active);
}

/* RFC 6582 4.1 */
static void duplicates_of_what_the_timer_sent_again_are_no_loss(void **state)
{
    (void)state;
    recovery_timed_out(&recovery, una + flight);
    for (unsigned i = 0; i < 10; i++)
        assert_false(recovery_duplicate(&recovery, &congestion, una + MSS, una + flight, flight));
    assert_int_equal(congestion.cwnd, 10 * MSS);
    assert_false(recovery.resend);
}

static void new_ACK_starts_the_count_again(void **state)
{
    (void)state;
    recovery_duplicate(&recovery, &congestion, una, una + flight, flight);
    recovery_duplicate(&recovery, &congestion, una, una + flight, flight);
    recovery_acked(&recovery, &congestion, una + MSS, MSS, flight);
    assert_false(recovery_duplicate(&recovery, &congestion, una + MSS, una + flight, flight));
    assert_false(recovery.active);
}

/* RFC 5681 3.1: fast recovery ends when the timer expires */
static void timeout_ends_recovery(void **state)
{
    (void)state;
    three_duplicates();
    recovery_timed_out(&recovery, una + flight);
    assert_false(recovery.active);
    assert_false(recovery.resend);
    recovery_acked(&recovery, &congestion, una + MSS, MSS,
                   flight); /* slow start, nothing partial */
    assert_false(recovery.resend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(initial_window_is_ten_segments, fresh),
        cmocka_unit_test_setup(initial_window_is_one_segment_after_a_lost_SYN, fresh),
        cmocka_unit_test_setup(slow_start_grows_by_what_is_acknowledged, fresh),
        cmocka_unit_test_setup(congestion_avoidance_grows_by_one_segment_a_window, fresh),
        cmocka_unit_test_setup(window_that_is_not_used_does_not_grow, fresh),
        cmocka_unit_test_setup(loss_halves_the_flight_but_leaves_two_segments, fresh),
        cmocka_unit_test_setup(timeout_leaves_the_loss_window, fresh),
        cmocka_unit_test_setup(third_duplicate_sends_again_and_halves, fresh),
        cmocka_unit_test_setup(each_more_duplicate_inflates_by_a_segment_and_not_for_ever, fresh),
        cmocka_unit_test_setup(partial_ACK_sends_the_next_hole_and_deflates, fresh),
        cmocka_unit_test_setup(full_ACK_ends_it_without_a_burst, fresh),
        cmocka_unit_test_setup(window_never_falls_under_a_segment, fresh),
        cmocka_unit_test_setup(duplicates_of_what_the_timer_sent_again_are_no_loss, fresh),
        cmocka_unit_test_setup(new_ACK_starts_the_count_again, fresh),
        cmocka_unit_test_setup(timeout_ends_recovery, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
