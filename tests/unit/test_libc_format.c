/* test_libc_format.c -- an image's snprintf writes what that of the C library writes. */
#include "unit.h"

#include <errno.h>
#include <limits.h>

#include "libc.h"
#include "libc_fast.h"

/* By a pointer that may change, because compilers check formats, and warn of texts that are cut. */
static int (*volatile their_snprintf)(char *, size_t, const char *, ...) = snprintf;

enum {
    TEXT_BYTES = 64,
    FORMAT_BYTES = 64,
    ROUNDS = 200000
};

static const long values[] = {0,     1,       -1,      7,        8,        -8,       42,
                              127,   128,     255,     256,      -129,     32767,    32768,
                              65536, INT_MAX, INT_MIN, UINT_MAX, LONG_MAX, LONG_MIN, 0xbeef};

static long draw_value(uint64_t *state)
{
    if (unit_below(state, 4) == 0)
        return (long)(unit_random(state) >> unit_below(state, 64));
    return values[unit_below(state, sizeof values / sizeof *values)];
}

/* Flags in any order, twice as well. */
static size_t draw_flags(uint64_t *state, char *format)
{
    const uint32_t count = unit_below(state, 4);

    for (uint32_t i = 0; i < count; i++)
        format[i] = "-+ #0"[unit_below(state, 5)];
    return count;
}

/* ".", ".7", "12", or nothing. */
static size_t draw_number(uint64_t *state, char *format)
{
    return unit_below(state, 2) ? 0 : (size_t)sprintf(format, "%u", unit_below(state, 30));
}

static void both(const char *format, size_t size, long value)
{
    char ours[TEXT_BYTES], theirs[TEXT_BYTES];
    int our_len, their_len;

    memset(ours, '!', sizeof ours);
    memset(theirs, '!', sizeof theirs);
    our_len = bare_snprintf(ours, size, format, value);
    their_len = their_snprintf(theirs, size, format, value);
    if (our_len != their_len || memcmp(ours, theirs, sizeof ours) != 0)
        fail_msg("%s of %ld: \"%s\" (%d), not \"%s\" (%d)", format, value, ours, our_len, theirs,
                 their_len);
}

static void a_number_is_written_in_every_way(void **state)
{
    static const char *const lengths[] = {"", "hh", "h", "l", "ll", "j", "z", "t"};
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char format[FORMAT_BYTES] = "<%";
        size_t len = 2;

        len += draw_flags(&seed, format + len);
        if (strspn(format + len - 1, "0") == 0) /* a width doesn't begin with a flag */
            len += draw_number(&seed, format + len);
        if (unit_below(&seed, 2)) {
            format[len++] = '.';
            len += draw_number(&seed, format + len);
        }
        sprintf(format + len, "%s%c>", lengths[unit_below(&seed, 8)],
                "diouxX"[unit_below(&seed, 6)]);
        both(format, unit_below(&seed, TEXT_BYTES), draw_value(&seed));
    }
}

static void texts_letters_and_pointers_are_padded(void **state)
{
    static const char *const formats[] = {"%s|",    "%9s|",    "%-9s|", "%.2s|",
                                          "%9.2s|", "%-9.0s|", "%.s|"};
    uint64_t seed = 2;

    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        both(formats[i], TEXT_BYTES, (long)(uintptr_t) "text");
        both(formats[i], 4, (long)(uintptr_t) "text");
        both(formats[i], TEXT_BYTES, (long)(uintptr_t) "");
    }
    both("%.2s|", TEXT_BYTES, (long)(uintptr_t)(const char[]){'a', 'b'}); /* no NUL is read */
    for (unsigned i = 0; i < 256; i++) {
        both("%c|", TEXT_BYTES, (long)i);
        both("%3c|", TEXT_BYTES, (long)i);
        both("%-3c|%%", TEXT_BYTES, (long)i);
    }
    both("%p|", TEXT_BYTES, 0);
    both("%20p|", TEXT_BYTES, 0);
    both("%-20p|", TEXT_BYTES, (long)(unit_random(&seed) >> 8));
    both("%20p|", TEXT_BYTES, (long)(unit_random(&seed) >> 20));
    both("", TEXT_BYTES, 0);
    both("plain", 0, 0);
}

