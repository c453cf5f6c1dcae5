/* test_misuse.c -- wrong use of tasks is detected and named. */
#include "task/tasks.h"
#include "task_test.h"

#include <signal.h>

static enum leat_err sleeps_long(struct leat_task *task, void *arg)
{
    unsigned *ended = arg;
    const enum leat_err err = leat_task_sleep(task, leat_task_in(task, 100 * second));

    ++*ended;
    return err;
}

/* ---- bad use ------------------------------------------------------------------------------ */

static void a_wait_outside_of_a_task_says_so(void **state)
{
    struct fixture *f = *state;
    const struct leat_endpoint remote = {.ip = SERVER_IP, .port = PORT};
    struct leat_channel channel;
    struct leat_task *task;
    struct leat_flow flow;
    static unsigned ended;
    void *items[1], *item;

    assert_int_equal(leat_task_start(f->tasks[CLIENT], "a", sleeps_long, &ended, &task), LEAT_OK);
    world_wait(f->world, second);
    leat_channel_open(&channel, f->tasks[CLIENT], items, 1);
    assert_null(leat_task_running(f->tasks[CLIENT]));
    assert_int_equal(leat_task_sleep(task, LEAT_NEVER_NS), LEAT_ERR_NO_TASK);
    assert_int_equal(leat_task_sleep(task, 0), LEAT_ERR_NO_TASK);
    assert_int_equal(leat_task_yield(task), LEAT_ERR_NO_TASK);
    assert_int_equal(leat_task_join(task, task, NULL, LEAT_NEVER_NS), LEAT_ERR_NO_TASK);
    assert_int_equal(leat_channel_receive(&channel, &item, LEAT_NEVER_NS), LEAT_ERR_NO_TASK);
    assert_int_equal(leat_flow_connect(&flow, task, &remote, LEAT_NEVER_NS), LEAT_ERR_NO_TASK);
    assert_int_equal(ended, 0);
}

static void a_stack_that_is_too_small_is_refused(void **state)
{
    struct fixture *f = *state;
    struct leat_tasks_config config = {.tasks = 1, .stack_bytes = LEAT_TASK_STACK_BYTES_MIN - 16};
    static char memory[100000];
    struct leat_tasks *tasks;

    assert_int_equal(leat_tasks_open(&tasks, f->world->stacks[0], memory, sizeof memory, &config),
                     LEAT_ERR_ARGUMENT);
    config.stack_bytes = LEAT_TASK_STACK_BYTES_MIN + 8;
    assert_int_equal(leat_tasks_open(&tasks, f->world->stacks[0], memory, sizeof memory, &config),
                     LEAT_ERR_ARGUMENT);
    config.stack_bytes = 0;
    config.slow_ns = 1; /* without a clock */
    assert_int_equal(leat_tasks_open(&tasks, f->world->stacks[0], memory, sizeof memory, &config),
                     LEAT_ERR_ARGUMENT);
    config.slow_ns = 0;
    assert_int_equal(leat_tasks_open(&tasks, f->world->stacks[0], memory,
                                     leat_tasks_memory_bytes(&config) - 1, &config),
                     LEAT_ERR_MEMORY);
}

/* Writes below its stack, like an overflow. */
static enum leat_err __attribute__((no_sanitize("address")))
overflows(struct leat_task *task, void *arg)
{
    volatile uint64_t *low = (uint64_t *)(void *)task;

    (void)arg;
    for (unsigned i = 0; i < STACK_BYTES / 8; i++) {
        if (*--low == TASK_CANARY && low[-1] == TASK_CANARY) {
            low[-1] = 0;
            return leat_task_yield(task);
        }
    }
    return LEAT_ERR_NOT_FOUND;
}

/* Replaces leat's own function, which traps. */
void leat_task_overflowed(const char *name)
{
    fprintf(stderr, "overflowed: %s\n", name);
    abort();
}

static void break_canary(struct fixture *f)
{
    run_task(f, overflows, second);
}

static void an_overflow_is_found_at_the_next_wait_and_named(void **state)
{
    char said[256];

    assert_int_equal(signal_of(*state, break_canary, said, sizeof said), SIGABRT);
    assert_string_equal(said, "overflowed: main\n");
}

static enum leat_err keeps_a_flow(struct leat_task *task, void *arg)
{
    static struct leat_flow flow;
    const struct leat_endpoint remote = {.ip = SERVER_IP, .port = PORT};
    struct fixture *f = arg;
    struct leat_acceptor acceptor;
    const struct leat_tcp_listen_config listen = {.port = PORT};

    leat_acceptor_open(&acceptor, f->tasks[SERVER], &listen);
    return leat_flow_connect(&flow, task, &remote, LEAT_NEVER_NS);
}

static void break_by_a_flow(struct fixture *f)
{
    run_task(f, keeps_a_flow, second);
}

static void a_task_that_leaves_its_flow_open_is_an_assertion(void **state)
{
    char said[256];
    const int signal = signal_of(*state, break_by_a_flow, said, sizeof said);

    assert_true(signal == SIGILL || signal == SIGTRAP || signal == SIGABRT);
}

/* ---- the watchdog, and what a stack needs ------------------------------------------------- */

static uint64_t clock_ns;
static uint64_t slow_ns;
static char slow_name[16];

static uint64_t read_clock(void *arg)
{
    (void)arg;
    return clock_ns;
}

static void on_slow(const char *name, uint64_t ns, void *arg)
{
    (void)arg;
    slow_ns = ns;
    strcpy(slow_name, name);
}

static enum leat_err works(struct leat_task *task, void *arg)
{
    (void)arg;
    clock_ns += 4 * ms;
    leat_task_yield(task);
    clock_ns += 6 * ms;
    return LEAT_OK;
}

static void the_watchdog_names_a_task_that_held_up_the_others(void **state)
{
    struct fixture *f = *state;
    const struct leat_tasks_config config = {.tasks = 2,
                                             .stack_bytes = STACK_BYTES,
                                             .slow_ns = 5 * ms,
                                             .clock_ns = read_clock,
                                             .on_slow = on_slow};

    close_tasks(f, CLIENT);
    open_tasks(f, CLIENT, &config);
    run_task(f, works, second);
    assert_int_equal(leat_tasks_counts(f->tasks[CLIENT])->slow, 1);
    assert_int_equal(slow_ns, 6 * ms);
    assert_string_equal(slow_name, "main");
}

static enum leat_err uses_some(struct leat_task *task, void *arg)
{
    volatile char bytes[3000];
    const size_t before = leat_task_stack_used(task);

    (void)arg;
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = 1;
    assert_true(leat_task_stack_used(task) >= sizeof bytes);
    assert_true(leat_task_stack_used(task) >= before);
    assert_true(leat_task_stack_used(task) < STACK_BYTES);
    return bytes[0] == 1 ? LEAT_OK : LEAT_ERR_FORMAT;
}

static void stack_use_is_known_where_it_is_measured(void **state)
{
    struct fixture *f = *state;
    const struct leat_tasks_config config = {
        .tasks = 2, .stack_bytes = STACK_BYTES, .measure = true};

    close_tasks(f, CLIENT);
    open_tasks(f, CLIENT, &config);
    assert_int_equal(run_task(f, uses_some, second), LEAT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wait_outside_of_a_task_says_so),
        TEST(a_stack_that_is_too_small_is_refused),
        TEST(an_overflow_is_found_at_the_next_wait_and_named),
        TEST(a_task_that_leaves_its_flow_open_is_an_assertion),
        TEST(the_watchdog_names_a_task_that_held_up_the_others),
        TEST(stack_use_is_known_where_it_is_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
