/* http_reply.c -- which reply a request gets (RFC 9110 13.2.2, 14.2, 15), and its head. */
#include "http/http_reply.h"

#include <string.h>

/* ---- The table ---------------------------------------------------------------------------- */

static const char index_name[] = "index.html";

enum {
    INDEX_LEN = sizeof index_name - 1
};

/* FNV-1a; the keys are ours, so nobody can make it slow. */
static uint32_t path_hash(const char *path, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)path[i]) * 16777619u;
    return hash;
}

/* Where @path is, or the free place for it. */
static struct http_entry *place(const struct http_table *table, const char *path, size_t len)
{
    uint32_t at = path_hash(path, len) & table->mask;

    while (table->entries[at].file && (table->entries[at].path_len != len ||
                                       memcmp(table->entries[at].file->path, path, len) != 0))
        at = (at + 1) & table->mask;
    return &table->entries[at];
}

uint32_t http_table_entries(uint32_t file_count)
{
    uint32_t entries = 4;

    while (entries < 4 * (uint64_t)file_count && entries < UINT32_C(1) << 30)
        entries *= 2; /* each may be an index.html, and half of it shall be free */
    return entries;
}

/* Bytes of @text, at most @max + 1. */
static size_t length(const char *text, size_t max)
{
    size_t len = 0;

    while (len <= max && text[len])
        len++;
    return len;
}

bool http_table_add(const struct http_table *table, const struct leat_http_file *file)
{
    const size_t len = length(file->path, HTTP_PATH_BYTES);
    const struct http_entry entry = {.file = file, .path_len = (uint8_t)len};

    if (file->path[0] != '/' || len > HTTP_PATH_BYTES ||
        length(file->type, HTTP_TYPE_BYTES) > HTTP_TYPE_BYTES)
        return false;
    *place(table, file->path, len) = entry;
    if (len > INDEX_LEN && file->path[len - INDEX_LEN - 1] == '/' &&
        memcmp(file->path + len - INDEX_LEN, index_name, INDEX_LEN) == 0) {
        struct http_entry *folder = place(table, file->path, len - INDEX_LEN);

        *folder = entry;
        folder->path_len = (uint8_t)(len - INDEX_LEN);
    }
    return true;
}

const struct leat_http_file *http_table_find(const struct http_table *table, const char *path,
                                             size_t len)
{
    return place(table, path, len)->file;
}

/* ---- The decision ------------------------------------------------------------------------- */

/* RFC 9110 13.2.2: conditions in their order, about a file that would be answered with 200. */
static enum http_status conditions(const struct http_request *request, uint64_t tag)
{
    const struct http_tags *match = &request->if_match;
    const struct http_tags *none = &request->if_none_match;

    if (match->given && !match->any && !(tag && http_tags_have(match, tag, false)))
        return HTTP_PRECONDITION_FAILED;
    if (none->given && (none->any || (tag && http_tags_have(none, tag, true))))
        return HTTP_NOT_MODIFIED;
    return HTTP_OK;
}

/* RFC 9110 14.2: for GET only, and only of the version that If-Range means. */
static bool range_applies(const struct http_request *request, uint64_t tag)
{
    return request->method == HTTP_GET && request->range != HTTP_RANGE_NONE &&
           (!request->if_range.given || (tag && http_tags_have(&request->if_range, tag, false)));
}

/* Cuts the reply to the range; false: none of it is in the file (RFC 9110 14.1.1). */
static bool cut(struct http_reply *reply, const struct http_request *request)
{
    const uint32_t len = reply->file->len;
    uint64_t first = request->first;
    uint64_t last = request->last;

    if (request->range == HTTP_RANGE_SUFFIX) {
        if (last == 0)
            return false;
        first = last < len ? len - last : 0;
        last = UINT64_MAX;
    }
    if (first >= len)
        return false;
    if (last >= len)
        last = len - UINT64_C(1);
    reply->first = (uint32_t)first;
    reply->body += first;
    reply->body_len = (uint32_t)(last - first + 1);
    return true;
}

/* The reply about a file that is there. */
static void answer_file(struct http_reply *reply, const struct http_request *request)
{
    const struct leat_http_file *file = reply->file;

    reply->status = conditions(request, file->tag);
    if (reply->status != HTTP_OK)
        return;
    reply->body = file->bytes;
    reply->body_len = file->len;
    if (range_applies(request, file->tag))
        reply->status = cut(reply, request) ? HTTP_PARTIAL_CONTENT : HTTP_RANGE_NOT_SATISFIABLE;
    if (reply->status == HTTP_RANGE_NOT_SATISFIABLE)
        reply->body_len = 0;
}

struct http_reply http_answer(const struct http_table *table, const struct http_request *request)
{
    struct http_reply reply = {.status = (enum http_status)request->status};

