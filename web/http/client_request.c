/* client_request.c -- the request of a call: its head, which is checked, and its body. */
#include <string.h>

#include "core/assert.h"
#include "web/http/client.h"
#include "web/http/http_chunk.h"
#include "service.h"

enum {
    WANTED_BYTES = 1024 /* room that is worth a callback */
};

/* ---- Head ------------------------------------------------------------------------------------ */

struct writing {
    char *text;
    size_t len;
    size_t room;
    bool full;
};

static void add(struct writing *writing, const char *text, size_t len)
{
    if (len > writing->room - writing->len) {
        /* the head is refused then, so later parts that would still fit do no harm */
        writing->full = true;
        return;
    }
    memcpy(writing->text + writing->len, text, len);
    writing->len += len;
}

static size_t length(const char *text)
{
    size_t len = 0;

    while (text[len])
        len++;
    return len;
}

static void add_text(struct writing *writing, const char *text)
{
    add(writing, text, length(text));
}

static void add_number(struct writing *writing, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    add(writing, digits + at, sizeof digits - at);
}

static const char *method_name(enum leat_http_method method)
{
    switch (method) {
    case LEAT_HTTP_HEAD:
        return "HEAD ";
    case LEAT_HTTP_POST:
        return "POST ";
    case LEAT_HTTP_PUT:
        return "PUT ";
    case LEAT_HTTP_PATCH:
        return "PATCH ";
    case LEAT_HTTP_DELETE:
        return "DELETE ";
    case LEAT_HTTP_GET:
    default:
        return "GET ";
    }
}

/* RFC 9110 5.6.2 */
static bool is_token_char(char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    size_t i = 0;

    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return true;
    while (others[i] && others[i] != c)
        i++;
    return others[i] != '\0';
}

/* True if only the client itself may set the field. */
static bool is_ours(const char *name, size_t len)
{
    static const char *const ours[] = {
        "host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te"};

    /* A second Host, Content-Length or Transfer-Encoding would let two recipients disagree about
     * the host or the end of the request (RFC 9112 11.2, request smuggling). */
    for (unsigned i = 0; i < sizeof ours / sizeof *ours; i++) {
        size_t at = 0;

        /* in any letter case: the bit is set in small letters and in '-' */
        while (at < len && ours[i][at] && (name[at] | 0x20) == ours[i][at])
            at++;
        if (at == len && !ours[i][at])
            return true;
    }
    return false;
}

/* True if the fields are valid: a line end in a value would make another field or another
 * request. */
static bool are_good(const char *fields)
{
    while (*fields) {
        size_t len = 0;

        while (is_token_char(fields[len]))
            len++;
        if (len == 0 || fields[len] != ':' || is_ours(fields, len))
            return false;
        fields += len + 1;
        /* RFC 9110 5.5: octets above ASCII are legal in values, controls aren't */
        while (*fields == '\t' || (unsigned char)*fields >= 0x80 ||
               (*fields >= ' ' && *fields < 0x7f))
            fields++;
        if (fields[0] != '\r' || fields[1] != '\n')
            return false;
        fields += 2;
    }
    return true;
}

/* RFC 9110 7.2: the port is omitted if it is the scheme's default. */
static void add_host(struct writing *writing, const struct leat_url *url)
{
    bool is_address6 = false;

    /* url->host has no brackets: they are added as in the URL (RFC 3986 3.2.2) */
    for (const char *at = url->host; *at; at++)
        is_address6 |= *at == ':';
    add_text(writing, is_address6 ? "Host: [" : "Host: ");
    add_text(writing, url->host);
    add_text(writing, is_address6 ? "]" : "");
    if (url->port != (url->secure ? 443 : 80)) {
        add_text(writing, ":");
        add_number(writing, url->port);
    }
    add_text(writing, "\r\n");
}

