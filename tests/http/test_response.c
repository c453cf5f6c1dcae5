/* test_response.c -- heads of replies, accepted and, if they are ambiguous, refused; and URLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/url.h>

#include "web/http/http_response.h"

/* Reads @text in pieces of @piece bytes, each in memory of its own. */
static struct http_response read_in(const char *text, size_t piece)
{
    const size_t len = strlen(text);
    struct http_response response;

    http_response_start(&response);
    for (size_t at = 0; at < len && response.verdict == HTTP_VERDICT_MORE; at += piece) {
        const size_t part = len - at < piece ? len - at : piece;
        uint8_t *copy = malloc(part);

        memcpy(copy, text + at, part);
        http_response_read(&response, copy, part);
        free(copy);
    }
    return response;
}

/* Reads @text whole and in pieces, with the same result. */
static struct http_response read_text(const char *text)
{
    const struct http_response whole = read_in(text, strlen(text));

    for (size_t piece = 1; piece < 8; piece++) {
        const struct http_response cut = read_in(text, piece);

        assert_int_equal(cut.verdict, whole.verdict);
        if (whole.verdict == HTTP_VERDICT_GOOD) {
            assert_int_equal(cut.status, whole.status);
            assert_true(cut.content_length == whole.content_length);
        }
    }
    return whole;
}

static void test_properties_of_a_head(void **state)
{
    struct http_response response = read_text("HTTP/1.1 200 OK\r\nServer: x y\r\n"
                                              "content-LENGTH: \t1234 \r\nX:\r\n\r\n");

    (void)state;
    assert_int_equal(response.verdict, HTTP_VERDICT_GOOD);
    assert_int_equal(response.status, 200);
    assert_true(response.length_given && response.content_length == 1234);
    assert_true(http_response_persists(&response));
    response =
        read_text("HTTP/1.1 404\r\nConnection: x, Close\r\nTransfer-Encoding: Chunked\r\n\r\n");
    assert_int_equal(response.verdict, HTTP_VERDICT_GOOD);
    assert_int_equal(response.status, 404);
    assert_true(response.codings == 1 && response.chunked);
    assert_false(http_response_persists(&response));
    response = read_text("HTTP/1.0 599 \r\n\r\n");
    assert_int_equal(response.verdict, HTTP_VERDICT_GOOD);
    assert_false(http_response_persists(&response));
    response = read_text("HTTP/1.0 200 a\r\nConnection: keep-alive\r\n\r\n");
    assert_true(http_response_persists(&response));
    response = read_text("HTTP/1.1 100 Continue\r\n\r\n");
    assert_true(response.verdict == HTTP_VERDICT_GOOD && http_response_is_interim(&response));
}

#define LINE "HTTP/1.1 200 OK\r\n"

/* RFC 9112 11.2, and replies that no server sends. */
static void test_threat_W1_replies_that_can_be_read_in_two_ways(void **state)
{
    static const char *const bad[] = {
        LINE "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        LINE "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        LINE "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
        LINE "Content-Length: 5, 5\r\n\r\n",
        LINE "Content-Length: +5\r\n\r\n",
        LINE "Content-Length: 0x5\r\n\r\n",
        LINE "Content-Length: \r\n\r\n",
        LINE "Content-Length: 9223372036854775808\r\n\r\n",
        LINE "Content-Length: 99999999999999999999999\r\n\r\n",
        LINE "Transfer-Encoding: chunked, chunked\r\n\r\n",
        LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        LINE "Transfer-Encoding: gzip\r\n\r\n",
        LINE "Transfer-Encoding: \r\n\r\n",
        LINE "Transfer-Encoding: xchunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        LINE "Content-Length : 5\r\n\r\n",
        LINE "X: a\r\n b\r\n\r\n",
        LINE "X: a\nY: b\r\n\r\n",
        LINE "X: a\rb\r\n\r\n",
        LINE " X: a\r\n\r\n",
        LINE ": a\r\n\r\n",
        LINE "X\r\n\r\n",
        "HTTP/1.1 200 OK\n\r\n",
        "\r\n" LINE "\r\n",
        " " LINE "\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 600 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 103 Hints\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct http_response response = read_text(bad[i]);

        if (response.verdict != HTTP_VERDICT_BAD)
            fail_msg("was taken: %s", bad[i]);
    }
    assert_int_equal(read_text("HTTP/1.1 200 OK\r\nX").verdict, HTTP_VERDICT_MORE);
}

static void check_url(const char *text, bool secure, const char *host, unsigned port,
                      const char *target)
{
    struct leat_url url;

    assert_int_equal(leat_url_parse(&url, text), LEAT_OK);
    assert_int_equal(url.secure, secure);
    assert_string_equal(url.host, host);
    assert_int_equal(url.port, port);
    assert_int_equal(url.target_len, strlen(target));
    assert_memory_equal(url.target, target, url.target_len);
}

