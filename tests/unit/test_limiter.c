/* test_limiter.c -- the token bucket. */
#include "unit.h"

#include "core/limiter.h"

static const uint64_t second_ns = 1000000000u;

/* The number of @tries that succeed at @now_ns. */
static unsigned take(struct limiter *limiter, uint64_t now_ns, unsigned tries, uint64_t noise)
{
    unsigned taken = 0;

    for (unsigned i = 0; i < tries; i++)
        taken += limiter_take(limiter, now_ns, noise);
    return taken;
}

static void a_full_bucket_gives_its_rate_and_no_more(void **state)
{
    struct limiter limiter;

    (void)state;
    limiter_init(&limiter, 100, 0);
    assert_int_equal(take(&limiter, 0, 1000, 0), 100);
    assert_int_equal(take(&limiter, second_ns - 1, 1000, 0), 0);
    assert_int_equal(take(&limiter, second_ns, 1000, 0), 100);
}

static void unused_tokens_do_not_pile_up(void **state)
{
    struct limiter limiter;

    (void)state;
    limiter_init(&limiter, 100, 5);
    assert_int_equal(take(&limiter, 3600 * second_ns, 1000, 0), 100);
}

static void noise_takes_a_quarter_at_most(void **state)
{
    struct limiter limiter;
    uint64_t seed = 1;
    unsigned least = 100, most = 0;

    (void)state;
    limiter_init(&limiter, 100, 0);
    for (uint64_t second = 1; second < 1000; second++) {
        const unsigned taken = take(&limiter, second * second_ns, 200, unit_random(&seed));

        least = taken < least ? taken : least;
        most = taken > most ? taken : most;
    }
    assert_int_equal(least, 75);
    assert_int_equal(most, 100);
}

static void small_rates_still_let_something_through(void **state)
{
    struct limiter limiter;

    (void)state;
    limiter_init(&limiter, 1, 0);
    assert_int_equal(take(&limiter, 0, 10, UINT64_MAX), 1);
    assert_int_equal(take(&limiter, second_ns, 10, UINT64_MAX), 1);
    limiter_init(&limiter, 0, 0);
    assert_int_equal(take(&limiter, 9 * second_ns, 10, UINT64_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_bucket_gives_its_rate_and_no_more),
        cmocka_unit_test(unused_tokens_do_not_pile_up),
        cmocka_unit_test(noise_takes_a_quarter_at_most),
        cmocka_unit_test(small_rates_still_let_something_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
