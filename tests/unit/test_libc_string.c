/* test_libc_string.c -- an image's string functions give what those of the C library give. */
#include "unit.h"

#include <errno.h>
#include <strings.h>

#include "libc.h"

enum {
    TEXT_BYTES = 24,
    ROUNDS = 20000
};

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

static void bytes_are_copied_set_and_compared_wherever_they_lie(void **state)
{
    uint64_t seed = 4;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char ours[2 * TEXT_BYTES], theirs[2 * TEXT_BYTES], text[TEXT_BYTES];
        const uint32_t from = unit_below(&seed, TEXT_BYTES), to = unit_below(&seed, TEXT_BYTES);
        const uint32_t len = unit_below(&seed, TEXT_BYTES + 1);

        for (unsigned j = 0; j < sizeof ours; j++)
            ours[j] = theirs[j] = (char)unit_below(&seed, 3);
        assert_ptr_equal(bare_memmove(ours + to, ours + from, len), ours + to);
        memmove(theirs + to, theirs + from, len);
        assert_memory_equal(ours, theirs, sizeof ours);
        assert_int_equal(sign(bare_memcmp(ours, ours + from, TEXT_BYTES)),
                         sign(memcmp(ours, ours + from, TEXT_BYTES)));
        draw(&seed, text, TEXT_BYTES - 1);
        assert_ptr_equal(bare_memcpy(ours + to, text, len < to ? len : to), ours + to);
        memcpy(theirs + to, text, len < to ? len : to);
        assert_memory_equal(ours, theirs, sizeof ours);
        assert_ptr_equal(bare_memset(ours + to, (int)from - 12, len), ours + to);
        memset(theirs + to, (int)from - 12, len);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

static void texts_compare_by_their_bytes(void **state)
{
    uint64_t seed = 5;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char a[TEXT_BYTES], b[TEXT_BYTES];
        const size_t len = unit_below(&seed, TEXT_BYTES);

        draw(&seed, a, 6);
        draw(&seed, b, 6);
        assert_int_equal(sign(bare_strcmp(a, b)), sign(strcmp(a, b)));
        assert_int_equal(sign(bare_strcoll(a, b)), sign(strcmp(a, b)));
        assert_int_equal(sign(bare_strncmp(a, b, len)), sign(strncmp(a, b, len)));
        assert_int_equal(bare_strlen(a), strlen(a));
        assert_ptr_equal(bare_strchr(a, b[0]), strchr(a, b[0]));
    }
}

static void copies_that_end_early_say_where(void **state)
{
    uint64_t seed = 6;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char ours[TEXT_BYTES], theirs[TEXT_BYTES], text[TEXT_BYTES];
        const size_t len = unit_below(&seed, TEXT_BYTES + 1);
        const char *their_end;
        int last;

        draw(&seed, text, TEXT_BYTES - 1);
        last = text[unit_below(&seed, TEXT_BYTES)] + 256; /* it is converted to unsigned char */
        memset(ours, '!', sizeof ours);
        memset(theirs, '!', sizeof theirs);
        assert_int_equal(bare_stpcpy(ours, text) - ours, stpcpy(theirs, text) - theirs);
        assert_memory_equal(ours, theirs, sizeof ours);
        their_end = memccpy(theirs, text, last, len);
        assert_ptr_equal(bare_memccpy(ours, text, last, len),
                         their_end ? ours + (their_end - theirs) : NULL);
        assert_memory_equal(ours, theirs, sizeof ours);
        assert_int_equal(bare_strxfrm(ours, text, len), strlen(text));
        if (strlen(text) < len)
            assert_string_equal(ours, text);
    }
}

static void a_text_falls_into_the_same_tokens(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char ours[TEXT_BYTES], theirs[TEXT_BYTES], again[TEXT_BYTES], between[TEXT_BYTES];
        char *our_rest = NULL, *their_rest = NULL;
        char *next = ours;

        draw(&seed, ours, TEXT_BYTES - 1);
        draw(&seed, between, 3);
        memcpy(theirs, ours, sizeof ours);
        memcpy(again, ours, sizeof ours);
        for (char *token = theirs; token; next = NULL) {
            const char *our_token = bare_strtok_r(next, between, &our_rest);
            const char *hidden = bare_strtok(next ? again : NULL, between);

            token = strtok_r(next ? theirs : NULL, between, &their_rest);
            assert_ptr_equal(our_token, token ? ours + (token - theirs) : NULL);
            assert_ptr_equal(hidden, token ? again + (token - theirs) : NULL);
        }
        assert_memory_equal(ours, theirs, sizeof ours);
        assert_memory_equal(again, theirs, sizeof again);
    }
}

static void errors_have_the_numbers_of_the_host_and_texts_of_their_own(void **state)
{
    static const int errors[] = {
#define ERROR(name, text) name,
#include "../../main/libc/errors.inc"
#undef ERROR
    };

    (void)state;
#define ERROR(name, text) assert_string_equal(bare_strerror(name), text);
#include "../../main/libc/errors.inc"
#undef ERROR
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(bare_strerror(errors[i]), bare_strerror(errors[j]));
    }
    assert_string_equal(bare_strerror(0), "Unknown error");
    assert_string_equal(bare_strerror(-1), "Unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_letters_are_found_where_the_libc_finds_them),
        cmocka_unit_test(texts_compare_regardless_of_case),
        cmocka_unit_test(copies_are_the_same_to_the_last_byte),
        cmocka_unit_test(bytes_are_copied_set_and_compared_wherever_they_lie),
        cmocka_unit_test(texts_compare_by_their_bytes),
        cmocka_unit_test(copies_that_end_early_say_where),
        cmocka_unit_test(a_text_falls_into_the_same_tokens),
        cmocka_unit_test(errors_have_the_numbers_of_the_host_and_texts_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
