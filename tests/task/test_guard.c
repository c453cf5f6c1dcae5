/* test_guard.c -- a stack that overflows into its guard page ends the process at once. */
#include "task_test.h"

#include <signal.h>

#include <leat/posix.h>

/* Each frame points at the one above it, so that compilers can't turn the recursion into a loop. */
struct frame {
    volatile struct frame *above;
    char bytes[512 - sizeof(void *)];
};

static unsigned __attribute__((noinline, no_sanitize("address")))
deeper(volatile struct frame *above, unsigned depth)
{
    volatile struct frame here;

    here.above = above;
    here.bytes[0] = (char)depth;
    if (depth == 0) {
        return 1;
    }
    return deeper(&here, depth - 1) + (here.above == above);
}

static enum leat_err overflows(struct leat_task *task, void *arg)
{
    (void)task;
    (void)arg;
    return deeper(NULL, 2 * STACK_BYTES / sizeof(struct frame)) == 1 ? LEAT_OK : LEAT_ERR_FULL;
}

static const struct leat_tasks_config with_guards = {
    .tasks = 3, .stack_bytes = STACK_BYTES, .guard = leat_posix_guard};

/* Runs in a process that has no guards yet. */
static void break_it(struct fixture *f)
{
    close_tasks(f, CLIENT);
    open_tasks(f, CLIENT, &with_guards);
    run_task(f, overflows, second);
}

static enum leat_err nearly_overflows(struct leat_task *task, void *arg)
{
    (void)task;
    (void)arg;
    return deeper(NULL, STACK_BYTES / 4096) != 0 ? LEAT_OK : LEAT_ERR_FULL;
}

static void an_overflow_traps_where_it_happens_and_the_task_is_named(void **state)
{
    char said[256];

    assert_int_equal(signal_of(*state, break_it, said, sizeof said), SIGSEGV);
    assert_string_equal(said,
                        "leat: the stack of task \"main\" has overflowed into its guard page\n");
}

static void a_stack_that_is_deep_enough_does_not_notice(void **state)
{
    struct fixture *f = *state;

    close_tasks(f, CLIENT);
    open_tasks(f, CLIENT, &with_guards);
    assert_int_equal(run_task(f, nearly_overflows, second), LEAT_OK);
}

static void write_to_constant_memory(struct fixture *f)
{
    static const char constant[] = "constant";

    close_tasks(f, CLIENT);
    open_tasks(f, CLIENT, &with_guards);
    *(volatile char *)(uintptr_t)constant = 1;
}

static void another_fault_is_what_it_always_was(void **state)
{
    char said[256];

    assert_int_equal(signal_of(*state, write_to_constant_memory, said, sizeof said), SIGSEGV);
    assert_string_equal(said, "");
}

/* Guarded pages are ordinary memory again, otherwise free() would trap. */
static void guards_go_with_the_tasks(void **state)
{
    const size_t bytes = leat_tasks_memory_bytes(&with_guards);
    struct fixture *f = *state;
    char *memory = malloc(bytes);
    struct leat_tasks *tasks;

    assert_int_equal(leat_tasks_open(&tasks, f->world->stacks[CLIENT], memory, bytes, &with_guards),
                     LEAT_OK);
    leat_tasks_close(tasks);
    memset(memory, 1, bytes);
    free(memory);
}

static bool refuse_the_second(void *page, size_t bytes, bool guarded)
{
    static unsigned guards;

    (void)page;
    (void)bytes;
    guards += guarded;
    return !guarded || guards < 2;
}

static void a_guard_that_cannot_be_is_an_error(void **state)
{
    const struct leat_tasks_config config = {.tasks = 3, .guard = refuse_the_second};
    const size_t bytes = leat_tasks_memory_bytes(&config);
    struct fixture *f = *state;
    struct leat_tasks *tasks;
    void *memory = malloc(bytes);

    assert_int_equal(leat_tasks_open(&tasks, f->world->stacks[CLIENT], memory, bytes, &config),
                     LEAT_ERR_DEVICE);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_overflow_traps_where_it_happens_and_the_task_is_named),
        TEST(a_stack_that_is_deep_enough_does_not_notice),
        TEST(another_fault_is_what_it_always_was),
        TEST(guards_go_with_the_tasks),
        TEST(a_guard_that_cannot_be_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
