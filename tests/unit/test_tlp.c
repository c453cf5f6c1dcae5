/* test_tlp.c -- Tail Loss Probe (RFC 8985 7). */
#include "unit.h"

#include "tcp/congestion/tlp.h"

static const uint64_t ms = 1000000;
static const uint32_t end = 0x00000100u; /* SND.NXT when the probe was sent; it has wrapped */

static struct tlp tlp;

static int probed_by_retransmission(void **state)
{
    (void)state;
    tlp = (struct tlp){0};
    tlp_sent(&tlp, end, true);
    return 0;
}

/* RFC 8985 7.2 */
static void probe_waits_for_two_round_trips(void **state)
{
    (void)state;
    assert_int_equal(tlp_timeout_ns(100 * ms, false), 200 * ms);
    assert_int_equal(tlp_timeout_ns(0, false), 1000 * ms); /* no RTT yet */
}

/* RFC 8985 7.2: TLP.max_ack_delay */
static void probe_of_a_single_segment_waits_for_a_delayed_ACK(void **state)
{
    (void)state;
    assert_int_equal(tlp_timeout_ns(100 * ms, true), 400 * ms);
}

static void probe_is_never_immediate(void **state)
{
    (void)state;
    assert_int_equal(tlp_timeout_ns(1, false), 2 * ms);
    assert_int_equal(tlp_timeout_ns(ms, false), 2 * ms);
    assert_int_equal(tlp_timeout_ns(2 * ms, false), 4 * ms);
}

static void without_a_probe_an_ACK_says_nothing(void **state)
{
    struct tlp none = {0};

    (void)state;
    assert_false(tlp_acked(&none, end, false, false));
    assert_false(tlp_acked(&none, end + 1, false, true));
    assert_false(none.out);
}

/* RFC 8985 7.4.2: a probe with new data repaired nothing */
static void probe_with_new_data_is_no_loss(void **state)
{
    (void)state;
    tlp_sent(&tlp, end, false);
    assert_false(tlp_acked(&tlp, end - 1, false, false));
    assert_true(tlp.out);
    assert_false(tlp_acked(&tlp, end, false, false));
    assert_false(tlp.out);
}

/* RFC 8985 7.4.2: data sent after the probe is acknowledged, and no DSACK has come */
static void silent_repair_is_a_loss(void **state)
{
    (void)state;
    assert_false(tlp_acked(&tlp, end, false, false)); /* possibly the original's ACK */
    assert_true(tlp.out);
    assert_true(tlp_acked(&tlp, end + 1, false, false));
    assert_false(tlp.out);
    assert_false(tlp_acked(&tlp, end + 2, false, false)); /* reported once */
}

/* RFC 8985 7.4.2 */
static void DSACK_means_that_nothing_was_lost(void **state)
{
    (void)state;
    assert_false(tlp_acked(&tlp, end, true, false));
    assert_false(tlp.out);
    assert_false(tlp_acked(&tlp, end + 1, false, false));
}

/* RFC 8985 7.4.2: both have arrived, and the peer doesn't send DSACKs */
static void duplicate_ACK_means_that_nothing_was_lost(void **state)
{
    (void)state;
    assert_false(tlp_acked(&tlp, end, false, false));
    assert_false(tlp_acked(&tlp, end, false, true));
    assert_false(tlp.out);
}

static void ACK_below_the_probe_decides_nothing(void **state)
{
    (void)state;
    assert_false(tlp_acked(&tlp, end - 1000, true, true)); /* before the wrap */
    assert_true(tlp.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probe_waits_for_two_round_trips),
        cmocka_unit_test(probe_of_a_single_segment_waits_for_a_delayed_ACK),
        cmocka_unit_test(probe_is_never_immediate),
        cmocka_unit_test(without_a_probe_an_ACK_says_nothing),
        cmocka_unit_test_setup(probe_with_new_data_is_no_loss, probed_by_retransmission),
        cmocka_unit_test_setup(silent_repair_is_a_loss, probed_by_retransmission),
        cmocka_unit_test_setup(DSACK_means_that_nothing_was_lost, probed_by_retransmission),
        cmocka_unit_test_setup(duplicate_ACK_means_that_nothing_was_lost, probed_by_retransmission),
        cmocka_unit_test_setup(ACK_below_the_probe_decides_nothing, probed_by_retransmission),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
