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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_are_never_too_low_and_the_frequent_are_there),
        cmocka_unit_test(test_few_keys_are_counted_exactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
