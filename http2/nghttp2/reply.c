/*
 * reply.c -- the server's reply in HTTP/1.1, translated.
 *
 * The server is ours, so its replies are well formed. Fields of a route are the program's, and are
 * read with care all the same: a line that is no field is left out.
 */
#include "inside.h"

#include <string.h>

enum {
    DATA_BYTES_LEAST = 1024 /* of a frame, if there is as much data */
};

/* ---- The head -------------------------------------------------------------------------------- */

static nghttp2_nv field_of(char *name, size_t name_len, char *value, size_t value_len)
{
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, name_len, value_len,
                        NGHTTP2_NV_FLAG_NONE};
}

static bool is_named(const nghttp2_nv *field, const char *text)
{
    const size_t len = strlen(text);

    return field->namelen == len && memcmp(field->name, text, len) == 0;
}

static bool is_blank(char octet)
{
    return octet == ' ' || octet == '\t';
}

/* Reads "Name: value" of @len bytes; the name becomes lower case (RFC 9113 8.2). False: it is no
 * field. */
static bool read_field(char *line, size_t len, nghttp2_nv *field)
{
    size_t name_len = 0, at;

    while (name_len < len && line[name_len] != ':') {
        char *octet = &line[name_len++];

        if (*octet >= 'A' && *octet <= 'Z')
            *octet = (char)(*octet - 'A' + 'a');
    }
    if (name_len == 0 || name_len == len)
        return false;
    at = name_len + 1;
    while (at < len && is_blank(line[at]))
        at++;
    while (len > at && is_blank(line[len - 1]))
        len--;
    *field = field_of(line, name_len, line + at, len - at);
    return nghttp2_check_header_name(field->name, field->namelen) &&
           nghttp2_check_header_value(field->value, field->valuelen);
}

/* True for the fields of a connection, which HTTP/2 doesn't have (RFC 9113 8.2.2). */
static bool is_of_connection(const nghttp2_nv *field)
{
    return is_named(field, "connection") || is_named(field, "keep-alive") ||
           is_named(field, "transfer-encoding") || is_named(field, "upgrade") ||
           is_named(field, "proxy-connection");
}

/* Reads the lines of a head of @len bytes in http2->scratch behind its first one; returns the
 * number of fields, the status among them. */
static size_t read_fields(struct leat_http2 *http2, size_t len, bool *chunked, bool *empty)
{
    char *head = http2->scratch;
    size_t count = 1, at = 0;

    /* "HTTP/1.1 200 OK" */
    http2->fields[0] = field_of((char *)(uintptr_t) ":status", 7, head + 9, 3);
    while (at < len && count < HTTP2_FIELDS_MAX) {
        const char *end = memchr(head + at, '\r', len - at);
        const size_t line = at, line_len = end ? (size_t)(end - head) - at : len - at;
        nghttp2_nv *field = &http2->fields[count];

        at += line_len + 2;
        if (line == 0 || !read_field(head + line, line_len, field))
            continue;
        *chunked |= is_named(field, "transfer-encoding");
        *empty |=
            is_named(field, "content-length") && field->valuelen == 1 && field->value[0] == '0';
        count += !is_of_connection(field);
    }
    return count;
}

/* Length of the head in the first @have bytes, with the empty line; 0: it isn't complete. */
static size_t head_len(const char *bytes, size_t have)
{
    for (size_t i = 3; i < have; i++) {
        if (bytes[i] == '\n' && bytes[i - 1] == '\r' && bytes[i - 2] == '\n' &&
            bytes[i - 3] == '\r')
            return i + 1;
    }
    return 0;
}

static bool is_head_request(const struct http2_stream *stream)
{
    const nghttp2_vec method = nghttp2_rcbuf_get_buf(stream->pseudo[HTTP2_METHOD]);

    return method.len == 4 && memcmp(method.base, "HEAD", 4) == 0;
}

/* The longest data of a frame that the session has room for, or of a short frame, which waits. */
static size_t room_of(const struct http2_conn *conn)
{
    const uint32_t used = conn->out.bytes + HTTP2_FRAME_HEAD_BYTES + DATA_BYTES_LEAST;

    return DATA_BYTES_LEAST + (used < conn->room ? conn->room - used : 0);
}

/* nghttp2 asks for @len bytes of the body. They are sent as they lie in `out`, by send_data() of
 * frames.c. */
static ssize_t read_data(nghttp2_session *frames, int32_t id, uint8_t *bytes, size_t len,
                         uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct http2_stream *stream = nghttp2_session_get_stream_user_data(frames, id);

    (void)bytes;
    (void)source;
    (void)arg;
    if (!stream)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* the server has gone */
    if (len > HTTP2_DATA_BYTES)
        len = HTTP2_DATA_BYTES;
    if (len > room_of(stream->conn))
        len = room_of(stream->conn);
    if (len > stream->out.bytes)
        len = stream->out.bytes;
    stream->deferred = len == 0 && !stream->out_over;
    if (stream->deferred)
        return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->out_over && len == stream->out.bytes)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

/* Notes a failed call of nghttp2. */
static bool is_done(struct http2_stream *stream, int err)
{
    if (err == NGHTTP2_ERR_NOMEM) {
        stream->conn->fatal = true;
        stream->conn->blame = &stream->conn->http2->counts.memory;
    }
    return err == 0;
}

