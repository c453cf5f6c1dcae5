/* test_buf.c -- buffers: each function with a single view, a list, and shared storage. */
#include "unit_pool.h"

#include "core/view.h"

enum {
    FULL_BYTES = 512,
    ROOM = FULL_BYTES - 128 /* of a full buffer after LEAT_BUF_HEADROOM */
};

static struct unit_pool unit;

static int open_pool(void **state)
{
    (void)state;
    unit_pool_open(&unit, 64, FULL_BYTES, 64, 256);
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    unit_pool_close(&unit);
    return 0;
}

static void assert_data(const struct leat_buf *buf, const char *text)
{
    char bytes[256];
    const uint32_t len = (uint32_t)strlen(text);

    assert_int_equal(leat_buf_total(buf), len);
    assert_int_equal(leat_buf_read(buf, 0, bytes, sizeof bytes), len);
    assert_memory_equal(bytes, text, len);
}

static struct leat_buf *payload(const char *bytes)
{
    return leat_buf_copy(&unit.pool, bytes, (uint32_t)strlen(bytes));
}

/* "abc", "", "defg", "h" */
static struct leat_buf *four_pieces(void)
{
    struct leat_buf *list = payload("abc");

    leat_buf_append(list, payload(""));
    leat_buf_append(list, payload("defg"));
    leat_buf_append(list, payload("h"));
    return list;
}

static void push_uncovers_headroom(void **state)
{
    struct leat_buf *buf = payload("body");

    (void)state;
    assert_int_equal(leat_buf_headroom(buf), LEAT_BUF_HEADROOM);
    memcpy(leat_buf_push(buf, 5), "head ", 5);
    assert_data(buf, "head body");
    assert_int_equal(leat_buf_headroom(buf), LEAT_BUF_HEADROOM - 5);
    leat_buf_free(buf);
}

static void push_too_far(void *buf)
{
    leat_buf_push(buf, LEAT_BUF_HEADROOM + 1);
}

static void push_asserts_that_there_is_headroom(void **state)
{
    struct leat_buf *buf = payload("body");

    (void)state;
    assert_true(unit_dies(push_too_far, buf));
    leat_buf_push(buf, LEAT_BUF_HEADROOM);
    leat_buf_free(buf);
}

static void pull_takes_off_the_front_or_gives_null(void **state)
{
    struct leat_buf *buf = four_pieces();

    (void)state;
    assert_null(leat_buf_pull(buf, 4)); /* limited to the first piece */
    assert_data(buf, "abcdefgh");
    assert_memory_equal(leat_buf_pull(buf, 2), "ab", 2);
    assert_data(buf, "cdefgh");
    assert_non_null(leat_buf_pull(buf, 1));
    assert_null(leat_buf_pull(buf, 1));
    assert_non_null(leat_buf_pull(buf, 0));
    leat_buf_free(buf);
}

static void put_lengthens_up_to_the_end_of_the_storage(void **state)
{
    struct leat_buf *buf = leat_buf_alloc(&unit.pool, LEAT_BUF_HEADROOM);

    (void)state;
    assert_int_equal(leat_buf_tailroom(buf), ROOM);
    memset(leat_buf_put(buf, ROOM - 1), 1, ROOM - 1);
    assert_null(leat_buf_put(buf, 2));
    assert_non_null(leat_buf_put(buf, 1));
    assert_int_equal(leat_buf_tailroom(buf), 0);
    assert_int_equal(buf->len, ROOM);
    leat_buf_free(buf);
}

static void copy_spreads_over_as_many_buffers_as_it_needs(void **state)
{
    static uint8_t bytes[3 * FULL_BYTES], back[sizeof bytes + 1];
    uint64_t seed = 1;

    (void)state;
    for (uint32_t len = 0; len <= sizeof bytes; len++) {
        struct leat_buf *list = leat_buf_copy(&unit.pool, bytes, len);

        for (uint32_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)unit_random(&seed);
        leat_buf_free(list);
        list = leat_buf_copy(&unit.pool, bytes, len);
        assert_int_equal(leat_buf_headroom(list), LEAT_BUF_HEADROOM);
        assert_int_equal(leat_buf_total(list), len);
        assert_int_equal(leat_buf_read(list, 0, back, sizeof back), len);
        assert_memory_equal(back, bytes, len);
        leat_buf_free(list);
    }
}

static void read_begins_anywhere_and_stops_at_the_end(void **state)
{
    struct leat_buf *list = four_pieces();
    char bytes[16];

    (void)state;
    assert_int_equal(leat_buf_read(list, 2, bytes, 3), 3);
    assert_memory_equal(bytes, "cde", 3);
    assert_int_equal(leat_buf_read(list, 7, bytes, 16), 1);
    assert_int_equal(leat_buf_read(list, 8, bytes, 16), 0);
    assert_int_equal(leat_buf_read(list, 99, bytes, 16), 0);
    assert_int_equal(leat_buf_read(list, 0, bytes, 0), 0);
    leat_buf_free(list);
}

