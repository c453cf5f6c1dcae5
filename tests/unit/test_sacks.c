/* test_sacks.c -- the choice of SACK blocks for an ACK (RFC 2018 4, RFC 2883 4). */
#include "unit_pool.h"

#include "tcp/congestion/sacks.h"

enum {
    RUNS = 100
};

static struct unit_pool unit;
static struct run runs[RUNS];
static struct run_pool run_pool;
static struct reorder reorder;
static struct sacks sacks;
static struct wire_sack blocks[WIRE_SACKS_MAX];

static const uint32_t start = 0xffffff00u; /* close to the wraparound */

static int open_sacks(void **state)
{
    (void)state;
    unit_pool_open(&unit, 64, 256, 8, 8);
    run_pool_init(&run_pool, runs, RUNS, RUNS);
    memset(&reorder, 0, sizeof reorder);
    memset(&sacks, 0, sizeof sacks);
    return 0;
}

static int close_sacks(void **state)
{
    (void)state;
    reorder_free(&reorder, &run_pool);
    unit_pool_close(&unit);
    return 0;
}

/* Ten bytes at ten times @i arrive out of order. */
static void arrive(uint32_t i)
{
    static const uint8_t data[10];

    sacks_note(&sacks, start + 10 * i);
    assert_true(reorder_put(&reorder, &run_pool, start + 10 * i,
                            leat_buf_copy(&unit.pool, data, sizeof data), sizeof data));
}

static uint8_t fill(uint8_t count_max)
{
    memset(blocks, 0xa5, sizeof blocks);
    return sacks_fill(&sacks, &reorder, blocks, count_max);
}

static void assert_block(unsigned at, uint32_t first, uint32_t end)
{
    assert_int_equal(blocks[at].left, start + 10 * first);
    assert_int_equal(blocks[at].right, start + 10 * end);
}

/* RFC 2018 4: the first block contains the segment that caused the ACK */
static void latest_comes_first(void **state)
{
    (void)state;
    arrive(1);
    assert_int_equal(fill(4), 1);
    assert_block(0, 1, 2);
    arrive(5);
    assert_int_equal(fill(4), 2);
    assert_block(0, 5, 6);
    assert_block(1, 1, 2);
    arrive(3);
    assert_int_equal(fill(4), 3);
    assert_block(0, 3, 4);
    assert_block(1, 5, 6);
    assert_block(2, 1, 2);
}

/* RFC 2018 4: a block covers all contiguous data around the segment */
static void block_is_the_whole_run(void **state)
{
    (void)state;
    arrive(1);
    arrive(5);
    arrive(2);
    assert_int_equal(fill(4), 2);
    assert_block(0, 1, 3);
    assert_block(1, 5, 6);
    arrive(4);
    assert_int_equal(fill(4), 2);
    assert_block(0, 4, 6);
    assert_block(1, 1, 3);
}

static void runs_that_grew_together_are_one_block(void **state)
{
    (void)state;
    arrive(1);
    arrive(3);
    arrive(5);
    fill(4);
    arrive(2);
    assert_int_equal(fill(4), 2);
    assert_block(0, 1, 4);
    assert_block(1, 5, 6);
    assert_int_equal(sacks.count, 2);
}

/* RFC 2018 4: the rest repeats earlier blocks; there is no space for the oldest */
static void the_four_latest_are_repeated(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 11; i += 2) {
        arrive(i);
        fill(4);
    }
    assert_int_equal(fill(4), 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_block(i, 11 - 2 * i, 12 - 2 * i);
}

/* With timestamps there is space for three blocks; the fourth is not forgotten. */
static void three_fit_beside_timestamps(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 7; i += 2)
        arrive(i);
    assert_int_equal(fill(3), 3);
    assert_block(0, 7, 8);
    assert_block(2, 3, 4);
    assert_int_equal(fill(4), 4);
    assert_block(3, 1, 2);
}

static void filled_gaps_are_not_reported(void **state)
{
    uint32_t len;

    (void)state;
    arrive(0);
    arrive(2);
    leat_buf_free(reorder_take(&reorder, &run_pool, start, &len));
    assert_int_equal(fill(4), 1);
    assert_block(0, 2, 3);
    leat_buf_free(reorder_take(&reorder, &run_pool, start + 20, &len));
    assert_int_equal(fill(4), 0);
    assert_int_equal(sacks.count, 0);
}

/* Data dropped for lack of memory must not be reported (RFC 2018 4). */
static void discarded_data_is_not_reported(void **state)
{
    (void)state;
    sacks_note(&sacks, start + 50);
    assert_int_equal(fill(4), 0);
    arrive(7);
    sacks_note(&sacks, start + 50); /* below a run */
    sacks_note(&sacks, start + 80); /* directly after it */
    assert_int_equal(fill(4), 1);
    assert_block(0, 7, 8);
    sacks.count = 0;
    sacks_note(&sacks, start + 80);
    assert_int_equal(fill(4), 0);
}

/* RFC 2883 4: first, and once */
static void duplicate_is_reported_first_and_once(void **state)
{
    (void)state;
    arrive(3);
    sacks_note_duplicate(&sacks, start, start + 10);
    assert_int_equal(fill(4), 2);
    assert_block(0, 0, 1);
    assert_block(1, 3, 4);
    assert_int_equal(fill(4), 1);
    assert_block(0, 3, 4);
}

/* RFC 2883 4.1: a duplicate inside a run is followed by the block of the run */
static void duplicate_within_a_run_is_followed_by_it(void **state)
{
    (void)state;
    arrive(2);
    arrive(3);
    arrive(9);
    arrive(2);
    sacks_note_duplicate(&sacks, start + 20, start + 30);
    assert_int_equal(fill(3), 3);
    assert_block(0, 2, 3);
    assert_block(1, 2, 4);
    assert_block(2, 9, 10);
}

/* RFC 2883 4.1.2: the same block twice, if the run is not longer */
static void duplicate_of_a_whole_run_does_not_hide_it(void **state)
{
    (void)state;
    arrive(2);
    arrive(2);
    sacks_note_duplicate(&sacks, start + 20, start + 30);
    assert_int_equal(fill(4), 2);
    assert_block(0, 2, 3);
    assert_block(1, 2, 3);
}

static void duplicate_waits_for_an_ACK_with_room(void **state)
{
    (void)state;
    sacks_note_duplicate(&sacks, start, start + 10);
    assert_int_equal(fill(0), 0);
    assert_int_equal(fill(1), 1);
    assert_block(0, 0, 1);
}

#define sacks_test(function) cmocka_unit_test_setup_teardown(function, open_sacks, close_sacks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        sacks_test(latest_comes_first),
        sacks_test(block_is_the_whole_run),
        sacks_test(runs_that_grew_together_are_one_block),
        sacks_test(the_four_latest_are_repeated),
        sacks_test(three_fit_beside_timestamps),
        sacks_test(filled_gaps_are_not_reported),
        sacks_test(discarded_data_is_not_reported),
        sacks_test(duplicate_is_reported_first_and_once),
        sacks_test(duplicate_within_a_run_is_followed_by_it),
        sacks_test(duplicate_of_a_whole_run_does_not_hide_it),
        sacks_test(duplicate_waits_for_an_ACK_with_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
