/* test_request.c -- heads of requests: whole, byte by byte, and cut in two at each place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/http/http_request.h"

#define HOST "Host: leat\r\n"

static size_t feed(struct http_request *request, const char *text, size_t len)
{
    uint8_t *copy =
        malloc(len + 1); /* exactly that size, so that a sanitizer finds reads beyond its end */
    size_t taken;

    memcpy(copy, text, len);
    taken = http_request_read(request, copy, len);
    free(copy);
    return taken;
}

static void assert_same(const struct http_request *a, const struct http_request *b)
{
    assert_memory_equal(a, b, offsetof(struct http_request, path));
    assert_memory_equal(a->path, b->path, a->path_len);
}

/* Reads @text in each way. @taken: length of the head. */
static struct http_request read_head(const char *text, size_t *taken)
{
    const size_t len = strlen(text);
    struct http_request whole, other;

    http_request_start(&whole, NULL);
    *taken = feed(&whole, text, len);
    for (size_t cut = 0; cut <= len; cut++) {
        size_t first;

        http_request_start(&other, NULL);
        first = feed(&other, text, cut);
        if (other.status == HTTP_MORE)
            first += feed(&other, text + first, len - first);
        assert_int_equal(first, *taken);
        assert_same(&whole, &other);
    }
    http_request_start(&other, NULL);
    for (size_t i = 0; i < len && other.status == HTTP_MORE; i++)
        feed(&other, text + i, 1);
    assert_same(&whole, &other);
    return whole;
}

/* Reads a whole request with nothing after it. */
static struct http_request read_all(const char *text)
{
    size_t taken;
    struct http_request request = read_head(text, &taken);

    if (request.status == HTTP_OK)
        assert_int_equal(taken, strlen(text));
    return request;
}

static struct http_request with_field(const char *fields)
{
    char text[1000];

    snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST "%s\r\n\r\n", fields);
    return read_all(text);
}

static void assert_path(const struct http_request *request, const char *path)
{
    assert_int_equal(request->status, HTTP_OK);
    assert_int_equal(request->path_len, strlen(path));
    assert_memory_equal(request->path, path, request->path_len);
}

static void test_a_request_of_curl(void **state)
{
    const struct http_request request =
        read_all("GET /a/b.html?x=1&y HTTP/1.1\r\nHost: 10.0.0.2:80\r\nUser-Agent: curl/8\r\n"
                 "Accept: */*\r\n\r\n");

    (void)state;
    assert_path(&request, "/a/b.html");
    assert_int_equal(request.method, HTTP_GET);
    assert_int_equal(request.minor_version, 1);
    assert_true(http_request_persists(&request));
}

static void test_methods(void **state)
{
    static const struct {
        const char *text;
        enum http_method method;
    } cases[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", HTTP_GET},
        {"HEAD / HTTP/1.1\r\n" HOST "\r\n", HTTP_HEAD},
        {"POST / HTTP/1.1\r\n" HOST "\r\n", HTTP_POST},
        {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", HTTP_OTHER},
        {"CONNECT leat:80 HTTP/1.1\r\n" HOST "\r\n", HTTP_OTHER},
        {"get / HTTP/1.1\r\n" HOST "\r\n", HTTP_UNKNOWN}, /* RFC 9110 9.1: case matters */
        {"GE / HTTP/1.1\r\n" HOST "\r\n", HTTP_UNKNOWN},
        {"GETS / HTTP/1.1\r\n" HOST "\r\n", HTTP_UNKNOWN},
        {"POSTER / HTTP/1.1\r\n" HOST "\r\n", HTTP_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct http_request request = read_all(cases[i].text);

        assert_int_equal(request.status, HTTP_OK);
        assert_int_equal(request.method, cases[i].method);
    }
}

static void test_targets(void **state)
{
    static const char *const cases[][2] = {
        {"/", "/"},
        {"/?", "/"},
        {"/%7Euser/%41%62", "/~user/Ab"},
        {"/%2e%2E/x", "/../x"}, /* names are compared as they are, so this can't leave a folder */
        {"http://leat", "/"},
        {"http://leat?query", "/"},
        {"HTTP://leat:80/x?/y", "/x"},
        {"https://leat/x", "/x"}, /* RFC 9112 3.2.2: allowed in a session of TLS */
        {"httpS://leat?y", "/"},
        {"/a;b=c,d/$-_.~!*'()&+=:@", "/a;b=c,d/$-_.~!*'()&+=:@"},
        {"/x?a[]={|}^`\"\\", "/x"},   /* some browsers send these */
        {"/a[1]|{b}^", "/a[1]|{b}^"}, /* ... and curl these */
        {"/\xc3\xa4/%c3%A4?\xe2\x82\xac", "/\xc3\xa4/\xc3\xa4"},
    };
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_request request;

        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST "\r\n", cases[i][0]);
        request = read_all(text);
        assert_path(&request, cases[i][1]);
    }
}

