/* test_sieve_statistics.c -- the hours of examples/sieve, over more than a day of virtual time. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/civil.h>
#include <leat/leat.h>

#include "examples/sieve_statistics.h"

enum {
    HOURS = 24
};

static const uint64_t second_ns = 1000000000;
static const uint64_t noon_s = 1795651200 + 12 * 3600; /* of 26 November 2026 */

const struct leat_app example = {.name = "test"};

static struct leat *stack;
static void *memory;
static struct leat_platform platform;
static struct totals numbers;
static struct page page;

static void count(struct totals *totals)
{
    *totals = numbers;
}

/* Goes on to @civil_s, poll by poll. */
static void go_to(uint64_t civil_s)
{
    while (leat_civil_ns(stack) < civil_s * second_ns)
        leat_poll(stack, leat_now_ns(stack) + 10 * second_ns);
}

/* The page in JSON. */
static const char *json(void)
{
    memset(&page, 0, sizeof page);
    statistics_add_json(&page);
    assert_true(page.len < sizeof page.text);
    return page.text;
}

static unsigned ends(const char *text)
{
    unsigned found = 0;

    while ((text = strstr(text, "\"ends\":"))) {
        found++;
        text++;
    }
    return found;
}

/* One stack for all tests, because the statistics are the program's. */
static int set_up(void **state)
{
    struct leat_config config = leat_small_config();

    (void)state;
    config.seed[0] = 1;
    memory = malloc(leat_memory_bytes(&config));
    assert_non_null(memory);
    assert_int_equal(leat_init(&stack, memory, leat_memory_bytes(&config), &config), LEAT_OK);
    platform.stack = stack;
    leat_poll(stack, second_ns);
    leat_civil_set(stack, (noon_s + 2700) * second_ns);
    statistics_start(&platform, count);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    leat_close(stack);
    free(memory);
    return 0;
}

static void hours_end_on_the_hour_and_a_day_of_them_is_kept(void **state)
{
    (void)state;
    numbers = (struct totals){.questions = 5, .blocked = 2};
    assert_non_null(strstr(
        json(), "\"hours\":[{\"ends\":\"2026-11-26T12:45:00Z\",\"questions\":5,\"blocked\":2}]"));
    go_to(noon_s + 3600 + 10);
    numbers = (struct totals){.questions = 105, .blocked = 12};
    assert_non_null(strstr(
        json(), "\"hours\":[{\"ends\":\"2026-11-26T13:00:00Z\",\"questions\":5,\"blocked\":2},"
                "{\"ends\":\"2026-11-26T13:00:10Z\",\"questions\":100,\"blocked\":10}]"));
    go_to(noon_s + 30 * 3600 + 60);
    assert_int_equal(ends(json()), HOURS + 1);
    assert_non_null(
        strstr(page.text,
               "\"hours\":[{\"ends\":\"2026-11-26T19:00:00Z\",\"questions\":0,\"blocked\":0},"));
    assert_non_null(
        strstr(page.text, "{\"ends\":\"2026-11-27T18:01:00Z\",\"questions\":0,\"blocked\":0}],"));
    assert_non_null(
        strstr(page.text, "\"questions\":105,\"blocked\":12,\"clients_are\":\"whole\""));
}

/* Names of many labels, each byte of which needs an escape. */
static void long_names_leave_the_json_whole(void **state)
{
    struct leat_dns_name name = {.len = 250};

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        memset(name.wire, '"', sizeof name.wire);
        for (unsigned at = 0; at < 249; at += 62)
            name.wire[at] = at + 62 < 249 ? 61 : (uint8_t)(248 - at);
        name.wire[1] = (uint8_t)('a' + i);
        name.wire[249] = 0;
        statistics_count(&name, LEAT_IP4(192, 0, 2, 1));
    }
    json();
    assert_true(page.len > 2000);
    assert_memory_equal(page.text + page.len - 2, "}]", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_end_on_the_hour_and_a_day_of_them_is_kept),
        cmocka_unit_test(long_names_leave_the_json_whole),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
