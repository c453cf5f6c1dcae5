/* test_json.c -- JSON of an authority: the grammar of RFC 8259, and the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/acme/json.h"

static struct json json;

/* Parses a copy that ends at the end of its memory. */
static bool parses(const char *text)
{
    static char *copy;
    const size_t len = strlen(text);

    free(copy);
    copy = malloc(len + !len);
    memcpy(copy, text, len);
    return json_parse(&json, copy, len);
}

static void test_members_and_elements_are_found(void **state)
{
    char text[32];

    (void)state;
    assert_true(parses(" {\"a\" : \"x\", \"list\":[1, \"two\", {\"in\":true}, []], "
                       "\"o\":{\"a\":\"y\"},\"a\":\"z\"}\r\n"));
    assert_true(json_string(&json, json_member(&json, 0, "a"), text, sizeof text));
    assert_string_equal(text, "x"); /* the first of two */
    assert_true(
        json_string(&json, json_member(&json, json_member(&json, 0, "o"), "a"), text, sizeof text));
    assert_string_equal(text, "y");
    const int list = json_member(&json, 0, "list");
    assert_false(json_string(&json, json_item(&json, list, 0), text, sizeof text));
    assert_true(json_is(&json, json_item(&json, list, 1), "two"));
    assert_false(json_is(&json, json_item(&json, list, 1), "tw"));
    assert_false(json_is(&json, json_item(&json, list, 1), "twos"));
    assert_true(json_is_true(&json, json_member(&json, json_item(&json, list, 2), "in")));
    assert_int_not_equal(json_item(&json, list, 3), JSON_NONE);
    assert_int_equal(json_item(&json, list, 4), JSON_NONE);
    assert_int_equal(json_member(&json, 0, "in"), JSON_NONE);
    assert_int_equal(json_member(&json, list, "in"), JSON_NONE); /* an array has no members */
    assert_int_equal(json_item(&json, 0, 0), JSON_NONE);
    assert_int_equal(json_member(&json, JSON_NONE, "a"), JSON_NONE);
    assert_int_equal(json_item(&json, JSON_NONE, 0), JSON_NONE);
}

static void test_strings_lose_their_escapes(void **state)
{
    char text[64];

    (void)state;
    assert_true(parses("{\"u\":\"https:\\/\\/a\\u0026b\\\\\\\"\\n\\u00e4\xc3\xa4\"}"));
    assert_true(json_string(&json, json_member(&json, 0, "u"), text, sizeof text));
    assert_string_equal(text, "https://a&b\\\" ???");
    assert_false(json_string(&json, json_member(&json, 0, "u"), text, 5));
    assert_string_equal(text, "");
    json_words(&json, json_member(&json, 0, "u"), text, 6);
    assert_string_equal(text, "https");
}

static void test_other_texts_are_refused(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "{",
                                        "}",
                                        "{}}",
                                        "{} {}",
                                        "[]",
                                        "1",
                                        "\"a\"",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{\"a\":1,}",
                                        "{,\"a\":1}",
                                        "{\"a\":1 \"b\":2}",
                                        "{\"a\" 1}",
                                        "{a:1}",
                                        "{'a':1}",
                                        "{\"a\":01}",
                                        "{\"a\":1.}",
                                        "{\"a\":.5}",
                                        "{\"a\":+1}",
                                        "{\"a\":1e}",
                                        "{\"a\":tru}",
                                        "{\"a\":True}",
                                        "{\"a\":nul}",
                                        "{\"a\":\"\n\"}",
                                        "{\"a\":\"\\x\"}",
                                        "{\"a\":\"\\u12g4\"}",
                                        "{\"a\":[1,]}",
                                        "{\"a\":[1 2]}",
                                        "{\"a\":[}",
                                        "{\"a\":{]}",
                                        "{\"a\":[1}]",
                                        "{\"a\":\"x}",
                                        "{\"a\":1}x",
                                        "{\"a\":1}\"",
                                        "{\"a\":1/*no*/}",
                                        "\xef\xbb\xbf{}",
                                        "{\"a\":-}",
                                        "{\"a\":NaN}"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (parses(texts[i]))
            fail_msg("%s", texts[i]);
    }
    assert_true(parses("{}"));
    assert_true(parses("{\"a\":[-0.5e+10, 0, 12, null, false, {}, [[]]]}"));
}

static void test_every_beginning_is_refused(void **state)
{
    const char *whole = "{\"a\":[1,\"b\\u0041\",{\"c\":null}],\"d\":-1.5e3}";
    char part[64];

    (void)state;
    assert_true(parses(whole));
    for (size_t len = 0; len < strlen(whole); len++) {
        memcpy(part, whole, len);
        part[len] = '\0';
        assert_false(parses(part));
    }
}

static void test_threat_W8_depth_is_bounded(void **state)
{
    char text[64];

    (void)state;
    for (unsigned depth = 0; depth < 16; depth++) {
        size_t len = 0;

        memcpy(text, "{\"a\":", 5);
        len = 5;
        for (unsigned i = 0; i < depth; i++)
            text[len++] = '[';
        text[len++] = '1';
        for (unsigned i = 0; i < depth; i++)
            text[len++] = ']';
        text[len++] = '}';
        text[len] = '\0';
        assert_int_equal(parses(text), depth < JSON_DEPTH_MAX);
    }
}

static void test_threat_W8_tokens_are_bounded(void **state)
{
    static char text[4 * JSON_TOKENS_MAX];

    (void)state;
    for (unsigned count = JSON_TOKENS_MAX - 8; count < JSON_TOKENS_MAX + 8; count++) {
        size_t len = 6;

        memcpy(text, "{\"a\":[", len);
        for (unsigned i = 0; i < count; i++) {
            text[len++] = '1';
            text[len++] = i + 1 < count ? ',' : ']';
        }
        text[len++] = '}';
        text[len] = '\0';
        assert_int_equal(parses(text), count + 3 <= JSON_TOKENS_MAX); /* object, name, array */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_and_elements_are_found),
        cmocka_unit_test(test_strings_lose_their_escapes),
        cmocka_unit_test(test_other_texts_are_refused),
        cmocka_unit_test(test_every_beginning_is_refused),
        cmocka_unit_test(test_threat_W8_depth_is_bounded),
        cmocka_unit_test(test_threat_W8_tokens_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
