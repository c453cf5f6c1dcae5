/* http_head.c -- the heads of replies, and of the parts of one. */
#include <string.h>

#include "web/http/http_reply.h"

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

size_t http_length(const char *text, size_t max)
{
    size_t len = 0;

    while (len <= max && text[len])
        len++;
    return len;
}

static char *put(char *at, const char *text)
{
    /* a type that a route gives is cut if it is too long; other texts were checked before */
    const size_t len = http_length(text, HTTP_FILE_TYPE_BYTES);

    memcpy(at, text, len);
    return at + len;
}

static char *put_number(char *at, uint64_t number)
{
    /* UINT64_MAX has as many */
    char digits[20];
    unsigned count = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

/* @number as 16 digits. */
static char *put_hex(char *at, uint64_t number)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[number >> shift & 15];
    return at;
}

static char *put_tag(char *at, uint64_t tag)
{
    at = put_hex(put(at, "\r\nETag: \""), tag);
    *at++ = '"';
    return at;
}

/* RFC 9110 8.8.2.1: the date must not be later than now, if that is known. */
static char *put_modified(char *at, uint64_t modified_ns, const struct http_now *now)
{
    char date[LEAT_CIVIL_HTTP_BYTES];

    at = put(at, "\r\nLast-Modified: ");
    /* With a date in the future, a client would take all versions until then for the one that it
     * has. */
    if (now && modified_ns > now->civil_ns)
        return put(at, now->date);
    leat_civil_format_http(modified_ns, date);
    return put(at, date);
}

/* "bytes 0-9/100" (RFC 9110 14.4). */
static char *put_range(char *at, uint64_t first, uint64_t last, uint64_t len)
{
    at = put_number(put(at, "\r\nContent-Range: bytes "), first);
    *at++ = '-';
    at = put_number(at, last);
    *at++ = '/';
    return put_number(at, len);
}

/* The same for ranges that aren't there. */
static char *put_no_range(char *at, uint64_t len)
{
    return put_number(put(at, "\r\nContent-Range: bytes */"), len);
}

/* True if @octet may stand in a path as it is (RFC 3986 3.3). */
static bool is_plain(char octet)
{
    static const char others[] = "-._~!$&'()*+,;=:@/";
    bool is_other = false;

    for (size_t i = 0; i < sizeof others - 1; i++)
        is_other |= octet == others[i];
    return is_other || (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'z') ||
           (octet >= 'A' && octet <= 'Z');
}

/* Writes where a redirect leads, with the query of the request. http_target_fits() was true. */
static char *put_target(char *at, const struct http_target *target,
                        const struct http_request *request)
{
    const struct http_words *words = request->words;

    at = put(at, "\r\nLocation: ");
    for (const char *c = target->to; *c; c++)
        *at++ = *c;
    /* All but plain octets are encoded. A line end from the path would otherwise begin another
     * field (RFC 9112 11.1, response splitting). */
    for (size_t i = 0; i < target->path_len; i++) {
        const unsigned char octet = (unsigned char)target->path[i];

        if (is_plain(target->path[i])) {
            *at++ = target->path[i];
            continue;
        }
        *at++ = '%';
        *at++ = "0123456789ABCDEF"[octet >> 4];
        *at++ = "0123456789ABCDEF"[octet & 15];
    }
    if (target->slash)
        *at++ = '/';
    if (words && words->query_len > 0) {
        *at++ = '?';
        memcpy(at, words->query, words->query_len);
        at += words->query_len;
    }
    return at;
}

bool http_target_fits(const struct http_target *target, const struct http_request *request)
{
    const size_t query = request->words ? request->words->query_len + (size_t)1 : 0;
    size_t len = http_length(target->to, HTTP_LOCATION_BYTES) + target->slash + query;

    /* counts as put_target() writes: an octet that isn't plain takes three */
    for (size_t i = 0; i < target->path_len; i++)
        len += is_plain(target->path[i]) ? 1 : 3;
    /* a query that was cut would lead elsewhere, so there is no redirect then */
    return len <= HTTP_LOCATION_BYTES && !(request->words && request->words->query_too_long);
}

static char *put_allow(char *at, uint8_t methods)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    const char *between = "\r\nAllow: ";

    _Static_assert(1 << (sizeof names / sizeof *names - 1) == LEAT_HTTP_DELETE, "in this order");
    /* RFC 9110 15.5.6: a 405 must have this field, and its set is never empty */
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
    /* RFC 9112 9.6: says which reply is the last, so that the client sends no request in vain */
    if (close)
        return put(at, "\r\nConnection: close");
    if (request->minor_version == 0) /* RFC 9112 C.2.2 */
        return put(at, "\r\nConnection: keep-alive");
    return at;
}

