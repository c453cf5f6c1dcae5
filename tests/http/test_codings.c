/* test_codings.c -- the field Transfer-Encoding of requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/http/http_request.h"

/* RFC 9112 6.3: without "chunked" as the last coding the body's end is unknown, so it MUST be 400.
 * Other codings before it are only not implemented (6.1). */
static void test_threat_W1_codings(void **state)
{
    static const struct {
        const char *fields;
        int status;
    } cases[] = {
        {"chunked", HTTP_OK},
        {"\t CHUNKED\t ", HTTP_OK},
        {"gzip", HTTP_BAD_REQUEST},
        {"", HTTP_BAD_REQUEST},
        {"identity", HTTP_BAD_REQUEST},
        {"xchunked", HTTP_BAD_REQUEST},
        {"chunkedx", HTTP_BAD_REQUEST},
        {"chunked;x=y", HTTP_BAD_REQUEST},
        {"chunked, gzip", HTTP_BAD_REQUEST},
        {"chunked, chunked", HTTP_BAD_REQUEST},
        {"gzip, chunked, chunked", HTTP_BAD_REQUEST},
        {"gzip, chunked ,", HTTP_BAD_REQUEST},
        {"gzip, xchunked", HTTP_BAD_REQUEST},
        {"gzip, chunked", HTTP_NOT_IMPLEMENTED},
        {"gzip;q=1 ,\tChunked ", HTTP_NOT_IMPLEMENTED},
        {"gzip\r\nTransfer-Encoding: chunked", HTTP_NOT_IMPLEMENTED},
        {"gzip\r\nTransfer-Encoding: deflate, chunked", HTTP_NOT_IMPLEMENTED},
        {"chunked\r\nTransfer-Encoding: chunked", HTTP_BAD_REQUEST},
        {"chunked\r\nTransfer-Encoding: gzip", HTTP_BAD_REQUEST},
        {"chunked\r\nTransfer-Encoding: gzip, chunked", HTTP_BAD_REQUEST},
        {"chunked\r\nTransfer-Encoding: ", HTTP_BAD_REQUEST},
    };
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_request request;

        http_request_start(&request, NULL);
        snprintf(text, sizeof text,
                 "POST / HTTP/1.1\r\nHost: leat\r\nTransfer-Encoding: %s\r\n\r\n", cases[i].fields);
        http_request_read(&request, (const uint8_t *)text, strlen(text));
        if (request.status != cases[i].status)
            fail_msg("%s: %u", cases[i].fields, request.status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_threat_W1_codings)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
