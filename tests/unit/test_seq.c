/* test_seq.c -- comparison of sequence numbers, modulo 2^32. */
#include "unit.h"

#include "tcp/congestion/seq.h"

static const uint32_t places[] = {0, 1, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};

enum {
    PLACES = sizeof places / sizeof *places
};

static void order_holds_at_every_place_of_the_circle(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PLACES; i++) {
        const uint32_t a = places[i];

        assert_false(seq_lt(a, a));
        assert_true(seq_le(a, a));
        assert_true(seq_lt(a, a + 1));
        assert_false(seq_lt(a + 1, a));
        assert_true(seq_lt(a, a + 0x7fffffff));
        assert_false(seq_lt(a + 0x7fffffff, a));
        assert_int_equal(seq_max(a, a + 1000), a + 1000);
        assert_int_equal(seq_min(a, a + 1000), a);
    }
}

static void range_has_its_first_and_not_its_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PLACES; i++) {
        const uint32_t first = places[i];

        assert_true(seq_in(first, first, 1));
        assert_false(seq_in(first, first, 0));
        assert_true(seq_in(first + 99, first, 100));
        assert_false(seq_in(first + 100, first, 100));
        assert_false(seq_in(first - 1, first, 100));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_holds_at_every_place_of_the_circle),
        cmocka_unit_test(range_has_its_first_and_not_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
