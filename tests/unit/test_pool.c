/* test_pool.c -- the arena, and the three lists of the pool: all of it can be taken, and is
 * returned. */
#include "unit_pool.h"

enum {
    FULLS = 5,
    SMALLS = 7,
    VIEWS = 11,
    FULL_BYTES = 512
};

static struct unit_pool unit;

static int open_pool(void **state)
{
    (void)state;
    unit_pool_open(&unit, FULLS, FULL_BYTES, SMALLS, VIEWS);
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    unit_pool_close(&unit);
    return 0;
}

static void an_arena_gives_zeroed_aligned_memory_until_it_is_used_up(void **state)
{
    static _Alignas(ARENA_ALIGN) uint8_t block[4 * ARENA_ALIGN];
    struct arena arena = {block, block + sizeof block};
    uint8_t *first, *second;

    (void)state;
    memset(block, 0xff, sizeof block);
    first = arena_take(&arena, 3, 7);
    second = arena_take(&arena, 1, ARENA_ALIGN + 1);
    assert_ptr_equal(first, block);
    assert_ptr_equal(second, block + ARENA_ALIGN);
    for (unsigned i = 0; i < 3 * ARENA_ALIGN; i++)
        assert_int_equal(block[i], 0);
    assert_int_equal(block[3 * ARENA_ALIGN], 0xff);
    assert_null(arena_take(&arena, 1, ARENA_ALIGN + 1));
    assert_non_null(arena_take(&arena, 1, ARENA_ALIGN));
    assert_null(arena_take(&arena, 1, 1));
}

static void a_pool_does_not_fit_in_a_byte_less_than_its_cost(void **state)
{
    static _Alignas(ARENA_ALIGN) uint8_t block[64 * 1024];
    const size_t cost = pool_cost(FULLS, FULL_BYTES, SMALLS, VIEWS);
    struct arena arena = {block, block + cost - 1};
    struct leat_pool pool = {0};

    (void)state;
    assert_true(cost <= sizeof block);
    assert_false(pool_init(&pool, &arena, FULLS, FULL_BYTES, SMALLS, VIEWS));
}

static void full_buffers_run_out_and_come_back(void **state)
{
    struct leat_buf *bufs[FULLS];

    (void)state;
    assert_int_equal(leat_pool_buf_bytes(&unit.pool), FULL_BYTES);
    for (unsigned i = 0; i < FULLS; i++) {
        assert_int_equal(leat_pool_free_count(&unit.pool), FULLS - i);
        bufs[i] = leat_buf_alloc(&unit.pool, LEAT_BUF_HEADROOM);
        assert_non_null(bufs[i]);
        memset(bufs[i]->start, (int)i, bufs[i]->capacity); /* ASan checks that all of it is ours */
    }
    assert_null(leat_buf_alloc(&unit.pool, 0));
    assert_false(pool_is_whole(&unit.pool));
    for (unsigned i = 0; i < FULLS; i++) {
        for (unsigned at = 0; at < FULL_BYTES; at++)
            assert_int_equal(bufs[i]->start[at], i); /* no storage is shared */
        leat_buf_free(bufs[i]);
    }
    assert_true(pool_is_whole(&unit.pool));
    assert_int_equal(leat_pool_free_count(&unit.pool), FULLS);
}

static void small_buffers_run_out_without_touching_the_full_ones(void **state)
{
    struct leat_buf *list = NULL;

    (void)state;
    for (unsigned i = 0; i < SMALLS; i++) {
        struct leat_buf *buf = leat_buf_alloc_small(&unit.pool, LEAT_BUF_HEADROOM);

        assert_non_null(buf);
        assert_int_equal(buf->capacity, POOL_SMALL_BYTES);
        buf->next = list;
        list = buf;
    }
    assert_null(leat_buf_alloc_small(&unit.pool, 0));
    assert_null(leat_buf_lend(&unit.pool, "x", 1, NULL, NULL)); /* it needs a small buffer */
    assert_int_equal(leat_pool_free_count(&unit.pool), FULLS);
    leat_buf_free(list);
}

