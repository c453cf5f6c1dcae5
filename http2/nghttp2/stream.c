/*
 * stream.c -- a stream of HTTP/2, as the server or the client of HTTP/1.1 uses it.
 *
 * Data that the server sends stays within the windows of the client and the room of the session
 * below. So it leaves in the same turn, and the memory that waits for a client is that of its
 * connection, which TCP limits for each address.
 */
#include "inside.h"

#include <string.h>

enum {
    FRAMES_BYTES = 1024,  /* room of the session that is left for heads and other frames */
    WRITABLE_BYTES = 8192 /* room of the session that is worth a callback */
};

/* ---- Start and end --------------------------------------------------------------------------- */

struct http2_stream *http2_stream_new(struct http2_conn *conn, int32_t id)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};
    struct http2_stream *stream = http2_memory_take(&conn->memory, sizeof *stream);

    if (!stream)
        return NULL;
    memset(stream, 0, sizeof *stream);
    stream->conn = conn;
    stream->id = id;
    stream->events = &nothing;
    stream->prev = conn->last_stream;
    if (conn->last_stream)
        conn->last_stream->next = stream;
    else
        conn->streams = stream;
    conn->last_stream = stream;
    conn->stream_count++;
    return stream;
}

void http2_stream_free(struct http2_stream *stream)
{
    struct http2_conn *conn = stream->conn;

    stream->deaf = true;
    http2_stream_credit(stream);
    if (stream->id > 0)
        nghttp2_session_set_stream_user_data(conn->frames, stream->id, NULL);
    for (unsigned i = 0; i < HTTP2_PSEUDOS; i++) {
        if (stream->pseudo[i])
            nghttp2_rcbuf_decref(stream->pseudo[i]);
    }
    conn->queued -= stream->out.bytes;
    http2_queue_clear(&stream->in);
    http2_queue_clear(&stream->body);
    http2_queue_clear(&stream->out);
    if (stream->next)
        stream->next->prev = stream->prev;
    else
        conn->last_stream = stream->prev;
    if (stream->prev)
        stream->prev->next = stream->next;
    else
        conn->streams = stream->next;
    conn->stream_count--;
    conn->served_count -= stream->served;
    http2_memory_give(&conn->memory, stream);
}

void http2_conn_kick(struct http2_conn *conn)
{
    struct leat *stack = conn->http2->stack;

    if (!conn->running)
        leat_timer_set(stack, &conn->timer, leat_now_ns(stack));
}

void http2_stream_refuse(struct http2_stream *stream, uint32_t code)
{
    if (stream->refused)
        return;
    stream->refused = true;
    if (stream->id > 0 && nghttp2_submit_rst_stream(stream->conn->frames, NGHTTP2_FLAG_NONE,
                                                    stream->id, code) == NGHTTP2_ERR_NOMEM)
        stream->conn->fatal = true;
    http2_conn_kick(stream->conn);
}

/* ---- Sending --------------------------------------------------------------------------------- */

/* Bytes that the client's windows allow: less than 0 after a change of its settings. */
static int64_t window(const struct http2_stream *stream)
{
    nghttp2_session *frames = stream->conn->frames;
    const int64_t own = (int64_t)nghttp2_session_get_stream_remote_window_size(frames, stream->id) -
                        stream->out.bytes;
    const int64_t all =
        (int64_t)nghttp2_session_get_remote_window_size(frames) - stream->conn->queued;

    return own < all ? own : all;
}

/* The same with the limit of the queue. A head isn't limited by windows. */
static uint32_t limit(const struct http2_stream *stream)
{
    const int64_t open = window(stream);
    const uint32_t head = stream->conn->is_client ? HTTP2_SCRATCH_BYTES : HTTP2_REPLY_HEAD_BYTES;
    uint32_t bytes = HTTP2_STREAM_QUEUE_BYTES;

    bytes = stream->out.bytes < bytes ? bytes - stream->out.bytes : 0;
    if (open < bytes)
        bytes = open > 0 ? (uint32_t)open : 0;
    if (stream->part == HTTP2_OUT_HEAD && bytes < head)
        bytes = head > stream->out.bytes ? head - stream->out.bytes : 0;
    return bytes;
}

void http2_conn_want(struct http2_conn *conn, uint32_t bytes)
{
    if (bytes > conn->wanted)
        conn->wanted = bytes;
}

