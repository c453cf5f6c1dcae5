/*
 * outgoing.c -- what the user of a stream sends in HTTP/1.1, translated: a reply of the server, or
 * a request of the client.
 *
 * Both are ours, so their messages are well formed. Fields of a route are the program's, and are
 * read with care all the same: a line that is no field is left out.
 */
#include "inside.h"

#include <string.h>

enum {
    DATA_BYTES_LEAST = 1024 /* of a frame, if there is as much data */
};

/* ---- The head -------------------------------------------------------------------------------- */

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

/* Submits the head of a reply, of @len bytes in http2->scratch: "HTTP/1.1 200 OK". */
static bool submit_reply(struct http2_stream *stream, size_t len)
{
    struct leat_http2 *http2 = stream->conn->http2;
    nghttp2_session *frames = stream->conn->frames;
    const nghttp2_data_provider body = {.read_callback = read_data};
    struct http2_head head = {.count = 1};
    char *status = http2->scratch + 9;
    bool empty = is_head_request(stream);

    http2_head_read(&head, http2, len);
    if (head.line_len < 12)
        return false;
    http2->fields[0] = http2_head_pseudo(":status", status, 3);
    if (status[0] == '1') /* 100 (Continue): the final head follows */
        return is_done(stream, nghttp2_submit_headers(frames, NGHTTP2_FLAG_NONE, stream->id, NULL,
                                                      http2->fields, head.count, NULL));
    stream->begun = true;
    stream->part = head.chunked ? HTTP2_OUT_SIZE : HTTP2_OUT_BODY;
    /* 204 and 304 have no body (RFC 9110 15.3.5, 15.4.5) */
    empty |= (head.has_length && head.length == 0) || memcmp(status, "204", 3) == 0 ||
             memcmp(status, "304", 3) == 0;
    return is_done(stream, nghttp2_submit_response(frames, stream->id, http2->fields, head.count,
                                                   empty ? NULL : &body));
}

/* Submits the head of a request: "GET / HTTP/1.1". */
static bool submit_request(struct http2_stream *stream, size_t len)
{
    struct leat_http2 *http2 = stream->conn->http2;
    const nghttp2_data_provider body = {.read_callback = read_data};
    struct http2_head head = {.count = HTTP2_REQUEST_PSEUDOS, .is_request = true};
    char *line = http2->scratch, *target, *end;
    bool empty;

    http2_head_read(&head, http2, len);
    target = memchr(line, ' ', head.line_len);
    end = target ? memchr(target + 1, ' ', (size_t)(line + head.line_len - target) - 1) : NULL;
    if (!end || !head.host.value)
        return false;
    target++;
    http2->fields[0] = http2_head_pseudo(":method", line, (size_t)(target - line) - 1);
    http2->fields[1] = http2_head_pseudo(":scheme", (char *)(uintptr_t) "https", 5);
    http2->fields[2] = http2_head_pseudo(":authority", (char *)head.host.value, head.host.valuelen);
    http2->fields[3] = http2_head_pseudo(":path", target, (size_t)(end - target));
    empty = !head.chunked && head.length == 0;
    stream->begun = true;
    stream->part = empty ? HTTP2_OUT_OVER : head.chunked ? HTTP2_OUT_SIZE : HTTP2_OUT_BODY;
    stream->body_len = head.length;
    stream->out_over = empty;
    stream->id = nghttp2_submit_request(stream->conn->frames, NULL, http2->fields, head.count,
                                        empty ? NULL : &body, stream);
    return is_done(stream, stream->id > 0 ? 0 : stream->id);
}

static bool submit(struct http2_stream *stream, size_t len)
{
    return stream->conn->is_client ? submit_request(stream, len) : submit_reply(stream, len);
}

