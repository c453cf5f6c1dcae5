/* test_keep_runs.c -- the number of runs with a store, and the time that goes on from one to the
 * next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/civil.h>
#include <leat/leat.h>

#include "keep.h"

#include "faulty.h"

enum {
    SECTOR = 512,
    SECTORS = 128
};

static const uint64_t second_ns = 1000000000;
static const uint64_t in_2031_s = 1935748800;

/* A machine with a disk, a clock, and a program. */
static struct {
    struct faulty faulty;
    struct leat_host host;
    struct leat_platform platform;
    struct options options;
    struct keep *keep;
    void *memory;
    uint64_t now_ns;
    uint64_t clock_s; /* the machine's clock; 0: it has none */
    char said[1000];
} m;

/* ---- stubs */

bool leat_autoconf_keep(const struct leat_autoconf *autoconf, uint8_t to[LEAT_AUTOCONF_KEPT_BYTES])
{
    (void)autoconf;
    (void)to;
    return false;
}

static void say(struct leat_platform *platform, const char *line)
{
    (void)platform;
    snprintf(m.said + strlen(m.said), sizeof m.said - strlen(m.said), "%s\n", line);
}

static uint64_t tick(struct leat_host *host)
{
    (void)host;
    return m.now_ns += 10000;
}

static uint64_t civil(struct leat_host *host)
{
    (void)host;
    return keep_runs_civil_ns(m.keep, m.clock_s * second_ns);
}

/* ---- the machine */

static void boot(bool mends_clock)
{
    const struct leat_config config = {.seed = {1}, .buf_count = 64};
    const size_t bytes = leat_memory_bytes(&config);

    m.said[0] = '\0';
    m.memory = malloc(bytes);
    m.keep = calloc(1, sizeof *m.keep);
    m.host = (struct leat_host){.now_ns = tick, .civil_ns = civil};
    m.platform = (struct leat_platform){.host = &m.host, .say = say};
    m.faulty.closed = false;
    m.now_ns = 77 * second_ns;
    assert_int_equal(leat_init(&m.platform.stack, m.memory, bytes, &config), LEAT_OK);
    m.keep->platform = &m.platform;
    m.keep->program = "test";
    m.keep->path = "disk";
    m.keep->device = &m.faulty.device;
    assert_null(keep_open(m.keep, &m.options));
    keep_runs_open(m.keep, mends_clock);
}

/* Lets the program run for @s; the machine's clock goes on. */
static void run_for(uint64_t s)
{
    m.now_ns += s * second_ns;
    m.clock_s += m.clock_s > 0 ? s : 0;
    for (unsigned i = 0; i < 100; i++)
        leat_poll(m.platform.stack, tick(&m.host));
}

static void end(void)
{
    leat_close(m.platform.stack);
    free(m.keep);
    free(m.memory);
}

static void halt(void)
{
    keep_close(m.keep);
    end();
}

/* The power goes when the last request has ended. */
static void crash(void)
{
    run_for(0);
    end();
}

/* Sets civil time, as a client of time servers does. */
static void set_s(uint64_t civil_s)
{
    leat_civil_set(m.platform.stack, civil_s * second_ns);
}

static uint64_t civil_s(void)
{
    return civil(&m.host) / second_ns;
}

