/* test_libc_sort.c -- an image's qsort sorts everything, and bsearch finds it. */
#include "unit.h"

#include "libc.h"

enum {
    ELEMENTS_MAX = 300,
    SIZE_MAX_BYTES = 24,
    ROUNDS = 3000
};

/* Elements of @size bytes, the first of which is the key. */
struct how {
    size_t size;
    unsigned comparisons;
};

static int compare_keys(const void *a, const void *b)
{
    const int x = *(const unsigned char *)a, y = *(const unsigned char *)b;

    return (x > y) - (x < y);
}

static int compare_counted(const void *a, const void *b, void *arg)
{
    struct how *how = arg;

    how->comparisons++;
    return memcmp(a, b, how->size);
}

/* Many equal keys, rising and falling ones. */
static void draw(uint64_t *state, unsigned char *bytes, size_t count, size_t size)
{
    const uint32_t kinds = 1 + unit_below(state, 256);
    const uint32_t order = unit_below(state, 4);

    for (size_t i = 0; i < count * size; i++)
        bytes[i] = (unsigned char)unit_below(state, kinds);
    for (size_t i = 0; i < count && order < 2; i++)
        bytes[i * size] = (unsigned char)(order == 0 ? i : count - i);
}

static size_t log2_up(size_t value)
{
    size_t log = 0;

    while (((size_t)1 << log) < value)
        log++;
    return log;
}

static void the_result_is_that_of_the_libc(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned char ours[ELEMENTS_MAX * SIZE_MAX_BYTES], theirs[sizeof ours];
        struct how how = {.size = 1 + unit_below(&seed, SIZE_MAX_BYTES)};
        const size_t count = unit_below(&seed, ELEMENTS_MAX + 1);

        draw(&seed, ours, count, how.size);
        memcpy(theirs, ours, count * how.size);
        bare_qsort_r(ours, count, how.size, compare_counted, &how);
        assert_true(how.comparisons <= 2 * count * (log2_up(count) + 1));
        qsort_r(theirs, count, how.size, compare_counted, &how);
        assert_memory_equal(ours, theirs, count * how.size); /* the whole element is compared */
    }
}

static void a_key_is_found_if_it_is_there(void **state)
{
    uint64_t seed = 2;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned char bytes[ELEMENTS_MAX * SIZE_MAX_BYTES];
        const size_t size = 1 + unit_below(&seed, SIZE_MAX_BYTES);
        const size_t count = unit_below(&seed, ELEMENTS_MAX + 1);
        const unsigned char key = (unsigned char)unit_below(&seed, 256);
        const unsigned char *found;
        bool there = false;

        draw(&seed, bytes, count, size);
        bare_qsort(bytes, count, size, compare_keys);
        for (size_t j = 1; j < count; j++)
            assert_true(bytes[(j - 1) * size] <= bytes[j * size]);
        for (size_t j = 0; j < count; j++)
            there |= bytes[j * size] == key;
        found = bare_bsearch(&key, bytes, count, size, compare_keys);
        assert_int_equal(found != NULL, there);
        if (found) {
            assert_int_equal(*found, key);
            assert_int_equal((size_t)(found - bytes) % size, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_is_that_of_the_libc),
        cmocka_unit_test(a_key_is_found_if_it_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
