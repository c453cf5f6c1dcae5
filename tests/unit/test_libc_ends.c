/* test_libc_ends.c -- the end of a program in an image: exit, atexit, assert, abort, C++'s calls.
 */
#include "unit.h"

#include "libc.h"

#include "../../netif/virtio/metal/ends.h"
#include "../../netif/virtio/metal/services.h"

enum {
    EXITS_MAX = 64
};

/* The machine: it notes what it is told, and jumps to its test instead of ending. */
static struct {
    jmp_buf ended;
    char said[300];
    char order[300]; /* of the functions that were run */
    int status;
} machine;

enum {
    ENDED = 1,
    HALTED,
    CRASHED,
    FAILED
};

void machine_write(const char *text, size_t len)
{
    strncat(machine.said, text, len);
}

void machine_end(int status)
{
    leat_libc_run_exits();
    machine.status = status;
    longjmp(machine.ended, ENDED);
}

void machine_halt(int status)
{
    machine.status = status;
    longjmp(machine.ended, HALTED);
}

void machine_crash(void)
{
    longjmp(machine.ended, CRASHED);
}

_Noreturn void leat_assert_failed(const char *file, unsigned line);

_Noreturn void leat_assert_failed(const char *file, unsigned line)
{
    assert_string_equal(file, "app.c");
    assert_int_equal(line, 4294967295);
    longjmp(machine.ended, FAILED);
}

static int begin(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof machine);
    return 0;
}

static void plain(void)
{
    strcat(machine.order, "p");
}

static void with_letter(void *arg)
{
    strcat(machine.order, arg);
}

static void that_registers(void)
{
    strcat(machine.order, "r");
    assert_int_equal(bare_atexit(plain), 0);
}

static void an_exit_runs_the_functions_last_first(void **state)
{
    int how;

    (void)state;
    assert_int_equal(bare_atexit(plain), 0);
    assert_int_equal(bare_cxa_atexit(with_letter, "a", NULL), 0);
    assert_int_equal(bare_atexit(that_registers), 0);
    assert_int_equal(bare_cxa_atexit(with_letter, "b", NULL), 0);
    how = setjmp(machine.ended);
    if (how == 0)
        bare_exit(3);
    assert_int_equal(how, ENDED);
    assert_int_equal(machine.status, 3);
    assert_string_equal(machine.order, "brpap");
}

static void sixty_four_functions_have_room(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EXITS_MAX; i++)
        assert_int_equal(i % 2 ? bare_atexit(plain) : bare_cxa_atexit(with_letter, "a", NULL), 0);
    assert_int_not_equal(bare_atexit(plain), 0);
    assert_int_not_equal(bare_cxa_atexit(with_letter, "a", NULL), 0);
    leat_libc_run_exits();
    assert_int_equal(strlen(machine.order), EXITS_MAX);
}

static void an_exit_at_once_runs_nothing(void **state)
{
    int how;

    (void)state;
    assert_int_equal(bare_atexit(plain), 0);
    how = setjmp(machine.ended);
    if (how == 0)
        bare_exit_at_once(4);
    assert_int_equal(how, HALTED);
    assert_int_equal(machine.status, 4);
    assert_string_equal(machine.order, "");
    leat_libc_run_exits(); /* for the tests after this one */
}

static void an_abort_is_told(void **state)
{
    int how;

    (void)state;
    how = setjmp(machine.ended);
    if (how == 0)
        bare_abort();
    assert_int_equal(how, CRASHED);
    assert_string_equal(machine.said, "abort() was called\n");
}

static void an_assertion_says_where(void **state)
{
    int how;

    (void)state;
    how = setjmp(machine.ended);
    if (how == 0)
        leat_libc_assert_failed("x > 0", "app.c", 4294967295, "start");
    assert_int_equal(how, FAILED);
    assert_string_equal(machine.said, "app.c:4294967295: start(): assertion failed: x > 0\n");
}

static void a_pure_virtual_function_is_told(void **state)
{
    int how;

    (void)state;
    how = setjmp(machine.ended);
    if (how == 0)
        bare_cxa_pure_virtual();
    assert_int_equal(how, CRASHED);
    assert_string_equal(machine.said, "a pure virtual function was called\n");
    how = setjmp(machine.ended);
    if (how == 0)
        bare_cxa_deleted_virtual();
    assert_int_equal(how, CRASHED);
}

static void a_static_object_is_made_once(void **state)
{
    uint64_t guard = 0;

    (void)state;
    assert_true(bare_cxa_guard_acquire(&guard));
    bare_cxa_guard_release(&guard);
    assert_false(bare_cxa_guard_acquire(&guard));
}

static void one(void)
{
    strcat(machine.order, "1");
}

static void two(void)
{
    strcat(machine.order, "2");
}

static void constructors_run_forwards_and_destructors_backwards(void **state)
{
    program_end_fn *const functions[] = {one, two, one};

    (void)state;
    ends_construct(functions, functions + 2);
    assert_string_equal(machine.order, "12");
    ends_construct(functions, functions);
    ends_destruct(functions, functions);
    ends_destruct(functions, functions + 2);
    assert_string_equal(machine.order, "1221");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_exit_runs_the_functions_last_first, begin),
        cmocka_unit_test_setup(sixty_four_functions_have_room, begin),
        cmocka_unit_test_setup(an_exit_at_once_runs_nothing, begin),
        cmocka_unit_test_setup(an_abort_is_told, begin),
        cmocka_unit_test_setup(an_assertion_says_where, begin),
        cmocka_unit_test_setup(a_pure_virtual_function_is_told, begin),
        cmocka_unit_test_setup(a_static_object_is_made_once, begin),
        cmocka_unit_test_setup(constructors_run_forwards_and_destructors_backwards, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