static int set_up(void **state)
{
    (void)state;
    memset(&m, 0, sizeof m);
    faulty_open(&m.faulty, SECTOR, SECTORS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    faulty_free(&m.faulty);
    return 0;
}

/* ---- runs */

static void starts_and_their_time_are_counted(void **state)
{
    (void)state;
    for (uint64_t start = 1; start <= 5; start++) {
        boot(true);
        assert_int_equal(m.platform.starts, start);
        assert_int_equal(m.platform.ran_before_s, 10 * (start - 1));
        run_for(10);
        halt();
    }
    assert_string_equal(m.said, "");
}

static void a_start_counts_when_the_power_goes(void **state)
{
    (void)state;
    for (uint64_t start = 1; start <= 3; start++) {
        boot(true);
        assert_int_equal(m.platform.starts, start);
        crash();
    }
}

static void without_a_store_nothing_is_counted(void **state)
{
    (void)state;
    boot(true);
    halt();
    boot(true);
    m.platform.store = NULL;
    m.platform.starts = 0;
    keep_runs_open(m.keep, true);
    assert_int_equal(m.platform.starts, 0);
    keep_runs_close(m.keep);
    halt();
}

/* ---- a machine without a clock */

static void time_goes_on_from_the_last_run(void **state)
{
    (void)state;
    boot(true);
    assert_false(m.platform.time_is_old);
    assert_int_equal(civil_s(), 0);
    set_s(in_2031_s);
    run_for(100);
    halt();
    boot(true);
    assert_true(m.platform.time_is_old);
    assert_in_range(civil_s(), in_2031_s + 100, in_2031_s + 102);
    run_for(50);
    assert_in_range(civil_s(), in_2031_s + 150, in_2031_s + 152);
    halt(); /* the program never asked for the time */
    boot(true);
    assert_in_range(civil_s(), in_2031_s + 150, in_2031_s + 153);
    set_s(in_2031_s + 90000); /* servers know better */
    halt();
    boot(true);
    assert_in_range(civil_s(), in_2031_s + 90000, in_2031_s + 90003);
    halt();
}

static void the_next_run_is_never_earlier(void **state)
{
    uint64_t before_ns;

    (void)state;
    boot(true);
    leat_civil_set(m.platform.stack, in_2031_s * second_ns + second_ns - 1);
    before_ns = leat_civil_ns(m.platform.stack);
    halt();
    boot(true);
    assert_true(civil(&m.host) >= before_ns);
    halt();
}

/* The hours that it was off are no error of the clock. */
static void a_machine_that_gets_a_clock_uses_it(void **state)
{
    (void)state;
    boot(true);
    set_s(in_2031_s);
    halt();
    boot(true);
    set_s(in_2031_s + 90000);
    halt();
    m.clock_s = in_2031_s + 90100;
    boot(true);
    assert_int_equal(civil_s(), m.clock_s);
    assert_false(m.platform.time_is_old);
    halt();
}

static void the_time_is_kept_each_hour(void **state)
{
    (void)state;
    boot(true);
    set_s(in_2031_s);
    run_for(3590);
    crash();
    boot(true);
    assert_int_equal(civil_s(), 0);
    set_s(in_2031_s);
    run_for(3601);
    run_for(3601);
    run_for(1000);
    crash();
    boot(true);
    assert_in_range(civil_s(), in_2031_s + 7202, in_2031_s + 7205);
    halt();
}

/* The time of a bad server is forgotten with the next good one. */
static void the_time_may_go_back(void **state)
{
    (void)state;
    boot(true);
    set_s(in_2031_s);
    halt();
    boot(true);
    set_s(in_2031_s - 1000000);
    halt();
    boot(true);
    assert_in_range(civil_s(), in_2031_s - 1000000, in_2031_s - 999997);
    halt();
}

/* ---- a machine with a clock */

static void a_good_clock_is_used_as_it_is(void **state)
{
    (void)state;
    m.clock_s = in_2031_s;
    for (unsigned i = 0; i < 10; i++) {
        boot(true);
        assert_int_equal(civil_s(), m.clock_s);
        assert_false(m.platform.time_is_old);
        set_s(m.clock_s + 2); /* less than the clock tells */
        run_for(1);
        halt();
    }
}

static void a_wrong_clock_is_corrected_again(void **state)
{
    static const int64_t wrong_s[] = {7200, -7200, 3, 86400 * 365};

    (void)state;
    for (unsigned i = 0; i < sizeof wrong_s / sizeof *wrong_s; i++) {
        m.options.store_format = true;
        m.clock_s = in_2031_s;
        boot(true);
        m.options.store_format = false;
        set_s(in_2031_s + (uint64_t)wrong_s[i]);
        halt();
        for (unsigned start = 0; start < 3; start++) {
            m.clock_s += 1000;
            boot(true);
            assert_int_equal(civil_s(), m.clock_s + (uint64_t)wrong_s[i]);
            leat_civil_from_host(m.platform.stack, &m.host);
            halt();
        }
    }
}

static void a_clock_that_was_put_right_is_used(void **state)
{
    (void)state;
    m.clock_s = in_2031_s + 7200; /* in local time */
    boot(true);
    set_s(in_2031_s);
    halt();
    m.clock_s = in_2031_s + 60;
    boot(true);
    assert_int_equal(civil_s(), m.clock_s);
    leat_civil_from_host(m.platform.stack, &m.host);
    halt();
    m.clock_s += 10000;
    boot(true);
    assert_int_equal(civil_s(), m.clock_s);
    halt();
}

/* Its battery is empty, for example. */
static void a_clock_far_back_is_used_as_it_is(void **state)
{
    (void)state;
    m.clock_s = in_2031_s;
    boot(true);
    set_s(in_2031_s - 7200);
    halt();
    m.clock_s += 100;
    boot(true);
    assert_int_equal(civil_s(), m.clock_s - 7200);
    m.clock_s = 5; /* while it runs */
    assert_int_equal(civil_s(), 5);
    halt();
    boot(true);
    assert_int_equal(civil_s(), 5);
    halt();
}

static void another_machines_clock_is_left_alone(void **state)
{
    (void)state;
    boot(false);
    set_s(in_2031_s);
    halt();
    boot(false);
    assert_int_equal(civil_s(), 0);
    assert_int_equal(m.platform.starts, 2);
    assert_false(m.platform.time_is_old);
    halt();
}

/* ---- values of a disk that lies */

static void impossible_times_are_left_out(void **state)
{
    uint8_t bytes[KEEP_RUNS_BYTES];

    (void)state;
    for (unsigned byte = 0; byte < 255; byte += 5) {
        boot(true);
        memset(bytes, (int)byte, sizeof bytes);
        keep_put(m.keep, KEEP_RUNS, bytes);
        crash();
        m.clock_s = byte & 1 ? in_2031_s : 0;
        boot(true);
        assert_int_equal(civil_s(), m.clock_s);
        assert_int_equal(m.platform.time_is_old, false);
        halt();
        m.options.store_format = true;
        m.clock_s = 0;
        boot(true);
        halt();
        m.options.store_format = false;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(starts_and_their_time_are_counted),    TEST(a_start_counts_when_the_power_goes),
        TEST(without_a_store_nothing_is_counted),   TEST(time_goes_on_from_the_last_run),
        TEST(the_next_run_is_never_earlier),        TEST(a_machine_that_gets_a_clock_uses_it),
        TEST(the_time_is_kept_each_hour),           TEST(the_time_may_go_back),
        TEST(a_good_clock_is_used_as_it_is),        TEST(a_wrong_clock_is_corrected_again),
        TEST(a_clock_that_was_put_right_is_used),   TEST(a_clock_far_back_is_used_as_it_is),
        TEST(another_machines_clock_is_left_alone), TEST(impossible_times_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