/* RFC 9112 3.2.2: a whole URL as target replaces the field Host. There is no other form. */
static void test_threat_W6_one_meaning_of_a_target(void **state)
{
    static const char *const refused[] = {
        "GET leat:80 HTTP/1.1\r\n" HOST "\r\n", "GET * HTTP/1.1\r\n" HOST "\r\n",
        "GET http:///x HTTP/1.1\r\n" HOST "\r\n", "GET //leat/x@y:z HTTP/1.1\r\n\r\n"};
    struct http_request request;

    (void)state;
    request = read_all("GET http://leat/x HTTP/1.1\r\nHost: other\r\n\r\n");
    assert_path(&request, "/x");
    request = read_all("GET //other/x HTTP/1.1\r\n" HOST
                       "\r\n"); /* a path that begins with an empty name */
    assert_path(&request, "//other/x");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        request = read_all(refused[i]);
        assert_int_equal(request.status, 400);
    }
}

/* RFC 9112 11.2: heads that programs understand differently allow request smuggling. */
static void test_bad_requests(void **state)
{
    static const char *const cases[] = {
        "GET / HTTP/1.1\n" HOST "\r\n",
        "GET / HTTP/1.1\r\nHost: leat\n\r\n",
        "GET / HTTP/1.1\r\nHost: leat\r\r\n",
        "GET / HTTP/1.1\r\n\r\n", /* without a host (RFC 9112 3.2) */
        "GET / HTTP/1.1\r\n" HOST HOST "\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : leat\r\n\r\n",        /* RFC 9112 5.1 */
        "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", /* folded: RFC 9112 5.2 */
        "GET / HTTP/1.1\r\n Host: leat\r\n\r\n",        /* RFC 9112 2.2 */
        "GET / HTTP/1.1\r\n" HOST "A\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: b\001\r\n\r\n",
        "GET  / HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1 \r\n" HOST "\r\n",
        "GET /\r\n",
        "GET / HTTP/1\r\n" HOST "\r\n",
        "GET / http/1.1\r\n" HOST "\r\n",
        "GET x HTTP/1.1\r\n" HOST "\r\n",
        "GET * HTTP/1.1\r\n" HOST "\r\n",
        "GET /%4 HTTP/1.1\r\n" HOST "\r\n",
        "GET /%4x HTTP/1.1\r\n" HOST "\r\n",
        "GET /a<b HTTP/1.1\r\n" HOST "\r\n",
        "GET /a\\b HTTP/1.1\r\n" HOST "\r\n",
        "GET /\x7f HTTP/1.1\r\n" HOST "\r\n",
        "GET /a\xc2 b HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n",
        "GET /#x HTTP/1.1\r\n" HOST "\r\n",
        "\x16\x03\x01\x02", /* TLS */
        "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct http_request request = read_all(cases[i]);

        if (request.status != HTTP_BAD_REQUEST)
            fail_msg("%s: status %u", cases[i], request.status);
    }
}

static void test_other_refusals(void **state)
{
    (void)state;
    assert_int_equal(read_all("GET / HTTP/2.0\r\n").status, HTTP_VERSION_NOT_SUPPORTED);
    assert_int_equal(read_all("GET / HTTP/0.9\r\n").status, HTTP_VERSION_NOT_SUPPORTED);
    assert_int_equal(with_field("Expect: a miracle").status, HTTP_EXPECTATION_FAILED);
}

static void test_versions(void **state)
{
    struct http_request request = read_all("GET / HTTP/1.0\r\n\r\n");

    (void)state;
    assert_path(&request, "/");
    assert_int_equal(request.minor_version, 0);
    request = read_all("GET / HTTP/1.7\r\n" HOST "\r\n");
    assert_path(&request, "/");
    assert_int_equal(request.minor_version, 1);
}

static void test_which_connections_persist(void **state)
{
    static const struct {
        const char *version, *fields;
        bool persists;
    } cases[] = {
        {"1.1", "", true},
        {"1.1", "Connection: close\r\n", false},
        {"1.1", "CONNECTION:Close \r\n", false},
        {"1.1", "Connection: keep-alive, close\r\n", false},
        {"1.1", "Connection: , a ,, close ,\r\n", false},
        {"1.1", "Connection: closed\r\n", true},
        {"1.1", "Connection:\r\n", true},
        {"1.1", "Xonnection: close\r\n", true},
        {"1.0", "", false},
        {"1.0", "Connection: Keep-Alive\r\n", true},
        {"1.0", "Connection: keep-alive, close\r\n", false},
        {"1.1", "Transfer-Encoding: chunked\r\n", false},
        {"1.1", "Transfer-Encoding: Chunked \r\n", false},
        {"1.1", "Expect: 100-continue\r\n", false},
        {"1.1", "Content-Length: 5\r\n", true},
    };
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_request request;

        snprintf(text, sizeof text, "GET / HTTP/%s\r\n" HOST "%s\r\n", cases[i].version,
                 cases[i].fields);
        request = read_all(text);
        assert_int_equal(request.status, HTTP_OK);
        assert_int_equal(http_request_persists(&request) && http_request_body_is_plain(&request),
                         cases[i].persists);
    }
}

