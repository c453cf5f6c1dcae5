/* frames.c -- nghttp2's callbacks: frames become changes of streams. Nothing here calls the server
 * (see inside.h). */
#include "inside.h"

#include <string.h>

enum {
    REPLY_WEIGHT = 20, /* a request that was answered */
    DATA_WEIGHT = 2    /* a DATA frame that was sent: its client opens two windows for it */
};

static struct http2_stream *stream_of(nghttp2_session *frames, int32_t id)
{
    return nghttp2_session_get_stream_user_data(frames, id);
}

static struct leat_http2_counts *counts_of(struct http2_conn *conn)
{
    return &conn->http2->counts;
}

/* ---- Receiving ------------------------------------------------------------------------------- */

static int begin_headers(nghttp2_session *frames, const nghttp2_frame *frame, void *arg)
{
    struct http2_conn *conn = arg;
    struct http2_stream *stream;

    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0; /* a reply, or trailers, which the user would discard */
    stream = http2_stream_new(conn, frame->hd.stream_id);
    if (!stream || nghttp2_session_set_stream_user_data(frames, frame->hd.stream_id, stream)) {
        conn->blame = &counts_of(conn)->memory;
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return 0;
}

/* Resets a stream with @code. The client hears @why at once, and the server when it is closed. */
static void give_up(struct http2_stream *stream, uint32_t code, enum leat_err why)
{
    http2_stream_refuse(stream, code);
    if (!stream->conn->is_client)
        return;
    stream->gone = true;
    stream->why = (uint8_t)why;
}

/* The pool has no buffer for a request. Nothing of it was done, so it may come again (RFC 9113
 * 8.7). */
static void refuse_for_now(struct http2_stream *stream)
{
    counts_of(stream->conn)->refused++;
    give_up(stream, stream->served ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_REFUSED_STREAM,
            LEAT_ERR_MEMORY);
}

static int header(nghttp2_session *frames, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                  nghttp2_rcbuf *value, uint8_t flags, void *arg)
{
    struct http2_stream *stream = stream_of(frames, frame->hd.stream_id);
    enum http2_field outcome;

    (void)flags;
    (void)arg;
    if (!stream || stream->head_over || stream->refused || stream->too_long)
        return 0;
    outcome = http2_incoming_add(stream, name, value);
    if (outcome == HTTP2_FIELD_BAD) {
        counts_of(stream->conn)->malformed++;
        give_up(stream, NGHTTP2_PROTOCOL_ERROR, LEAT_ERR_FORMAT);
    } else if (outcome == HTTP2_FIELD_NO_ROOM) {
        refuse_for_now(stream);
    }
    return 0;
}

static void refuse_head(struct http2_stream *stream)
{
    if (stream->conn->is_client) {
        give_up(stream, NGHTTP2_CANCEL, LEAT_ERR_TOO_BIG);
        return;
    }
    stream->refused = true;
    http2_outgoing_refuse(stream, "431");
}

/* A head is complete. */
static void end_head(struct http2_stream *stream, bool no_body)
{
    if (stream->refused)
        return;
    if (stream->too_long) {
        counts_of(stream->conn)->heads_too_big++;
        refuse_head(stream);
    } else if (!http2_incoming_end(stream, no_body)) {
        refuse_for_now(stream);
    }
}

static void end_stream(struct http2_stream *stream)
{
    stream->in_over = true;
    stream->readable = true;
}

/* Frames that have a stream of ours. */
static void take_frame(struct http2_stream *stream, const nghttp2_frame *frame)
{
    const bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

    if (frame->hd.type == NGHTTP2_HEADERS && !stream->head_over)
        end_head(stream, ends);
    if (ends)
        end_stream(stream);
}

static int frame_received(nghttp2_session *frames, const nghttp2_frame *frame, void *arg)
{
    struct http2_conn *conn = arg;
    struct http2_stream *stream = stream_of(frames, frame->hd.stream_id);

    if (stream && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA))
        take_frame(stream, frame);
    if (frame->hd.type == NGHTTP2_DATA && frame->data.padlen > 0 &&
        frame->hd.length == frame->data.padlen)
        http2_limits_take(conn, 1); /* all of it is padding */
    counts_of(conn)->resets += frame->hd.type == NGHTTP2_RST_STREAM;
    return 0;
}

/* nghttp2 answers by RST_STREAM or GOAWAY. */
static int frame_invalid(nghttp2_session *frames, const nghttp2_frame *frame, int err, void *arg)
{
    struct http2_conn *conn = arg;

    (void)frames;
    (void)frame;
    (void)err;
    counts_of(conn)->malformed++;
    http2_limits_take(conn, HTTP2_RESET_WEIGHT);
    return 0;
}