/* Writes the fields that describe @content. */
static char *put_content(char *at, const struct http_reply *reply, const struct http_now *now)
{
    const struct http_content *content = &reply->found->content;
    const bool has_body = reply->status == HTTP_OK || reply->status == HTTP_PARTIAL_CONTENT;

    /* RFC 9110 15.4.5: a 304 has the tag and Vary that a 200 would have had */
    if (content->tag)
        at = put_tag(at, content->tag);
    if (content->modified_ns)
        at = put_modified(at, content->modified_ns, now);
    if (reply->status == HTTP_OK)
        at = put(at, "\r\nAccept-Ranges: bytes");
    /* RFC 9110 15.3.7.2: with several parts, each part has this field, and the head has none */
    if (reply->status == HTTP_PARTIAL_CONTENT && !reply->parts)
        at = put_range(at, reply->first, reply->first + reply->body_len - 1, content->len);
    /* RFC 9110 15.5.17: the client learns the current length from it */
    if (reply->status == HTTP_RANGE_NOT_SATISFIABLE)
        at = put_no_range(at, content->len);
    /* RFC 9110 12.5.5: also if the file itself is sent. Otherwise a cache would give it to a client
     * that prefers a twin. */
    if (content->varies)
        at = put(at, "\r\nVary: Accept-Encoding");
    if (content->coding && has_body)
        at = put(put(at, "\r\nContent-Encoding: "), content->coding);
    return at;
}

/* True if the body of @reply comes from a file; else it is the text of a refusal, or empty. */
static bool has_content(const struct http_reply *reply)
{
    return reply->found && reply->found->content.type &&
           (reply->status == HTTP_OK || reply->status == HTTP_PARTIAL_CONTENT ||
            reply->status == HTTP_NOT_FOUND);
}

/* Writes the fields that name the body's type, or where else to ask. */
static char *put_rest(char *at, const struct http_reply *reply, const struct http_request *request)
{
    const struct http_found *found = reply->found;

    /* RFC 9110 15.5.2: a 401 needs a challenge. RFC 7617 2.1: the charset makes browsers send names
     * and passwords in UTF-8. */
    if (found && reply->status == HTTP_UNAUTHORIZED) {
        at = put(put(at, "\r\nWWW-Authenticate: Basic realm=\""), found->realm);
        at = put(at, "\", charset=\"UTF-8\"");
    }
    if (found && reply->status == HTTP_UNAVAILABLE)
        at = put_number(put(at, "\r\nRetry-After: "), found->retry_s);
    if (found && found->target.to)
        return put_target(at, &found->target, request);
    if (reply->status == HTTP_METHOD_NOT_ALLOWED)
        at = put_allow(at, reply->allow);
    if (reply->parts)
        return put_hex(put(at, "\r\nContent-Type: multipart/byteranges; boundary="),
                       reply->boundary);
    if (has_content(reply))
        return put(put(at, "\r\nContent-Type: "), found->content.type);
    return reply->status == HTTP_NOT_MODIFIED ? at : put(at, "\r\nContent-Type: text/plain");
}

static char *put_date(char *at, const struct http_now *now)
{
    return now ? put(put(at, "\r\nDate: "), now->date) : at;
}

/* True if the reply is a refusal, whose text is in its head. */
static bool is_refusal(const struct http_reply *reply)
{
    return reply->status >= HTTP_BAD_REQUEST && !has_content(reply);
}

size_t http_refusal_bytes(const struct http_reply *reply, const struct http_request *request)
{
    return is_refusal(reply) && request->method != HTTP_HEAD
               ? http_length(reason(reply->status), HTTP_FILE_TYPE_BYTES) + 1
               : 0;
}

size_t http_reply_head(const struct http_reply *reply, const struct http_request *request,
                       const struct http_now *now, char *head)
{
    const bool refused = is_refusal(reply);
    const char *why = reason(reply->status);
    char *at = put(head, "HTTP/1.1 ");

    at = put_number(at, reply->status);
    *at++ = ' ';
    at = put(at, why);
    if (reply->found && reply->status != HTTP_NOT_FOUND)
        at = put_content(at, reply, now);
    at = put_rest(at, reply, request);
    /* A 304 has no body (RFC 9112 6.3). A length there would have to be that of the 200 (RFC 9110
     * 8.6). */
    if (reply->status != HTTP_NOT_MODIFIED) {
        at = put(at, "\r\nContent-Length: ");
        at = put_number(at, refused ? http_length(why, HTTP_FILE_TYPE_BYTES) + 1 : reply->body_len);
    }
    at = put_connection(at, request, reply->close);
    at = put_date(at, now);
    at = put(at, "\r\n\r\n");
    /* RFC 9110 9.3.2: a reply to HEAD has the length of the body, but no body */
    if (refused && request->method != HTTP_HEAD) {
        at = put(at, why);
        *at++ = '\n';
    }
    return (size_t)(at - head);
}

size_t http_part_head(const struct http_reply *reply, const struct http_request *request,
                      unsigned part, char *head)
{
    const struct http_content *content = &reply->found->content;
    char *at = put_hex(put(head, "\r\n--"), reply->boundary);

    /* RFC 2046 5.1.1: the line break before a boundary belongs to it; two dashes mark the last
     * one */
    if (part == reply->parts)
        return (size_t)(put(at, "--\r\n") - head);
    at = put(put(at, "\r\nContent-Type: "), content->type);
    at = put_range(at, request->spans[part].first, request->spans[part].last, content->len);
    return (size_t)(put(at, "\r\n\r\n") - head);
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
    /* RFC 9112 6.1: HTTP/1.0 knows no chunks. There the end of the connection is the end of the
     * body. */
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
        const size_t len = http_length(reply->fields, HTTP_ROUTE_FIELDS_BYTES);

        memcpy(at, reply->fields, len);
        at += len;
    }
    at = put(at, "\r\n");
    return (size_t)(at - head);
}