/* RFC 9110 8.6: a method that expects a body gets "Content-Length: 0" if there is none. */
static void add_framing(struct writing *writing, const struct leat_http_request *request)
{
    const uint8_t with_body = LEAT_HTTP_POST | LEAT_HTTP_PUT | LEAT_HTTP_PATCH;

    if (request->body_len == LEAT_HTTP_ANY) {
        add_text(writing, "Transfer-Encoding: chunked\r\n");
    } else if (request->body_len > 0 || (request->method & with_body)) {
        add_text(writing, "Content-Length: ");
        add_number(writing, request->body_len);
        add_text(writing, "\r\n");
    }
}

enum leat_err call_write_head(struct leat_http_call *call, const struct leat_http_request *request,
                              const struct leat_url *url)
{
    struct writing writing = {.text = call->head, .room = call->client->config.request_bytes};

    if (request->fields && !are_good(request->fields))
        return LEAT_ERR_ARGUMENT;
    add_text(&writing, method_name(request->method));
    /* RFC 9112 3.2.1: an empty path is sent as a slash */
    if (url->target_len == 0 || url->target[0] != '/')
        add_text(&writing, "/");
    add(&writing, url->target, url->target_len);
    add_text(&writing, " HTTP/1.1\r\n");
    /* RFC 9110 7.2: Host is the first field */
    add_host(&writing, url);
    if (request->fields)
        add_text(&writing, request->fields);
    add_framing(&writing, request);
    add_text(&writing, "\r\n");
    call->head_len = (uint16_t)writing.len;
    return writing.full ? LEAT_ERR_TOO_BIG : LEAT_OK;
}

/* ---- Sending without the program ------------------------------------------------------------- */

static bool send_head(struct leat_http_call *call)
{
    size_t taken = 0;

    if (call->head_sent < call->head_len) {
        leat_stream_write(&call->stream, call->head + call->head_sent,
                          (size_t)(call->head_len - call->head_sent), &taken);
        call->head_sent = (uint16_t)(call->head_sent + taken);
    }
    return call->head_sent == call->head_len;
}

/* Sends @len bytes that the program keeps valid. Returns the bytes sent; on_writable follows for
 * the rest. */
static uint32_t send_lent(struct leat_http_call *call, const void *bytes, uint32_t len)
{
    const uint32_t room = leat_stream_send_room(&call->stream);
    struct leat_buf *data;

    len = len < room ? len : room;
    if (len == 0)
        return 0;
    /* not copied: the program keeps the body valid until the call is over */
    data = leat_buf_lend(leat_pool(call->client->stack), bytes, len, NULL, NULL);
    if (!data)
        leat_stream_want_room(&call->stream, WANTED_BYTES);
    return data && !leat_stream_send(&call->stream, data) ? len : 0;
}

static void send_body(struct leat_http_call *call)
{
    const char *body = call->request.body;

    while (body && call->sent < call->request.body_len) {
        const uint64_t left = call->request.body_len - call->sent;
        const uint32_t part = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
        const uint32_t went = send_lent(call, body + call->sent, part);

        if (went == 0)
            return;
        call->sent += went;
        /* TCP has taken more: that is progress, even before the server replies */
        call->active_at_ns = leat_now_ns(call->client->stack);
    }
    call->whole = call->sent == call->request.body_len;
}

/* Sends the end of a body in chunks, completely or not at all. */
static void send_end(struct leat_http_call *call)
{
    const uint32_t skip = call->in_chunks ? 0 : 2;
    const uint32_t len = (uint32_t)sizeof http_chunks_end - skip;

    /* The first line end closes the last chunk. It is left out if no chunk was sent. */
    if (leat_stream_send_room(&call->stream) < len)
        leat_stream_want_room(&call->stream, HTTP_FRAMING_BYTES);
    else
        call->whole = send_lent(call, http_chunks_end + skip, len) == len;
}

void call_send_on(struct leat_http_call *call)
{
    if (call->whole || !send_head(call))
        return;
    if (call->request.body_len != LEAT_HTTP_ANY)
        send_body(call);
    else if (call->finished)
        send_end(call);
}

/* ---- Sending by the program ------------------------------------------------------------------ */

bool call_streams(const struct leat_http_call *call)
{
    return !call->request.body && call->request.body_len > 0 && !call->finished && !call->whole;
}