static int data_received(nghttp2_session *frames, uint8_t flags, int32_t id, const uint8_t *data,
                         size_t len, void *arg)
{
    struct http2_conn *conn = arg;
    struct http2_stream *stream = stream_of(frames, id);

    (void)flags;
    if (!stream || stream->refused || stream->gone || stream->deaf)
        return nghttp2_session_consume(frames, id, len) == NGHTTP2_ERR_NOMEM
                   ? NGHTTP2_ERR_CALLBACK_FAILURE
                   : 0;
    if (http2_incoming_data(stream, data, (uint32_t)len)) {
        conn->kept_bytes += (uint32_t)len;
        return 0;
    }
    /* the part that is in the queue is lost with the stream */
    refuse_for_now(stream);
    nghttp2_session_consume(frames, id, len);
    return 0;
}

/* nghttp2 forgets a stream. The server is done with it, or has lost it. The client may have to read
 * the rest of its reply. */
static int stream_closed(nghttp2_session *frames, int32_t id, uint32_t code, void *arg)
{
    struct http2_conn *conn = arg;
    struct http2_stream *stream = stream_of(frames, id);

    if (!stream || stream->gone)
        return 0;
    conn->changed = true;
    stream->refused = true; /* nothing is sent about it any more */
    if (conn->is_client && stream->in_over && code == NGHTTP2_NO_ERROR) {
        stream->out_over = true;
        return 0;
    }
    stream->gone = true;
    stream->why =
        code == NGHTTP2_NO_ERROR && stream->out_over ? (uint8_t)LEAT_OK : (uint8_t)LEAT_ERR_RESET;
    return 0;
}

/* ---- Sending --------------------------------------------------------------------------------- */

/* Room that is left for frames. */
static size_t room_of(const struct http2_conn *conn)
{
    return conn->out.bytes < conn->room ? conn->room - conn->out.bytes : 0;
}

static int wait_for_pool(struct http2_conn *conn)
{
    counts_of(conn)->waited++;
    conn->starved = true;
    return NGHTTP2_ERR_WOULDBLOCK;
}

static ssize_t send_bytes(nghttp2_session *frames, const uint8_t *bytes, size_t len, int flags,
                          void *arg)
{
    struct http2_conn *conn = arg;
    const size_t room = room_of(conn);

    (void)frames;
    (void)flags;
    if (len > room)
        len = room;
    if (len == 0)
        return NGHTTP2_ERR_WOULDBLOCK;
    if (!http2_queue_put(&conn->out, leat_pool(conn->http2->stack), bytes, len))
        return wait_for_pool(conn);
    return (ssize_t)len;
}

/* Sends a DATA frame, its data as it lies in the stream's queue. */
static int send_data(nghttp2_session *frames, nghttp2_frame *frame, const uint8_t *head, size_t len,
                     nghttp2_data_source *source, void *arg)
{
    struct http2_conn *conn = arg;
    struct http2_stream *stream = stream_of(frames, frame->hd.stream_id);
    struct http2_queue data = {.first = NULL};

    (void)source;
    if (!stream)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (room_of(conn) < len + HTTP2_FRAME_HEAD_BYTES)
        return NGHTTP2_ERR_WOULDBLOCK;
    leat_assert(len <= stream->out.bytes && frame->data.padlen == 0);
    /* Pieces are taken whole as long as they fit; only the last one can lack a descriptor. */
    while (data.bytes < len) {
        struct leat_buf *part = http2_queue_take(&stream->out, (uint32_t)len - data.bytes);

        if (!part)
            break;
        http2_queue_add(&data, part);
    }
    if (data.bytes < len ||
        !http2_queue_put(&conn->out, leat_pool(conn->http2->stack), head, HTTP2_FRAME_HEAD_BYTES)) {
        /* back to the front, for the next time */
        http2_queue_add(&data, stream->out.first);
        stream->out = data;
        return wait_for_pool(conn);
    }
    conn->queued -= (uint32_t)len;
    stream->sent += len;
    http2_queue_add(&conn->out, data.first);
    return 0;
}

static int frame_sent(nghttp2_session *frames, const nghttp2_frame *frame, void *arg)
{
    struct http2_conn *conn = arg;
    const uint8_t type = frame->hd.type;
    struct http2_stream *stream;

    if (type == NGHTTP2_DATA)
        http2_limits_give(conn, DATA_WEIGHT);
    if (type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR &&
        frame->goaway.error_code != NGHTTP2_ENHANCE_YOUR_CALM)
        counts_of(conn)->errors++;
    conn->changed |= conn->is_client && type == NGHTTP2_HEADERS;
    if ((type != NGHTTP2_DATA && type != NGHTTP2_HEADERS) ||
        !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    http2_limits_give(conn, REPLY_WEIGHT);
    stream = stream_of(frames, frame->hd.stream_id);
    /* RFC 9113 8.1: the rest of the request isn't wanted */
    if (stream && !stream->in_over && !conn->is_client) {
        stream->refused = true;
        if (nghttp2_submit_rst_stream(frames, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR))
            conn->fatal = true;
    }
    return 0;
}

void http2_frames_set(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_received);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, frame_invalid);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_received);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
    nghttp2_session_callbacks_set_send_callback(callbacks, send_bytes);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frame_sent);
}
