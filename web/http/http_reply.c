/* http_reply.c -- the choice of a reply (RFC 9110 13.2.2, 14.2, 15), and its head. */
#include "web/http/http_reply.h"

#include <string.h>

#include "core/second.h"

/* ---- Table ----------------------------------------------------------------------------------- */

static const char index_name[] = "index.html";

enum {
    INDEX_LEN = sizeof index_name - 1
};

/* FNV-1a. All keys are the program's, so an attacker can't cause collisions. */
static uint32_t path_hash(const char *path, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)path[i]) * 16777619u;
    return hash;
}

/* The entry of @path, or the free entry for it. */
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
        entries *= 2; /* each file may be an index.html with two entries, and half of the table must
                         be free */
    return entries;
}

/* Length of @text, at most @max + 1. */
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
        length(file->type, HTTP_FILE_TYPE_BYTES) > HTTP_FILE_TYPE_BYTES)
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

/* ---- Decision -------------------------------------------------------------------------------- */

/* Time of the last change of @file, in whole seconds as in dates; 0: unknown. */
static uint64_t modified_s(const struct leat_http_file *file)
{
    return file->modified_ns / second_ns;
}

/* False if the request's precondition fails: on tags, else on a date if @file has one. */
static bool precondition_holds(const struct http_request *request,
                               const struct leat_http_file *file)
{
    const struct http_tags *match = &request->if_match;
    const uint64_t since_s = request->when_s[HTTP_UNMODIFIED_SINCE];

    if (match->given)
        return match->any || (file->tag && http_tags_have(match, file->tag, false));
    return since_s == 0 || modified_s(file) <= since_s;
}

/* True if the client already has this version. */
static bool is_known(const struct http_request *request, const struct leat_http_file *file)
{
    const struct http_tags *none = &request->if_none_match;
    const uint64_t modified = modified_s(file);

    if (none->given)
        return none->any || (file->tag && http_tags_have(none, file->tag, true));
    return modified > 0 && modified <= request->when_s[HTTP_MODIFIED_SINCE];
}

/* RFC 9110 13.2.2: evaluates conditions in order, for a file that would be answered with 200. */
static enum http_status conditions(const struct http_request *request,
                                   const struct leat_http_file *file)
{
    if (!precondition_holds(request, file))
        return HTTP_PRECONDITION_FAILED;
    return is_known(request, file) ? HTTP_NOT_MODIFIED : HTTP_OK;
}

/* RFC 9110 14.2: only for GET, and only for the version in If-Range. */
static bool range_applies(const struct http_request *request, const struct leat_http_file *file)
{
    const uint64_t since = request->when_s[HTTP_RANGE_SINCE];

    if (request->method != HTTP_GET || request->range == HTTP_RANGE_NONE)
        return false;
    return !request->if_range.given ||
           (file->tag && http_tags_have(&request->if_range, file->tag, false)) ||
           (since && since == modified_s(file)); /* RFC 9110 13.1.5: exactly this date */
}

/* Limits the reply to the range. False: no part of it is in the file (RFC 9110 14.1.1). */
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

/* Makes the reply for a file that exists. */
static void answer_file(struct http_reply *reply, const struct http_request *request)
{
    const struct leat_http_file *file = reply->file;

    reply->status = conditions(request, file);
    if (reply->status != HTTP_OK)
        return;
    reply->body = file->bytes;
    reply->body_len = file->len;
    if (range_applies(request, file))
        reply->status = cut(reply, request) ? HTTP_PARTIAL_CONTENT : HTTP_RANGE_NOT_SATISFIABLE;
    if (reply->status == HTTP_RANGE_NOT_SATISFIABLE)
        reply->body_len = 0;
}

struct http_reply http_answer(const struct http_table *table, const struct http_request *request)
{
    struct http_reply reply = {.status = (enum http_status)request->status};

    /* after an invalid head, the next one can't be found */
    reply.close = reply.status != HTTP_OK || !http_request_persists(request) ||
                  !http_request_body_is_plain(request) || request->content_length > HTTP_BODY_MAX;
    if (reply.status != HTTP_OK)
        return reply;
    if (!request->path_too_long)
        reply.file = http_table_find(table, request->path, request->path_len);
    reply.allow = request->route_methods;
    if (reply.file || !reply.allow)
        reply.allow |= LEAT_HTTP_GET | LEAT_HTTP_HEAD;
    if (request->method == HTTP_UNKNOWN)
        reply.status = HTTP_NOT_IMPLEMENTED;
    else if (request->method > HTTP_HEAD || (!reply.file && request->route_methods))
        reply.status = HTTP_METHOD_NOT_ALLOWED;
    else if (reply.file)
        answer_file(&reply, request);
    else
        reply.status = HTTP_NOT_FOUND;
    if (request->method > HTTP_HEAD)
        reply.file = NULL;
    return reply;
}

/* ---- Head ------------------------------------------------------------------------------------ */

