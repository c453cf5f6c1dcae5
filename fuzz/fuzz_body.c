/*
 * fuzz_body.c -- chunked bodies of requests: data and end don't depend on the pieces that the body
 * comes in.
 *
 * The first byte sets where the body is cut; the rest is the body.
 */
#include <stdlib.h>
#include <string.h>

#include "web/http/http_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    struct http_body body;
    size_t used;
    uint64_t hash; /* of the data */
};

static void demand(bool condition)
{
    if (!condition)
        abort();
}

/* Parses a copy of @len bytes that ends at the end of its memory. */
static void feed(struct reading *reading, const uint8_t *bytes, size_t len)
{
    struct http_body *body = &reading->body;
    uint8_t *copy = malloc(len + !len);
    size_t at = 0;

    demand(copy != NULL);
    memcpy(copy, bytes, len);
    while (at < len && body->phase <= HTTP_BODY_FRAMING) {
        size_t n = len - at;

        if (body->phase == HTTP_BODY_FRAMING) {
            const size_t taken = http_body_framing(body, copy + at, n);

            demand(taken <= n && (taken > 0 || body->phase == HTTP_BODY_BAD));
            demand(body->phase != HTTP_BODY_DATA || body->left > 0);
            at += taken;
            continue;
        }
        n = n < body->left ? n : (size_t)body->left;
        for (size_t i = 0; i < n; i++)
            reading->hash = (reading->hash ^ copy[at + i]) * 1099511628211u;
        http_body_take(body, n);
        at += n;
    }
    reading->used += at;
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole = {.used = 0}, cut = {.used = 0};
    size_t at;

    if (size < 1 || size > 20000)
        return 0;
    at = (size - 1) * data[0] / 255;
    http_body_start(&whole.body, true, 0);
    feed(&whole, data + 1, size - 1);
    http_body_start(&cut.body, true, 0);
    feed(&cut, data + 1, at);
    feed(&cut, data + 1 + at, size - 1 - at);
    demand(whole.body.phase == cut.body.phase && whole.body.taken == cut.body.taken);
    demand(whole.hash == cut.hash);
    demand(whole.body.phase == HTTP_BODY_BAD || whole.used == cut.used);
    if (whole.body.phase == HTTP_BODY_OVER)
        demand(memcmp(data + 1 + whole.used - 4, "\r\n\r\n", 4) == 0);
    return 0;
}
