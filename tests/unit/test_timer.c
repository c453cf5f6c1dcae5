/* test_timer.c -- the timing wheel, compared with a list that is searched completely. */
#include "unit.h"

#include "core/timer.h"

enum {
    TICK_NS = 1 << TIMER_TICK_SHIFT,
    LOG_MAX = 64
};

static const uint64_t day_ns = UINT64_C(86400) * 1000000000u;

/* A timer that records when it fired. */
struct probe {
    struct timer timer;
    unsigned id;
};

static struct {
    unsigned ids[LOG_MAX];
    unsigned count;
} fired;

static void note(struct timer *timer, void *context)
{
    (void)context;
    assert_false(timer_is_set(timer));
    assert_true(fired.count < LOG_MAX);
    fired.ids[fired.count++] = ((struct probe *)(void *)timer)->id;
}

static struct timer_wheel wheel;

static int fresh(void **state)
{
    (void)state;
    memset(&wheel, 0xa5, sizeof wheel); /* timers_init() must not rely on zeroed memory */
    timers_init(&wheel, 0);
    fired.count = 0;
    return 0;
}

static bool run(uint64_t now_ns)
{
    return timers_run(&wheel, now_ns, UINT32_MAX, NULL);
}

static void an_empty_wheel_never_wants_anything(void **state)
{
    (void)state;
    assert_true(timers_next_ns(&wheel) == UINT64_MAX);
    assert_true(run(0));
    assert_true(run(400 * day_ns));
    assert_true(timers_next_ns(&wheel) == UINT64_MAX);
}

static void never_early_at_most_a_tick_late(void **state)
{
    struct probe probe = {.timer.fire = note};
    uint64_t seed = 1, now_ns = 0;

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        const uint64_t at_ns = now_ns + 1 + (unit_random(&seed) >> unit_below(&seed, 50) >> 14);
        const uint64_t wants_ns = (timer_set(&wheel, &probe.timer, at_ns), timers_next_ns(&wheel));

        fired.count = 0;
        assert_true(wants_ns < at_ns + TICK_NS);
        assert_true(run(at_ns - 1));
        assert_int_equal(fired.count, at_ns - 1 < timer_at_ns(&probe.timer) ? 0 : 1);
        assert_true(timer_at_ns(&probe.timer) >= at_ns);
        assert_true(run(at_ns + TICK_NS));
        assert_int_equal(fired.count, 1);
        now_ns = at_ns + TICK_NS;
    }
}

static void timers_fire_in_the_order_of_their_times(void **state)
{
    struct probe probes[4] = {
        {{.fire = note}, 0}, {{.fire = note}, 1}, {{.fire = note}, 2}, {{.fire = note}, 3}};

    (void)state;
    timer_set(&wheel, &probes[0].timer, 3 * day_ns);
    timer_set(&wheel, &probes[1].timer, 5000);
    timer_set(&wheel, &probes[2].timer, 900 * day_ns);
    timer_set(&wheel, &probes[3].timer, 1000000);
    assert_true(run(1000 * day_ns));
    assert_int_equal(fired.count, 4);
    assert_memory_equal(fired.ids, ((unsigned[]){1, 3, 0, 2}), 4 * sizeof(unsigned));
}

static void timers_of_one_tick_fire_in_the_order_they_were_set(void **state)
{
    struct probe probes[3] = {{{.fire = note}, 0}, {{.fire = note}, 1}, {{.fire = note}, 2}};

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        timer_set(&wheel, &probes[i].timer, day_ns);
    assert_true(run(day_ns + TICK_NS));
    assert_memory_equal(fired.ids, ((unsigned[]){0, 1, 2}), 3 * sizeof(unsigned));
}

static void a_timer_that_was_moved_fires_once_at_its_last_time(void **state)
{
    struct probe probe = {.timer.fire = note};

    (void)state;
    timer_set(&wheel, &probe.timer, 10000);
    timer_set(&wheel, &probe.timer, 5 * day_ns);
    timer_set(&wheel, &probe.timer, 2 * day_ns);
    assert_true(run(day_ns));
    assert_int_equal(fired.count, 0);
    assert_true(run(9 * day_ns));
    assert_int_equal(fired.count, 1);
}

static void a_cancelled_timer_does_not_fire(void **state)
{
    struct probe probe = {.timer.fire = note};

    (void)state;
    timer_cancel(&wheel, &probe.timer);
    timer_set(&wheel, &probe.timer, day_ns);
    assert_true(timer_is_set(&probe.timer));
    timer_cancel(&wheel, &probe.timer);
    timer_cancel(&wheel, &probe.timer);
    assert_false(timer_is_set(&probe.timer));
    assert_true(run(2 * day_ns));
    assert_int_equal(fired.count, 0);
    assert_true(timers_next_ns(&wheel) == UINT64_MAX);
}

