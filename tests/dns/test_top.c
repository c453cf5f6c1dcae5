/* test_top.c -- the most frequent keys, compared with exact counts. */
#include "dns_test.h"

#include <leat/top.h>

enum {
    KEYS = 1000,
    ROW = 50000
};

static struct leat_top top;

static void test_counts_are_never_too_low_and_the_frequent_are_there(void **state)
{
    static unsigned real[KEYS];
    const struct leat_top_entry *ranked[LEAT_TOP_PLACES];
    uint32_t seed = 7;
    unsigned count;

    (void)state;
    memset(&top, 0, sizeof top);
    for (unsigned i = 0; i < ROW; i++) {
        unsigned which;
        char text[16];

        seed = seed * 1664525u + 1013904223u;
        which = (seed >> 16) % KEYS;
        which = which * ((seed >> 8) % KEYS) / KEYS; /* the lower, the more frequent */
        real[which]++;
        leat_top_count(&top, text, (size_t)sprintf(text, "%u", which));
    }
    count = leat_top_rank(&top, ranked, LEAT_TOP_PLACES);
    assert_int_equal(count, LEAT_TOP_PLACES);
    for (unsigned i = 0; i < count; i++) {
        char text[256] = "";
        unsigned which;

        memcpy(text, ranked[i]->key, ranked[i]->key_len);
        which = (unsigned)atoi(text);
        assert_true(ranked[i]->count >= real[which]);
        assert_true(ranked[i]->count - ranked[i]->above <= real[which]);
        assert_true(i == 0 || ranked[i]->count <= ranked[i - 1]->count);
        if (real[which] > ROW / LEAT_TOP_PLACES)
            real[which] = 0;
    }
    for (unsigned i = 0; i < KEYS; i++)
        assert_true(real[i] <= ROW / LEAT_TOP_PLACES);
}

static void test_few_keys_are_counted_exactly(void **state)
{
    const struct leat_top_entry *ranked[2];
    char key[300];

    (void)state;
    memset(&top, 0, sizeof top);
    memset(key, 'x', sizeof key);
    assert_int_equal(leat_top_rank(&top, ranked, 2), 0);
    leat_top_count(&top, "b", 1);
    for (unsigned i = 0; i < 3; i++) {
        leat_top_count(&top, "a", 1);
        leat_top_count(&top, key, 255 + i); /* bytes after the first 255 don't count */
    }
    leat_top_count(&top, "a", 1);
    leat_top_count(&top, "", 0);
    assert_int_equal(leat_top_rank(&top, ranked, 0), 0);
    assert_int_equal(leat_top_rank(&top, ranked, 2), 2);
    assert_int_equal(ranked[0]->count, 4);
    assert_int_equal(ranked[0]->above, 0);
    assert_int_equal(ranked[0]->key[0], 'a');
    assert_int_equal(ranked[1]->count, 3);
    assert_int_equal(ranked[1]->key_len, 255);
}

/* leat/top.h: "among equal ones the lower place comes first". */
static void test_equal_counts_go_by_place(void **state)
{
    const struct leat_top_entry *ranked[4] = {NULL};

    (void)state;
    memset(&top, 0, sizeof top);
    for (unsigned i = 0; i < 2; i++) {
        leat_top_count(&top, "a", 1);
        leat_top_count(&top, "ab", 2); /* neither a key nor its beginning is taken for the other */
        leat_top_count(&top, "b", 1);
    }
    leat_top_count(&top, "b", 1);
    for (unsigned max = 0; max <= 4; max++) {
        static const char *const order[] = {"b", "a", "ab"};

        memset(ranked, 0, sizeof ranked);
        assert_int_equal(leat_top_rank(&top, ranked, max), max < 3 ? max : 3);
        for (unsigned i = 0; i < max && i < 3; i++) {
            assert_int_equal(ranked[i]->key_len, strlen(order[i]));
            assert_memory_equal(ranked[i]->key, order[i], strlen(order[i]));
            assert_int_equal(ranked[i]->count, i == 0 ? 3 : 2);
        }
        for (unsigned i = max; i < 4; i++)
            assert_null(ranked[i]); /* beyond what the caller has */
    }
}

/* A key without a place takes over the rarest one's, with its count. */
static void test_a_newcomer_inherits_the_smallest_count(void **state)
{
    const struct leat_top_entry *ranked[LEAT_TOP_PLACES];

    (void)state;
    memset(&top, 0, sizeof top);
    for (uint8_t key = 0; key < LEAT_TOP_PLACES; key++) {
        for (unsigned i = 0; i < (key == 20 ? 5u : 7u); i++)
            leat_top_count(&top, &key, 1);
    }
    leat_top_count(&top, "new", 3);
    assert_int_equal(leat_top_rank(&top, ranked, LEAT_TOP_PLACES), LEAT_TOP_PLACES);
    assert_int_equal(ranked[LEAT_TOP_PLACES - 1]->key_len, 3);
    assert_memory_equal(ranked[LEAT_TOP_PLACES - 1]->key, "new", 3);
    assert_int_equal(ranked[LEAT_TOP_PLACES - 1]->count, 6);
    assert_int_equal(ranked[LEAT_TOP_PLACES - 1]->above, 5);
    for (unsigned i = 0; i < LEAT_TOP_PLACES - 1; i++) {
        assert_int_equal(ranked[i]->count, 7);
        assert_int_equal(ranked[i]->above, 0);
    }
    leat_top_count(&top, "new", 3); /* it has a place now */
    assert_int_equal(leat_top_rank(&top, ranked, LEAT_TOP_PLACES), LEAT_TOP_PLACES);
    for (unsigned i = 0; i < LEAT_TOP_PLACES; i++)
        assert_int_equal(ranked[i]->above, ranked[i]->key_len == 3 ? 5 : 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_are_never_too_low_and_the_frequent_are_there),
        cmocka_unit_test(test_few_keys_are_counted_exactly),
        cmocka_unit_test(test_equal_counts_go_by_place),
        cmocka_unit_test(test_a_newcomer_inherits_the_smallest_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
