/* test_own_loop.c -- the descriptor for a program's own loop becomes readable when wait() would
 * return. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <leat/netif.h>
#include <leat/posix.h>

struct fixture {
    struct leat_posix *posix;
    int pipe[2];
};

static int set_up(void **state)
{
    static struct fixture f;

    assert_int_equal(leat_posix_open(&f.posix), LEAT_OK);
    assert_int_equal(pipe(f.pipe), 0);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    leat_posix_close(f->posix);
    close(f->pipe[0]);
    close(f->pipe[1]);
    return 0;
}

/* True if the descriptor is readable. */
static int is_ready(struct fixture *f)
{
    struct pollfd one = {.fd = leat_posix_descriptor(f->posix), .events = POLLIN};

    assert_true(one.fd >= 0);
    return poll(&one, 1, 0);
}

static void a_watched_descriptor_is_seen_whenever_it_was_added(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(is_ready(f), 0);
    assert_int_equal(leat_posix_watch(f->posix, f->pipe[0], true), LEAT_OK);
    assert_int_equal(is_ready(f), 0);
    assert_int_equal(write(f->pipe[1], "x", 1), 1);
    assert_int_equal(is_ready(f), 1);
}

static void a_descriptor_that_was_watched_before_is_seen(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(leat_posix_watch(f->posix, f->pipe[0], true), LEAT_OK);
    assert_int_equal(write(f->pipe[1], "x", 1), 1);
    assert_int_equal(is_ready(f), 1);
}

static void pauses_and_ends_are_seen(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(write(f->pipe[1], "x", 1), 1);
    leat_posix_watch(f->posix, f->pipe[0], true);
    assert_int_equal(is_ready(f), 1);
    leat_posix_watch(f->posix, f->pipe[0], false);
    assert_int_equal(is_ready(f), 0);
    leat_posix_watch(f->posix, f->pipe[0], true);
    assert_int_equal(is_ready(f), 1);
    leat_posix_unwatch(f->posix, f->pipe[0]);
    assert_int_equal(is_ready(f), 0);
}

static void room_to_write_is_seen_where_it_is_waited_for(void **state)
{
    struct fixture *f = *state;

    leat_posix_watch(f->posix, f->pipe[1], true);
    assert_int_equal(is_ready(f), 0);
    leat_posix_watch_output(f->posix, f->pipe[1], true);
    assert_int_equal(is_ready(f), 1);
    leat_posix_watch_output(f->posix, f->pipe[1], false);
    assert_int_equal(is_ready(f), 0);
}

static void a_signal_that_ends_the_program_is_seen(void **state)
{
    struct fixture *f = *state;
    struct leat_host *host = leat_posix_host(f->posix);

    assert_int_equal(is_ready(f), 0);
    raise(SIGTERM);
    assert_int_equal(is_ready(f), 1);
    assert_false(host->wait(host, LEAT_NEVER_NS));
    assert_int_equal(is_ready(f), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_watched_descriptor_is_seen_whenever_it_was_added),
        TEST(a_descriptor_that_was_watched_before_is_seen),
        TEST(pauses_and_ends_are_seen),
        TEST(room_to_write_is_seen_where_it_is_waited_for),
        TEST(a_signal_that_ends_the_program_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
