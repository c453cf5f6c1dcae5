/* client_reply.c -- the reply to a call: its head, and its body as it arrives. */
#include <string.h>

#include "core/assert.h"
#include "web/http/client.h"
#include "service.h"

enum {
    READ_BYTES = 16384, /* per receive */
    INTERIMS_MAX = 16   /* interim replies (RFC 9110 15.2); more make no sense */
};

/* Unread data, or else new data of the stream. NULL: there is none. */
static struct leat_buf *unread_of(struct leat_http_call *call)
{
    if (!call->unread && call->stream.end)
        call->unread = leat_stream_receive(&call->stream, READ_BYTES);
    return call->unread;
}

static void consume(struct leat_http_call *call, uint32_t bytes)
{
    call->unread = leat_buf_consume(call->unread, bytes);
    if (call->stream.end)
        leat_stream_consumed(&call->stream, bytes);
}

static bool at_end(const struct leat_http_call *call)
{
    return !call->unread && (!call->stream.end || leat_stream_at_end(&call->stream));
}

/* ---- Head ------------------------------------------------------------------------------------ */

/* Finds the end of the body (RFC 9112 6.3). */
static void begin_body(struct leat_http_call *call)
{
    const struct http_response *response = &call->response;
    const bool none = call->request.method == LEAT_HTTP_HEAD || response->status == 204 ||
                      response->status == 304;
    const bool framed = response->codings > 0 || response->length_given;

    /* Without a length and without chunks, the body ends with the connection. That isn't so for
     * replies that never have a body. */
    call->has_reply = true;
    call->until_close = !none && !framed;
    if (none)
        http_body_start(&call->body, false, 0);
    else
        http_body_start(&call->body, response->codings > 0,
                        framed ? response->content_length : UINT64_MAX);
    call->client->counts.replies++;
}

/* Handles a complete head. False: it is invalid. */
static bool take_head(struct leat_http_call *call)
{
    if (!http_response_is_interim(&call->response)) {
        begin_body(call);
        return true;
    }
    /* an interim reply (100 or 103) is skipped; the final one follows */
    http_response_start(&call->response);
    call->fields_len = 0;
    /* Each head restarts the time that a head may take. Without this limit, a server that sends
     * interim replies for ever would never time out. */
    return ++call->interims <= INTERIMS_MAX;
}

enum leat_err call_read_head(struct leat_http_call *call)
{
    const struct leat_buf *unread;

    while (!call->has_reply && (unread = unread_of(call)) != NULL) {
        const uint32_t room = call->client->config.reply_bytes - (uint32_t)call->fields_len;
        const uint32_t len = unread->len < room ? unread->len : room;
        size_t taken;

        if (call->head_sent < call->head_len)
            return LEAT_ERR_FORMAT; /* a reply before the request was sent */
        if (room == 0)
            return LEAT_ERR_TOO_BIG;
        if (call->fields_len == 0) { /* from here on, the whole head may take stall_ns */
            call->active_at_ns = leat_now_ns(call->client->stack);
            call->seen_taken = leat_stream_progress(&call->stream).taken;
        }
        call->begun = true;
        /* The head is copied, so that the program can read its fields after the buffers are
         * freed. */
        taken = http_response_read(&call->response, unread->data, len);
        memcpy(call->fields + call->fields_len, unread->data, taken);
        call->fields_len = (uint16_t)(call->fields_len + taken);
        consume(call, (uint32_t)taken);
        if (call->response.verdict == HTTP_VERDICT_BAD ||
            (call->response.verdict == HTTP_VERDICT_GOOD && !take_head(call)))
            return LEAT_ERR_FORMAT;
    }
    return !call->has_reply && at_end(call) ? LEAT_ERR_END : LEAT_OK;
}

uint16_t leat_http_call_status(const struct leat_http_call *call)
{
    return call->has_reply ? call->response.status : 0;
}

uint64_t leat_http_call_length(const struct leat_http_call *call)
{
    if (call->response.codings > 0 || !call->response.length_given)
        return call->until_close || call->response.codings > 0 ? LEAT_HTTP_ANY : 0;
    return call->response.content_length;
}

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    return c;
}

