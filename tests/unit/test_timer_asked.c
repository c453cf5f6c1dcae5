/* test_timer_asked.c -- timers that are postponed by a store to a field, which the wheel asks for
 * their deadline. */
#include "unit.h"

#include "core/timer.h"

enum {
    TICK_NS = 1 << TIMER_TICK_SHIFT,
    ASKED_TIMERS = 100,
    STEPS = 20000
};

static const uint64_t day_ns = UINT64_C(86400) * 1000000000u;

static struct timer_wheel wheel;

static int fresh(void **state)
{
    (void)state;
    timers_init(&wheel, 0);
    return 0;
}

static bool run(uint64_t now_ns)
{
    return timers_run(&wheel, now_ns, UINT32_MAX, NULL);
}

/* A timer that is postponed by a store to a field. */
struct asked {
    struct timer timer;
    uint64_t due_ns; /* UINT64_MAX: never */
    unsigned hits;
    unsigned in_vain;
};

static uint64_t asked_now_ns;

static uint64_t when_due(struct timer *timer)
{
    return ((struct asked *)(void *)timer)->due_ns;
}

static void fire_asked(struct timer *timer, void *context)
{
    struct asked *asked = (void *)timer;

    (void)context;
    if (asked->due_ns <= asked_now_ns) {
        asked->hits++;
        asked->due_ns = UINT64_MAX;
        return;
    }
    asked->in_vain++;
    if (asked->due_ns != UINT64_MAX)
        timer_set(&wheel, timer, asked->due_ns);
}

static void run_asked(uint64_t now_ns)
{
    asked_now_ns = now_ns;
    assert_true(run(now_ns));
}

/* The wheel runs every 2 ms, as in a busy stack. */
static void a_postponed_timer_never_fires_in_vain(void **state)
{
    struct asked asked = {.timer.fire = fire_asked, .due_ns = 400000000};

    (void)state;
    timers_ask(&wheel, fire_asked, when_due);
    timer_set(&wheel, &asked.timer, 200000000);
    for (uint64_t ms = 0; ms < 400; ms += 2)
        run_asked(ms * 1000000);
    assert_int_equal(asked.hits + asked.in_vain, 0);
    assert_true(timers_next_ns(&wheel) <= asked.due_ns + TICK_NS);
    run_asked(400000000 + TICK_NS);
    assert_int_equal(asked.hits, 1);
    assert_int_equal(asked.in_vain, 0);
}

static void a_timer_that_is_not_needed_leaves_the_wheel(void **state)
{
    struct asked asked = {.timer.fire = fire_asked, .due_ns = UINT64_MAX};

    (void)state;
    timers_ask(&wheel, fire_asked, when_due);
    timer_set(&wheel, &asked.timer, 200000000);
    run_asked(190000000);
    assert_true(timer_is_set(&asked.timer));
    for (uint64_t ms = 190; ms < 204; ms += 2)
        run_asked(ms * 1000000);
    assert_false(timer_is_set(&asked.timer));
    assert_int_equal(asked.hits + asked.in_vain, 0);
    assert_true(timers_next_ns(&wheel) == UINT64_MAX);
    asked.due_ns = 300000000; /* and may be set again */
    timer_set(&wheel, &asked.timer, asked.due_ns);
    run_asked(300000000 + TICK_NS);
    assert_int_equal(asked.hits, 1);
}

static unsigned fired;

static void count(struct timer *timer, void *context)
{
    (void)timer;
    (void)context;
    fired++;
}

static void others_are_not_asked(void **state)
{
    struct timer other = {.fire = count};

    (void)state;
    timers_ask(&wheel, fire_asked, when_due);
    timer_set(&wheel, &other, day_ns);
    for (unsigned i = 1; i < 100; i++)
        assert_true(run(day_ns / 100 * i));
    assert_true(run(day_ns + TICK_NS));
    assert_int_equal(fired, 1);
}

/* Postponed, dropped, set earlier again: no timer is late or early. */
static void a_timer_that_is_asked_is_neither_early_nor_late(void **state)
{
    static struct asked all[ASKED_TIMERS];
    uint64_t seed = 7, now_ns = 0;
    unsigned hits = 0, wanted = 0, in_vain = 0;

    (void)state;
    timers_ask(&wheel, fire_asked, when_due);
    for (unsigned i = 0; i < ASKED_TIMERS; i++)
        all[i] = (struct asked){.timer.fire = fire_asked, .due_ns = UINT64_MAX};
    for (unsigned step = 0; step < STEPS; step++) {
        struct asked *one = &all[unit_below(&seed, ASKED_TIMERS)];
        const bool had_one = one->due_ns != UINT64_MAX;

        one->due_ns = UINT64_MAX;
        if (unit_below(&seed, 4) > 0)
            one->due_ns = now_ns + 1 + unit_below(&seed, 400000000);
        wanted += one->due_ns != UINT64_MAX;
        wanted -= had_one;
        if (one->due_ns != UINT64_MAX &&
            (!timer_is_set(&one->timer) || one->due_ns < timer_at_ns(&one->timer)))
            timer_set(&wheel, &one->timer, one->due_ns);
        now_ns += unit_below(&seed, 3000000);
        run_asked(now_ns);
        for (unsigned i = 0; i < ASKED_TIMERS; i++)
            assert_true(all[i].due_ns > now_ns - TICK_NS || now_ns < TICK_NS);
    }
    run_asked(now_ns + day_ns);
    for (unsigned i = 0; i < ASKED_TIMERS; i++) {
        hits += all[i].hits;
        in_vain += all[i].in_vain;
        assert_false(timer_is_set(&all[i].timer));
    }
    assert_int_equal(hits, wanted);
    assert_true(in_vain < STEPS / 100);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_postponed_timer_never_fires_in_vain),
        TEST(a_timer_that_is_not_needed_leaves_the_wheel),
        TEST(others_are_not_asked),
        TEST(a_timer_that_is_asked_is_neither_early_nor_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
