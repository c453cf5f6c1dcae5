/* test_config.c -- each number of leat_tasks_config, at its limits. */
#include "task/tasks.h"
#include "task_test.h"

enum {
    FENCE_BYTES = 256,
    PAGES = 3
};

/* ---- memory ------------------------------------------------------------------------------- */

static size_t bytes_of(uint32_t tasks, uint32_t stack_bytes, uint32_t waiting)
{
    return leat_tasks_memory_bytes(&(struct leat_tasks_config){
        .tasks = tasks, .stack_bytes = stack_bytes, .waiting = waiting});
}

static void each_zero_means_its_default(void **state)
{
    (void)state;
    assert_int_equal(bytes_of(0, 0, 0), bytes_of(64, 16384, 64));
    assert_int_equal(bytes_of(3, 8192, 0), bytes_of(3, 8192, 3));
    for (uint32_t i = 1; i < 20; i++) /* each part is aligned */
        assert_int_equal(bytes_of(i, 8192, i + 3) % 64, 0);
    assert_true(bytes_of(64, 16384, 64) < bytes_of(65, 16384, 64));
    assert_true(bytes_of(64, 16384, 64) < bytes_of(64, 16384, 96));
}

/* Stacks of whole pages begin with a page, with a guard or without one. */
static void stacks_of_whole_pages_are_aligned(void **state)
{
    const size_t page = LEAT_TASK_GUARD_BYTES, more = 16; /* of the ABIs */

    (void)state;
    for (uint32_t pages = 4; pages < 6; pages++) {
        const size_t whole = bytes_of(1, (uint32_t)(pages * page), 1);

        assert_true(whole + more > bytes_of(1, (uint32_t)(pages * page + more), 1) + page / 2);
        assert_true(whole - more > bytes_of(1, (uint32_t)(pages * page - more), 1) + page / 2);
    }
}

static enum leat_err sleeps(struct leat_task *task, void *arg)
{
    (void)arg;
    return leat_task_sleep(task, LEAT_NEVER_NS);
}

static bool allow(void *page, size_t bytes, bool guarded)
{
    memset(page, guarded ? 0x5a : 0, bytes);
    return true;
}

/* Tasks write only inside leat_tasks_memory_bytes(), at each alignment of their memory. */
static void tasks_write_nowhere_but_in_their_memory(void **state)
{
    struct leat_tasks_config config = {.tasks = PAGES, .stack_bytes = STACK_BYTES, .waiting = 5};
    struct fixture *f = *state;

    for (size_t offset = 0; offset < 130; offset += 13) {
        size_t bytes;
        uint8_t *memory, *end;
        struct leat_tasks *tasks;

        config.guard = offset % 2 ? allow : NULL;
        bytes = leat_tasks_memory_bytes(&config);
        memory = malloc(offset + bytes + FENCE_BYTES);
        end = memory + offset + bytes;
        memset(memory, 0xfe, offset + bytes + FENCE_BYTES);
        assert_int_equal(
            leat_tasks_open(&tasks, f->world->stacks[CLIENT], memory + offset, bytes - 1, &config),
            LEAT_ERR_MEMORY);
        assert_int_equal(
            leat_tasks_open(&tasks, f->world->stacks[CLIENT], memory + offset, bytes, &config),
            LEAT_OK);
        for (unsigned i = 0; i < PAGES; i++)
            assert_int_equal(leat_task_start(tasks, "x", sleeps, NULL, NULL), LEAT_OK);
        assert_int_equal(leat_task_start(tasks, "x", sleeps, NULL, NULL), LEAT_ERR_MEMORY);
        world_wait(f->world, ms);
        leat_tasks_close(tasks);
        for (size_t i = 0; i < offset; i++)
            assert_int_equal(memory[i], 0xfe);
        for (size_t i = 0; i < FENCE_BYTES; i++)
            assert_int_equal(end[i], 0xfe);
        free(memory);
    }
}

