/* test_prr.c -- Proportional Rate Reduction, by the algorithm of RFC 9937 6.2. */
#include "unit.h"

#include "tcp/congestion/prr.h"

enum {
    MSS = 1000,
    FS = 20 * MSS, /* RecoverFS */
    HALF = 10 * MSS,
    BETA = 14 * MSS /* CUBIC's seven tenths */
};

static struct prr prr;

static int fresh(void **state)
{
    (void)state;
    memset(&prr, 0xa5, sizeof prr);
    prr_init(&prr, FS);
    return 0;
}

/* The bytes that may be sent after an ACK. */
static uint32_t room(uint32_t bytes, uint32_t in_flight, uint32_t ssthresh, bool safe)
{
    return prr_acked(&prr, bytes, in_flight, ssthresh, MSS, safe) - in_flight;
}

/* RFC 9937 6.2: "force a fast retransmit upon entering recovery" */
static void fast_retransmit_always_leaves(void **state)
{
    (void)state;
    assert_int_equal(room(MSS, 19 * MSS, HALF, false), MSS); /* at least a whole segment */
    prr_sent(&prr, MSS);
    assert_int_equal(room(MSS, 19 * MSS, HALF, false), 0); /* only once */
}

/* CEIL(prr_delivered * ssthresh / RecoverFS) - prr_out */
static void proportional_part_sends_at_the_ratio_of_the_windows(void **state)
{
    uint32_t sent = 0, in_flight = FS - MSS;

    (void)state;
    for (unsigned acks = 1; in_flight > HALF; acks++) {
        const uint32_t may = room(MSS, in_flight, HALF, false) / MSS * MSS;

        prr_sent(&prr, may);
        sent += may;
        in_flight += may;
        assert_in_range(sent + MSS, acks * MSS / 2 + 1, acks * MSS / 2 + 2 * MSS);
        in_flight -= MSS;
    }
    assert_in_range(sent, 8 * MSS, 10 * MSS);
}

static void proportional_part_rounds_up(void **state)
{
    (void)state;
    prr_sent(&prr, 1);
    assert_int_equal(room(3, FS, HALF, false), 1); /* CEIL(1.5) - 1 */
    assert_int_equal(room(1, FS, BETA, false), 2); /* CEIL(2.8) - 1 */
}

/* RFC 9937 6.2: MAX(prr_delivered - prr_out, DeliveredData) */
static void conservative_bound_sends_as_much_as_arrived(void **state)
{
    (void)state;
    prr_sent(&prr, 5 * MSS);
    assert_int_equal(room(2 * MSS, HALF - 5 * MSS, HALF, false), 2 * MSS);
    assert_int_equal(room(6 * MSS, HALF - 9 * MSS, HALF, false), 6 * MSS);
    prr_sent(&prr, MSS);
    /* 8 + 1 delivered, 6 sent */
    assert_int_equal(room(MSS, HALF - 9 * MSS, HALF, false), 3 * MSS);
}

/* RFC 9937 6.2: SafeACK adds one MSS */
static void slow_start_part_adds_a_segment_while_all_is_well(void **state)
{
    (void)state;
    prr_sent(&prr, 5 * MSS);
    assert_int_equal(room(2 * MSS, HALF - 5 * MSS, HALF, true), 3 * MSS);
}

/* MIN(ssthresh - inflight, ...) */
static void window_does_not_pass_ssthresh(void **state)
{
    (void)state;
    prr_sent(&prr, MSS);
    assert_int_equal(prr_acked(&prr, 8 * MSS, HALF - 2 * MSS, HALF, MSS, true), HALF);
    assert_int_equal(prr_acked(&prr, 8 * MSS, HALF, HALF, MSS, true), HALF);
}

static void sending_too_much_is_no_debt_below_zero(void **state)
{
    (void)state;
    prr_sent(&prr, 15 * MSS);
    assert_int_equal(prr_acked(&prr, MSS, 19 * MSS, HALF, MSS, false), 19 * MSS);
}

static void huge_windows_do_not_overflow(void **state)
{
    (void)state;
    prr_init(&prr, 0x40000000);
    prr_sent(&prr, 0x10000000);
    assert_int_equal(prr_acked(&prr, 0x30000000, 0x3fffffff, 0x20000000, MSS, false),
                     0x3fffffff + 0x08000000);
}

static void recovery_of_nothing_does_not_divide_by_it(void **state)
{
    (void)state;
    prr_init(&prr, 0);
    assert_true(room(MSS, 3 * MSS, 2 * MSS, false) >= MSS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fast_retransmit_always_leaves, fresh),
        cmocka_unit_test_setup(proportional_part_sends_at_the_ratio_of_the_windows, fresh),
        cmocka_unit_test_setup(proportional_part_rounds_up, fresh),
        cmocka_unit_test_setup(conservative_bound_sends_as_much_as_arrived, fresh),
        cmocka_unit_test_setup(slow_start_part_adds_a_segment_while_all_is_well, fresh),
        cmocka_unit_test_setup(window_does_not_pass_ssthresh, fresh),
        cmocka_unit_test_setup(sending_too_much_is_no_debt_below_zero, fresh),
        cmocka_unit_test_setup(huge_windows_do_not_overflow, fresh),
        cmocka_unit_test_setup(recovery_of_nothing_does_not_divide_by_it, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