/* Submits the head of @len bytes in http2->scratch. */
static bool submit(struct http2_stream *stream, size_t len)
{
    struct leat_http2 *http2 = stream->conn->http2;
    const nghttp2_data_provider body = {.read_callback = read_data};
    bool chunked = false, empty = is_head_request(stream);
    const size_t count = read_fields(http2, len, &chunked, &empty);
    const char *status = http2->scratch + 9;

    if (status[0] == '1') /* 100 (Continue): the final head follows */
        return is_done(stream,
                       nghttp2_submit_headers(stream->conn->frames, NGHTTP2_FLAG_NONE, stream->id,
                                              NULL, http2->fields, count, NULL));
    stream->begun = true;
    stream->part = chunked ? HTTP2_REPLY_SIZE : HTTP2_REPLY_BODY;
    /* 204 and 304 have no body (RFC 9110 15.3.5, 15.4.5) */
    empty |= memcmp(status, "204", 3) == 0 || memcmp(status, "304", 3) == 0;
    return is_done(stream, nghttp2_submit_response(stream->conn->frames, stream->id, http2->fields,
                                                   count, empty ? NULL : &body));
}

/* Looks for complete heads at the begin of `out`. False: there is none that could be sent. */
static bool take_head(struct http2_stream *stream)
{
    struct leat_http2 *http2 = stream->conn->http2;

    while (stream->part == HTTP2_REPLY_HEAD) {
        const uint32_t have =
            leat_buf_read(stream->out.first, 0, http2->scratch, sizeof http2->scratch);
        const size_t len = head_len(http2->scratch, have);

        if (len == 0)
            return have < sizeof http2->scratch;
        http2_queue_skip(&stream->out, (uint32_t)len);
        if (len < 16 || !submit(stream, len - 2))
            return false;
    }
    return true;
}

/* ---- The body -------------------------------------------------------------------------------- */

static uint32_t hex(uint8_t octet)
{
    return octet <= '9' ? (uint32_t)octet - '0' : (octet | 0x20u) - 'a' + 10;
}

/* Reads an octet of the framing (RFC 9112 7.1), as the server writes it. */
static void read_framing(struct http2_stream *stream, uint8_t octet)
{
    if (stream->part == HTTP2_REPLY_CHUNK_END) {
        stream->part = octet == '\n' ? HTTP2_REPLY_SIZE : stream->part;
        stream->left = 0;
    } else if (octet == '\n') {
        stream->part = stream->left > 0 ? HTTP2_REPLY_CHUNK : HTTP2_REPLY_OVER;
    } else if (octet != '\r') {
        stream->left = stream->left << 4 | hex(octet);
    }
}

/* Reads framing at the begin of @queue, up to the data that follows. */
static void skip_framing(struct http2_stream *stream, struct http2_queue *queue)
{
    uint32_t read = 0;

    while (read < queue->first->len &&
           (stream->part == HTTP2_REPLY_SIZE || stream->part == HTTP2_REPLY_CHUNK_END))
        read_framing(stream, queue->first->data[read++]);
    if (stream->part == HTTP2_REPLY_OVER)
        read = queue->first->len;
    http2_queue_skip(queue, read);
}

/* Moves the data of @queue to `out`. False: no descriptor for a part of a piece. */
static bool take_chunks(struct http2_stream *stream, struct http2_queue *queue)
{
    while (queue->first) {
        struct leat_buf *data;

        if (stream->part != HTTP2_REPLY_CHUNK) {
            skip_framing(stream, queue);
            continue;
        }
        data = http2_queue_take(queue, stream->left);
        if (!data)
            return false;
        stream->left -= leat_buf_total(data);
        http2_queue_add(&stream->out, data);
        if (stream->left == 0)
            stream->part = HTTP2_REPLY_CHUNK_END;
    }
    return true;
}

/* Translates @data, and leaves the body's part of it in `out`. */
static bool take(struct http2_stream *stream, struct leat_buf *data)
{
    struct http2_queue rest = {.first = NULL};
    bool done = true;

    if (stream->part == HTTP2_REPLY_HEAD) {
        http2_queue_add(&stream->out, data);
        if (!take_head(stream))
            return false;
        if (stream->part != HTTP2_REPLY_SIZE)
            return true;
        rest = stream->out; /* what follows the head is in chunks, too */
        memset(&stream->out, 0, sizeof stream->out);
    } else {
        http2_queue_add(stream->part == HTTP2_REPLY_BODY ? &stream->out : &rest, data);
    }
    if (rest.first)
        done = take_chunks(stream, &rest);
    http2_queue_clear(&rest);
    return done;
}

bool http2_reply_take(struct http2_stream *stream, struct leat_buf *data)
{
    const uint32_t before = stream->out.bytes;
    const bool done = take(stream, data);

    stream->conn->queued += stream->out.bytes - before;
    http2_reply_go_on(stream);
    return done;
}

void http2_reply_go_on(struct http2_stream *stream)
{
    if (stream->deferred && (stream->out.bytes > 0 || stream->out_over)) {
        stream->deferred = false;
        nghttp2_session_resume_data(stream->conn->frames, stream->id);
    }
}

void http2_reply_refuse(struct http2_stream *stream, const char *status)
{
    nghttp2_nv field = field_of((char *)(uintptr_t) ":status", 7, (char *)(uintptr_t)status, 3);

    is_done(stream, nghttp2_submit_response(stream->conn->frames, stream->id, &field, 1, NULL));
}