static void views_run_out_and_a_slice_that_fails_leaves_nothing(void **state)
{
    struct leat_buf *list = leat_buf_copy(&unit.pool, "abcdef", 6);
    struct leat_buf *slices[VIEWS];

    (void)state;
    leat_buf_append(list, leat_buf_copy(&unit.pool, "ghi", 3));
    for (unsigned i = 0; i < VIEWS; i++) {
        slices[i] = leat_buf_slice(list, i % 6, 0);
        assert_non_null(slices[i]);
    }
    assert_null(leat_buf_slice(list, 0, 1));
    leat_buf_free(slices[0]);
    assert_null(leat_buf_slice(list, 5, 2)); /* needs two: the first one is returned */
    assert_int_equal(unit.pool.lists[POOL_VIEW].free_count, 1);
    for (unsigned i = 1; i < VIEWS; i++)
        leat_buf_free(slices[i]);
    leat_buf_free(list);
}

static void a_copy_that_fails_leaves_nothing(void **state)
{
    static const uint8_t bytes[FULLS * FULL_BYTES];

    (void)state;
    assert_null(leat_buf_copy(&unit.pool, bytes,
                              sizeof bytes)); /* the buffer has no space after the headroom */
    assert_true(pool_is_whole(&unit.pool));
}

static void a_used_buffer_comes_back_as_new(void **state)
{
    struct leat_buf *buf = leat_buf_alloc(&unit.pool, 10);

    (void)state;
    leat_buf_put(buf, 100);
    buf->segment_bytes = 1460;
    buf->checksum = LEAT_CHECKSUM_VERIFIED;
    buf->queued = buf;
    leat_buf_free(buf);
    buf = leat_buf_alloc(&unit.pool, 20);
    assert_int_equal(buf->len, 0);
    assert_int_equal(buf->segment_bytes, 0);
    assert_int_equal(buf->checksum, LEAT_CHECKSUM_UNKNOWN);
    assert_null(buf->queued);
    assert_null(buf->next);
    assert_int_equal(leat_buf_headroom(buf), 20);
    leat_buf_free(buf);
}

/* Random slices of random lists, freed in random order. */
static void random_slices_all_come_back(void **state)
{
    static const uint8_t bytes[2 * FULL_BYTES];
    struct leat_buf *held[8] = {NULL};
    uint64_t seed = 9;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        struct leat_buf **at = &held[unit_below(&seed, 8)];
        const struct leat_buf *other;

        leat_buf_free(*at);
        *at = NULL;
        other = held[unit_below(&seed, 8)];
        if (other) {
            const uint32_t total = leat_buf_total(other);
            const uint32_t offset = unit_below(&seed, total + 1);

            *at = leat_buf_slice(other, offset, unit_below(&seed, total - offset + 1));
        } else {
            *at = leat_buf_copy(&unit.pool, bytes, unit_below(&seed, sizeof bytes));
        }
    }
    for (unsigned i = 0; i < 8; i++)
        leat_buf_free(held[i]);
}

/* While no buffer is taken, shares are fractions of exactly the whole pool. */
static void a_pool_of_which_nothing_is_taken_is_free_as_a_whole(void **state)
{
    struct leat_buf *buf;

    (void)state;
    assert_int_equal(pool_free(&unit.pool), 1u << POOL_ALL_SHIFT);
    buf = leat_buf_alloc(&unit.pool, 0);
    assert_true(pool_free(&unit.pool) < 1u << POOL_ALL_SHIFT);
    leat_buf_free(buf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pool, close_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_until_it_is_used_up),
        cmocka_unit_test(a_pool_does_not_fit_in_a_byte_less_than_its_cost),
        TEST(full_buffers_run_out_and_come_back),
        TEST(small_buffers_run_out_without_touching_the_full_ones),
        TEST(views_run_out_and_a_slice_that_fails_leaves_nothing),
        TEST(a_copy_that_fails_leaves_nothing),
        TEST(a_pool_of_which_nothing_is_taken_is_free_as_a_whole),
        TEST(a_used_buffer_comes_back_as_new),
        TEST(random_slices_all_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
