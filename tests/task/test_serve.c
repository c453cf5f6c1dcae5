/* test_serve.c -- many connections for a few tasks. */
#include "task_test.h"

enum {
    CONNECTIONS = 10
};

/* Two tasks, four places to wait, ten connections: each one is served or refused, none is lost. */
static enum leat_err connects_ten_times(struct leat_task *task, void *arg)
{
    struct leat_flow flows[CONNECTIONS];
    unsigned echoed = 0, refused = 0;
    struct fixture *f = arg;

    for (unsigned i = 0; i < CONNECTIONS; i++)
        assert_int_equal(leat_flow_connect(&flows[i], task, &served_at, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_task_sleep(task, leat_task_in(task, second)), LEAT_OK);
    assert_int_equal(leat_tasks_counts(f->tasks[SERVER])->started,
                     0); /* idle connections have no task */
    for (unsigned i = 0; i < CONNECTIONS; i++)
        assert_int_equal(leat_flow_write(&flows[i], "hello", 5, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_task_sleep(task, leat_task_in(task, second)), LEAT_OK);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        char back[5];
        const enum leat_err err =
            leat_flow_read_exact(&flows[i], back, 5, leat_task_in(task, 10 * second));

        echoed += err == LEAT_OK;
        refused += err == LEAT_ERR_RESET;
        leat_flow_close(&flows[i]);
    }
    assert_int_equal(echoed, 6);
    assert_int_equal(refused, 4);
    return LEAT_OK;
}

static void connections_wait_for_a_task_or_are_refused(void **state)
{
    struct fixture *f = *state;
    const struct leat_tasks_config config = {.tasks = 2, .stack_bytes = STACK_BYTES, .waiting = 4};

    close_tasks(f, SERVER);
    open_tasks(f, SERVER, &config);
    serve_flows(f, echo_flow, false);
    assert_int_equal(run_task(f, connects_ten_times, 100 * second), LEAT_OK);
    world_wait(f->world, second);
    assert_int_equal(leat_tasks_counts(f->tasks[SERVER])->refused, 4);
    assert_int_equal(leat_tasks_counts(f->tasks[SERVER])->started, 6);
}

static enum leat_err idles(struct leat_task *task, void *arg)
{
    struct leat_flow flows[10];
    struct fixture *f = arg;

    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(leat_flow_connect(&flows[i], task, &served_at, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_task_sleep(task, leat_task_in(task, second)), LEAT_OK);
    assert_int_equal(leat_tasks_counts(f->tasks[SERVER])->started, 0);
    world_expect_nodelay(f->world, SERVER);
    for (unsigned i = 0; i < 10; i++)
        leat_flow_abort(&flows[i]);
    return LEAT_OK;
}

static enum leat_err stays_idle(struct leat_task *task, void *arg)
{
    struct leat_flow flow;
    char byte;