/* Allocates the framing of the next chunk before its data is accepted, so that this can't fail
 * later. */
static bool have_frame(struct leat_http_call *call)
{
    if (call->request.body_len != LEAT_HTTP_ANY || call->frame)
        return true;
    call->frame = leat_buf_alloc_small(leat_pool(call->client->stack), LEAT_BUF_HEADROOM);
    if (!call->frame)
        leat_stream_want_room(&call->stream, WANTED_BYTES);
    return call->frame;
}

static uint32_t room_of(struct leat_http_call *call)
{
    uint64_t bytes;

    if (call->phase != CALL_ACTIVE || !call->stream.end || !call_streams(call) ||
        call->head_sent < call->head_len || !have_frame(call))
        return 0;
    bytes = leat_stream_send_room(&call->stream);
    if (bytes > 0 && bytes <= HTTP_FRAMING_BYTES)
        leat_stream_want_room(&call->stream, WANTED_BYTES);
    /* room for the framing of a chunk is set aside, so data that fits is never refused for it */
    bytes = bytes > HTTP_FRAMING_BYTES ? bytes - HTTP_FRAMING_BYTES : 0;
    if (call->request.body_len != LEAT_HTTP_ANY && bytes > call->request.body_len - call->sent)
        bytes = call->request.body_len - call->sent;
    return (uint32_t)bytes;
}

bool call_has_room(struct leat_http_call *call)
{
    return room_of(call) > 0;
}

uint32_t leat_http_call_send_room(struct leat_http_call *call)
{
    const uint32_t bytes = room_of(call);

    if (bytes == 0)
        call->wants_room = true;
    return bytes;
}

enum leat_err leat_http_call_send(struct leat_http_call *call, struct leat_buf *data)
{
    const uint32_t len = leat_buf_total(data);
    enum leat_err err = LEAT_OK;

    leat_assert(call->phase == CALL_ACTIVE && !call->request.body);
    /* More data than Content-Length says would be read as the next request (RFC 9112 11.2). */
    if (call->request.body_len != LEAT_HTTP_ANY && len > call->request.body_len - call->sent)
        err = LEAT_ERR_TOO_BIG;
    else if (len > room_of(call))
        err = LEAT_ERR_FULL;
    if (err || len == 0) {
        leat_buf_free(data);
        return err;
    }
    if (call->request.body_len == LEAT_HTTP_ANY) {
        struct leat_buf *frame = call->frame;

        call->frame = NULL;
        http_chunk_frame(frame, len, call->in_chunks);
        leat_buf_append(frame, data);
        data = frame;
    }
    err = leat_stream_send(&call->stream, data);
    if (!err) {
        call->sent += len;
        call->in_chunks = true; /* its end follows, as the length is unknown */
    }
    if (call->sent == call->request.body_len)
        call->whole = true;
    /* the program's progress counts like the server's: the call isn't stalled */
    call->active_at_ns = leat_now_ns(call->client->stack);
    return err;
}

size_t leat_http_call_write(struct leat_http_call *call, const void *bytes, size_t len)
{
    const uint32_t room = leat_http_call_send_room(call);
    struct leat_buf *data;

    if (len > room) {
        len = room;
        call->wants_room = true;
        if (room > 0)
            leat_stream_want_room(&call->stream, WANTED_BYTES);
    }
    if (len == 0)
        return 0;
    data = leat_buf_copy(leat_pool(call->client->stack), bytes, (uint32_t)len);
    if (!data) {
        call->wants_room = true;
        leat_stream_want_room(&call->stream, WANTED_BYTES);
        return 0;
    }
    if (!leat_http_call_send(call, data))
        return len;
    call->wants_room = true; /* the copy has used up the room */
    leat_stream_want_room(&call->stream, WANTED_BYTES);
    return 0;
}

void leat_http_call_finish(struct leat_http_call *call)
{
    leat_assert(call->request.body_len == LEAT_HTTP_ANY && !call->finished);
    call->finished = true;
    call_kick(call);
}
