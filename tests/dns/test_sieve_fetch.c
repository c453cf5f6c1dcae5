/* test_sieve_fetch.c -- the copies of lists that examples/sieve fetches, and when it does so. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <string.h>

#include "examples/sieve_copies.h"
#include "examples/sieve_schedule.h"

enum {
    LISTS = 5,
    ROUNDS = 20000,
    LEN_MAX = 200
};

static const uint64_t second_ns = 1000000000;
static const uint64_t day_ns = 86400 * UINT64_C(1000000000);

static uint32_t random_below(uint32_t bound)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)(state >> 33) % bound;
}

static void each_copy_keeps_its_bytes_when_others_change(void **state)
{
    static char model[LISTS][LEN_MAX];
    size_t lens[LISTS] = {0}, sum = 0, all;
    struct copy *copies[LISTS];

    (void)state;
    for (unsigned i = 0; i < LISTS; i++)
        copies[i] = copies_add("https://a.example/");
    all = copies_room();
    for (unsigned round = 0; round < ROUNDS; round++) {
        const unsigned one = random_below(LISTS);
        const size_t len = 1 + random_below(LEN_MAX), first = random_below((uint32_t)len);
        size_t draft_len;

        copies_begin();
        assert_true(copies_write("left over", random_below(9)));
        copies_begin();
        sum = sum - lens[one] + len;
        lens[one] = len;
        for (size_t i = 0; i < len; i++)
            model[one][i] = (char)random_below(256);
        assert_true(copies_write(model[one], first));
        assert_true(copies_write(model[one] + first, len - first));
        assert_memory_equal(copies_draft(&draft_len), model[one], len);
        assert_int_equal(draft_len, len);
        copies_take(copies[one]);
        assert_int_equal(copies_room(), all - sum);
        for (unsigned i = 0; i < LISTS; i++) {
            assert_int_equal(copies[i]->len, lens[i]);
            assert_memory_equal(copies_bytes(copies[i]), model[i], lens[i]);
        }
    }
}

static void a_draft_beyond_the_room_is_refused(void **state)
{
    static char part[1 << 20];
    size_t len;

    (void)state;
    copies_begin();
    for (len = 0; copies_write(part, sizeof part); len += sizeof part)
        continue;
    assert_true(len <= copies_room() && len + sizeof part > copies_room());
    assert_true(copies_write(part, copies_room() - len));
    assert_false(copies_write(part, 1));
    copies_begin();
    assert_true(copies_write(part, 1));
}

static void a_good_list_comes_again_after_about_the_period(void **state)
{
    struct schedule schedule = {.failures = 3};
    uint64_t least = UINT64_MAX, most = 0;

    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        schedule_good(&schedule, 5, day_ns, i * UINT64_C(0x9e3779b97f4a7c15));
        assert_int_equal(schedule.failures, 0);
        least = schedule.due_ns < least ? schedule.due_ns : least;
        most = schedule.due_ns > most ? schedule.due_ns : most;
    }
    assert_true(least >= 5 + day_ns / 8 * 7 && least < 5 + day_ns / 100 * 90);
    assert_true(most <= 5 + day_ns / 8 * 9 && most > 5 + day_ns / 100 * 110);
}

static void failures_double_the_time_up_to_the_period(void **state)
{
    struct schedule schedule = {0};

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        const uint64_t doubled = i < 12 ? 30 * second_ns << i : day_ns;
        const uint64_t wait = doubled < day_ns ? doubled : day_ns;

        assert_int_equal(schedule.failures, i);
        schedule_bad(&schedule, 7, day_ns, 0, wait / 8);
        assert_int_equal(schedule.due_ns, 7 + wait);
    }
}

static void a_server_may_ask_for_more_time_but_not_for_more_than_a_day(void **state)
{
    struct schedule schedule = {0};

    (void)state;
    schedule_bad(&schedule, 0, day_ns, 3600 * second_ns, 0);
    assert_int_equal(schedule.due_ns, 3600 * second_ns);
    schedule_bad(&schedule, 0, day_ns, 1, 0);
    assert_true(schedule.due_ns >= 50 * second_ns);
    schedule_bad(&schedule, 0, 60 * second_ns, 7 * day_ns, 0);
    assert_int_equal(schedule.due_ns, day_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_copy_keeps_its_bytes_when_others_change),
        cmocka_unit_test(a_draft_beyond_the_room_is_refused),
        cmocka_unit_test(a_good_list_comes_again_after_about_the_period),
        cmocka_unit_test(failures_double_the_time_up_to_the_period),
        cmocka_unit_test(a_server_may_ask_for_more_time_but_not_for_more_than_a_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
