/* test_civil.c -- civil time on a stack's clock, and dates, compared with those of libc. */
#include <time.h>

#include <leat/civil.h>
#include <leat/posix.h>

#include "unit.h"
#include "world.h"

static const uint64_t s = 1000000000;

static void the_time_is_unknown_at_first(void **state)
{
    struct world *world = *state;

    assert_int_equal(leat_civil_ns(world->stack), 0);
    world_wait(world, 5 * s);
    assert_int_equal(leat_civil_ns(world->stack), 0);
}

static void civil_time_goes_on_with_the_polls(void **state)
{
    struct world *world = *state;
    const uint64_t then_ns = 1700000000 * s + 123;

    leat_civil_set(world->stack, then_ns);
    assert_int_equal(leat_civil_ns(world->stack), then_ns);
    world->now_ns += 77 * s + 7;
    world_poll(world);
    assert_int_equal(leat_civil_ns(world->stack), then_ns + 77 * s + 7);
    leat_civil_set(world->stack, 5); /* before the stack's own beginning */
    assert_int_equal(leat_civil_ns(world->stack), 5);
    leat_civil_set(world->stack, 0);
    assert_int_equal(leat_civil_ns(world->stack), 0);
}

static struct {
    struct leat_host host;
    uint64_t now_ns, civil_ns;
} machine;

static uint64_t machine_now_ns(struct leat_host *host)
{
    assert_ptr_equal(host, &machine.host);
    return machine.now_ns;
}

static uint64_t machine_civil_ns(struct leat_host *host)
{
    assert_ptr_equal(host, &machine.host);
    return machine.civil_ns;
}

static void host_tells_the_time(void **state)
{
    struct world *world = *state;

    machine.host = (struct leat_host){.now_ns = machine_now_ns, .civil_ns = machine_civil_ns};
    machine.now_ns = world->now_ns + 3 * s; /* the poll was three seconds ago */
    machine.civil_ns = 1700000000 * s;
    assert_true(leat_civil_from_host(world->stack, &machine.host));
    assert_int_equal(leat_civil_ns(world->stack), machine.civil_ns - 3 * s);
}

static void host_without_a_clock_changes_nothing(void **state)
{
    struct world *world = *state;

    leat_civil_set(world->stack, 9 * s);
    machine.host = (struct leat_host){.now_ns = machine_now_ns, .civil_ns = machine_civil_ns};
    machine.civil_ns = 0;
    assert_false(leat_civil_from_host(world->stack, &machine.host));
    machine.host.civil_ns = NULL;
    assert_false(leat_civil_from_host(world->stack, &machine.host));
    assert_int_equal(leat_civil_ns(world->stack), 9 * s);
}

/* time() may be a tick behind. */
static uint64_t real_time_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * s + (uint64_t)now.tv_nsec;
}

static void posix_host_has_the_clock_of_the_system(void **state)
{
    struct leat_posix *posix;
    struct leat_host *host;
    const uint64_t before_ns = real_time_ns();
    uint64_t civil_ns;

    (void)state;
    assert_int_equal(leat_posix_open(&posix), LEAT_OK);
    host = leat_posix_host(posix);
    civil_ns = host->civil_ns(host);
    assert_in_range(civil_ns, before_ns, real_time_ns());
    leat_posix_close(posix);
}

static void assert_date_of_libc(uint64_t seconds)
{
    const struct leat_civil_date ours = leat_civil_date(seconds * s + s - 1);
    const time_t moment = (time_t)seconds;
    struct tm tm;
    char text[LEAT_CIVIL_HTTP_BYTES], theirs[64];

    assert_non_null(gmtime_r(&moment, &tm));
    assert_int_equal(ours.year, tm.tm_year + 1900);
    assert_int_equal(ours.month, tm.tm_mon + 1);
    assert_int_equal(ours.day, tm.tm_mday);
    assert_int_equal(ours.hour, tm.tm_hour);
    assert_int_equal(ours.minute, tm.tm_min);
    assert_int_equal(ours.second, tm.tm_sec);
    assert_int_equal(ours.weekday, tm.tm_wday);
    assert_int_equal(leat_civil_of_date(&ours), seconds * s);
    leat_civil_format_http(seconds * s, text);
    strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    assert_string_equal(text, theirs);
    assert_int_equal(leat_civil_parse_http(text, strlen(text)), seconds * s);
    strftime(theirs, sizeof theirs, "%a %b %e %H:%M:%S %Y", &tm); /* asctime() */
    assert_int_equal(leat_civil_parse_http(theirs, strlen(theirs)), seconds * s);
    strftime(theirs, sizeof theirs, "%A, %d-%b-%y %H:%M:%S GMT", &tm); /* RFC 850 */
    if (tm.tm_year + 1900 < 2070)
        assert_int_equal(leat_civil_parse_http(theirs, strlen(theirs)), seconds * s);
}

static void every_day_has_the_date_of_libc(void **state)
{
    uint64_t random = 7;

    (void)state;
    for (uint64_t day = 0; day < 213300; day++) /* to the end of 2553 */
        assert_date_of_libc(day * 86400 + unit_below(&random, 86400));
    assert_date_of_libc(UINT64_C(784111777)); /* RFC 9110 5.6.7 */
}

static void dates_that_do_not_exist_are_none(void **state)
{
    static const struct leat_civil_date wrong[] = {
        {1969, 12, 31, 23, 59, 59, 0}, {2554, 1, 1, 0, 0, 0, 0},  {2026, 0, 1, 0, 0, 0, 0},
        {2026, 13, 1, 0, 0, 0, 0},     {2026, 4, 31, 0, 0, 0, 0}, {2026, 1, 0, 0, 0, 0, 0},
        {2026, 2, 29, 0, 0, 0, 0},     {2100, 2, 29, 0, 0, 0, 0}, {2026, 1, 1, 24, 0, 0, 0},
        {2026, 1, 1, 0, 60, 0, 0},     {2026, 1, 1, 0, 0, 60, 0}};
    static const struct leat_civil_date leap = {2400, 2, 29, 0, 0, 0, 0};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(leat_civil_of_date(&wrong[i]), 0);
    assert_int_equal(leat_civil_date(leat_civil_of_date(&leap)).day, 29);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(the_time_is_unknown_at_first),
        world_test(civil_time_goes_on_with_the_polls),
        world_test(host_tells_the_time),
        world_test(host_without_a_clock_changes_nothing),
        cmocka_unit_test(posix_host_has_the_clock_of_the_system),
        cmocka_unit_test(every_day_has_the_date_of_libc),
        cmocka_unit_test(dates_that_do_not_exist_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
