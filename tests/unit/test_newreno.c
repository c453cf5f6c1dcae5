/* test_newreno.c -- growth and reduction of the congestion window (RFC 5681, RFC 3465, RFC 6928).
 */
#include "unit.h"
#include "needs.h"

#include "tcp/congestion/congestion.h"

enum {
    MSS = 1000
};

static struct congestion congestion;
static bool paced;

static int fresh(void **state)
{
    (void)state;
    paced = false;
    memset(&congestion, 0xa5, sizeof congestion);
    congestion_init(&congestion, &leat_tcp_newreno, MSS, 10, false);
    return 0;
}

static uint32_t initial(uint32_t mss, bool lost_SYN)
{
    congestion_init(&congestion, &leat_tcp_newreno, mss, 10, lost_SYN);
    return congestion.cwnd;
}

/* An ACK of @bytes while @flight_bytes are in flight. */
static void acked_of(uint32_t bytes, uint32_t flight_bytes)
{
    const struct congestion_ack ack = {
        .acked_bytes = bytes, .flight_bytes = flight_bytes, .paced = paced};

    congestion.ops->acked(&congestion, &ack);
}

static void acked(uint32_t bytes)
{
    acked_of(bytes, congestion.cwnd);
}

/* RFC 6928 2: min(10 * MSS, max(2 * MSS, 14600)) */
static void initial_window_is_ten_segments(void **state)
{
    (void)state;
    assert_int_equal(initial(536, false), 5360);
    assert_int_equal(initial(1460, false), 14600);
    assert_int_equal(initial(2000, false), 14600);
    assert_int_equal(initial(8960, false), 17920);
}

/* RFC 5681 3.1, RFC 6928 2 */
static void initial_window_is_one_segment_after_a_lost_SYN(void **state)
{
    (void)state;
    assert_int_equal(initial(1460, true), 1460);
}

/* RFC 5681 3.1: as high as possible */
static void first_slow_start_has_no_bound(void **state)
{
    (void)state;
    assert_true(congestion.ssthresh >= 0x3fffc000); /* the largest window of RFC 7323 */
}

/* RFC 5681 3.1 eqn. 2, with RFC 9406's L = 8, because sending isn't paced */
static void slow_start_grows_by_the_acknowledged_bytes(void **state)
{
    NEEDS(HYSTART);
    (void)state;
    acked(MSS);
    assert_int_equal(congestion.cwnd, 11 * MSS);
    acked(300);
    assert_int_equal(congestion.cwnd, 11 * MSS + 300);
    acked(9 * MSS); /* at most 8 segments, so that a large ACK causes no burst */
    assert_int_equal(congestion.cwnd, 19 * MSS + 300);
}

/* RFC 9406 4.3: L is infinite, because paced segments make no burst */
static void paced_slow_start_grows_by_all_that_is_acknowledged(void **state)
{
    NEEDS(HYSTART);
    (void)state;
    paced = true;
    acked(10 * MSS);
    assert_int_equal(congestion.cwnd, 20 * MSS);
    acked(20 * MSS);
    assert_int_equal(congestion.cwnd, 40 * MSS);
}

/* RFC 3465 2.3: after a loss, L = 2 */
static void later_slow_start_grows_by_two_segments(void **state)
{
    (void)state;
    paced = true;
    congestion.ssthresh = 100 * MSS;
    acked(10 * MSS);
    assert_int_equal(congestion.cwnd, 12 * MSS);
}

/* RFC 5681 3.1: at most one segment per round trip; RFC 3465 2.1 */
static void congestion_avoidance_grows_by_one_segment_a_window(void **state)
{
    (void)state;
    congestion.ssthresh = congestion.cwnd;
    for (unsigned i = 0; i < 9; i++)
        acked(MSS);
    assert_int_equal(congestion.cwnd, 10 * MSS);
    acked(MSS);
    assert_int_equal(congestion.cwnd, 11 * MSS);
    acked(5 * MSS);
    acked(5 * MSS);
    assert_int_equal(congestion.cwnd, 11 * MSS);
    acked(MSS);
    assert_int_equal(congestion.cwnd, 12 * MSS);
}

