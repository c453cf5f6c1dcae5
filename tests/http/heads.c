/*
 * heads.c -- reads requests as the server does, for tests that compare it with other programs.
 *
 * Standard input has the length (four bytes, lowest first) and the data of each request. The answer
 * is one line: the status (0: incomplete), the bytes of the head, and the framing of the body.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "web/http/http_request.h"

static void say(const uint8_t *data, size_t len)
{
    struct http_request request;
    size_t taken;

    http_request_start(&request, NULL);
    taken = http_request_read(&request, data, len);
    printf("%d %zu %s %llu\n", request.status, taken, request.codings ? "chunked" : "length",
           request.codings ? 0ull : (unsigned long long)request.content_length);
}

int main(void)
{
    uint8_t head[4];

    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        const size_t len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
        uint8_t *data = malloc(
            len + !len); /* exactly that size, so that a sanitizer finds reads beyond its end */

        if (!data || fread(data, 1, len, stdin) != len)
            return 1;
        say(data, len);
        free(data);
    }
    return 0;
}