static void the_past_fires_in_the_next_run(void **state)
{
    struct probe probe = {.timer.fire = note};

    (void)state;
    assert_true(run(day_ns));
    timer_set(&wheel, &probe.timer, 1);
    assert_int_equal(fired.count, 0);
    assert_true(timer_at_ns(&probe.timer) >
                day_ns - TICK_NS); /* the wheel knows the present time */
    assert_true(run(day_ns + TICK_NS));
    assert_int_equal(fired.count, 1);
}

static void the_end_of_time_can_be_set(void **state)
{
    struct probe probes[2] = {{{.fire = note}, 0}, {{.fire = note}, 1}};

    (void)state;
    timer_set(&wheel, &probes[0].timer, UINT64_MAX);
    timer_set(&wheel, &probes[1].timer, 100 * 365 * day_ns);
    assert_true(run(99 * 365 * day_ns));
    assert_int_equal(fired.count, 0);
    assert_true(run(101 * 365 * day_ns));
    assert_int_equal(fired.count, 1);
    assert_int_equal(fired.ids[0], 1);
    assert_true(timer_is_set(&probes[0].timer));
}

/* A distant timer must not hide a near one, wherever the clock started. */
static void far_timers_do_not_hide_near_ones(void **state)
{
    struct probe far = {{.fire = note}, 0}, near = {{.fire = note}, 1};

    (void)state;
    for (unsigned bits = 20; bits < 63; bits++) {
        const uint64_t begin_ns = (UINT64_C(1) << bits) - 5 * TICK_NS;

        memset(&far.timer.next, 0, 2 * sizeof far.timer.next);
        timers_init(&wheel, begin_ns);
        fired.count = 0;
        timer_set(&wheel, &far.timer, UINT64_MAX);
        timer_set(&wheel, &near.timer, begin_ns + 10 * TICK_NS);
        assert_true(timers_next_ns(&wheel) == begin_ns + 10 * TICK_NS);
        assert_true(run(begin_ns + 11 * TICK_NS));
        assert_int_equal(fired.count, 1);
        assert_int_equal(fired.ids[0], 1);
    }
}

static void a_run_that_is_used_up_goes_on_in_the_next(void **state)
{
    struct probe probes[5] = {{{.fire = note}, 0},
                              {{.fire = note}, 1},
                              {{.fire = note}, 2},
                              {{.fire = note}, 3},
                              {{.fire = note}, 4}};

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        timer_set(&wheel, &probes[i].timer, (i + 1) * 1000000);
    assert_false(timers_run(&wheel, day_ns, 2, NULL));
    assert_int_equal(fired.count, 2);
    assert_false(timers_run(&wheel, day_ns, 2, NULL));
    assert_true(timers_run(&wheel, day_ns, 2, NULL));
    assert_int_equal(fired.count, 5);
}

static void set_again(struct timer *timer, void *context)
{
    unsigned *count = context;

    ++*count;
    timer_set(&wheel, timer, 0);
}

static void a_timer_that_sets_itself_to_now_makes_progress(void **state)
{
    struct timer timer = {.fire = set_again};
    unsigned count = 0;

    (void)state;
    timer_set(&wheel, &timer, 0);
    assert_true(timers_run(&wheel, 100 * TICK_NS, 1000, &count));
    assert_int_equal(count, 100);
}

/* ---- many timers, compared with a model that looks at all of them --------------------------- */

enum {
    MODEL_TIMERS = 500,
    MODEL_STEPS = 20000
};

static struct {
    struct probe probes[MODEL_TIMERS];
    uint64_t at_tick[MODEL_TIMERS]; /* 0: not set */
    uint64_t last_tick;             /* of the last timer that fired in this run */
    uint64_t now_tick;
    unsigned set;
} model;

static void model_fire(struct timer *timer, void *context)
{
    const unsigned id = ((struct probe *)(void *)timer)->id;

    (void)context;
    assert_true(model.at_tick[id] != 0);
    assert_true(model.at_tick[id] <= model.now_tick);
    assert_true(model.at_tick[id] >= model.last_tick);
    model.last_tick = model.at_tick[id];
    model.at_tick[id] = 0;
    model.set--;
}

static void model_set(unsigned id, uint64_t at_ns)
{
    uint64_t at_tick = (at_ns + TICK_NS - 1) >> TIMER_TICK_SHIFT;

    if (at_tick <= model.now_tick)
        at_tick = model.now_tick + 1;
    model.set += model.at_tick[id] == 0;
    model.at_tick[id] = at_tick;
    timer_set(&wheel, &model.probes[id].timer, at_ns);
}

