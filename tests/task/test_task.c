/* test_task.c -- tasks alone: their order, results, children, channels. */
#include "task_test.h"

/* ---- sleep and time ----------------------------------------------------------------------- */

static enum leat_err sleeps_twice(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    const uint64_t begin_ns = f->world->now_ns;

    assert_int_equal(leat_task_sleep(task, leat_task_in(task, 3 * second)), LEAT_OK);
    assert_true(f->world->now_ns - begin_ns >= 3 * second);
    assert_true(f->world->now_ns - begin_ns < 3 * second + ms);
    assert_int_equal(leat_task_sleep(task, leat_task_in(task, ms)), LEAT_OK);
    assert_true(f->world->now_ns - begin_ns < 3 * second + 2 * ms); /* the timer was set again */
    assert_int_equal(leat_task_sleep(task, 0), LEAT_OK); /* in the past: waits one turn */
    assert_int_equal(leat_task_in(task, LEAT_NEVER_NS), LEAT_NEVER_NS);
    return LEAT_ERR_FORMAT;
}

static void a_task_sleeps_as_long_as_it_says(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_task(f, sleeps_twice, 10 * second), LEAT_ERR_FORMAT);
    assert_int_equal(f->counts->timeouts, 0);
}

/* A wait with an early deadline that ends before it leaves the timer set. The timer must not end
 * the next wait. */
static enum leat_err waits_longer_then(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_channel channel;
    void *items[1], *item;

    leat_channel_open(&channel, f->tasks[CLIENT], items, 1);
    assert_int_equal(leat_channel_receive(&channel, &item, leat_task_in(task, ms)),
                     LEAT_ERR_TIMEOUT);
    assert_int_equal(leat_channel_offer(&channel, f), LEAT_OK);
    assert_int_equal(leat_channel_receive(&channel, &item, leat_task_in(task, ms)), LEAT_OK);
    assert_ptr_equal(item, f);
    assert_int_equal(leat_task_sleep(task, leat_task_in(task, second)), LEAT_OK);
    return LEAT_OK;
}

static void a_deadline_ends_its_own_wait_only(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_task(f, waits_longer_then, 10 * second), LEAT_OK);
    assert_int_equal(f->counts->timeouts, 1);
}

/* ---- children ----------------------------------------------------------------------------- */

static char said[64];

static enum leat_err says(struct leat_task *task, void *arg)
{
    for (unsigned i = 0; i < 3; i++) {
        strcat(said, arg);
        if (leat_task_yield(task))
            return LEAT_ERR_CANCELLED;
    }
    strcat(said, ".");
    return LEAT_ERR_FULL;
}