/* Looks for complete heads at the begin of `out`. False: there is none that could be sent. */
static bool take_head(struct http2_stream *stream)
{
    struct leat_http2 *http2 = stream->conn->http2;

    while (stream->part == HTTP2_OUT_HEAD) {
        const uint32_t have =
            leat_buf_read(stream->out.first, 0, http2->scratch, sizeof http2->scratch);
        const size_t len = http2_head_len(http2->scratch, have);

        if (len == 0)
            return have < sizeof http2->scratch;
        http2_queue_skip(&stream->out, (uint32_t)len);
        if (!submit(stream, len - 2))
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
    if (stream->part == HTTP2_OUT_CHUNK_END) {
        stream->part = octet == '\n' ? HTTP2_OUT_SIZE : stream->part;
        stream->left = 0;
    } else if (octet == '\n') {
        stream->part = stream->left > 0 ? HTTP2_OUT_CHUNK : HTTP2_OUT_OVER;
    } else if (octet != '\r') {
        stream->left = stream->left << 4 | hex(octet);
    }
}

/* Reads framing at the begin of @queue, up to the data that follows. */
static void skip_framing(struct http2_stream *stream, struct http2_queue *queue)
{
    uint32_t read = 0;

    while (read < queue->first->len &&
           (stream->part == HTTP2_OUT_SIZE || stream->part == HTTP2_OUT_CHUNK_END))
        read_framing(stream, queue->first->data[read++]);
    if (stream->part == HTTP2_OUT_OVER)
        read = queue->first->len;
    http2_queue_skip(queue, read);
}

/* Moves the data of @queue to `out`. False: no descriptor for a part of a piece. */
static bool take_chunks(struct http2_stream *stream, struct http2_queue *queue)
{
    while (queue->first) {
        struct leat_buf *data;

        if (stream->part != HTTP2_OUT_CHUNK) {
            skip_framing(stream, queue);
            continue;
        }
        data = http2_queue_take(queue, stream->left);
        if (!data)
            return false;
        stream->left -= leat_buf_total(data);
        http2_queue_add(&stream->out, data);
        if (stream->left == 0)
            stream->part = HTTP2_OUT_CHUNK_END;
    }
    return true;
}

/* Translates @data, and leaves the body's part of it in `out`. */
static bool take(struct http2_stream *stream, struct leat_buf *data)
{
    struct http2_queue rest = {.first = NULL};
    bool done = true;

    if (stream->part == HTTP2_OUT_HEAD) {
        http2_queue_add(&stream->out, data);
        if (!take_head(stream))
            return false;
        if (stream->part != HTTP2_OUT_SIZE)
            return true;
        rest = stream->out; /* what follows the head is in chunks, too */
        memset(&stream->out, 0, sizeof stream->out);
    } else {
        http2_queue_add(stream->part == HTTP2_OUT_BODY ? &stream->out : &rest, data);
    }
    if (rest.first)
        done = take_chunks(stream, &rest);
    http2_queue_clear(&rest);
    return done;
}

/* Notes the end of a request, which its client tells by its length or its last chunk. False: it is
 * longer than its head says. */
static bool look_for_end(struct http2_stream *stream)
{
    const uint64_t bytes = stream->sent + stream->out.bytes;

    if (stream->part == HTTP2_OUT_BODY)
        stream->out_over = bytes >= stream->body_len;
    else
        stream->out_over = stream->part == HTTP2_OUT_OVER;
    return stream->part != HTTP2_OUT_BODY || bytes <= stream->body_len;
}

bool http2_outgoing_take(struct http2_stream *stream, struct leat_buf *data)
{
    const uint32_t before = stream->out.bytes;
    bool done = take(stream, data);

    stream->conn->queued += stream->out.bytes - before;
    if (stream->conn->is_client)
        done = done && look_for_end(stream);
    http2_outgoing_go_on(stream);
    return done;
}

void http2_outgoing_go_on(struct http2_stream *stream)
{
    if (stream->deferred && (stream->out.bytes > 0 || stream->out_over)) {
        stream->deferred = false;
        nghttp2_session_resume_data(stream->conn->frames, stream->id);
    }
}

void http2_outgoing_refuse(struct http2_stream *stream, const char *status)
{
    nghttp2_nv field = http2_head_pseudo(":status", (char *)(uintptr_t)status, 3);

    is_done(stream, nghttp2_submit_response(stream->conn->frames, stream->id, &field, 1, NULL));
}