/* Offset of the value if the line is the field @name, else 0. */
static size_t value_at(const char *line, size_t len, const char *name)
{
    size_t at = 0;

    while (at < len && name[at] && lower(line[at]) == lower(name[at]))
        at++;
    return at < len && !name[at] && line[at] == ':' ? at + 1 : 0;
}

const char *leat_http_call_field(const struct leat_http_call *call, const char *name, size_t *len)
{
    const char *line = call->fields;
    const char *const end = call->fields + (call->has_reply ? call->fields_len : 0);

    while (line < end) {
        size_t line_len = 0, from;

        while (line[line_len] != '\n') /* a head ends with one */
            line_len++;
        from = value_at(line, line_len, name);
        if (from > 0) {
            size_t to = line_len - 1; /* the CR */

            while (from < to && (line[from] == ' ' || line[from] == '\t'))
                from++;
            while (to > from && (line[to - 1] == ' ' || line[to - 1] == '\t'))
                to--;
            *len = to - from;
            return line + from;
        }
        line += line_len + 1;
    }
    return NULL;
}

/* ---- Body ------------------------------------------------------------------------------------ */

bool call_body_ready(struct leat_http_call *call)
{
    struct http_body *body = &call->body;
    const struct leat_buf *unread;

    while (body->phase <= HTTP_BODY_FRAMING && (unread = unread_of(call)) != NULL) {
        if (body->phase == HTTP_BODY_DATA)
            return true;
        consume(call, (uint32_t)http_body_framing(body, unread->data, unread->len));
    }
    /* RFC 9112 8: the body is complete only if the stream has ended in order. After a reset it may
     * lack its end. */
    if (call->until_close && at_end(call) && call->stream.end)
        body->phase = HTTP_BODY_OVER;
    return false;
}

/* Takes up to @bytes_max of data off the first piece of `unread`. NULL: no descriptor. */
static struct leat_buf *take_piece(struct leat_http_call *call, uint32_t bytes_max)
{
    struct leat_buf *piece = call->unread;
    uint32_t len = piece->len < bytes_max ? piece->len : bytes_max;

    if (len > call->body.left)
        len = (uint32_t)call->body.left;
    /* Neither way copies data: a whole piece changes its owner, and a part of one is a slice. */
    if (len == piece->len) {
        call->unread = piece->next;
        piece->next = NULL;
    } else {
        piece = leat_buf_slice(call->unread, 0, len);
        if (!piece)
            return NULL;
        call->unread = leat_buf_consume(call->unread, len);
    }
    http_body_take(&call->body, len);
    return piece;
}

struct leat_buf *leat_http_call_receive(struct leat_http_call *call, uint32_t bytes_max)
{
    struct leat_buf *first = NULL;
    struct leat_buf **end = &first;
    uint32_t len = 0;

    leat_assert(call->has_reply);
    while (len < bytes_max && call->phase == CALL_ACTIVE && call_body_ready(call)) {
        struct leat_buf *piece = take_piece(call, bytes_max - len);

        if (!piece) {
            call_kick_later(call);
            break;
        }
        len += piece->len;
        *end = piece;
        end = &piece->next;
    }
    call->not_consumed += len;
    if (len > 0)
        call->active_at_ns = leat_now_ns(call->client->stack);
    if (call->body.phase == HTTP_BODY_BAD || at_end(call))
        call_kick(call); /* outside of callbacks the program gets the end by on_body, too */
    return first;
}

void leat_http_call_consumed(struct leat_http_call *call, uint32_t bytes)
{
    leat_assert(bytes <= call->not_consumed);
    call->not_consumed -= bytes;
    /* the stream may have ended before the program has read everything */
    if (call->stream.end)
        leat_stream_consumed(&call->stream, bytes);
}

bool leat_http_call_over(const struct leat_http_call *call)
{
    return call->has_reply && call->body.phase == HTTP_BODY_OVER;
}