static void test_the_parts_of_a_url(void **state)
{
    (void)state;
    check_url("http://example.com", false, "example.com", 80, "");
    check_url("HTTPS://Example.COM/A/b?c=d#e", true, "example.com", 443, "/A/b?c=d");
    check_url("http://a_b-c.example.:8080?q", false, "a_b-c.example.", 8080, "?q");
    check_url("http://10.0.0.1:/", false, "10.0.0.1", 80, "/");
    check_url("https://[2001:DB8::1]:8443/x", true, "2001:db8::1", 8443, "/x");
    check_url("https://[::ffff:10.0.0.1]/", true, "::ffff:10.0.0.1", 443, "/");
    check_url("http://h#f", false, "h", 80, "");
}

static void check_refused(const char *text, enum leat_err why)
{
    struct leat_url url;

    if (leat_url_parse(&url, text) != why)
        fail_msg("%s", text);
}

static void test_invalid_urls(void **state)
{
    static const char *const bad[] = {
        "http://",
        "http:///x",
        "http://h:0/",
        "http://h:65536/",
        "http://h:8x/",
        "http://h/a b",
        "http://h/a\r\nX: y",
        "http://user@h/",
        "http://u:p@h/",
        "http://[::1",
        "http://[x]/",
        "http://h\\@evil/",
        "http://h%2e/",
        "http://h/\x7f",
        "http://h/\xc3\xa4",
        "http://[::1]x/",
        "http://[fe80::1%25eth0]/",
        "http://[face]/",
        "http://[10.0.0.1]/",
        "http://[::1:]/",
        "http://[1::2::3]/",
    };
    static char text[3000] = "http://h/";

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(bad[i], LEAT_ERR_FORMAT);
    check_refused("ftp://h/", LEAT_ERR_PROTOCOL);
    check_refused("/x", LEAT_ERR_PROTOCOL);
    check_refused("", LEAT_ERR_PROTOCOL);
    memset(text + 9, 'a', LEAT_URL_BYTES - 1 - 9);
    check_refused(text, LEAT_OK);
    text[LEAT_URL_BYTES - 1] = 'a';
    check_refused(text, LEAT_ERR_TOO_BIG);
    memset(text + 7, 'h', 255);
    text[7 + 255] = '\0';
    check_refused(text, LEAT_OK);
    text[7 + 255] = 'h';
    text[7 + 256] = '\0';
    check_refused(text, LEAT_ERR_FORMAT);
}

/* Examples of RFC 3986 5.4 that apply to HTTP, and some others. */
static void test_targets_of_references(void **state)
{
    static const char *const rows[][2] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"https://b/c", "https://b/c"},
    };
    char joined[LEAT_URL_BYTES];
    char longest[LEAT_URL_BYTES];

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(
            leat_url_join(joined, "http://a/b/c/d;p?q", rows[i][0], strlen(rows[i][0])), LEAT_OK);
        assert_string_equal(joined, rows[i][1]);
    }
    assert_int_equal(leat_url_join(joined, "https://a", "g", 1), LEAT_OK);
    assert_string_equal(joined, "https://a/g");
    assert_int_equal(leat_url_join(joined, "https://a?x", "?g", 2), LEAT_OK);
    assert_string_equal(joined, "https://a/?g");
    assert_int_equal(leat_url_join(joined, "https://a:1/b", "//c:2/d", 7), LEAT_OK);
    assert_string_equal(joined, "https://c:2/d");
    memset(longest, 'x', sizeof longest);
    assert_int_equal(leat_url_join(joined, "http://a/", longest, sizeof longest), LEAT_ERR_TOO_BIG);
    assert_int_equal(leat_url_join(joined, "a/", "b", 1), LEAT_ERR_PROTOCOL);
}

/* RFC 3986 5.2.2: dot segments are removed from each form of reference. */
static void test_dots_of_references_with_a_host(void **state)
{
    static const char *const rows[][2] = {
        {"http://b/../c/./d?../e", "http://b/c/d?../e"},
        {"//b/c/..", "http://b/"},
        {"http://b", "http://b"},
        {"http://b?../c", "http://b?../c"},
        {"mailto:a//../b", "mailto:a//../b"},
    };
    char joined[LEAT_URL_BYTES];

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(leat_url_join(joined, "http://a/b", rows[i][0], strlen(rows[i][0])),
                         LEAT_OK);
        assert_string_equal(joined, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties_of_a_head),
        cmocka_unit_test(test_threat_W1_replies_that_can_be_read_in_two_ways),
        cmocka_unit_test(test_the_parts_of_a_url),
        cmocka_unit_test(test_invalid_urls),
        cmocka_unit_test(test_targets_of_references),
        cmocka_unit_test(test_dots_of_references_with_a_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