uint32_t http2_stream_room(struct http2_stream *stream, uint32_t *want)
{
    struct http2_conn *conn = stream->conn;
    const uint32_t used = conn->out.bytes + conn->queued + FRAMES_BYTES;
    uint32_t most, room;

    *want = 0;
    if (stream->gone || stream->out_over || conn->state == HTTP2_LINGERING)
        return 0;
    most = limit(stream);
    *want = stream->wanted > WRITABLE_BYTES ? stream->wanted : WRITABLE_BYTES;
    if (most < *want)
        *want = most;
    room = leat_stream_send_room(&conn->session);
    room = room > used ? room - used : 0;
    if (room < *want)
        http2_conn_want(conn, used + *want);
    return room < most ? room : most;
}

/* Notes that its user waits for @bytes of room. The run of the connection that follows asks the
 * session for it. */
static void wait_for(struct http2_stream *stream, uint32_t bytes)
{
    stream->wanted = bytes;
    http2_conn_kick(stream->conn);
}

static uint32_t send_room(void *end)
{
    struct http2_stream *stream = end;
    uint32_t want;

    stream->promised = http2_stream_room(stream, &want);
    if (stream->promised == 0 && stream->wanted == 0)
        wait_for(stream, 1);
    return stream->promised;
}

static void want_room(void *end, uint32_t bytes)
{
    struct http2_stream *stream = end;
    uint32_t room, want;

    wait_for(stream, bytes > 0 ? bytes : 1);
    room = http2_stream_room(stream, &want);
    /* There is room, so the pool must have been empty. The session tells when that is over. */
    stream->later = want > 0 && room >= want;
}

/* It is over for its user. */
static void leave(struct http2_stream *stream, uint32_t code, enum leat_err why)
{
    http2_stream_refuse(stream, code);
    stream->gone = true;
    stream->why = (uint8_t)why;
    http2_conn_kick(stream->conn);
}

/* Its user has sent what can't be translated; on_closed follows. */
static void fail(struct http2_stream *stream)
{
    if (stream->conn->is_client)
        leave(stream, NGHTTP2_CANCEL, LEAT_ERR_TOO_BIG);
    else
        http2_stream_refuse(stream, NGHTTP2_INTERNAL_ERROR);
}

static enum leat_err send(void *end, struct leat_buf *data)
{
    struct http2_stream *stream = end;
    const uint32_t len = leat_buf_total(data);

    /* what was promised is taken, even if buffers were allocated since */
    if (stream->gone || stream->out_over || (len > stream->promised && len > send_room(stream))) {
        const bool full = !stream->gone && !stream->out_over;

        if (full)
            want_room(stream, len);
        leat_buf_free(data);
        return full ? LEAT_ERR_FULL : stream->gone ? LEAT_ERR_CLOSED : LEAT_ERR_CLOSING;
    }
    stream->promised -= len < stream->promised ? len : stream->promised;
    if (len == 0)
        leat_buf_free(data);
    else if (!http2_outgoing_take(stream, data))
        fail(stream);
    http2_conn_kick(stream->conn);
    return LEAT_OK;
}

static enum leat_err write_bytes(void *end, const void *bytes, size_t len, size_t *taken)
{
    struct http2_stream *stream = end;
    const uint32_t room = send_room(end);
    const uint32_t part = len < room ? (uint32_t)len : room;
    struct leat_buf *copy;
    enum leat_err err;

    *taken = 0;
    if (stream->gone || stream->out_over)
        return stream->gone ? LEAT_ERR_CLOSED : LEAT_ERR_CLOSING;
    copy = part > 0 ? leat_buf_copy(leat_pool(stream->conn->http2->stack), bytes, part) : NULL;
    if (!copy) {
        if (len > 0)
            want_room(end, 1);
        return len > 0 ? LEAT_ERR_FULL : LEAT_OK;
    }
    err = send(end, copy);
    if (!err)
        *taken = part;
    if (part < len)
        want_room(end, 1);
    return err;
}

/* ---- Receiving ------------------------------------------------------------------------------- */

void http2_stream_credit(struct http2_stream *stream)
{
    struct http2_conn *conn = stream->conn;
    const uint32_t keep = stream->deaf ? 0 : stream->not_consumed;
    const uint32_t bytes = stream->not_credited > keep ? stream->not_credited - keep : 0;

    /* Framing of chunks, which the client hasn't sent, is among the bytes that are not consumed. So
     * the window opens a little later than it could, but never for data that is still kept. */
    if (bytes == 0)
        return;
    stream->not_credited -= bytes;
    if (nghttp2_session_consume(conn->frames, stream->id, bytes) == NGHTTP2_ERR_NOMEM)
        conn->fatal = true;
    if (conn->session.end)
        leat_stream_consumed(&conn->session, bytes);
    http2_conn_kick(conn);
}