static enum leat_err starts_two_and_joins(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_task *a, *b;
    enum leat_err result;

    assert_int_equal(leat_task_start(f->tasks[CLIENT], "a", says, "a", &a), LEAT_OK);
    assert_int_equal(leat_task_start(f->tasks[CLIENT], "b", says, "b", &b), LEAT_OK);
    assert_string_equal(leat_task_name(b), "b");
    assert_ptr_equal(leat_task_tasks(b), f->tasks[CLIENT]);
    assert_int_equal(leat_task_join(task, b, &result, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(result, LEAT_ERR_FULL);
    assert_int_equal(leat_task_join(task, a, NULL, LEAT_NEVER_NS), LEAT_OK);
    return LEAT_OK;
}

static void tasks_take_turns_and_are_joined(void **state)
{
    struct fixture *f = *state;

    said[0] = '\0';
    assert_int_equal(run_task(f, starts_two_and_joins, second), LEAT_OK);
    assert_string_equal(said, "ababab..");
    assert_int_equal(f->counts->ended, 3);
}

static enum leat_err sleeps_long(struct leat_task *task, void *arg)
{
    unsigned *ended = arg;
    const enum leat_err err = leat_task_sleep(task, leat_task_in(task, 100 * second));

    ++*ended;
    return err;
}

static enum leat_err starts_a_grandchild(struct leat_task *task, void *arg)
{
    assert_int_equal(leat_task_start(leat_task_tasks(task), "grandchild", sleeps_long, arg, NULL),
                     LEAT_OK);
    assert_int_equal(leat_task_start(leat_task_tasks(task), "other", sleeps_long, arg, NULL),
                     LEAT_OK);
    return sleeps_long(task, arg);
}

static enum leat_err cancels_its_child(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    const uint64_t begin_ns = f->world->now_ns;
    struct leat_task *child;
    enum leat_err result;
    unsigned ended = 0;

    assert_int_equal(
        leat_task_start(f->tasks[CLIENT], "child", starts_a_grandchild, &ended, &child), LEAT_OK);
    assert_int_equal(leat_task_join(task, child, NULL, leat_task_in(task, second)),
                     LEAT_ERR_TIMEOUT);
    leat_task_cancel(child);
    assert_true(leat_task_is_cancelled(child));
    assert_int_equal(leat_task_join(task, child, &result, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(result, LEAT_ERR_CANCELLED);
    assert_int_equal(ended, 3); /* after its children */
    assert_true(f->world->now_ns - begin_ns < 2 * second);
    return LEAT_OK;
}

static void cancelling_reaches_the_children(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_task(f, cancels_its_child, 10 * second), LEAT_OK);
    assert_int_equal(f->counts->cancelled, 3);
}

static enum leat_err leaves_children_behind(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    static unsigned ended;
    struct leat_task *child;

    assert_int_equal(leat_task_start(f->tasks[CLIENT], "a", sleeps_long, &ended, NULL), LEAT_OK);
    assert_int_equal(leat_task_start(f->tasks[CLIENT], "b", sleeps_long, &ended, &child), LEAT_OK);
    assert_int_equal(leat_task_start(f->tasks[CLIENT], "c", says, "c", &child), LEAT_OK);
    return leat_task_sleep(task, leat_task_in(task, second)); /* c is over, but not joined */
}

static void a_parent_ends_after_its_children(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_task(f, leaves_children_behind, 5 * second), LEAT_OK);
    assert_int_equal(f->counts->started - f->counts->ended, 3);
    world_wait(f->world, 90 * second);
    assert_int_equal(f->counts->started - f->counts->ended, 3);
    world_wait(f->world, 20 * second);
    assert_int_equal(f->counts->started, f->counts->ended);
}

static enum leat_err waits_after_its_cancel(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_task *child;
    unsigned ended = 0;

    leat_task_cancel(task);
    assert_int_equal(leat_task_sleep(task, leat_task_in(task, second)), LEAT_ERR_CANCELLED);
    assert_int_equal(leat_task_yield(task), LEAT_ERR_CANCELLED);
    assert_int_equal(leat_task_start(f->tasks[CLIENT], "a", sleeps_long, &ended, &child), LEAT_OK);
    assert_int_equal(leat_task_join(task, child, NULL, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(
        ended, 1); /* this wait can't be cancelled, otherwise the child would outlive `ended` */
    return LEAT_OK;
}

static void a_cancelled_task_waits_no_more_and_its_new_children_neither(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_task(f, waits_after_its_cancel, second), LEAT_OK);
    assert_int_equal(f->counts->started, f->counts->ended);
}

/* There are as many slots as configured, and they can be reused. */
static enum leat_err takes_all_slots(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;

    for (unsigned round = 0; round < 3; round++) {
        struct leat_task *children[TASKS];
        unsigned ended = 0;

        for (unsigned i = 0; i < TASKS - 1; i++)
            assert_int_equal(
                leat_task_start(f->tasks[CLIENT], "x", sleeps_long, &ended, &children[i]), LEAT_OK);
        assert_int_equal(leat_task_start(f->tasks[CLIENT], "x", sleeps_long, &ended, NULL),
                         LEAT_ERR_MEMORY);
        assert_int_equal(leat_task_yield(task), LEAT_OK);
        for (unsigned i = 0; i < TASKS - 1; i++)
            leat_task_cancel(children[i]);
        for (unsigned i = 0; i < TASKS - 1; i++)
            assert_int_equal(leat_task_join(task, children[i], NULL, LEAT_NEVER_NS), LEAT_OK);
        assert_int_equal(ended, TASKS - 1);
    }
    return LEAT_OK;
}

static void slots_come_back(void **state)
{
    assert_int_equal(run_task(*state, takes_all_slots, second), LEAT_OK);
}

/* ---- channels ----------------------------------------------------------------------------- */

enum {
    ITEMS = 100,
    PLACES = 3
};

static enum leat_err sends_numbers(struct leat_task *task, void *arg)
{
    struct leat_channel *channel = arg;

    (void)task;
    for (uintptr_t i = 1; i <= ITEMS; i++)
        assert_int_equal(leat_channel_send(channel, (void *)i, LEAT_NEVER_NS), LEAT_OK);
    return LEAT_OK;
}

static enum leat_err receives_numbers(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    uintptr_t next[2] = {1, 1}, count = 0;
    struct leat_channel channel;
    void *items[PLACES], *item;
    struct leat_task *a, *b;

    (void)task;
    leat_channel_open(&channel, f->tasks[CLIENT], items, PLACES);
    leat_task_start(f->tasks[CLIENT], "a", sends_numbers, &channel, &a);
    leat_task_start(f->tasks[CLIENT], "b", sends_numbers, &channel, &b);
    for (; count < 2 * ITEMS; count++) {
        assert_int_equal(leat_channel_receive(&channel, &item, LEAT_NEVER_NS), LEAT_OK);
        if ((uintptr_t)item == next[0]) /* each sender's items are in order */
            next[0]++;
        else
            assert_int_equal((uintptr_t)item, next[1]++);
    }
    leat_channel_close(&channel);
    assert_int_equal(leat_channel_receive(&channel, &item, LEAT_NEVER_NS), LEAT_ERR_END);
    assert_int_equal(leat_channel_send(&channel, item, LEAT_NEVER_NS), LEAT_ERR_CLOSED);
    assert_int_equal(leat_channel_offer(&channel, item), LEAT_ERR_CLOSED);
    return LEAT_OK;
}

static void a_channel_keeps_the_order_and_has_an_end(void **state)
{
    assert_int_equal(run_task(*state, receives_numbers, second), LEAT_OK);
}

static enum leat_err receives_one(struct leat_task *task, void *arg)
{
    void *item;

    (void)task;
    return leat_channel_receive(arg, &item, LEAT_NEVER_NS);
}

/* A task that is cancelled between its wake-up and its run takes the item that it was woken for.
 * The wake-up for the next item must reach the other task. */
static enum leat_err cancels_the_woken_task(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_channel channel;
    struct leat_task *a, *b;
    enum leat_err result;
    void *items[1];

    leat_channel_open(&channel, f->tasks[CLIENT], items, 1);
    leat_task_start(f->tasks[CLIENT], "a", receives_one, &channel, &a);
    leat_task_start(f->tasks[CLIENT], "b", receives_one, &channel, &b);
    assert_int_equal(leat_task_yield(task), LEAT_OK);
    assert_int_equal(leat_task_yield(task), LEAT_OK); /* both wait */
    assert_int_equal(leat_channel_offer(&channel, f), LEAT_OK);
    leat_task_cancel(a);
    assert_int_equal(leat_task_join(task, b, &result, leat_task_in(task, second)),
                     LEAT_ERR_TIMEOUT); /* the cancel came after the wake-up, so a takes the item */
    assert_int_equal(leat_channel_offer(&channel, f), LEAT_OK);
    assert_int_equal(leat_task_join(task, b, &result, leat_task_in(task, second)), LEAT_OK);
    assert_int_equal(result, LEAT_OK);
    return leat_task_join(task, a, &result, LEAT_NEVER_NS);
}

static void a_wake_up_is_not_lost_with_a_cancelled_task(void **state)
{
    assert_int_equal(run_task(*state, cancels_the_woken_task, 10 * second), LEAT_OK);
}

static enum leat_err switches(struct leat_task *task, void *arg)
{
    volatile double kept = 0.5;
    struct fixture *f = arg;

    for (unsigned i = 0; i < 500000; i++) { /* back and forth */
        if (leat_task_yield(task))
            return LEAT_ERR_CANCELLED;
        kept += 1;
    }
    f->done = true;
    return kept == 500000.5 ? LEAT_OK : LEAT_ERR_FORMAT;
}

static void a_million_switches(void **state)
{
    struct fixture *f = *state;

    f->done = false;
    leat_task_start(f->tasks[CLIENT], "switches", switches, f, NULL);
    while (f->counts->ended == 0)
        leat_poll(f->world->stacks[CLIENT], f->world->now_ns);
    assert_true(f->done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_task_sleeps_as_long_as_it_says),
        TEST(a_deadline_ends_its_own_wait_only),
        TEST(tasks_take_turns_and_are_joined),
        TEST(cancelling_reaches_the_children),
        TEST(a_parent_ends_after_its_children),
        TEST(a_cancelled_task_waits_no_more_and_its_new_children_neither),
        TEST(slots_come_back),
        TEST(a_channel_keeps_the_order_and_has_an_end),
        TEST(a_wake_up_is_not_lost_with_a_cancelled_task),
        TEST(a_million_switches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
