/*
 * fuzz_http.c -- heads of requests: the result doesn't depend on the pieces, the head ends at its
 * empty line, and the reply fits its buffer and contains only bytes of the file.
 *
 * The first byte chooses whether the rest is a head, or fields after a legal beginning; the second
 * where it is cut.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/http/http_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    DATA_BYTES = 40000
};

static const char file_bytes[] = "0123456789";

static const struct leat_http_file files[] = {
    {"/", "text/html", file_bytes, 10, 0x0123456789abcdef, 784111777000000000},
    {"/a/index.html", "text/html", file_bytes, 3, 0, 0},
    {"/e", "text/plain", NULL, 0, 1, UINT64_MAX},
};

static void demand(bool condition)
{
    if (!condition)
        abort();
}

/* Parses @len bytes of a copy that ends at the end of its memory. */
static size_t feed(struct http_request *request, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len + !len);
    size_t taken;

    demand(copy != NULL);
    memcpy(copy, data, len);
    taken = http_request_read(request, copy, len);
    free(copy);
    demand(taken <= len);
    demand(taken == len || request->status != HTTP_MORE);
    return taken;
}

/* The invariants of an accepted head. */
static void check_head(const struct http_request *request, const uint8_t *data, size_t taken)
{
    demand(request->bytes == taken && taken <= HTTP_HEAD_BYTES);
    if (request->status != HTTP_OK)
        return;
    demand(taken >= 4 && memcmp(data + taken - 4, "\r\n\r\n", 4) == 0);
    demand(request->host || request->minor_version == 0);
    demand(!(request->codings && request->length_given));
    demand(request->if_match.count <= HTTP_TAGS && request->if_none_match.count <= HTTP_TAGS);
    if (request->method < HTTP_OTHER)
        demand(request->path_len > 0 && request->path[0] == '/');
    for (unsigned i = 0; i < request->span_count; i++)
        demand(request->spans[i].first == HTTP_SPAN_SUFFIX ||
               request->spans[i].first <= request->spans[i].last);
}

/* The body, in parts or not, has the length that is told, and lies in the file. */
static void check_body(const struct http_reply *reply, const struct http_request *request)
{
    const uint64_t len = reply->found ? reply->found->content.len : 0;
    char head[HTTP_PART_BYTES];
    uint64_t sum = 0;

    if (!reply->parts) {
        demand(reply->body_len <= len && reply->first <= len - reply->body_len);
        return;
    }
    for (unsigned part = 0; part <= reply->parts; part++) {
        const struct http_span *span = &request->spans[part];

        sum += http_part_head(reply, request, part, head);
        demand(part == reply->parts || (span->first <= span->last && span->last < len));
        sum += part == reply->parts ? 0 : span->last - span->first + 1;
    }
    demand(sum == reply->body_len);
}

static void check_reply(struct http_request *request)
{
    static struct http_entry entries[64];
    static const struct http_table table = {entries, 63};
    static const struct http_now now = {784111777500000000, "Sun, 06 Nov 1994 08:49:37 GMT"};
    char head[HTTP_REPLY_HEAD_BYTES];
    struct http_found found;
    struct http_reply reply;
    size_t len;

    if (!entries[0].file && !http_table_find(&table, "/", 1))
        for (size_t i = 0; i < sizeof files / sizeof *files; i++)
            demand(http_table_add(&table, &files[i]));
    http_found_file(&found, request->path_too_long
                                ? NULL
                                : http_table_find(&table, request->path, request->path_len));
    reply = http_answer(request, &found, 0x0123456789abcdef);
    demand(reply.status >= HTTP_OK);
    check_body(&reply, request);
    if (reply.status == HTTP_PARTIAL_CONTENT)
        demand(reply.body_len > 0);
    len = http_reply_head(&reply, request, request->minor_version ? &now : NULL, head);
    demand(len <= sizeof head);
    demand(memcmp(head, "HTTP/1.1 ", 9) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t payload[DATA_BYTES];
    static const char legal[] = "GET /a/?x HTTP/1.1\r\nHost: leat\r\n";
    struct http_request whole, other;
    size_t len = 0, taken, cut, first;

    if (size < 2 || size > 20000)
        return 0;
    if (data[0] & 1) {
        memcpy(payload, legal, sizeof legal - 1);
        len = sizeof legal - 1;
    }
    memcpy(payload + len, data + 2, size - 2);
    len += size - 2;
    if (data[0] & 1) {
        memcpy(payload + len, "\r\n\r\n", 4);
        len += 4;
    }
    http_request_start(&whole, NULL);
    taken = feed(&whole, payload, len);
    check_head(&whole, payload, taken);
    cut = len * data[1] / 255;
    http_request_start(&other, NULL);
    first = feed(&other, payload, cut);
    if (other.status == HTTP_MORE)
        first += feed(&other, payload + first, len - first);
    demand(first == taken);
    demand(memcmp(&whole, &other, offsetof(struct http_request, path)) == 0);
    demand(memcmp(whole.path, other.path, whole.path_len) == 0);
    if (whole.status != HTTP_MORE)
        check_reply(&whole);
    return 0;
}