static void the_smallest_stack_is_enough_to_open(void **state)
{
    const struct leat_tasks_config config = {
        .tasks = 1, .stack_bytes = LEAT_TASK_STACK_BYTES_MIN + CONTEXT_STACK_BYTES};
    const size_t bytes = leat_tasks_memory_bytes(&config);
    struct fixture *f = *state;
    void *memory = malloc(bytes);
    struct leat_tasks *tasks;

    assert_int_equal(leat_tasks_open(&tasks, f->world->stacks[CLIENT], memory, bytes, &config),
                     LEAT_OK);
    leat_tasks_close(tasks);
    free(memory);
}

/* ---- stacks ------------------------------------------------------------------------------- */

/* Writes at the lowest address of its stack above the canary. */
static enum leat_err uses_all(struct leat_task *task, void *arg)
{
    volatile uint64_t *low =
        (uint64_t *)(void *)((uint8_t *)(task + 1) - STACK_BYTES) + TASK_CANARY_WORDS;

    (void)arg;
    assert_true(leat_task_stack_used(task) < STACK_BYTES / 2);
    *low = 1;
    assert_int_equal(leat_task_stack_used(task),
                     STACK_BYTES - TASK_CANARY_WORDS * sizeof(uint64_t));
    assert_int_equal(low[-1], TASK_CANARY);
    assert_int_equal(low[-2], TASK_CANARY);
    return LEAT_OK;
}

static enum leat_err is_not_measured(struct leat_task *task, void *arg)
{
    (void)arg;
    return leat_task_stack_used(task) == 0 ? LEAT_OK : LEAT_ERR_FORMAT;
}

static void a_stack_reaches_from_its_task_to_the_end_of_its_slot(void **state)
{
    struct fixture *f = *state;
    const struct leat_tasks_config config = {
        .tasks = 2, .stack_bytes = STACK_BYTES, .measure = true};

    assert_int_equal(run_task(f, is_not_measured, second), LEAT_OK);
    close_tasks(f, CLIENT);
    open_tasks(f, CLIENT, &config);
    assert_int_equal(run_task(f, uses_all, second), LEAT_OK);
}

/* ---- guards ------------------------------------------------------------------------------- */

static struct {
    void *pages[2 * PAGES];
    bool guarded[2 * PAGES];
    unsigned calls, fails_at;
} guards;

static bool note(void *page, size_t bytes, bool guarded)
{
    assert_int_equal(bytes, LEAT_TASK_GUARD_BYTES);
    assert_int_equal((uintptr_t)page % LEAT_TASK_GUARD_BYTES, 0);
    assert_in_range(guards.calls, 0, 2 * PAGES - 1);
    guards.pages[guards.calls] = page;
    guards.guarded[guards.calls++] = guarded;
    return guards.calls != guards.fails_at;
}

static const struct leat_tasks_config with_guards = {
    .tasks = PAGES, .stack_bytes = STACK_BYTES, .guard = note};

static enum leat_err ends(struct leat_task *task, void *arg)
{
    (void)task;
    (void)arg;
    return LEAT_OK;
}

static void each_guard_leads_to_the_name_of_its_task(void **state)
{
    struct fixture *f = *state;

    memset(&guards, 0, sizeof guards);
    close_tasks(f, CLIENT);
    open_tasks(f, CLIENT, &with_guards);
    assert_int_equal(guards.calls, PAGES);
    for (unsigned i = 0; i < PAGES; i++) {
        assert_true(guards.guarded[i]);
        assert_string_equal(**(const char *const **)guards.pages[i], "none");
        for (unsigned k = 0; k < i; k++)
            assert_true((char *)guards.pages[i] - (char *)guards.pages[k] > (ptrdiff_t)STACK_BYTES);
    }
    assert_int_equal(run_task(f, ends, second), LEAT_OK);
    assert_string_equal(**(const char *const **)guards.pages[0], "main");
    assert_string_equal(**(const char *const **)guards.pages[1], "none");
    close_tasks(f, CLIENT);
    assert_int_equal(guards.calls, 2 * PAGES);
    for (unsigned i = 0; i < PAGES; i++) {
        assert_false(guards.guarded[PAGES + i]);
        assert_ptr_equal(guards.pages[PAGES + i], guards.pages[i]);
    }
}

