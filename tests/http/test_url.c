/* test_url.c -- each character of each part of a URL, and its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <leat/url.h>

/* One character in place of the '*' of @form. */
static const char *with(const char *form, unsigned c)
{
    static char text[100];

    snprintf(text, sizeof text, "%s", form);
    *strchr(text, '*') = (char)c;
    return text;
}

static bool is_letter(unsigned c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(unsigned c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(unsigned c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void a_name_has_letters_digits_and_three_signs(void **state)
{
    (void)state;
    for (unsigned c = 1; c < 256; c++) {
        const bool in_name = is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
        const bool ends_it = c == '/' || c == '?' || c == '#';
        struct leat_url url;
        char host[4] = "a";

        assert_int_equal(leat_url_parse(&url, with("http://a*b/", c)),
                         in_name || ends_it ? LEAT_OK : LEAT_ERR_FORMAT);
        if (in_name) {
            host[1] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); /* in lower case */
            host[2] = 'b';
        }
        if (in_name || ends_it)
            assert_string_equal(url.host, host);
    }
}

static void an_address_has_hexadecimal_digits(void **state)
{
    struct leat_url url;

    (void)state;
    for (unsigned c = 1; c < 256; c++)
        assert_int_equal(leat_url_parse(&url, with("http://[::*]/", c)),
                         is_hex(c) ? LEAT_OK : LEAT_ERR_FORMAT);
}

static void a_target_has_visible_characters(void **state)
{
    struct leat_url url;

    (void)state;
    for (unsigned c = 1; c < 256; c++) {
        const bool good = c > ' ' && c < 0x7f;

        assert_int_equal(leat_url_parse(&url, with("http://h/*x", c)),
                         good ? LEAT_OK : LEAT_ERR_FORMAT);
        if (good)
            assert_int_equal(url.target_len, c == '#' ? 1 : 3);
    }
}

static void a_port_is_a_number_below_65536(void **state)
{
    static const struct {
        const char *port;
        uint16_t is; /* 0: refused */
    } table[] = {{"", 443},          {":", 443},        {":1", 1},     {":9", 9},  {":10", 10},
                 {":00080", 80},     {":65535", 65535}, {":65536", 0}, {":0", 0},  {":00", 0},
                 {":4294967376", 0}, {":8/", 0},        {":8:", 0},    {":-1", 0}, {":8;", 0}};
    char text[50];

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct leat_url url;
        enum leat_err err;

        snprintf(text, sizeof text, "https://h%s", table[i].port);
        err = leat_url_parse(&url, text);
        if (strcmp(table[i].port, ":8/") == 0) { /* that is a target */
            assert_int_equal(err, LEAT_OK);
            assert_int_equal(url.port, 8);
            continue;
        }
        assert_int_equal(err, table[i].is ? LEAT_OK : LEAT_ERR_FORMAT);
        if (table[i].is)
            assert_int_equal(url.port, table[i].is);
    }
}

static void a_scheme_is_one_of_two_in_any_case(void **state)
{
    static const struct {
        const char *text;
        enum leat_err err;
        bool secure;
    } table[] = {{"http://h", LEAT_OK, false},           {"HTTP://h", LEAT_OK, false},
                 {"hTtPs://h", LEAT_OK, true},           {"httpx://h", LEAT_ERR_PROTOCOL, false},
                 {"https:/h", LEAT_ERR_PROTOCOL, false}, {"http:", LEAT_ERR_PROTOCOL, false},
                 {"http:/", LEAT_ERR_PROTOCOL, false},   {"ttp://h", LEAT_ERR_PROTOCOL, false},
                 {"http//h", LEAT_ERR_PROTOCOL, false}};

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct leat_url url;

        assert_int_equal(leat_url_parse(&url, table[i].text), table[i].err);
        if (!table[i].err)
            assert_int_equal(url.secure, table[i].secure);
    }
}

/* RFC 3986 3.1: a reference with a scheme is taken as it is. */
static void a_scheme_of_a_reference_has_its_characters(void **state)
{
    char joined[LEAT_URL_BYTES], expected[120];

    (void)state;
    for (unsigned c = 1; c < 256; c++) {
        const char *first = with("*x:y", c);

        if (c == '/' || c == '?' || c == '#')
            continue;
        assert_int_equal(leat_url_join(joined, "http://a/b", first, 4), LEAT_OK);
        snprintf(expected, sizeof expected, "%s%s", is_letter(c) ? "" : "http://a/", first);
        assert_string_equal(joined, expected);
    }
    for (unsigned c = 1; c < 256; c++) {
        const bool in_it = is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
        const char *second = with("x*:y", c);

        if (c == '#' || c == ':')
            continue;
        assert_int_equal(leat_url_join(joined, "http://a/b", second, 4), LEAT_OK);
        snprintf(expected, sizeof expected, "%s%s", in_it ? "" : "http://a/", second);
        assert_string_equal(joined, expected);
    }
    assert_int_equal(leat_url_join(joined, "http://a/b", "x:", 2), LEAT_OK);
    assert_string_equal(joined, "x:");
    assert_int_equal(leat_url_join(joined, "http://a/b", ":x", 2), LEAT_OK);
    assert_string_equal(joined, "http://a/:x");
    assert_int_equal(leat_url_join(joined, "http://a/b", "x:y", 1), LEAT_OK); /* its length */
    assert_string_equal(joined, "http://a/x");
}

/* The longest result, and one byte more, of each form of reference. */
static void a_joined_URL_has_a_limit(void **state)
{
    static const struct {
        const char *front; /* of the reference */
        size_t base;       /* bytes of the base in the result */
    } table[] = {{"x", 9}, {"/x", 8}, {"?x", 10}, {"//x", 5}, {"s:x", 0}};
    static char reference[LEAT_URL_BYTES + 10];
    char joined[LEAT_URL_BYTES];

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        const size_t most = LEAT_URL_BYTES - 1 - table[i].base;

        memset(reference, 'r', sizeof reference);
        memcpy(reference, table[i].front, strlen(table[i].front));
        assert_int_equal(leat_url_join(joined, "http://a/b", reference, most), LEAT_OK);
        assert_int_equal(strlen(joined), LEAT_URL_BYTES - 1);
        assert_int_equal(leat_url_join(joined, "http://a/b", reference, most + 1),
                         LEAT_ERR_TOO_BIG);
        assert_true(strlen(joined) < LEAT_URL_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_letters_digits_and_three_signs),
        cmocka_unit_test(an_address_has_hexadecimal_digits),
        cmocka_unit_test(a_target_has_visible_characters),
        cmocka_unit_test(a_port_is_a_number_below_65536),
        cmocka_unit_test(a_scheme_is_one_of_two_in_any_case),
        cmocka_unit_test(a_scheme_of_a_reference_has_its_characters),
        cmocka_unit_test(a_joined_URL_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
