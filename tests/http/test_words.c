/* test_words.c -- what heads of requests say to folders: many ranges, codings, credentials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/http/http_request.h"

/* In memory of exactly that size, so that a sanitizer finds reads beyond its end. */
static size_t feed(struct http_request *request, const char *text, size_t len)
{
    uint8_t *copy = malloc(len + 1);
    size_t taken;

    memcpy(copy, text, len);
    taken = http_request_read(request, copy, len);
    free(copy);
    return taken;
}

/* The number of ranges that a request with @field asks for. */
static unsigned spans_of(const char *field)
{
    struct http_request request;
    char head[400];

    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: leat\r\n%s\r\n\r\n", field);
    http_request_start(&request, NULL);
    feed(&request, head, strlen(head));
    assert_int_equal(request.status, HTTP_OK);
    return request.span_count;
}

static void test_more_ranges_than_are_kept_are_ignored(void **state)
{
    char field[200] = "Range: bytes=0-1";

    (void)state;
    for (unsigned more = 1; more < HTTP_SPANS; more++)
        strcat(field, ",4-5");
    assert_int_equal(spans_of(field), HTTP_SPANS);
    strcat(field, ",8-9");
    assert_int_equal(spans_of(field), 0);
}

static void test_words_for_folders(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\n"
                               "Host: leat\r\nAuthorization:  Basic YTpi\r\n"
                               "accept-encoding: gzip;q=0.5\r\nAccept-Encoding:br\r\n\r\n";
    static const char twice[] = "GET / HTTP/1.1\r\n"
                                "Host: leat\r\nAuthorization: a\r\n"
                                "Authorization: b\r\n\r\n";
    struct http_request request;
    struct http_words words;

    (void)state;
    for (size_t cut = 0; cut < sizeof head; cut++) {
        http_request_start(&request, &words);
        feed(&request, head, cut);
        feed(&request, head + cut, sizeof head - 1 - cut);
        assert_int_equal(request.status, HTTP_OK);
        assert_int_equal(words.credentials_len, 10);
        assert_memory_equal(words.credentials, "Basic YTpi", 10);
        assert_false(words.credentials_too_long);
        assert_int_equal(words.codings_len, 14);
        assert_memory_equal(words.codings, ",gzip;q=0.5,br", 14);
    }
    http_request_start(&request, &words);
    feed(&request, twice, sizeof twice - 1);
    assert_int_equal(request.status, HTTP_OK);
    assert_true(words.credentials_too_long);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_ranges_than_are_kept_are_ignored),
        cmocka_unit_test(test_words_for_folders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