static void a_guard_that_fails_takes_back_those_before_it_only(void **state)
{
    const size_t bytes = leat_tasks_memory_bytes(&with_guards);
    struct fixture *f = *state;
    void *memory = malloc(bytes);
    struct leat_tasks *tasks = NULL;

    memset(&guards, 0, sizeof guards);
    guards.fails_at = PAGES;
    assert_int_equal(leat_tasks_open(&tasks, f->world->stacks[CLIENT], memory, bytes, &with_guards),
                     LEAT_ERR_DEVICE);
    assert_null(tasks);
    assert_int_equal(guards.calls, PAGES + PAGES - 1);
    for (unsigned i = 0; i < PAGES - 1; i++) {
        assert_false(guards.guarded[PAGES + i]);
        assert_ptr_equal(guards.pages[PAGES + i], guards.pages[i]);
    }
    free(memory);
}

/* ---- the watchdog ------------------------------------------------------------------------- */

static uint64_t clock_ns;

static uint64_t read_clock(void *arg)
{
    (void)arg;
    return clock_ns;
}

static void on_timer(struct leat_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    clock_ns += second; /* time of others, while the task sleeps */
}

static enum leat_err runs_to_the_limit(struct leat_task *task, void *arg)
{
    struct fixture *f = arg;
    struct leat_timer timer = {.on_time = on_timer};

    leat_timer_set(f->world->stacks[CLIENT], &timer, f->world->now_ns + ms);
    clock_ns += 5 * ms;
    leat_task_sleep(task, leat_task_in(task, 2 * ms));
    assert_int_equal(*task->low, TASK_CANARY); /* the mark was for that return only */
    assert_int_equal(leat_tasks_counts(f->tasks[CLIENT])->slow, 0);
    clock_ns += 5 * ms;
    leat_task_yield(task);
    assert_int_equal(leat_tasks_counts(f->tasks[CLIENT])->slow, 0);
    clock_ns += 5 * ms + 1;
    leat_task_sleep(task, leat_task_in(task, 2 * ms));
    assert_int_equal(leat_tasks_counts(f->tasks[CLIENT])->slow, 1);
    clock_ns += 5 * ms + 1;
    return LEAT_OK;
}

/* Without on_slow, slow tasks are only counted. */
static void a_task_is_slow_if_it_runs_for_longer_than_slow_ns(void **state)
{
    struct fixture *f = *state;
    const struct leat_tasks_config config = {
        .tasks = 2, .stack_bytes = STACK_BYTES, .slow_ns = 5 * ms, .clock_ns = read_clock};

    close_tasks(f, CLIENT);
    open_tasks(f, CLIENT, &config);
    assert_int_equal(run_task(f, runs_to_the_limit, second), LEAT_OK);
    assert_int_equal(leat_tasks_counts(f->tasks[CLIENT])->slow, 2);
}

/* ---- the end ------------------------------------------------------------------------------ */

static enum leat_err starts_at_its_end(struct leat_task *task, void *arg)
{
    enum leat_err *started = arg;

    leat_task_sleep(task, LEAT_NEVER_NS);
    *started = leat_task_start(leat_task_tasks(task), "late", sleeps, NULL, NULL);
    return LEAT_OK;
}

static void nothing_begins_while_tasks_are_closed(void **state)
{
    enum leat_err started = LEAT_OK;
    struct fixture *f = *state;

    assert_int_equal(leat_task_start(f->tasks[CLIENT], "first", starts_at_its_end, &started, NULL),
                     LEAT_OK);
    world_wait(f->world, ms);
    close_tasks(f, CLIENT);
    assert_int_equal(started, LEAT_ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_zero_means_its_default),
        TEST(stacks_of_whole_pages_are_aligned),
        TEST(tasks_write_nowhere_but_in_their_memory),
        TEST(the_smallest_stack_is_enough_to_open),
        TEST(a_stack_reaches_from_its_task_to_the_end_of_its_slot),
        TEST(each_guard_leads_to_the_name_of_its_task),
        TEST(a_guard_that_fails_takes_back_those_before_it_only),
        TEST(a_task_is_slow_if_it_runs_for_longer_than_slow_ns),
        TEST(nothing_begins_while_tasks_are_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
