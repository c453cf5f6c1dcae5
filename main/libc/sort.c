/*
 * sort.c -- qsort and bsearch, without a libc.
 *
 * qsort is heapsort: it needs no memory and no recursion, and no order of the input makes it slow.
 * Equal elements may change places, as C allows.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct array {
    unsigned char *bytes;
    size_t size; /* of an element */
    int (*compare)(const void *a, const void *b, void *arg);
    void *arg;
};

static unsigned char *element(const struct array *array, size_t at)
{
    return array->bytes + at * array->size;
}

static void swap(const struct array *array, size_t a, size_t b)
{
    unsigned char *x = element(array, a), *y = element(array, b);

    for (size_t i = 0; i < array->size; i++) {
        const unsigned char byte = x[i];

        x[i] = y[i];
        y[i] = byte;
    }
}

static bool is_less(const struct array *array, size_t a, size_t b)
{
    return array->compare(element(array, a), element(array, b), array->arg) < 0;
}

/* Moves the element at @at down, until none of its two below is greater. */
static void sift(const struct array *array, size_t at, size_t count)
{
    while (at < count / 2) {
        size_t below = 2 * at + 1;

        if (below + 1 < count && is_less(array, below, below + 1))
            below++;
        if (!is_less(array, at, below))
            return;
        swap(array, at, below);
        at = below;
    }
}

void qsort_r(void *base, size_t count, size_t size,
             int (*compare)(const void *a, const void *b, void *arg), void *arg)
{
    const struct array array = {base, size, compare, arg};

    for (size_t at = count / 2; at > 0; at--)
        sift(&array, at - 1, count);
    for (size_t last = count; last > 1; last--) {
        swap(&array, 0, last - 1);
        sift(&array, 0, last - 1);
    }
}

struct plain {
    int (*compare)(const void *a, const void *b);
};

static int compare_plain(const void *a, const void *b, void *arg)
{
    const struct plain *plain = arg;

    return plain->compare(a, b);
}

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *a, const void *b))
{
    struct plain plain = {compare};

    qsort_r(base, count, size, compare_plain, &plain);
}

void *bsearch(const void *key, const void *base, size_t count, size_t size,
              int (*compare)(const void *key, const void *element))
{
    const unsigned char *first = base;

    while (count > 0) {
        const unsigned char *middle = first + count / 2 * size;
        const int order = compare(key, middle);

        if (order == 0)
            return (void *)(uintptr_t)middle;
        if (order > 0) {
            first = middle + size;
            count--;
        }
        count /= 2;
    }
    return NULL;
}