static void model_cancel(unsigned id)
{
    model.set -= model.at_tick[id] != 0;
    model.at_tick[id] = 0;
    timer_cancel(&wheel, &model.probes[id].timer);
}

static uint64_t model_next_tick(void)
{
    uint64_t next = UINT64_MAX;

    for (unsigned i = 0; i < MODEL_TIMERS; i++) {
        if (model.at_tick[i] != 0 && model.at_tick[i] < next)
            next = model.at_tick[i];
    }
    return next;
}

static void model_run(uint64_t now_ns)
{
    model.now_tick = now_ns >> TIMER_TICK_SHIFT;
    model.last_tick = 0;
    assert_true(run(now_ns));
    assert_true(model_next_tick() > model.now_tick); /* no due timer is left */
    assert_true(model.set == 0 || timers_next_ns(&wheel) >> TIMER_TICK_SHIFT <= model_next_tick());
    for (unsigned i = 0; i < MODEL_TIMERS; i++)
        assert_int_equal(timer_is_set(&model.probes[i].timer), model.at_tick[i] != 0);
}

static void many_timers_agree_with_the_model(void **state)
{
    uint64_t seed = 42, now_ns = 0;

    (void)state;
    for (unsigned i = 0; i < MODEL_TIMERS; i++) {
        model.probes[i].timer.fire = model_fire;
        model.probes[i].id = i;
    }
    for (unsigned step = 0; step < MODEL_STEPS; step++) {
        const unsigned id = unit_below(&seed, MODEL_TIMERS);
        /* from a nanosecond to years, each order of magnitude equally often */
        const uint64_t span_ns = unit_random(&seed) >> (8 + unit_below(&seed, 56));

        if (unit_below(&seed, 4) > 0)
            model_set(id, now_ns + span_ns);
        else
            model_cancel(id);
        if (unit_below(&seed, 3) == 0) {
            now_ns += unit_random(&seed) >> (12 + unit_below(&seed, 52));
            model_run(now_ns);
        }
    }
    for (unsigned i = 0; i < MODEL_TIMERS; i++)
        model_cancel(i);
    assert_true(timers_next_ns(&wheel) == UINT64_MAX);
}

/* A loop that sleeps until timers_next_ns() each time wakes up only a few times, and never too
 * late. */
static void sleeping_until_next_arrives_in_time(void **state)
{
    struct probe probe = {.timer.fire = note};
    const uint64_t at_ns = 12345 * day_ns / 1000;
    unsigned wakes = 0;

    (void)state;
    timer_set(&wheel, &probe.timer, at_ns);
    while (fired.count == 0) {
        const uint64_t next_ns = timers_next_ns(&wheel);

        assert_true(next_ns < at_ns + TICK_NS);
        assert_true(run(next_ns));
        wakes++;
    }
    assert_true(wakes <= TIMER_LEVELS);
}

/* With this many timers in a slot, a move that walked the list would never end. */
static void a_move_does_not_walk(void **state)
{
    enum {
        TIMERS = 100000,
        MOVES = 1000000
    };
    struct probe *probes = calloc(TIMERS, sizeof *probes);
    uint64_t seed = 7;

    (void)state;
    assert_non_null(probes);
    for (unsigned i = 0; i < TIMERS; i++) {
        probes[i].timer.fire = note;
        timer_set(&wheel, &probes[i].timer, day_ns);
    }
    for (unsigned i = 0; i < MOVES; i++)
        timer_set(&wheel, &probes[unit_below(&seed, TIMERS)].timer, day_ns + i % 2);
    for (unsigned i = 0; i < TIMERS; i++)
        timer_cancel(&wheel, &probes[i].timer);
    assert_true(timers_next_ns(&wheel) == UINT64_MAX);
    free(probes);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_wheel_never_wants_anything),
        TEST(never_early_at_most_a_tick_late),
        TEST(timers_fire_in_the_order_of_their_times),
        TEST(timers_of_one_tick_fire_in_the_order_they_were_set),
        TEST(a_timer_that_was_moved_fires_once_at_its_last_time),
        TEST(a_cancelled_timer_does_not_fire),
        TEST(the_past_fires_in_the_next_run),
        TEST(the_end_of_time_can_be_set),
        TEST(far_timers_do_not_hide_near_ones),
        TEST(a_run_that_is_used_up_goes_on_in_the_next),
        TEST(a_timer_that_sets_itself_to_now_makes_progress),
        TEST(many_timers_agree_with_the_model),
        TEST(a_move_does_not_walk),
        TEST(sleeping_until_next_arrives_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
