/*
 * fuzz_response.c -- heads of replies: the result doesn't depend on the pieces, the head ends at
 * its empty line, and the length of the body is unambiguous. Also URLs, whose parts can't add a
 * line to a request.
 *
 * The first byte sets where the rest is cut.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/url.h>

#include "web/http/http_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

/* Parses @len bytes of a copy that ends at the end of its memory. */
static size_t feed(struct http_response *response, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len + !len);
    size_t taken = 0;

    demand(copy != NULL);
    memcpy(copy, data, len);
    if (response->verdict == HTTP_VERDICT_MORE)
        taken = http_response_read(response, copy, len);
    free(copy);
    demand(taken <= len && (taken == len || response->verdict != HTTP_VERDICT_MORE));
    return taken;
}

static void check_head(const struct http_response *response, const uint8_t *data, size_t taken)
{
    if (response->verdict != HTTP_VERDICT_GOOD)
        return;
    demand(taken >= 4 && memcmp(data + taken - 4, "\r\n\r\n", 4) == 0);
    demand(response->status >= 100 && response->status < 600 && response->status != 101);
    demand(!(response->codings && response->length_given));
    demand(response->codings == 0 || (response->chunked && response->minor_version > 0));
    demand(response->content_length <= INT64_MAX);
}

/* Checks that the parts of a URL, which go into a request, contain no byte that ends a line
 * or a word. */
static void check_url(const uint8_t *data, size_t size)
{
    char text[3000], joined[LEAT_URL_BYTES];
    struct leat_url url;

    if (size >= sizeof text)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    if (leat_url_parse(&url, text) == LEAT_OK) {
        demand(url.port > 0 && url.host[0] != '\0');
        for (size_t i = 0; url.host[i]; i++)
            demand(url.host[i] > ' ' && url.host[i] != '@' && url.host[i] != '/');
        for (size_t i = 0; i < url.target_len; i++)
            demand(url.target[i] > ' ' && url.target[i] < 0x7f);
        demand(leat_url_join(joined, text, text + size / 2, size - size / 2) != LEAT_ERR_FORMAT);
    }
    if (leat_url_join(joined, "http://a/b/c?d", text, size) == LEAT_OK)
        demand(strlen(joined) < sizeof joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_response whole, cut;
    size_t at, used, first;

    if (size < 1 || size > 20000)
        return 0;
    at = (size - 1) * data[0] / 255;
    http_response_start(&whole);
    used = feed(&whole, data + 1, size - 1);
    http_response_start(&cut);
    first = feed(&cut, data + 1, at);
    first += feed(&cut, data + 1 + first, size - 1 - first);
    demand(whole.verdict == cut.verdict);
    if (whole.verdict == HTTP_VERDICT_GOOD)
        demand(used == first && whole.content_length == cut.content_length &&
               whole.status == cut.status && whole.close == cut.close);
    check_head(&whole, data + 1, used);
    check_url(data + 1, size - 1);
    return 0;
}