static const struct {
    uint16_t status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

/* "" for an unknown status (RFC 9112 4: the reason may be absent). */
static const char *reason(unsigned status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "";
}

static char *put(char *at, const char *text)
{
    const size_t len = length(text, HTTP_FILE_TYPE_BYTES);

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

/* RFC 9110 8.8.2.1: the date must not be later than now, if that is known. */
static char *put_modified(char *at, uint64_t modified_ns, const struct http_now *now)
{
    char date[LEAT_CIVIL_HTTP_BYTES];

    at = put(at, "\r\nLast-Modified: ");
    if (now && modified_ns > now->civil_ns)
        return put(at, now->date);
    leat_civil_format_http(modified_ns, date);
    return put(at, date);
}

/* "bytes 0-9/100", or with a star before the slash for an invalid range (RFC 9110 14.4). */
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

static char *put_allow(char *at, uint8_t methods)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    const char *between = "\r\nAllow: ";

    _Static_assert(1 << (sizeof names / sizeof *names - 1) == LEAT_HTTP_DELETE, "in this order");
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(methods >> i & 1))
            continue;
        at = put(at, between);
        at = put(at, names[i]);
        between = ", ";
    }
    return at;
}

static char *put_connection(char *at, const struct http_request *request, bool close)
{
    if (close)
        return put(at, "\r\nConnection: close");
    if (request->minor_version == 0) /* RFC 9112 C.2.2 */
        return put(at, "\r\nConnection: keep-alive");
    return at;
}

/* Writes the fields that describe the data. */
static char *put_fields(char *at, const struct http_reply *reply, const struct http_now *now)
{
    const struct leat_http_file *file = reply->file;

    if (file && file->tag)
        at = put_tag(at, file->tag);
    if (file && file->modified_ns)
        at = put_modified(at, file->modified_ns, now);
    if (reply->status == HTTP_OK)
        at = put(at, "\r\nAccept-Ranges: bytes");
    if (file &&
        (reply->status == HTTP_PARTIAL_CONTENT || reply->status == HTTP_RANGE_NOT_SATISFIABLE))
        at = put_range(at, reply, file->len);
    if (reply->status == HTTP_METHOD_NOT_ALLOWED)
        at = put_allow(at, reply->allow);
    if (file && (reply->status == HTTP_OK || reply->status == HTTP_PARTIAL_CONTENT)) {
        at = put(at, "\r\nContent-Type: ");
        at = put(at, file->type);
    } else if (reply->status != HTTP_NOT_MODIFIED) {
        at = put(at, "\r\nContent-Type: text/plain");
    }
    return at;
}

static char *put_date(char *at, const struct http_now *now)
{
    return now ? put(put(at, "\r\nDate: "), now->date) : at;
}

size_t http_reply_head(const struct http_reply *reply, const struct http_request *request,
                       const struct http_now *now, char *head)
{
    const bool refused = reply->status >= HTTP_BAD_REQUEST;
    const char *why = reason(reply->status);
    char *at = put(head, "HTTP/1.1 ");

    at = put_number(at, reply->status);
    *at++ = ' ';
    at = put(at, why);
    at = put_fields(at, reply, now);
    if (reply->status != HTTP_NOT_MODIFIED) {
        at = put(at, "\r\nContent-Length: ");
        at = put_number(at, refused ? length(why, HTTP_FILE_TYPE_BYTES) + 1 : reply->body_len);
    }
    at = put_connection(at, request, reply->close);
    at = put_date(at, now);
    at = put(at, "\r\n\r\n");
    if (refused && request->method != HTTP_HEAD) {
        at = put(at, why);
        *at++ = '\n';
    }
    return (size_t)(at - head);
}

size_t http_route_head(const struct leat_http_head *reply, const struct http_request *request,
                       bool close, const struct http_now *now, char *head)
{
    const bool bodiless = reply->status == 204 || reply->status == HTTP_NOT_MODIFIED;
    char *at = put(head, "HTTP/1.1 ");

    at = put_number(at, reply->status);
    *at++ = ' ';
    at = put(at, reason(reply->status));
    if (reply->type) {
        at = put(at, "\r\nContent-Type: ");
        at = put(at, reply->type);
    }
    if (reply->len != LEAT_HTTP_ANY && !bodiless) { /* RFC 9110 8.6: not in 204 */
        at = put(at, "\r\nContent-Length: ");
        at = put_number(at, reply->len);
    } else if (!bodiless && request->minor_version > 0) {
        at = put(at, "\r\nTransfer-Encoding: chunked");
    }
    at = put_connection(at, request, close);
    at = put_date(at, now);
    at = put(at, "\r\n");
    if (reply->fields) {
        const size_t len = length(reply->fields, HTTP_ROUTE_FIELDS_BYTES);

        memcpy(at, reply->fields, len);
        at += len;
    }
    at = put(at, "\r\n");
    return (size_t)(at - head);
}

enum leat_http_method http_method_bit(const struct http_request *request)
{
    return request->method < HTTP_OTHER ? (enum leat_http_method)(1u << request->method) : 0;
}
