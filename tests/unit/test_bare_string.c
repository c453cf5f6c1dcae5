/* test_bare_string.c -- an image's string functions give what those of the C library give. */
#include "unit.h"

#include <strings.h>

enum {
    TEXT_BYTES = 24,
    ROUNDS = 20000
};

void *bare_memchr(const void *bytes, int byte, size_t len);
size_t bare_strnlen(const char *text, size_t len);
int bare_strcasecmp(const char *a, const char *b);
int bare_strncasecmp(const char *a, const char *b, size_t len);
char *bare_strrchr(const char *text, int c);
char *bare_strstr(const char *text, const char *part);
size_t bare_strspn(const char *text, const char *of);
size_t bare_strcspn(const char *text, const char *of);
char *bare_strpbrk(const char *text, const char *of);
char *bare_strcpy(char *to, const char *from);
char *bare_strncpy(char *to, const char *from, size_t len);
char *bare_strcat(char *to, const char *from);
char *bare_strncat(char *to, const char *from, size_t len);
int bare_snprintf(char *text, size_t size, const char *format, ...);

/* A text of few letters, so that parts of it are found. */
static void draw(uint64_t *state, char text[TEXT_BYTES], uint32_t longest)
{
    static const char letters[] = "aAbB\xe4";
    const uint32_t len = unit_below(state, longest + 1);

    memset(text, 'z', TEXT_BYTES);
    for (uint32_t i = 0; i < len; i++)
        text[i] = letters[unit_below(state, sizeof letters - 1)];
    text[len] = '\0';
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void bytes_and_letters_are_found_where_the_libc_finds_them(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char text[TEXT_BYTES], part[TEXT_BYTES];
        const size_t len = unit_below(&seed, TEXT_BYTES);
        int c;

        draw(&seed, text, TEXT_BYTES - 1);
        draw(&seed, part, 3);
        c = text[unit_below(&seed, TEXT_BYTES)];
        assert_ptr_equal(bare_memchr(text, c, len), memchr(text, c, len));
        assert_ptr_equal(bare_strrchr(text, c), strrchr(text, c));
        assert_ptr_equal(bare_strrchr(text, 0), strrchr(text, 0));
        assert_ptr_equal(bare_strstr(text, part), strstr(text, part));
        assert_ptr_equal(bare_strpbrk(text, part), strpbrk(text, part));
        assert_int_equal(bare_strspn(text, part), strspn(text, part));
        assert_int_equal(bare_strcspn(text, part), strcspn(text, part));
        assert_int_equal(bare_strnlen(text, len), strnlen(text, len));
    }
}

static void texts_compare_regardless_of_case(void **state)
{
    uint64_t seed = 2;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char a[TEXT_BYTES], b[TEXT_BYTES];
        const size_t len = unit_below(&seed, TEXT_BYTES);

        draw(&seed, a, 6);
        draw(&seed, b, 6);
        assert_int_equal(sign(bare_strcasecmp(a, b)), sign(strcasecmp(a, b)));
        assert_int_equal(sign(bare_strncasecmp(a, b, len)), sign(strncasecmp(a, b, len)));
    }
}

static void copies_are_the_same_to_the_last_byte(void **state)
{
    /* by pointers that may change, because compilers warn of texts that are cut on purpose */
    char *(*volatile their_strncat)(char *, const char *, size_t) = strncat;
    char *(*volatile their_strncpy)(char *, const char *, size_t) = strncpy;
    uint64_t seed = 3;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char ours[2 * TEXT_BYTES], theirs[2 * TEXT_BYTES], text[TEXT_BYTES], more[TEXT_BYTES];
        const size_t len = unit_below(&seed, TEXT_BYTES);

        draw(&seed, text, 10);
        draw(&seed, more, 10);
        memset(ours, '!', sizeof ours);
        memset(theirs, '!', sizeof theirs);
        assert_ptr_equal(bare_strcpy(ours, text), ours);
        strcpy(theirs, text);
        assert_ptr_equal(bare_strcat(ours, more), ours);
        strcat(theirs, more);
        assert_ptr_equal(bare_strncat(ours, more, len), ours);
        their_strncat(theirs, more, len);
        assert_memory_equal(ours, theirs, sizeof ours);
        assert_ptr_equal(bare_strncpy(ours, text, len), ours);
        their_strncpy(theirs, text, len);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

static void widths_and_precisions_may_be_arguments(void **state)
{
    static const char format[] = "%.*s|%*d|%-*d|%*s|%.*s|%08x|%-3u|%llu|%.2s";
    int (*volatile their_snprintf)(char *, size_t, const char *, ...) = snprintf;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_letters_are_found_where_the_libc_finds_them),
        cmocka_unit_test(texts_compare_regardless_of_case),
        cmocka_unit_test(copies_are_the_same_to_the_last_byte),
        cmocka_unit_test(widths_and_precisions_may_be_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
