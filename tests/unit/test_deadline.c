/* test_deadline.c -- deadlines in 32 bits, at any time of the clock (tcp/congestion/deadline.h). */
#include "unit.h"

#include "tcp/congestion/deadline.h"

static const uint64_t ms = 1000000;
static const uint64_t tick = 1 << TIMER_TICK_SHIFT;

/* Times at which 32 bits of ticks or of ms wrap around, and half of these. */
static const uint64_t clocks_ns[] = {
    0,
    1,
    1000000000,
    ((uint64_t)1 << 31) << TIMER_TICK_SHIFT,
    ((uint64_t)1 << 32) << TIMER_TICK_SHIFT,
    ((uint64_t)1 << 31) * 1000000,
    ((uint64_t)1 << 32) * 1000000,
    ((uint64_t)5 << 32) * 1000000 + 12345,
};

enum {
    CLOCKS = sizeof clocks_ns / sizeof *clocks_ns
};

/* A deadline is never early, and at most one unit late (two where the first would mean "none"). */
static void assert_late(uint64_t read_ns, uint64_t at_ns, uint64_t unit_ns)
{
    assert_true(read_ns >= at_ns);
    assert_true(read_ns - at_ns < 2 * unit_ns);
}

static void a_deadline_is_read_as_it_was_set(void **state)
{
    const uint64_t ahead_ns[] = {0, 1, 1023, 1024, ms, 200 * ms, 60000 * ms, 599999 * ms};

    (void)state;
    for (unsigned i = 0; i < CLOCKS; i++) {
        for (unsigned k = 0; k < sizeof ahead_ns / sizeof *ahead_ns; k++) {
            for (uint64_t before_ns = 0; before_ns < 3000; before_ns += 512) {
                const uint64_t now_ns = clocks_ns[i] + 3000 - before_ns;
                const uint64_t at_ns = now_ns + ahead_ns[k];

                assert_late(deadline_ns(deadline_at(at_ns), now_ns), at_ns, tick);
                assert_late(deadline_tick_ns(deadline_tick(at_ns), now_ns), at_ns, tick);
                assert_late(deadline_ms_ns(deadline_at_ms(at_ns), now_ns), at_ns, ms);
            }
        }
    }
}

/* Any time may pass between a timer's deadline and the time at which it fires. */
static void a_late_timer_finds_its_deadline_due(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CLOCKS; i++) {
        const uint64_t set_for_ns = clocks_ns[i] + tick;
        const uint32_t due = deadline_at(set_for_ns + 100 * ms);
        const uint32_t not_yet = deadline_at(set_for_ns + 300000 * ms);

        for (uint64_t late_ns = 100 * ms + 2 * tick; late_ns < 300000 * ms; late_ns *= 2) {
            assert_true(deadline_ns(due, set_for_ns) <= set_for_ns + late_ns);
            assert_false(deadline_ns(not_yet, set_for_ns) <= set_for_ns + late_ns);
        }
    }
}

static void long_deadlines_are_kept_in_ms(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CLOCKS; i++) {
        const uint64_t at_ns = clocks_ns[i] + deadline_ms_max_ns;

        assert_late(deadline_ms_ns(deadline_at_ms(at_ns), clocks_ns[i]), at_ns, ms);
    }
}

/* Never shorter, and at most a thousandth longer. */
static void times_in_16_bits_are_a_thousandth_longer_at_most(void **state)
{
    (void)state;
    for (uint64_t time_ms = 0; time_ms <= deadline_ms_max_ns / 1000000;
         time_ms += 1 + time_ms / 777) {
        const uint32_t kept_ms = deadline_short_ms(deadline_short((uint32_t)time_ms));

        assert_in_range(kept_ms, time_ms, time_ms + time_ms / 1024);
    }
}

static void none_is_never_and_nothing_else_is_none(void **state)
{
    (void)state;
    assert_int_equal(deadline_ns(DEADLINE_NONE, 12345), LEAT_NEVER_NS);
    assert_int_equal(deadline_ms_ns(DEADLINE_NONE, 12345), LEAT_NEVER_NS);
    for (unsigned i = 0; i < CLOCKS; i++) {
        assert_int_not_equal(deadline_at(clocks_ns[i]), DEADLINE_NONE);
        assert_int_not_equal(deadline_at_ms(clocks_ns[i]), DEADLINE_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_is_read_as_it_was_set),
        cmocka_unit_test(a_late_timer_finds_its_deadline_due),
        cmocka_unit_test(long_deadlines_are_kept_in_ms),
        cmocka_unit_test(times_in_16_bits_are_a_thousandth_longer_at_most),
        cmocka_unit_test(none_is_never_and_nothing_else_is_none),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