    (void)arg;
    assert_int_equal(leat_flow_connect(&flow, task, &served_at, LEAT_NEVER_NS), LEAT_OK);
    assert_int_equal(leat_flow_read_exact(&flow, &byte, 1, leat_task_in(task, 10 * second)),
                     LEAT_ERR_RESET);
    leat_flow_abort(&flow);
    return LEAT_OK;
}

/* A peer that has gone would otherwise keep its place in the table of connections for ever. */
static void idle_connections_are_reset_when_the_tasks_close(void **state)
{
    struct fixture *f = *state;
    struct leat_task *task;

    serve_flows(f, echo_flow, false);
    assert_int_equal(leat_task_start(f->tasks[CLIENT], "idle", stays_idle, f, &task), LEAT_OK);
    world_wait(f->world, second);
    assert_int_equal(leat_tcp_count(f->world->stacks[SERVER]), 1);
    close_tasks(f, SERVER);
    world_wait(f->world, second);
    assert_int_equal(leat_tcp_count(f->world->stacks[SERVER]), 0);
    assert_int_equal(leat_tasks_counts(f->tasks[CLIENT])->ended, 1);
}

static size_t tcp_bytes(uint32_t connections)
{
    const struct leat_tcp_config config = {
        .connections = connections, .transfers = 16, .half_open = 16, .time_wait = 16};

    return leat_tcp_memory_bytes(&config);
}

static void an_idle_connection_has_no_task_and_256_bytes(void **state)
{
    struct fixture *f = *state;

    serve_flows(f, echo_flow, false);
    assert_int_equal(run_task(f, idles, 100 * second), LEAT_OK);
    assert_in_range(tcp_bytes(200000) - tcp_bytes(100000), 1, 256 * 100000);
}

static enum leat_err comes_and_goes(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;

    for (unsigned i = 0; i < 100; i++) {
        struct leat_flow flow;

        assert_int_equal(leat_flow_connect(&flow, task, &served_at, LEAT_NEVER_NS), LEAT_OK);
        if (i % 3 > 0)
            assert_int_equal(leat_flow_write(&flow, "hello", 5, LEAT_NEVER_NS), LEAT_OK);
        if (i % 2 > 0)
            leat_flow_abort(&flow);
        else
            leat_flow_close(&flow);
    }
    assert_int_equal(leat_task_sleep(task, leat_task_in(task, second)), LEAT_OK);
    assert_int_equal(leat_tasks_counts(f->tasks[SERVER])->started,
                     leat_tasks_counts(f->tasks[SERVER])->ended);
    return LEAT_OK;
}

static void a_client_that_leaves_at_once_leaves_no_task(void **state)
{
    struct fixture *f = *state;

    serve_flows(f, echo_flow, false);
    assert_int_equal(run_task(f, comes_and_goes, 100 * second), LEAT_OK);
}

/* A connection may end between the choice of its task and the task's first run: both frames arrive
 * in one poll. */
static unsigned served;

static enum leat_err counts_and_echoes(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    served++;
    return echo_flow(task, flow, arg);
}

static void poll_end(struct fixture *f, int end)
{
    leat_poll(f->world->stacks[end], f->world->now_ns);
}

/* A connection has the only task, and a second one waits. The first one ends, and after @polls
 * turns of the server the second one, too. True if that came between the choice of its task and the
 * task's first run. */
static bool ends_between(struct fixture *f, unsigned polls)
{
    const struct leat_tasks_config config = {.tasks = 1, .stack_bytes = STACK_BYTES, .waiting = 2};
    const struct leat_tasks_counts *counts;
    struct leat_tcp *conns[5];
    bool between;
    size_t taken;

    close_tasks(f, SERVER);
    open_tasks(f, SERVER, &config);
    counts = leat_tasks_counts(f->tasks[SERVER]);
    serve_flows(f, counts_and_echoes, false);
    served = 0;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(
            leat_tcp_connect(f->world->stacks[CLIENT], &conns[i], &served_at, NULL, NULL, NULL),
            LEAT_OK);
    world_wait(f->world, second);
    for (unsigned i = 0; i < 2; i++) {
        leat_tcp_write(conns[i], "hello", 5, &taken);
        world_wait(f->world, second);
    }
    assert_int_equal(counts->started, 1);
    leat_tcp_close(conns[0]);
    poll_end(f, CLIENT);
    for (unsigned i = 0; i < polls; i++)
        poll_end(f, SERVER);
    leat_tcp_abort(conns[1]);
    poll_end(f, CLIENT);
    world_wait(f->world, second);
    assert_int_equal(counts->started, counts->ended);
    between = counts->started == 2 && served == 1;
    /* one task and two places are left, no more and no fewer */
    for (unsigned i = 2; i < 5; i++) {
        leat_tcp_write(conns[i], "hello", 5, &taken);
        world_wait(f->world, second);
    }
    assert_int_equal(counts->refused, 0);
    for (unsigned i = 2; i < 5; i++)
        leat_tcp_abort(conns[i]);
    world_wait(f->world, second);
    assert_int_equal(counts->started, counts->ended);
    return between;
}

static void a_connection_that_ends_before_its_task_runs_leaves_the_queue_once(void **state)
{
    unsigned between = 0;

    for (unsigned polls = 0; polls < 4; polls++)
        between += ends_between(*state, polls);
    assert_in_range(between, 1, 4);
}

/* The server ends while there are running tasks, waiting connections and idle ones. */
static void closing_tasks_ends_every_connection_in_some_way(void **state)
{
    struct fixture *f = *state;
    struct leat_tcp *conns[CONNECTIONS];
    const struct leat_tasks_config config = {.tasks = 2, .stack_bytes = STACK_BYTES, .waiting = 4};
    size_t taken;

    close_tasks(f, SERVER);
    open_tasks(f, SERVER, &config);
    serve_flows(f, echo_flow, false);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        assert_int_equal(
            leat_tcp_connect(f->world->stacks[CLIENT], &conns[i], &served_at, NULL, NULL, NULL),
            LEAT_OK);
    world_wait(f->world, second);
    for (unsigned i = 0; i < 5; i++)
        leat_tcp_write(conns[i], "hello", 5, &taken);
    world_wait(f->world, second);
    close_tasks(f, SERVER);
    world_wait(f->world, second);
    for (unsigned i = 5; i < CONNECTIONS; i++) /* these had no task: now they get no answer */
        leat_tcp_write(conns[i], "hello", 5, &taken);
    world_wait(f->world, 10 * second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connections_wait_for_a_task_or_are_refused),
        TEST(an_idle_connection_has_no_task_and_256_bytes),
        TEST(idle_connections_are_reset_when_the_tasks_close),
        TEST(a_client_that_leaves_at_once_leaves_no_task),
        TEST(a_connection_that_ends_before_its_task_runs_leaves_the_queue_once),
        TEST(closing_tasks_ends_every_connection_in_some_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