static void trim_frees_the_pieces_that_are_not_needed(void **state)
{
    (void)state;
    for (uint32_t total = 0; total <= 9; total++) {
        struct leat_buf *list = four_pieces();
        char want[16];

        snprintf(want, sizeof want, "%.*s", (int)total, "abcdefgh");
        leat_buf_trim(list, total);
        assert_data(list, want);
        if (total <= 3)
            assert_int_equal(leat_pool_free_count(&unit.pool), 63);
        leat_buf_free(list);
    }
}

static void consume_drops_across_pieces(void **state)
{
    (void)state;
    for (uint32_t bytes = 0; bytes < 8; bytes++) {
        struct leat_buf *list = leat_buf_consume(four_pieces(), bytes);

        assert_non_null(list);
        assert_data(list, &"abcdefgh"[bytes]);
        assert_true(list->len > 0);
        leat_buf_free(list);
    }
    assert_null(leat_buf_consume(four_pieces(), 8));
    assert_null(leat_buf_consume(four_pieces(), 100));
    assert_null(leat_buf_consume(NULL, 0));
}

static void a_slice_shares_the_bytes(void **state)
{
    struct leat_buf *list = four_pieces();
    struct leat_buf *slice = leat_buf_slice(list, 2, 4);

    (void)state;
    assert_data(slice, "cdef");
    list->data[2] = 'C';
    assert_data(slice, "Cdef");
    assert_int_equal(list->refs, 2);
    leat_buf_free(slice);
    assert_int_equal(list->refs, 1);
    leat_buf_free(list);
}

static void every_slice_of_a_list(void **state)
{
    static const char all[] = "abcdefgh";
    struct leat_buf *list = four_pieces();

    (void)state;
    for (uint32_t offset = 0; offset <= 8; offset++) {
        for (uint32_t len = 0; offset + len <= 8; len++) {
            struct leat_buf *slice = leat_buf_slice(list, offset, len);
            char want[16];

            snprintf(want, sizeof want, "%.*s", (int)len, all + offset);
            assert_data(slice, want);
            leat_buf_free(slice);
        }
    }
    assert_data(list, all);
    leat_buf_free(list);
}

static void slice_too_far(void *list)
{
    leat_buf_slice(list, 6, 3);
}

static void slice_asserts_that_the_range_lies_inside(void **state)
{
    struct leat_buf *list = four_pieces();

    (void)state;
    assert_true(unit_dies(slice_too_far, list));
    leat_buf_free(list);
}

static void storage_lives_as_long_as_its_last_view(void **state)
{
    struct leat_buf *list = payload("abcdef");
    struct leat_buf *slice = leat_buf_slice(list, 1, 4);
    struct leat_buf *inner = leat_buf_slice(slice, 1, 2); /* nested, with the same owner */

    (void)state;
    assert_ptr_equal(inner->owner, list);
    leat_buf_free(list);
    assert_int_equal(leat_pool_free_count(&unit.pool), 63);
    leat_buf_free(slice);
    assert_data(inner, "cd");
    leat_buf_free(inner);
    assert_int_equal(leat_pool_free_count(&unit.pool), 64);
}

static void free_twice(void *buf)
{
    leat_buf_free(buf);
    leat_buf_free(buf);
}

static void freeing_twice_is_asserted(void **state)
{
    struct leat_buf *buf = payload("x");
    struct leat_buf *slice = leat_buf_slice(buf, 0, 1);

    (void)state;
    leat_buf_free(NULL);
    assert_true(unit_dies(free_twice, slice)); /* else it would free the storage of another view */
    leat_buf_free(slice);
    assert_true(unit_dies(free_twice, buf));
    leat_buf_free(buf);
}

static void held_counts_the_storage_not_the_view(void **state)
{
    struct leat_buf *list = payload("a");
    struct leat_buf *slice = leat_buf_slice(list, 0, 1);

    (void)state;
    assert_int_equal(leat_buf_held(list), FULL_BYTES + sizeof *list);
    assert_int_equal(leat_buf_held(slice), FULL_BYTES + sizeof *list);
    leat_buf_free(slice);
    leat_buf_free(list);
    list = leat_buf_alloc_small(&unit.pool, 0);
    assert_int_equal(leat_buf_held(list), POOL_SMALL_BYTES + sizeof *list);
    leat_buf_free(list);
}

static void count_up(void *count)
{
    ++*(int *)count;
}

