/* test_loop.c -- leat_run(): how long the host waits, and its end. */
#include "unit.h"

#include <leat/leat.h>

#include "base.h"
#include "core/container_of.h"

static struct leat *begin(void)
{
    static uint8_t block[1024 * 1024];
    const struct leat_config config = {
        .seed = {1}, .buf_count = 8, .buf_bytes = 512, .arp_entries = 4};
    struct leat *stack;

    assert_int_equal(leat_init(&stack, block, sizeof block, &config), LEAT_OK);
    return stack;
}

struct fake_host {
    struct leat_host host;
    uint64_t now_ns;
    uint64_t asked_ns[8];
    unsigned waits;
};

static uint64_t fake_now(struct leat_host *host)
{
    return ((struct fake_host *)(void *)host)->now_ns;
}

/* Sleeps until the deadline, or for a second; the fourth call ends the loop. */
static bool fake_wait(struct leat_host *host, uint64_t deadline_ns)
{
    struct fake_host *fake = (void *)host;

    fake->asked_ns[fake->waits++] = deadline_ns;
    fake->now_ns = deadline_ns == LEAT_NEVER_NS ? fake->now_ns + 1000000000u : deadline_ns;
    return fake->waits < 4;
}

static void fire(struct timer *timer, void *context)
{
    (void)timer;
    (void)context;
}

static void the_loop_waits_until_the_deadline_of_the_stack(void **state)
{
    struct leat *stack = begin();
    struct fake_host fake = {.host = {.now_ns = fake_now, .wait = fake_wait}, .now_ns = 1000};
    struct timer timers[2] = {{.fire = fire}, {.fire = fire}};

    (void)state;
    leat_poll(stack, 1000);
    timer_set(&stack->timers, &timers[0], 50 << TIMER_TICK_SHIFT);
    timer_set(&stack->timers, &timers[1], 60 << TIMER_TICK_SHIFT);
    leat_run(stack, &fake.host);
    assert_int_equal(fake.waits, 4);
    assert_true(fake.asked_ns[0] == 50 << TIMER_TICK_SHIFT);
    assert_true(fake.asked_ns[1] == 60 << TIMER_TICK_SHIFT);
    assert_true(fake.asked_ns[2] == LEAT_NEVER_NS);
    /* the host ended the fourth wait a second later, and one more poll ended the loop */
    assert_true(leat_now_ns(stack) == (60 << TIMER_TICK_SHIFT) + UINT64_C(2000000000));
}

static void stop(struct timer *timer, void *context)
{
    (void)timer;
    leat_stop(context, 3);
}

static void the_program_may_end_the_loop(void **state)
{
    struct leat *stack = begin();
    struct fake_host fake = {.host = {.now_ns = fake_now, .wait = fake_wait}, .now_ns = 1000};
    struct timer timer = {.fire = stop};

    (void)state;
    leat_poll(stack, 1000);
    timer_set(&stack->timers, &timer, 50 << TIMER_TICK_SHIFT);
    assert_int_equal(leat_run(stack, &fake.host), 3);
    assert_int_equal(fake.waits, 1);
}

struct working_host {
    struct fake_host fake;
    struct leat_drainer drainer;
    bool is_done;
};

static bool is_working(struct leat_drainer *drainer)
{
    return !container_of(drainer, struct working_host, drainer)->is_done;
}

/* Sleeps for a minute until a signal. At the second call the work is done. */
static bool wait_for_signal(struct leat_host *host, uint64_t deadline_ns)
{
    struct working_host *working = (void *)host;

    working->is_done = working->fake.waits > 0;
    working->fake.now_ns = working->is_done ? deadline_ns : UINT64_C(60000000000);
    working->fake.waits++;
    return working->is_done;
}

static void a_drain_has_its_whole_time_after_a_long_wait(void **state)
{
    struct leat *stack = begin();
    struct working_host working = {.fake.host = {.now_ns = fake_now, .wait = wait_for_signal},
                                   .drainer = {.is_busy = is_working}};

    (void)state;
    leat_drainer_add(stack, &working.drainer);
    assert_int_equal(leat_run(stack, &working.fake.host), 0);
    assert_int_equal(working.fake.waits, 2);
    assert_true(working.is_done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loop_waits_until_the_deadline_of_the_stack),
        cmocka_unit_test(the_program_may_end_the_loop),
        cmocka_unit_test(a_drain_has_its_whole_time_after_a_long_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
