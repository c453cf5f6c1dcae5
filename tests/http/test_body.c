/* test_body.c -- the chunked coding: valid and invalid bodies, cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/http/http_body.h"

struct read {
    struct http_body body;
    char data[64];
    size_t data_len;
    size_t used; /* bytes up to the end of the body, or up to the error */
};

/* Continues reading with @bytes, and keeps the beginning of the data. */
static void feed(struct read *read, const char *bytes, size_t len)
{
    size_t at = 0;

    while (at < len && read->body.phase <= HTTP_BODY_FRAMING) {
        size_t n = len - at;

        if (read->body.phase == HTTP_BODY_FRAMING) {
            at += http_body_framing(&read->body, (const uint8_t *)bytes + at, n);
            continue;
        }
        if (n > read->body.left)
            n = (size_t)read->body.left;
        if (read->data_len + n <= sizeof read->data) {
            memcpy(read->data + read->data_len, bytes + at, n);
            read->data_len += n;
        }
        http_body_take(&read->body, n);
        at += n;
    }
    read->used += at;
}

/* Reads all of @bytes, chunked, in two pieces. */
static struct read read_cut(const char *bytes, size_t len, size_t cut)
{
    struct read read = {.data_len = 0};

    http_body_start(&read.body, true, 0);
    feed(&read, bytes, cut);
    feed(&read, bytes + cut, len - cut);
    return read;
}

static void check(const char *bytes, enum http_body_phase phase, const char *text)
{
    const size_t len = strlen(bytes);

    for (size_t cut = 0; cut <= len; cut++) {
        const struct read read = read_cut(bytes, len, cut);

        assert_int_equal(read.body.phase, phase);
        if (!text)
            continue;
        assert_int_equal(read.data_len, strlen(text));
        assert_memory_equal(read.data, text, read.data_len);
        assert_int_equal(read.body.taken, read.data_len);
    }
}

static void test_chunks(void **state)
{
    (void)state;
    check("0\r\n\r\n", HTTP_BODY_OVER, "");
    check("5\r\nhello\r\n0\r\n\r\n", HTTP_BODY_OVER, "hello");
    check("5\r\nhello\r\n000006\r\n\r\n\r\n\r\n\r\n00\r\n\r\n", HTTP_BODY_OVER,
          "hello\r\n\r\n\r\n");
    check("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", HTTP_BODY_OVER,
          "01234567890123456789");
    check("000000000000000B\r\n0123456789a\r\n0000000000000000\r\n\r\n", HTTP_BODY_OVER,
          "0123456789a");
    check("5\r\nhello\r\n", HTTP_BODY_FRAMING, "hello");
    check("5\r\nhell", HTTP_BODY_DATA, "hell");
}

static void test_extensions_and_trailers_are_thrown_away(void **state)
{
    (void)state;
    check("3;a\r\nabc\r\n0;b=c\r\n\r\n", HTTP_BODY_OVER, "abc");
    check("3 ; a = \"x;\\\"\r\" ;b\r\nabc\r\n0\r\n\r\n", HTTP_BODY_BAD, NULL);
    check("3 ; a = \"x;\\\"y\" ;b\r\nabc\r\n0\r\n\r\n", HTTP_BODY_OVER, "abc");
    check("3\r\nabc\r\n0\r\nContent-Length: 7\r\nX:\r\n\r\n", HTTP_BODY_OVER, "abc");
    check("3\r\nabc\r\n0\r\nX\r\n\r\n", HTTP_BODY_BAD, "abc");
    check("3\r\nabc\r\n0\r\nX : y\r\n\r\n", HTTP_BODY_BAD, "abc");
    check("3\r\nabc\r\n0\r\nX: y\r\n folded\r\n\r\n", HTTP_BODY_BAD, "abc");
}

/* RFC 9112 11.2: framing that another program could read differently. */
static void test_ambiguous_framing_is_refused(void **state)
{
    static const char *const cases[] = {
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "\r\n5\r\nhello\r\n0\r\n\r\n",
        "5_0\r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
        "5;\r\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "0\n\r\n",
        "0\r\n\n",
        "0\r\nX: y\n\r\n",
        "0\r\r\n",
        "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "10000000000000000\r\nhello\r\n0\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(cases[i], HTTP_BODY_BAD, NULL);
}

static void test_data_after_a_body_is_not_read(void **state)
{
    static const char bytes[] = "3\r\nabc\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\n";
    const size_t ends = (size_t)(strstr(bytes, "GET") - bytes);

    (void)state;
    for (size_t cut = 0; cut < sizeof bytes; cut++) {
        const struct read read = read_cut(bytes, sizeof bytes - 1, cut);

        assert_int_equal(read.body.phase, HTTP_BODY_OVER);
        assert_int_equal(read.used, ends);
    }
}

/* @before followed by @count times @bytes. */
static enum http_body_phase flood(const char *before, const char *bytes, unsigned count)
{
    struct read read = read_cut(before, strlen(before), 0);

    while (count-- > 0)
        feed(&read, bytes, strlen(bytes));
    return (enum http_body_phase)read.body.phase;
}

static void test_framing_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(flood("1", ";a=b", 60), HTTP_BODY_FRAMING);
    assert_int_equal(flood("1", ";a=b", 70), HTTP_BODY_BAD);
    assert_int_equal(flood("0\r\n", "A: b\r\n", 1300), HTTP_BODY_FRAMING);
    assert_int_equal(flood("0\r\n", "A: b\r\n", 1400), HTTP_BODY_BAD);
    /* but the number of chunks is not limited */
    assert_int_equal(flood("", "1;a=b\r\nx\r\n", 10000), HTTP_BODY_FRAMING);
}

static void test_the_largest_chunk(void **state)
{
    const struct read read = read_cut("ffffffffffffffff\r\n", 18, 3);

    (void)state;
    assert_int_equal(read.body.phase, HTTP_BODY_DATA);
    assert_true(read.body.left == UINT64_MAX);
}

static void test_bodies_by_length(void **state)
{
    struct read read = {.data_len = 0};

    (void)state;
    http_body_start(&read.body, false, 5);
    feed(&read, "hel", 3);
    assert_int_equal(read.body.phase, HTTP_BODY_DATA);
    feed(&read, "lo0\r\n", 5);
    assert_int_equal(read.body.phase, HTTP_BODY_OVER);
    assert_int_equal(read.used, 5);
    http_body_start(&read.body, false, 0);
    assert_int_equal(read.body.phase, HTTP_BODY_OVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_extensions_and_trailers_are_thrown_away),
        cmocka_unit_test(test_ambiguous_framing_is_refused),
        cmocka_unit_test(test_data_after_a_body_is_not_read),
        cmocka_unit_test(test_framing_is_bounded),
        cmocka_unit_test(test_the_largest_chunk),
        cmocka_unit_test(test_bodies_by_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
