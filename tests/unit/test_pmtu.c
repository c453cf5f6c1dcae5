/* test_pmtu.c -- the search for the path MTU (RFC 8899 5). */
#include "unit.h"

#include "tcp/congestion/pmtu.h"

static const uint64_t second = 1000000000;

/* Times out @count times in a row. */
static void time_out(struct pmtu *pmtu, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        pmtu_timed_out(pmtu, PMTU_LEAST_IPV4, 0);
}

/* Searches on a path with an MTU of @path; returns the number of probes. */
static unsigned search(struct pmtu *pmtu, uint16_t path, uint64_t *now_ns)
{
    unsigned probes = 0;

    for (unsigned seconds = 0; seconds < 100; seconds++, *now_ns += second) {
        const uint16_t size = pmtu_candidate(pmtu, *now_ns);

        if (size == 0)
            continue;
        probes++;
        assert_true(size > pmtu->mtu && size <= pmtu->most);
        pmtu_probe(pmtu, size);
        assert_int_equal(pmtu_candidate(pmtu, *now_ns), 0);
        if (size <= path)
            pmtu_arrived(pmtu, *now_ns);
        else
            pmtu_lost(pmtu, *now_ns);
    }
    return probes;
}

static void nothing_is_tried_while_all_is_well(void **state)
{
    struct pmtu pmtu;

    (void)state;
    pmtu_init(&pmtu, 1500);
    assert_int_equal(pmtu.mtu, 1500);
    assert_int_equal(pmtu_candidate(&pmtu, UINT64_MAX), 0);
}

static void black_hole_makes_packets_small(void **state)
{
    struct pmtu pmtu;

    (void)state;
    pmtu_init(&pmtu, 1500);
    assert_false(pmtu_timed_out(&pmtu, PMTU_LEAST_IPV4, 0));
    assert_true(pmtu_timed_out(&pmtu, PMTU_LEAST_IPV4, 0));
    assert_int_equal(pmtu.mtu, 1200);
    time_out(&pmtu, 4);
    assert_int_equal(pmtu.mtu, 576);
    time_out(&pmtu, 1000);
    assert_int_equal(pmtu.mtu, 576);
}

static void progress_ends_the_count(void **state)
{
    struct pmtu pmtu;

    (void)state;
    pmtu_init(&pmtu, 1500);
    for (unsigned i = 0; i < 10; i++) {
        time_out(&pmtu, 1);
        pmtu_progress(&pmtu);
    }
    assert_int_equal(pmtu.mtu, 1500);
}

static void mistake_is_corrected_by_one_probe(void **state)
{
    struct pmtu pmtu;
    uint64_t now_ns = second;

    (void)state;
    pmtu_init(&pmtu, 1500);
    time_out(&pmtu, 2);
    assert_int_equal(search(&pmtu, 1500, &now_ns), 1);
    assert_int_equal(pmtu.mtu, 1500);
}

static void search_finds_the_mtu_of_the_path(void **state)
{
    (void)state;
    for (uint16_t path = 1200; path <= 9000; path = (uint16_t)(path + 311)) {
        struct pmtu pmtu;
        uint64_t now_ns = second;

        pmtu_init(&pmtu, 9000);
        time_out(&pmtu, 2);
        assert_true(search(&pmtu, path, &now_ns) <= 3 * 10 + 10);
        assert_in_range(pmtu.mtu, path - 20 > 1200 ? path - 20 : 1200, path);
        /* then it rests for ten minutes before it searches again */
        assert_int_equal(pmtu_candidate(&pmtu, now_ns), 0);
        now_ns += 600 * second;
        assert_int_equal(search(&pmtu, 9000, &now_ns), path + 20 >= 9000 ? 0 : 1);
    }
}

/* RFC 5927 7: an attacker must not force tiny segments. */
static void icmp_has_a_floor(void **state)
{
    struct pmtu pmtu;

    (void)state;
    pmtu_init(&pmtu, 1500);
    assert_false(pmtu_told(&pmtu, 1500, PMTU_LEAST_IPV4, 0));
    assert_false(pmtu_told(&pmtu, 9000, PMTU_LEAST_IPV4, 0));
    assert_true(pmtu_told(&pmtu, 1400, PMTU_LEAST_IPV4, 0));
    assert_int_equal(pmtu.mtu, 1400);
    assert_true(pmtu_told(&pmtu, 68, PMTU_LEAST_IPV4, 0));
    assert_int_equal(pmtu.mtu, 576);
    assert_int_equal(pmtu_candidate(&pmtu, 599 * second), 0);
    assert_int_equal(pmtu_candidate(&pmtu, 600 * second), 1500); /* RFC 1191 6.3 */
}

static void program_bounds_packets_and_probes(void **state)
{
    struct pmtu pmtu;

    (void)state;
    pmtu_init(&pmtu, 1500);
    pmtu_clamp(&pmtu, 1460, TCP_HEADERS_BYTES);
    assert_int_equal(pmtu.mtu, 1500);
    pmtu_clamp(&pmtu, 1000, TCP_HEADERS_BYTES);
    assert_int_equal(pmtu.mtu, 1040);
    assert_int_equal(pmtu_candidate(&pmtu, 1000 * second), 0);
    pmtu_clamp(&pmtu, 1200, TCP_HEADERS_BYTES); /* the limit only decreases */
    assert_int_equal(pmtu.mtu, 1040);
    assert_true(pmtu_told(&pmtu, 600, PMTU_LEAST_IPV4, 0));
    pmtu_clamp(&pmtu, 900, TCP_HEADERS_BYTES);
    assert_int_equal(pmtu.mtu, 600);
    assert_int_equal(pmtu_candidate(&pmtu, 601 * second), 940);
    pmtu_clamp(&pmtu, 1, TCP_HEADERS_BYTES);
    assert_int_equal(pmtu.mtu, 40 + 48);
}

/* RFC 1191 3: below this DF is off. */
static void least_size_is_576_and_all_below(void **state)
{
    struct pmtu pmtu;

    (void)state;
    pmtu_init(&pmtu, 577);
    assert_false(pmtu_is_least(&pmtu));
    pmtu_init(&pmtu, 576);
    assert_true(pmtu_is_least(&pmtu));
    pmtu_init(&pmtu, 68);
    assert_true(pmtu_is_least(&pmtu));
}

/* The clock of the search wraps after 104 days. */
static void a_connection_idle_for_months_may_probe(void **state)
{
    const uint64_t day = 86400 * second;

    (void)state;
    for (uint64_t days = 1; days <= 208; days++) {
        struct pmtu pmtu;

        pmtu_init(&pmtu, 1500);
        assert_true(pmtu_told(&pmtu, 1400, PMTU_LEAST_IPV4, 0));
        assert_int_equal(pmtu_candidate(&pmtu, days * day), 1500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_tried_while_all_is_well),
        cmocka_unit_test(black_hole_makes_packets_small),
        cmocka_unit_test(progress_ends_the_count),
        cmocka_unit_test(mistake_is_corrected_by_one_probe),
        cmocka_unit_test(search_finds_the_mtu_of_the_path),
        cmocka_unit_test(icmp_has_a_floor),
        cmocka_unit_test(program_bounds_packets_and_probes),
        cmocka_unit_test(least_size_is_576_and_all_below),
        cmocka_unit_test(a_connection_idle_for_months_may_probe),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