static void test_ranges(void **state)
{
    static const struct {
        const char *field;
        unsigned count;
        struct http_span spans[3];
    } cases[] = {
        {"Range: bytes=0-9", 1, {{0, 9}}},
        {"range:BYTES=5- ", 1, {{5, UINT64_MAX}}},
        {"Range: bytes=-7", 1, {{HTTP_SPAN_SUFFIX, 7}}},
        {"Range: bytes=3-3", 1, {{3, 3}}},
        {"Range: bytes=0-99999999999999999999999", 1, {{0, UINT64_MAX}}},
        {"Range: bytes=18446744073709551615-", 1, {{UINT64_MAX - 1, UINT64_MAX}}},
        {"Range: bytes=0-1,3-4", 2, {{0, 1}, {3, 4}}},
        {"Range: bytes= , 0-1 ,\t-10 , ,7- ,",
         3,
         {{0, 1}, {HTTP_SPAN_SUFFIX, 10}, {7, UINT64_MAX}}},
        /* invalid ranges may be ignored (RFC 9110 14.2) */
        {"Range: bytes=3-2", 0, {{0}}},
        {"Range: bytes=0-1,3-2", 0, {{0}}},
        {"Range: bytes=3-2,0-1", 0, {{0}}},
        {"Range: bytes=-", 0, {{0}}},
        {"Range: bytes=0-1 3-4", 0, {{0}}},
        {"Range: bytes=0 -1", 0, {{0}}},
        {"Range: lines=0-1", 0, {{0}}},
        {"Range: bytes=0-1x", 0, {{0}}},
        {"Range: bytes=0-1\r\nRange: bytes=0-1", 0, {{0}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct http_request request = with_field(cases[i].field);

        assert_int_equal(request.status, HTTP_OK);
        assert_int_equal(request.span_count, cases[i].count);
        for (unsigned n = 0; n < cases[i].count; n++) {
            assert_true(request.spans[n].first == cases[i].spans[n].first);
            assert_true(request.spans[n].last == cases[i].spans[n].last);
        }
    }
}

static void test_tags(void **state)
{
    struct http_request request =
        with_field("If-None-Match: \"x\", W/\"0123456789abcdef\" ,\"fedcba9876543210\"");

    (void)state;
    assert_true(request.if_none_match.given && !request.if_none_match.any);
    assert_int_equal(request.if_none_match.count, 2);
    assert_true(http_tags_have(&request.if_none_match, 0x0123456789abcdef, true));
    assert_false(http_tags_have(&request.if_none_match, 0x0123456789abcdef, false));
    assert_true(http_tags_have(&request.if_none_match, 0xfedcba9876543210, false));
    assert_false(http_tags_have(&request.if_none_match, 1, true));
    request = with_field("If-Match: *");
    assert_true(request.if_match.given && request.if_match.any);
    request =
        with_field("If-Match: \"0123456789abcde\", \"0123456789abcdeff\", \"0123456789ABCDEF\"");
    assert_int_equal(request.if_match.count, 0);
    request = with_field("If-Range: \"0123456789abcdef\"");
    assert_true(http_tags_have(&request.if_range, 0x0123456789abcdef, false));
    request = with_field("If-Range: Sat, 29 Oct 1994 19:43:31 GMT");
    assert_true(request.if_range.given && request.if_range.count == 0);
    request = with_field("If-None-Match: garbage \" here");
    assert_true(request.if_none_match.given && request.if_none_match.count == 0);
    request = with_field("If-Match: \"0000000000000001\",\"0000000000000002\",\"0000000000000003\","
                         "\"0000000000000004\",\"0000000000000005\"");
    assert_int_equal(request.if_match.count, HTTP_TAGS);
}

static void test_dates(void **state)
{
    /* RFC 9110 5.6.7's example is 784,111,777 s */
    static const struct {
        const char *date;
        uint64_t s;
    } cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {" \tSun Nov 16 08:49:37 1994 \t", 784975777},
        {"Mon, 06 Nov 1994 08:49:37 GMT", 784111777}, /* a wrong day of the week is accepted */
        {"Thursday, 31-Dec-69 23:59:59 GMT", 3155759999},
        {"Thursday, 01-Jan-70 00:00:01 GMT", 1},
        {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
        {"Wed, 29 Feb 2023 00:00:00 GMT", 0},
        {"Sun, 6 Nov 1994 08:49:37 GMT", 0},
        {"sun, 06 nov 1994 08:49:37 gmt", 0}, /* case matters */
        {"Sun, 06 Nov 1994 08:49:37 GMT                                        ", 0}, /* too long */
        {"Sun, 06 Nov 1994 08:49:37 CET", 0},
        {"Sun, 06 Nov 1994 08:49:37", 0},
        {"Sun, 06 Nov 1994 24:49:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:60 GMT", 0}, /* civil time has no leap seconds */
        {"Sun, 06 Nov 1969 08:49:37 GMT", 0}, /* before 1970 */
        {"Sun Nov 6 08:49:37 1994", 0},
        {"1994-11-06T08:49:37Z", 0},
        {"784111777", 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"", 0},
    };
    static const char *const names[HTTP_WHENS] = {"If-Modified-Since", "IF-UNMODIFIED-SINCE",
                                                  "if-range"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int when = 0; when < HTTP_WHENS; when++) {
            struct http_request request;
            char field[200];

            snprintf(field, sizeof field, "%s:%s", names[when], cases[i].date);
            request = with_field(field);
            assert_int_equal(request.status, HTTP_OK);
            for (int other = 0; other < HTTP_WHENS; other++)
                assert_int_equal(request.when_s[other], other == when ? cases[i].s : 0);
        }
    }
}

static void test_a_date_that_comes_twice_is_ignored(void **state)
{
    const struct http_request request =
        with_field("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                   "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                   "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT");

    (void)state;
    assert_int_equal(request.status, HTTP_OK);
    assert_int_equal(request.when_s[HTTP_MODIFIED_SINCE], 0);
    assert_int_equal(request.when_s[HTTP_UNMODIFIED_SINCE], 784111777);
}

static void test_empty_lines_before_a_request_are_ignored(void **state)
{
    const struct http_request request = read_all("\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n");

    (void)state;
    assert_path(&request, "/");
}

static void test_data_after_a_head_is_left_alone(void **state)
{
    const char *text = "GET / HTTP/1.1\r\n" HOST "\r\nGET /2";
    size_t taken;
    const struct http_request request = read_head(text, &taken);

    (void)state;
    assert_path(&request, "/");
    assert_string_equal(text + taken, "GET /2");
}

/* Reads @start, then @fill until the machine stops. Returns the status. */
static unsigned flood(const char *start, const char *fill, uint32_t *bytes)
{
    struct http_request request;

    http_request_start(&request, NULL);
    feed(&request, start, strlen(start));
    for (unsigned i = 0; request.status == HTTP_MORE; i++) {
        assert_true(i < 1000000);
        feed(&request, fill, strlen(fill));
    }
    *bytes = request.bytes;
    return request.status;
}

static void test_limits(void **state)
{
    uint32_t bytes;

    (void)state;
    assert_int_equal(flood("GET /", "0123456789", &bytes), HTTP_URI_TOO_LONG);
    assert_int_equal(bytes, HTTP_LINE_BYTES);
    assert_int_equal(flood("GET / HTTP/1.1\r\n", "A: 0123456789\r\n", &bytes),
                     HTTP_FIELDS_TOO_LARGE);
    assert_int_equal(bytes, HTTP_HEAD_BYTES);
    assert_int_equal(flood("GET / HTTP/1.1\r\nA:", "b", &bytes), HTTP_FIELDS_TOO_LARGE);
    assert_int_equal(flood("", "\r\n", &bytes), HTTP_URI_TOO_LONG);
}

static void test_a_path_that_is_too_long_is_kept_as_that(void **state)
{
    char text[HTTP_PATH_BYTES + 100];
    struct http_request request;

    (void)state;
    for (int more = 0; more < 2; more++) {
        snprintf(text, sizeof text, "GET /%0*d HTTP/1.1\r\n" HOST "\r\n",
                 HTTP_PATH_BYTES - 1 + more, 0);
        request = read_all(text);
        assert_int_equal(request.status, HTTP_OK);
        assert_int_equal(request.path_too_long, more);
        assert_int_equal(request.path_len, HTTP_PATH_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_of_curl),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_threat_W6_one_meaning_of_a_target),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_other_refusals),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_which_connections_persist),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_a_date_that_comes_twice_is_ignored),
        cmocka_unit_test(test_empty_lines_before_a_request_are_ignored),
        cmocka_unit_test(test_data_after_a_head_is_left_alone),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_a_path_that_is_too_long_is_kept_as_that),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
