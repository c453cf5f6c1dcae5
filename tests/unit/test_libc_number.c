/* test_libc_number.c -- an image's conversions, arithmetic and classes are those of the C library.
 */
#include "unit.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>

#include "libc.h"

enum {
    TEXT_BYTES = 40,
    ROUNDS = 300000
};

/* Blanks, a sign, a prefix, and digits of which many are good in few bases. */
static void draw(uint64_t *state, char text[TEXT_BYTES])
{
    static const char *const begins[] = {"",  " ",  "\t\n\v\f\r ", "+",    "-",   "+-", "0x", "-0X",
                                         "0", "00", " -0x",        "\x80", "0x+", "x",  "- "};
    static const char digits[] = "0123456789aAfFgGzZ7700. x";
    size_t len =
        (size_t)sprintf(text, "%s", begins[unit_below(state, sizeof begins / sizeof *begins)]);
    const size_t end = len + unit_below(state, 26);
    const uint32_t kinds = unit_below(state, 2) ? 10 : sizeof digits - 1;

    while (len < end)
        text[len++] = digits[unit_below(state, kinds)];
    text[len] = '\0';
}

static const char *const limits[] = {"9223372036854775807",
                                     "9223372036854775808",
                                     "-9223372036854775808",
                                     "-9223372036854775809",
                                     "18446744073709551615",
                                     "18446744073709551616",
                                     "-18446744073709551615",
                                     "-18446744073709551616",
                                     "0x7fffffffffffffff",
                                     "0x8000000000000000",
                                     "-0x8000000000000000",
                                     "0xffffffffffffffff",
                                     "0x10000000000000000",
                                     "0777777777777777777777",
                                     "1777777777777777777777",
                                     "",
                                     "-",
                                     "0x",
                                     "0xg",
                                     "08"};

/* The same value, end and error. With a base that isn't one the end is the text itself (POSIX);
 * glibc doesn't set it. */
static void convert(const char *text, int base)
{
    const bool is_base = base == 0 || (base > 1 && base <= 36);
    char *our_end, *their_end;

#define BOTH(function)                                                                             \
    errno = leat_libc_errno = 0;                                                                   \
    our_end = their_end = NULL;                                                                    \
    assert_true(bare_##function(text, &our_end, base) == function(text, &their_end, base));        \
    assert_ptr_equal(our_end, is_base ? their_end : text);                                         \
    assert_int_equal(leat_libc_errno, errno);                                                      \
    assert_true(bare_##function(text, NULL, base) == function(text, NULL, base))
    BOTH(strtol);
    BOTH(strtoul);
    BOTH(strtoll);
    BOTH(strtoull);
    BOTH(strtoimax);
    BOTH(strtoumax);
#undef BOTH
}

static void texts_become_the_same_numbers(void **state)
{
    static const int bases[] = {0, 10, 16, 8, 2, 36, 3, 35, 11};
    uint64_t seed = 1;

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        for (int base = -1; base <= 37; base++)
            convert(limits[i], base);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        char text[TEXT_BYTES];

        draw(&seed, text);
        convert(text, bases[unit_below(&seed, sizeof bases / sizeof *bases)]);
        assert_true(bare_atol(text) == atol(text));
        assert_true(bare_atoll(text) == atoll(text));
        if (atol(text) >= INT_MIN && atol(text) <= INT_MAX)
            assert_int_equal(bare_atoi(text), atoi(text));
    }
}

/* @value and @by drawn from all sizes; a quotient that doesn't fit is left out. */
static void quotients_and_remainders_are_the_same(void **state)
{
    uint64_t seed = 2;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const long value = (long)unit_random(&seed) >> unit_below(&seed, 64);
        const long by = (long)unit_random(&seed) >> unit_below(&seed, 64);
        const int low = (int)value, low_by = (int)by;

        if (by != 0 && !(value == LONG_MIN && by == -1)) {
            assert_true(bare_ldiv(value, by).quot == ldiv(value, by).quot);
            assert_true(bare_ldiv(value, by).rem == ldiv(value, by).rem);
            assert_true(bare_lldiv(value, by).quot == lldiv(value, by).quot);
            assert_true(bare_lldiv(value, by).rem == lldiv(value, by).rem);
            assert_true(bare_imaxdiv(value, by).quot == imaxdiv(value, by).quot);
            assert_true(bare_imaxdiv(value, by).rem == imaxdiv(value, by).rem);
        }
        if (low_by != 0 && !(low == INT_MIN && low_by == -1)) {
            assert_int_equal(bare_div(low, low_by).quot, div(low, low_by).quot);
            assert_int_equal(bare_div(low, low_by).rem, div(low, low_by).rem);
        }
        if (value != LONG_MIN) {
            assert_true(bare_labs(value) == labs(value) && bare_llabs(value) == llabs(value));
            assert_true(bare_imaxabs(value) == imaxabs(value));
        }
        if (low != INT_MIN)
            assert_int_equal(bare_abs(low), abs(low));
    }
}

static void each_character_has_the_same_classes(void **state)
{
    (void)state;
    for (int c = -1; c < 256; c++) {
#define BOTH(function) assert_int_equal(!bare_##function(c), !function(c))
        BOTH(isalnum);
        BOTH(isalpha);
        BOTH(isblank);
        BOTH(iscntrl);
        BOTH(isdigit);
        BOTH(isgraph);
        BOTH(islower);
        BOTH(isprint);
        BOTH(ispunct);
        BOTH(isspace);
        BOTH(isupper);
        BOTH(isxdigit);
#undef BOTH
        assert_int_equal(bare_tolower(c), tolower(c));
        assert_int_equal(bare_toupper(c), toupper(c));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_the_same_numbers),
        cmocka_unit_test(quotients_and_remainders_are_the_same),
        cmocka_unit_test(each_character_has_the_same_classes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