static void remainder_counts_for_the_next_segment(void **state)
{
    (void)state;
    congestion.ssthresh = congestion.cwnd;
    acked(19 * MSS);
    assert_int_equal(congestion.cwnd, 11 * MSS);
    acked(2 * MSS); /* 9 + 2 segments are a window of 11 */
    assert_int_equal(congestion.cwnd, 12 * MSS);
}

/* The problem of RFC 7661 and RFC 2861 */
static void window_that_is_not_used_does_not_grow(void **state)
{
    (void)state;
    acked_of(MSS, 4 * MSS);
    assert_int_equal(congestion.cwnd, 10 * MSS);
    acked_of(MSS, 5 * MSS); /* half of the window suffices in slow start */
    assert_int_equal(congestion.cwnd, 11 * MSS);
    congestion.ssthresh = congestion.cwnd;
    for (unsigned i = 0; i < 30; i++)
        acked_of(MSS, 9 * MSS);
    assert_int_equal(congestion.cwnd, 11 * MSS);
    for (unsigned i = 0; i < 11; i++)
        acked_of(MSS, 10 * MSS);
    assert_int_equal(congestion.cwnd, 12 * MSS);
}

/* RFC 5681 eqn. 4 */
static void loss_halves_the_flight_but_leaves_two_segments(void **state)
{
    (void)state;
    congestion.ops->reduced(&congestion, 9 * MSS, 1);
    assert_int_equal(congestion.ssthresh, 4500);
    congestion.ops->reduced(&congestion, MSS, 1);
    assert_int_equal(congestion.ssthresh, 2 * MSS);
}

static void bytes_counted_before_a_loss_do_not_count_after_it(void **state)
{
    (void)state;
    congestion.ssthresh = congestion.cwnd;
    acked(9 * MSS);
    congestion.ops->reduced(&congestion, 10 * MSS, 1);
    congestion.cwnd = congestion.ssthresh;
    acked(5 * MSS - 1); /* a window less one byte */
    assert_int_equal(congestion.cwnd, 5 * MSS);
    acked(1);
    assert_int_equal(congestion.cwnd, 6 * MSS);
}

/* RFC 5681 4.1: the restart window is no larger than the initial one */
static void idle_time_shrinks_the_window_to_the_initial_one(void **state)
{
    (void)state;
    congestion.cwnd = 50 * MSS;
    congestion_restart(&congestion);
    assert_int_equal(congestion.cwnd, 10 * MSS);
    congestion.cwnd = 3 * MSS;
    congestion_restart(&congestion);
    assert_int_equal(congestion.cwnd, 3 * MSS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(initial_window_is_ten_segments, fresh),
        cmocka_unit_test_setup(initial_window_is_one_segment_after_a_lost_SYN, fresh),
        cmocka_unit_test_setup(first_slow_start_has_no_bound, fresh),
        cmocka_unit_test_setup(slow_start_grows_by_the_acknowledged_bytes, fresh),
        cmocka_unit_test_setup(paced_slow_start_grows_by_all_that_is_acknowledged, fresh),
        cmocka_unit_test_setup(later_slow_start_grows_by_two_segments, fresh),
        cmocka_unit_test_setup(congestion_avoidance_grows_by_one_segment_a_window, fresh),
        cmocka_unit_test_setup(remainder_counts_for_the_next_segment, fresh),
        cmocka_unit_test_setup(window_that_is_not_used_does_not_grow, fresh),
        cmocka_unit_test_setup(loss_halves_the_flight_but_leaves_two_segments, fresh),
        cmocka_unit_test_setup(bytes_counted_before_a_loss_do_not_count_after_it, fresh),
        cmocka_unit_test_setup(idle_time_shrinks_the_window_to_the_initial_one, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
