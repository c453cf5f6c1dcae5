/* test_large_pages.c -- the memory of a stack on a POSIX system: aligned, and in large pages if it
 * is large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <leat/posix.h>

static const size_t mib = 1 << 20;

/* True if the kernel marks the mapping of @at for large pages (VmFlags: hg). */
static bool wants_large_pages(const void *at)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    bool is_inside = false, wants = false;
    unsigned long begin, end;
    char line[256];

    assert_non_null(smaps);
    while (fgets(line, sizeof line, smaps)) {
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
            is_inside = begin <= (uintptr_t)at && (uintptr_t)at < end;
        else if (is_inside && strncmp(line, "VmFlags:", 8) == 0)
            wants = strstr(line, " hg") != NULL;
    }
    fclose(smaps);
    return wants;
}

static void a_small_block_begins_with_a_page(void **state)
{
    const size_t sizes[] = {0, 1, 4096, 5000, mib, 16 * mib - 1};
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *memory = leat_posix_memory(sizes[i]);

        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % page, 0);
        memset(memory, 1, sizes[i]);
        assert_false(wants_large_pages(memory));
        free(memory);
    }
}

static void a_large_one_lies_in_large_pages(void **state)
{
    uint8_t *memory;

    (void)state;
    if (access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) != 0)
        skip();
    memory = leat_posix_memory(16 * mib);
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % (2 * mib), 0);
    memset(memory, 1, 16 * mib);
    assert_true(wants_large_pages(memory));
    free(memory);
}

static void more_than_there_is_is_refused(void **state)
{
    (void)state;
    assert_null(leat_posix_memory(SIZE_MAX));
    assert_null(leat_posix_memory(SIZE_MAX - mib));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_block_begins_with_a_page),
        cmocka_unit_test(a_large_one_lies_in_large_pages),
        cmocka_unit_test(more_than_there_is_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
