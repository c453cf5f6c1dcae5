/* http_reply.c -- the choice of a reply (RFC 9110 13.2.2, 14.2, 15). */
#include "web/http/http_reply.h"

#include "core/second.h"

void http_found_file(struct http_found *found, const struct leat_http_file *file)
{
    *found = (struct http_found){.status = file ? HTTP_OK : HTTP_NOT_FOUND, .file = file};
    if (file)
        found->content = (struct http_content){.type = file->type,
                                               .bytes = file->bytes,
                                               .len = file->len,
                                               .tag = file->tag,
                                               .modified_ns = file->modified_ns};
}

/* ---- Conditions ------------------------------------------------------------------------------ */

/* Time of the last change of @content, in whole seconds as in dates; 0: unknown. */
static uint64_t modified_s(const struct http_content *content)
{
    return content->modified_ns / second_ns;
}

/* False if the request's precondition fails: on tags, else on a date if @content has one. */
static bool precondition_holds(const struct http_request *request,
                               const struct http_content *content)
{
    const struct http_tags *match = &request->if_match;
    const uint64_t since_s = request->when_s[HTTP_UNMODIFIED_SINCE];

    /* RFC 9110 13.1.4: If-Unmodified-Since is ignored beside If-Match. 13.1.1: tags are compared
     * strongly. */
    if (match->given)
        return match->any || (content->tag && http_tags_have(match, content->tag, false));
    return since_s == 0 || modified_s(content) <= since_s;
}

/* True if the client already has this version. */
static bool is_known(const struct http_request *request, const struct http_content *content)
{
    const struct http_tags *none = &request->if_none_match;
    const uint64_t modified = modified_s(content);

    /* RFC 9110 13.1.3: If-Modified-Since is ignored beside If-None-Match. 13.1.2: weak tags do for
     * a copy. */
    if (none->given)
        return none->any || (content->tag && http_tags_have(none, content->tag, true));
    return modified > 0 && modified <= request->when_s[HTTP_MODIFIED_SINCE];
}

/* RFC 9110 13.2.2: evaluates conditions in order, for content that would be answered with 200. */
static enum http_status conditions(const struct http_request *request,
                                   const struct http_content *content)
{
    if (!precondition_holds(request, content))
        return HTTP_PRECONDITION_FAILED;
    return is_known(request, content) ? HTTP_NOT_MODIFIED : HTTP_OK;
}

/* ---- Ranges ---------------------------------------------------------------------------------- */

/* RFC 9110 14.2: only for GET, and only for the version in If-Range. An empty file has no ranges,
 * so it is sent as it is. */
static bool range_applies(const struct http_request *request, const struct http_content *content)
{
    const uint64_t since = request->when_s[HTTP_RANGE_SINCE];

    if (request->method != HTTP_GET || request->span_count == 0 || content->len == 0)
        return false;
    return !request->if_range.given ||
           (content->tag && http_tags_have(&request->if_range, content->tag, false)) ||
           (since && since == modified_s(content)); /* RFC 9110 13.1.5: exactly this date */
}

/* Limits @span to @len bytes, of which there are some. False: it has none of them (RFC 9110
 * 14.1.2). */
static bool cut(struct http_span *span, uint64_t len)
{
    if (span->first == HTTP_SPAN_SUFFIX) {
        /* "-0" asks for the last 0 bytes */
        if (span->last == 0)
            return false;
        span->first = span->last < len ? len - span->last : 0;
        span->last = len - 1;
    }
    if (span->last >= len)
        span->last = len - 1;
    return span->first < len;
}

/* Leaves only the ranges that have some of @len bytes. Returns the sum of their lengths. */
static uint64_t cut_all(struct http_request *request, uint64_t len)
{
    uint64_t sum = 0;
    uint8_t kept = 0;

    for (unsigned i = 0; i < request->span_count; i++) {
        struct http_span span = request->spans[i];

        if (!cut(&span, len))
            continue;
        request->spans[kept++] = span;
        sum += span.last - span.first + 1; /* HTTP_SPANS times the length of a file: no overflow */
    }
    request->span_count = kept;
    return sum;
}

/* The length of a body in parts. */
static uint64_t parts_len(const struct http_reply *reply, const struct http_request *request,
                          uint64_t sum)
{
    char scratch[HTTP_PART_BYTES];

    /* Content-Length precedes the parts, so their heads are written twice: here only to be
     * counted */
    for (unsigned part = 0; part <= reply->parts; part++)
        sum += http_part_head(reply, request, part, scratch);
    return sum;
}

/* Limits the reply to the ranges. RFC 9110 14.2, 17.15: ranges that together are longer than the
 * file are ignored, because an attacker can ask for them with little work. */
static void answer_ranges(struct http_reply *reply, struct http_request *request)
{
    const uint64_t len = reply->found->content.len;
    const uint64_t sum = cut_all(request, len);

    if (request->span_count == 0) {
        reply->status = HTTP_RANGE_NOT_SATISFIABLE;
        reply->body_len = 0;
        return;
    }
    /* answered whole, with 200, as if no range had been asked for */
    if (sum > len && request->span_count > 1)
        return;
    reply->status = HTTP_PARTIAL_CONTENT;
    reply->body_len = sum;
    if (request->span_count == 1) {
        reply->first = request->spans[0].first;
        return;
    }
    reply->parts = request->span_count;
    reply->body_len = parts_len(reply, request, sum);
}

/* ---- Decision -------------------------------------------------------------------------------- */

/* Makes the reply for content that exists. */
static void answer_content(struct http_reply *reply, struct http_request *request)
{
    const struct http_content *content = &reply->found->content;

    reply->status = conditions(request, content);
    if (reply->status != HTTP_OK)
        return;
    reply->body_len = content->len;
    if (range_applies(request, content))
        answer_ranges(reply, request);
}

struct http_reply http_answer(struct http_request *request, const struct http_found *found,
                              uint64_t boundary)
{
    struct http_reply reply = {.status = (enum http_status)request->status, .boundary = boundary};
    const bool exists = found->status != HTTP_NOT_FOUND;

    /* after an invalid head, the next one can't be found */
    reply.close = reply.status != HTTP_OK || !http_request_persists(request) ||
                  !http_request_body_is_plain(request) || request->content_length > HTTP_BODY_MAX;
    if (reply.status != HTTP_OK)
        return reply;
    reply.allow = request->route_methods;
    if (exists || !reply.allow)
        reply.allow |= LEAT_HTTP_GET | LEAT_HTTP_HEAD;
    /* RFC 9110 9.1: 501 for a method that the server doesn't know, 405 for one that this path
     * doesn't have */
    if (request->method == HTTP_UNKNOWN) {
        reply.status = HTTP_NOT_IMPLEMENTED;
    } else if (request->method > HTTP_HEAD || (!exists && request->route_methods)) {
        reply.status = HTTP_METHOD_NOT_ALLOWED;
    } else {
        reply.found = found;
        reply.status = found->status;
        if (found->status == HTTP_OK)
            answer_content(&reply, request);
        else
            reply.body_len = found->content.len;
    }
    return reply;
}

enum leat_http_method http_method_bit(const struct http_request *request)
{
    return request->method < HTTP_OTHER ? (enum leat_http_method)(1u << request->method) : 0;
}
