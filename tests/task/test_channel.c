/* test_channel.c -- a wake-up of a channel reaches the next task that waits. */
#include "task_test.h"

enum {
    PLACES = 2,
    WAITERS = 3
};

static struct leat_channel channel;
static void *items[PLACES];
static int things[WAITERS + PLACES];

static enum leat_err receives(struct leat_task *task, void *arg)
{
    (void)task;
    return leat_channel_receive(&channel, arg, LEAT_NEVER_NS);
}

static enum leat_err sends(struct leat_task *task, void *arg)
{
    (void)task;
    return leat_channel_send(&channel, arg, LEAT_NEVER_NS);
}

/* Joins all tasks. Returns the number that ended with @expected. */
static unsigned join(struct leat_task *task, struct leat_task **tasks, enum leat_err expected)
{
    unsigned count = 0;

    for (unsigned i = 0; i < WAITERS; i++) {
        enum leat_err result;

        assert_int_equal(leat_task_join(task, tasks[i], &result, leat_task_in(task, second)),
                         LEAT_OK);
        count += result == expected;
    }
    return count;
}

static enum leat_err offers_two_at_once(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_task *tasks[WAITERS];
    void *got[WAITERS] = {NULL};

    leat_channel_open(&channel, f->tasks[CLIENT], items, PLACES);
    for (unsigned i = 0; i < WAITERS; i++)
        leat_task_start(f->tasks[CLIENT], "receives", receives, &got[i], &tasks[i]);
    assert_int_equal(leat_task_yield(task), LEAT_OK);
    for (unsigned i = 0; i < PLACES; i++)
        assert_int_equal(leat_channel_offer(&channel, &things[i]), LEAT_OK);
    assert_int_equal(leat_channel_offer(&channel, &things[PLACES]), LEAT_ERR_FULL);
    leat_task_sleep(task, leat_task_in(task, ms));
    assert_ptr_equal(got[0], &things[0]);
    assert_ptr_equal(got[1], &things[1]);
    assert_null(got[2]);
    leat_channel_close(&channel);
    assert_int_equal(join(task, tasks, LEAT_OK), PLACES);
    assert_null(got[2]);
    return LEAT_OK;
}

static void two_items_at_once_wake_two_receivers(void **state)
{
    assert_int_equal(run_task(*state, offers_two_at_once, second), LEAT_OK);
}

static enum leat_err takes_two_at_once(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_task *tasks[WAITERS];
    void *item = NULL;

    leat_channel_open(&channel, f->tasks[CLIENT], items, PLACES);
    assert_false(leat_channel_take(&channel, &item));
    assert_null(item);
    for (unsigned i = 0; i < PLACES; i++)
        assert_int_equal(leat_channel_offer(&channel, &things[i]), LEAT_OK);
    for (unsigned i = 0; i < WAITERS; i++)
        leat_task_start(f->tasks[CLIENT], "sends", sends, &things[PLACES + i], &tasks[i]);
    assert_int_equal(leat_task_yield(task), LEAT_OK);
    for (unsigned i = 0; i < PLACES; i++) {
        assert_true(leat_channel_take(&channel, &item));
        assert_ptr_equal(item, &things[i]);
    }
    leat_task_sleep(task, leat_task_in(task, ms));
    assert_int_equal(channel.count, PLACES);
    leat_channel_close(&channel);
    assert_int_equal(join(task, tasks, LEAT_OK), PLACES);
    for (unsigned i = 0; i < PLACES; i++) {
        assert_int_equal(leat_channel_receive(&channel, &item, LEAT_NEVER_NS), LEAT_OK);
        assert_ptr_equal(item, &things[PLACES + i]);
    }
    assert_false(leat_channel_take(&channel, &item));
    return LEAT_OK;
}

static void two_places_at_once_wake_two_senders(void **state)
{
    assert_int_equal(run_task(*state, takes_two_at_once, second), LEAT_OK);
}

static enum leat_err closes(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_task *tasks[WAITERS];
    void *got[WAITERS] = {NULL};

    leat_channel_open(&channel, f->tasks[CLIENT], items, PLACES);
    for (unsigned i = 0; i < WAITERS; i++)
        leat_task_start(f->tasks[CLIENT], "receives", receives, &got[i], &tasks[i]);
    assert_int_equal(leat_task_yield(task), LEAT_OK);
    leat_channel_close(&channel);
    assert_int_equal(join(task, tasks, LEAT_ERR_END), WAITERS);
    leat_channel_open(&channel, f->tasks[CLIENT], items, PLACES);
    for (unsigned i = 0; i < PLACES; i++)
        leat_channel_offer(&channel, &things[i]);
    for (unsigned i = 0; i < WAITERS; i++)
        leat_task_start(f->tasks[CLIENT], "sends", sends, &things[i], &tasks[i]);
    assert_int_equal(leat_task_yield(task), LEAT_OK);
    leat_channel_close(&channel);
    assert_int_equal(join(task, tasks, LEAT_ERR_CLOSED), WAITERS);
    assert_int_equal(channel.count, PLACES);
    return LEAT_OK;
}

static void closing_wakes_all_that_wait(void **state)
{
    assert_int_equal(run_task(*state, closes, second), LEAT_OK);
}

static enum leat_err sends_in_vain(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    void *item;

    leat_channel_open(&channel, f->tasks[CLIENT], items, PLACES);
    for (unsigned i = 0; i < PLACES; i++)
        assert_int_equal(leat_channel_send(&channel, &things[i], 0), LEAT_OK); /* no wait */
    assert_int_equal(leat_channel_send(&channel, &things[PLACES], leat_task_in(task, ms)),
                     LEAT_ERR_TIMEOUT);
    for (unsigned i = 0; i < PLACES; i++) {
        assert_int_equal(leat_channel_receive(&channel, &item, 0), LEAT_OK);
        assert_ptr_equal(item, &things[i]);
    }
    assert_int_equal(leat_channel_receive(&channel, &item, leat_task_in(task, ms)),
                     LEAT_ERR_TIMEOUT);
    return LEAT_OK;
}

static void an_item_that_timed_out_is_not_sent(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_task(f, sends_in_vain, second), LEAT_OK);
    assert_int_equal(f->counts->timeouts, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_items_at_once_wake_two_receivers),
        TEST(two_places_at_once_wake_two_senders),
        TEST(closing_wakes_all_that_wait),
        TEST(an_item_that_timed_out_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