static struct leat_buf *receive(void *end, uint32_t bytes_max)
{
    struct http2_stream *stream = end;
    struct leat_buf *data;

    if (stream->deaf)
        return NULL;
    data = http2_incoming_take(stream, bytes_max);
    if (!data && http2_incoming_have(stream) > 0 && bytes_max > 0) { /* the pool is empty */
        stream->readable = true;
        http2_conn_kick(stream->conn);
    }
    return data;
}

static void consumed(void *end, uint32_t bytes)
{
    struct http2_stream *stream = end;

    leat_assert(bytes <= stream->not_consumed);
    stream->not_consumed -= bytes;
    http2_stream_credit(stream);
}

static uint32_t readable(const void *end)
{
    const struct http2_stream *stream = end;

    return stream->deaf ? 0 : http2_incoming_have(stream);
}

static bool at_end(const void *end)
{
    const struct http2_stream *stream = end;

    return stream->in_over && (stream->deaf || http2_incoming_have(stream) == 0);
}

/* ---- The end --------------------------------------------------------------------------------- */

static enum leat_err shut_down(void *end)
{
    struct http2_stream *stream = end;

    if (stream->gone || stream->out_over)
        return stream->gone ? LEAT_ERR_CLOSED : LEAT_ERR_CLOSING;
    stream->out_over = true;
    if (!stream->begun) /* no answer, or no question */
        http2_stream_refuse(stream, NGHTTP2_CANCEL);
    http2_outgoing_go_on(stream);
    http2_conn_kick(stream->conn);
    return LEAT_OK;
}

static enum leat_err close_stream(void *end)
{
    struct http2_stream *stream = end;

    stream->deaf = true;
    http2_queue_clear(&stream->in);
    http2_queue_clear(&stream->body);
    http2_stream_credit(stream);
    if (!stream->conn->is_client)
        shut_down(end);
    else if (!stream->gone)
        leave(stream, NGHTTP2_CANCEL, LEAT_OK);
    return LEAT_OK;
}

static void abort_stream(void *end)
{
    struct http2_stream *stream = end;
    struct http2_conn *conn = stream->conn;

    if (stream->gone)
        return;
    /* A server that has sent nothing since may be gone: further calls need another connection. */
    conn->is_silent |=
        conn->is_client && !stream->in_over && conn->heard_at_ns < stream->begun_at_ns;
    leave(stream, conn->is_client ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR, LEAT_ERR_ABORTED);
}

static void set_events(void *end, const struct leat_tcp_events *events, void *arg)
{
    struct http2_stream *stream = end;

    stream->events = events;
    stream->arg = arg;
}

/* A client that opens no window makes no progress, even if another stream of its connection
 * does. */
static struct leat_stream_progress progress(const void *end)
{
    const struct http2_stream *stream = end;
    struct leat_stream_progress made = leat_stream_progress(&stream->conn->session);
    const bool waits = stream->out.bytes > 0 || stream->wanted > 0;

    if (waits && window(stream) <= 0) {
        made.queued_bytes = stream->out.bytes > 0 ? stream->out.bytes : 1;
        made.taken = (uint32_t)stream->sent;
        return made;
    }
    made.queued_bytes += stream->out.bytes + stream->conn->out.bytes;
    made.taken += (uint32_t)stream->sent;
    return made;
}

static struct leat *stack_of(const void *end)
{
    return ((const struct http2_stream *)end)->conn->http2->stack;
}

static struct leat_ip peer_of(const void *end)
{
    return ((const struct http2_stream *)end)->conn->peer;
}

const struct leat_stream_ops http2_stream_ops = {.send_room = send_room,
                                                 .want_room = want_room,
                                                 .send = send,
                                                 .write = write_bytes,
                                                 .receive = receive,
                                                 .consumed = consumed,
                                                 .readable = readable,
                                                 .at_end = at_end,
                                                 .shutdown = shut_down,
                                                 .close = close_stream,
                                                 .abort = abort_stream,
                                                 .set_events = set_events,
                                                 .progress = progress,
                                                 .stack = stack_of,
                                                 .peer = peer_of};