    /* after a refused head nobody knows where the next one begins */
    reply.close = reply.status != HTTP_OK || !http_request_persists(request) ||
                  request->content_length > HTTP_BODY_MAX;
    if (reply.status != HTTP_OK)
        return reply;
    if (request->method == HTTP_UNKNOWN) {
        reply.status = HTTP_NOT_IMPLEMENTED;
    } else if (request->method == HTTP_OTHER) {
        reply.status = HTTP_METHOD_NOT_ALLOWED;
    } else {
        if (!request->path_too_long)
            reply.file = http_table_find(table, request->path, request->path_len);
        if (reply.file)
            answer_file(&reply, request);
        else
            reply.status = HTTP_NOT_FOUND;
    }
    return reply;
}

/* ---- The head ----------------------------------------------------------------------------- */

static const char *reason(enum http_status status)
{
    switch (status) {
    case HTTP_OK:
        return "OK";
    case HTTP_PARTIAL_CONTENT:
        return "Partial Content";
    case HTTP_NOT_MODIFIED:
        return "Not Modified";
    case HTTP_NOT_FOUND:
        return "Not Found";
    case HTTP_METHOD_NOT_ALLOWED:
        return "Method Not Allowed";
    case HTTP_REQUEST_TIMEOUT:
        return "Request Timeout";
    case HTTP_PRECONDITION_FAILED:
        return "Precondition Failed";
    case HTTP_URI_TOO_LONG:
        return "URI Too Long";
    case HTTP_RANGE_NOT_SATISFIABLE:
        return "Range Not Satisfiable";
    case HTTP_EXPECTATION_FAILED:
        return "Expectation Failed";
    case HTTP_FIELDS_TOO_LARGE:
        return "Request Header Fields Too Large";
    case HTTP_NOT_IMPLEMENTED:
        return "Not Implemented";
    case HTTP_VERSION_NOT_SUPPORTED:
        return "HTTP Version Not Supported";
    case HTTP_MORE:
    case HTTP_BAD_REQUEST:
    default:
        return "Bad Request";
    }
}

static char *put(char *at, const char *text)
{
    const size_t len = length(text, HTTP_TYPE_BYTES);

    memcpy(at, text, len);
    return at + len;
}

static char *put_number(char *at, uint64_t number)
{
    char digits[20];
    unsigned count = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static char *put_tag(char *at, uint64_t tag)
{
    at = put(at, "\r\nETag: \"");
    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[tag >> shift & 15];
    *at++ = '"';
    return at;
}

/* "bytes 0-9/100", or a star in front of the slash for a range that can't be (RFC 9110 14.4). */
static char *put_range(char *at, const struct http_reply *reply, uint32_t file_len)
{
    at = put(at, "\r\nContent-Range: bytes ");
    if (reply->status == HTTP_PARTIAL_CONTENT) {
        at = put_number(at, reply->first);
        *at++ = '-';
        at = put_number(at, (uint64_t)reply->first + reply->body_len - 1);
    } else {
        *at++ = '*';
    }
    *at++ = '/';
    return put_number(at, file_len);
}

/* The fields that say what is sent; returns the text that a refusal carries, or NULL. */
static char *put_fields(char *at, const struct http_reply *reply)
{
    const struct leat_http_file *file = reply->file;

    if (file && file->tag)
        at = put_tag(at, file->tag);
    if (reply->status == HTTP_OK)
        at = put(at, "\r\nAccept-Ranges: bytes");
    if (file &&
        (reply->status == HTTP_PARTIAL_CONTENT || reply->status == HTTP_RANGE_NOT_SATISFIABLE))
        at = put_range(at, reply, file->len);
    if (reply->status == HTTP_METHOD_NOT_ALLOWED)
        at = put(at, "\r\nAllow: GET, HEAD");
    if (file && (reply->status == HTTP_OK || reply->status == HTTP_PARTIAL_CONTENT)) {
        at = put(at, "\r\nContent-Type: ");
        at = put(at, file->type);
    } else if (reply->status != HTTP_NOT_MODIFIED) {
        at = put(at, "\r\nContent-Type: text/plain");
    }
    return at;
}

size_t http_reply_head(const struct http_reply *reply, const struct http_request *request,
                       char *head)
{
    const bool refused = reply->status >= HTTP_BAD_REQUEST;
    const char *why = reason(reply->status);
    char *at = put(head, "HTTP/1.1 ");

    at = put_number(at, reply->status);
    *at++ = ' ';
    at = put(at, why);
    at = put_fields(at, reply);
    if (reply->status != HTTP_NOT_MODIFIED) {
        at = put(at, "\r\nContent-Length: ");
        at = put_number(at, refused ? length(why, HTTP_TYPE_BYTES) + 1 : reply->body_len);
    }
    if (reply->close)
        at = put(at, "\r\nConnection: close");
    else if (request->minor_version == 0) /* RFC 9112 C.2.2 */
        at = put(at, "\r\nConnection: keep-alive");
    at = put(at, "\r\n\r\n");
    if (refused && request->method != HTTP_HEAD) {
        at = put(at, why);
        *at++ = '\n';
    }
    return (size_t)(at - head);
}