static void widths_and_precisions_may_be_arguments(void **state)
{
    static const char format[] = "%.*s|%*d|%-*d|%*s|%.*s|%08x|%-3u|%llu|%.2s";
    char ours[TEXT_BYTES], theirs[TEXT_BYTES];

    (void)state;
    for (size_t size = 0; size < sizeof ours; size++) {
        memset(ours, '!', sizeof ours);
        memset(theirs, '!', sizeof theirs);
        assert_int_equal(bare_snprintf(ours, size, format, 3, "abcdef", 5, 42, 5, 7, -4, "x", -1,
                                       "all", 0xbeefu, 1u, 1234567890123ULL, "yes"),
                         their_snprintf(theirs, size, format, 3, "abcdef", 5, 42, 5, 7, -4, "x", -1,
                                        "all", 0xbeefu, 1u, 1234567890123ULL, "yes"));
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

static void sprintf_is_the_same_without_an_end(void **state)
{
    char ours[TEXT_BYTES], theirs[TEXT_BYTES];

    (void)state;
    assert_int_equal(bare_sprintf(ours, "%d of %s", 12, "all"),
                     sprintf(theirs, "%d of %s", 12, "all"));
    assert_string_equal(ours, theirs);
}

static int format_list(char *text, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = bare_vsprintf(text, format, args);
    va_end(args);
    return len;
}

static void a_list_of_arguments_is_as_good(void **state)
{
    char text[TEXT_BYTES];

    (void)state;
    assert_int_equal(format_list(text, "%s %d %s %ld %c %x %s", "a", 1, "b", 2L, 'c', 3u, "d"), 13);
    assert_string_equal(text, "a 1 b 2 c 3 d");
}

static void the_fast_types_have_their_formats(void **state)
{
    static const char wanted[] = "-8 -16 -32 -64 8f 16ff 3200ffff 6400000000ffffff";
    char text[TEXT_BYTES];

    (void)state;
    assert_int_equal(print_fast(text, sizeof text), sizeof wanted - 1);
    assert_string_equal(text, wanted);
}

/* @format is refused after @begin. */
static void refused(const char *format, const char *begin, int error)
{
    char text[TEXT_BYTES];

    leat_libc_errno = 0;
    assert_int_equal(bare_snprintf(text, sizeof text, format, 1, 2), -1);
    assert_int_equal(leat_libc_errno, error);
    assert_string_equal(text, begin);
}

static void an_unknown_directive_is_refused(void **state)
{
    (void)state;
    refused("up to %f", "up to ", EINVAL);
    refused("up to %n", "up to ", EINVAL);
    refused("up to %Lf", "up to ", EINVAL);
    refused("up to %ls", "up to ", EINVAL);
    refused("up to %lc", "up to ", EINVAL);
    refused("up to %", "up to ", EINVAL);
    refused("up to %-", "up to ", EINVAL);
    refused("%d then %y and", "1 then ", EINVAL);
}

static void a_length_beyond_an_int_is_refused(void **state)
{
    char text[TEXT_BYTES];

    (void)state;
    assert_int_equal(bare_snprintf(NULL, 0, "%2147483647d", 1), INT_MAX);
    refused("a%99999999999d", "a", EOVERFLOW);
    leat_libc_errno = 0;
    assert_int_equal(bare_snprintf(text, sizeof text, "%2147483647da", 1), -1);
    assert_int_equal(leat_libc_errno, EOVERFLOW);
    assert_int_equal(strlen(text), sizeof text - 1);
    assert_int_equal(bare_snprintf(text, sizeof text, "%*d", INT_MIN, 1), -1);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_written_in_every_way),
        cmocka_unit_test(texts_letters_and_pointers_are_padded),
        cmocka_unit_test(widths_and_precisions_may_be_arguments),
        cmocka_unit_test(sprintf_is_the_same_without_an_end),
        cmocka_unit_test(a_list_of_arguments_is_as_good),
        cmocka_unit_test(the_fast_types_have_their_formats),
        cmocka_unit_test(an_unknown_directive_is_refused),
        cmocka_unit_test(a_length_beyond_an_int_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