static void lent_memory_is_released_once_by_the_last_view(void **state)
{
    static const char bytes[] = "lent for a while";
    int released = 0;
    struct leat_buf *buf = leat_buf_lend(&unit.pool, bytes, 4, count_up, &released);
    struct leat_buf *slice = leat_buf_slice(buf, 1, 2);

    (void)state;
    assert_ptr_equal(buf->data, bytes);
    assert_data(buf, "lent");
    leat_buf_free(buf);
    assert_int_equal(released, 0);
    assert_data(slice, "en");
    leat_buf_free(slice);
    assert_int_equal(released, 1);
}

static void lend_without_release_and_without_bytes(void **state)
{
    (void)state;
    leat_buf_free(leat_buf_lend(&unit.pool, "", 0, NULL, NULL));
    /* the descriptor is an ordinary small one again */
    for (unsigned i = 0; i < 64; i++) {
        struct leat_buf *buf = leat_buf_alloc_small(&unit.pool, LEAT_BUF_HEADROOM);

        assert_int_equal(buf->capacity, POOL_SMALL_BYTES);
        memset(buf->start, 0, POOL_SMALL_BYTES);
        leat_buf_free(buf);
    }
}

static void lend_again(void *pool)
{
    leat_buf_free(leat_buf_lend(pool, "again", 5, NULL, NULL));
}

static void release_may_use_the_pool(void **state)
{
    (void)state;
    leat_buf_free(leat_buf_lend(&unit.pool, "x", 1, lend_again, &unit.pool));
}

static void lent_memory_never_has_room_to_write(void **state)
{
    struct leat_buf *buf = leat_buf_lend(&unit.pool, "0123456789", 10, NULL, NULL);
    struct leat_buf *slice = leat_buf_slice(buf, 3, 4);

    (void)state;
    leat_buf_pull(buf, 2);
    leat_buf_trim(buf, 7);
    buf = leat_buf_consume(buf, 1);
    assert_data(buf, "345678");
    assert_int_equal(leat_buf_headroom(buf), 0);
    assert_int_equal(leat_buf_tailroom(buf), 0);
    assert_null(leat_buf_put(buf, 1));
    assert_int_equal(leat_buf_headroom(slice), 0);
    assert_int_equal(leat_buf_tailroom(slice), 0);
    leat_buf_free(buf);
    leat_buf_pull(slice, 1);
    assert_data(slice, "456");
    assert_int_equal(leat_buf_headroom(slice), 0);
    leat_buf_free(slice);
}

/* No other view may read or write the storage that the payload is copied to. */
static void short_data_is_merged_only_into_storage_of_one_view(void **state)
{
    struct leat_buf *last = payload("one"), *piece = payload("two"), *slice;

    (void)state;
    assert_true(view_merge(last, piece));
    assert_data(last, "onetwo");
    slice = leat_buf_slice(last, 1, 3);
    assert_false(view_merge(last, piece)); /* the slice would see it */
    assert_false(view_merge(slice, piece));
    assert_data(slice, "net");
    leat_buf_free(last);
    assert_false(view_merge(slice, piece)); /* another descriptor still owns the storage */
    assert_data(slice, "net");
    leat_buf_free(slice);
    leat_buf_free(piece);
}

static void merging_stops_at_the_end_of_the_storage(void **state)
{
    struct leat_buf *last = leat_buf_alloc_small(&unit.pool, 0), *piece = payload("two");

    (void)state;
    leat_buf_put(last, leat_buf_tailroom(last) - 3);
    assert_true(view_merge(last, piece));
    assert_int_equal(last->len, POOL_SMALL_BYTES);
    assert_memory_equal(last->data + last->len - 3, "two", 3);
    assert_false(view_merge(last, piece));
    leat_buf_free(last);
    leat_buf_free(piece);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pool, close_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(push_uncovers_headroom),
        TEST(push_asserts_that_there_is_headroom),
        TEST(pull_takes_off_the_front_or_gives_null),
        TEST(put_lengthens_up_to_the_end_of_the_storage),
        TEST(copy_spreads_over_as_many_buffers_as_it_needs),
        TEST(read_begins_anywhere_and_stops_at_the_end),
        TEST(trim_frees_the_pieces_that_are_not_needed),
        TEST(consume_drops_across_pieces),
        TEST(a_slice_shares_the_bytes),
        TEST(every_slice_of_a_list),
        TEST(slice_asserts_that_the_range_lies_inside),
        TEST(storage_lives_as_long_as_its_last_view),
        TEST(freeing_twice_is_asserted),
        TEST(held_counts_the_storage_not_the_view),
        TEST(lent_memory_is_released_once_by_the_last_view),
        TEST(lend_without_release_and_without_bytes),
        TEST(release_may_use_the_pool),
        TEST(lent_memory_never_has_room_to_write),
        TEST(short_data_is_merged_only_into_storage_of_one_view),
        TEST(merging_stops_at_the_end_of_the_storage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
