/* test_reorder.c -- out-of-order data, compared with an array and a map of the received bytes. */
#include "unit_pool.h"

#include "tcp/congestion/reorder.h"
#include "tcp/congestion/seq.h"

enum {
    BUF_BYTES = 256,
    SPACE = 4096, /* sequence numbers of a test */
    RUNS = 100,
    RUNS_EACH = 64
};

static struct unit_pool unit;
static struct run runs[RUNS];
static struct run_pool run_pool;
static struct reorder reorder;
static uint8_t here[SPACE]; /* the model: 0, or 1 + the value of the byte */

static const uint32_t start = 0xfffff800u; /* the wraparound is in the middle */

static int open_reorder(void **state)
{
    (void)state;
    unit_pool_open(&unit, 128, BUF_BYTES, 8, 8);
    run_pool_init(&run_pool, runs, RUNS, RUNS_EACH);
    memset(&reorder, 0, sizeof reorder);
    memset(here, 0, sizeof here);
    return 0;
}

static int close_reorder(void **state)
{
    (void)state;
    reorder_free(&reorder, &run_pool);
    assert_int_equal(reorder.count, 0);
    assert_int_equal(reorder.held_bytes, 0);
    assert_int_equal(run_pool.free_count, RUNS);
    unit_pool_close(&unit);
    return 0;
}

/* @version distinguishes payloads for the same sequence numbers; values are 1..127. */
static uint8_t value(uint32_t at, unsigned version)
{
    return (uint8_t)((at * 7 + version * 31) % 127);
}

static bool put_version(uint32_t at, uint32_t len, unsigned version)
{
    uint8_t bytes[SPACE] = {0};
    bool done;

    for (uint32_t i = 0; i < len; i++)
        bytes[i] = value(at + i, version);
    done = reorder_put(&reorder, &run_pool, start + at, leat_buf_copy(&unit.pool, bytes, len), len);
    for (uint32_t i = at; done && i < at + len; i++) {
        if (!here[i]) /* the first data stays */
            here[i] = (uint8_t)(1 + value(i, version));
    }
    return done;
}

static bool put(uint32_t at, uint32_t len)
{
    return put_version(at, len, 0);
}

/* Runs are sorted, don't touch, and have the contents of the map. */
static void assert_agrees(void)
{
    uint32_t at = 0, count = 0, held = 0;

    for (const struct run *run = reorder.first; run; run = run->next) {
        const uint32_t first = run->seq - start, end = run->end - start;
        uint8_t bytes[SPACE];

        assert_true(count == 0 ? first >= at : first > at);
        assert_true(end > first);
        assert_int_equal(leat_buf_total(run->data), end - first);
        assert_null(run->last->next);
        leat_buf_read(run->data, 0, bytes, SPACE);
        for (; at < first; at++)
            assert_int_equal(here[at], 0);
        for (; at < end; at++)
            assert_int_equal(here[at], bytes[at - first] + 1);
        count++;
        held += end - first;
    }
    for (; at < SPACE; at++)
        assert_int_equal(here[at], 0);
    assert_int_equal(reorder.count, count);
    assert_int_equal(reorder.held_bytes, held);
    assert_int_equal(run_pool.free_count, RUNS - count);
}

/* Takes the data that continues at @at; returns its length. */
static uint32_t take(uint32_t at)
{
    uint8_t bytes[SPACE];
    uint32_t len = 0;
    struct leat_buf *data = reorder_take(&reorder, &run_pool, start + at, &len);

    memset(here, 0, at); /* earlier data is old */
    if (!data) {
        assert_int_equal(here[at], 0);
        return 0;
    }
    assert_int_equal(leat_buf_read(data, 0, bytes, SPACE), len);
    for (uint32_t i = 0; i < len; i++) {
        assert_int_equal(bytes[i], here[at + i] - 1);
        here[at + i] = 0;
    }
    assert_int_equal(here[at + len], 0); /* nothing contiguous is left */
    leat_buf_free(data);
    return len;
}

static void neighbours_become_one_run(void **state)
{
    (void)state;
    put(10, 10);
    put(30, 10);
    assert_int_equal(reorder.count, 2);
    put(20, 10);
    assert_int_equal(reorder.count, 1);
    assert_agrees();
    assert_int_equal(take(10), 30);
}

static void nothing_is_taken_before_its_turn(void **state)
{
    (void)state;
    put(10, 10);
    assert_int_equal(take(9), 0);
    assert_int_equal(take(10), 10);
    assert_int_equal(take(20), 0);
}

static void old_part_of_a_run_is_cut(void **state)
{
    (void)state;
    put(10, 10);
    put(40, 10);
    assert_int_equal(take(15), 5);
    assert_int_equal(take(60), 0); /* all was received in order meanwhile */
    assert_int_equal(reorder.count, 0);
    memset(here, 0, sizeof here);
    assert_agrees();
}

static void data_that_came_first_stays(void **state)
{
    (void)state;
    put_version(20, 10, 1);
    put_version(25, 10, 2); /* overlaps its end */
    assert_agrees();
    put_version(15, 10, 3); /* overlaps its start */
    assert_agrees();
    put_version(22, 3, 4); /* lies inside it */
    assert_agrees();
    assert_int_equal(reorder.count, 1);
}

static void data_that_covers_runs_replaces_them(void **state)
{
    (void)state;
    put(20, 5);
    put(30, 5);
    put(40, 5);
    put(10, 50);
    assert_int_equal(reorder.count, 1);
    assert_agrees();
}

/* CVE-2018-5390 */
static void comb_of_single_bytes_costs_its_runs_and_no_more(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < RUNS_EACH; i++)
        assert_true(put(10 + 2 * i, 1));
    assert_false(put(10 + 2 * RUNS_EACH, 1));
    assert_int_equal(reorder.count, RUNS_EACH);
    assert_true(put(11, 1)); /* data that joins runs is accepted */
    assert_int_equal(reorder.count, RUNS_EACH - 1);
    assert_agrees();
}

static void runs_of_all_connections_are_limited(void **state)
{
    struct reorder other = {0};

    (void)state;
    run_pool_init(&run_pool, runs, 3, RUNS_EACH);
    assert_true(put(10, 1));
    assert_true(put(20, 1));
    assert_true(reorder_put(&other, &run_pool, 5, leat_buf_copy(&unit.pool, "a", 1), 1));
    assert_false(put(30, 1));
    assert_false(reorder_put(&other, &run_pool, 9, leat_buf_copy(&unit.pool, "a", 1), 1));
    reorder_free(&other, &run_pool);
    assert_true(put(30, 1));
    reorder_free(&reorder, &run_pool);
    run_pool_init(&run_pool, runs, RUNS, RUNS_EACH);
}

static void random_step(uint64_t *seed, uint32_t *next)
{
    if (unit_below(seed, 8) == 0) {
        *next += unit_below(seed, 40);
        *next += take(*next);
    } else {
        const uint32_t len = 1 + unit_below(seed, 60);
        const uint32_t at = *next + unit_below(seed, 700);

        if (at + len < SPACE)
            put(at, len);
    }
}

static void random_calls_agree_with_a_map(void **state)
{
    uint64_t seed = 7;

    for (unsigned round = 0; round < 60; round++) {
        uint32_t next = 0;

        for (unsigned step = 0; step < 150 && next < SPACE - 900; step++) {
            if (leat_pool_free_count(&unit.pool) < 8)
                next += take(next + 300) + 300;
            random_step(&seed, &next);
            assert_agrees();
        }
        close_reorder(state);
        open_reorder(state);
    }
}

#define reorder_test(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, open_reorder, close_reorder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        reorder_test(neighbours_become_one_run),
        reorder_test(nothing_is_taken_before_its_turn),
        reorder_test(old_part_of_a_run_is_cut),
        reorder_test(data_that_came_first_stays),
        reorder_test(data_that_covers_runs_replaces_them),
        reorder_test(comb_of_single_bytes_costs_its_runs_and_no_more),
        reorder_test(runs_of_all_connections_are_limited),
        reorder_test(random_calls_agree_with_a_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
