/* tell.c -- callbacks to the users of streams, and requests for the server (see inside.h). */
#include "inside.h"

enum {
    LEAST_BYTES = 1024,    /* room that is worth a callback, if the session can't have more */
    WRITABLE_BYTES = 8192, /* ... if it can */
    REPLY_BYTES = 8192     /* of a connection's memory, for a reply */
};

void http2_tell_end(struct http2_stream *stream)
{
    const struct leat_tcp_events *events = stream->events;

    leat_assert(stream->gone);
    if (stream->served && events->on_closed)
        events->on_closed(NULL, (enum leat_err)stream->why, stream->arg);
    http2_stream_free(stream);
}

void http2_conn_renew(struct http2_conn *conn)
{
    conn->used_at_ns = leat_now_ns(conn->http2->stack);
    conn->due_ns = conn->used_at_ns + conn->http2->config.idle_ns;
}

/* True if a reply finds memory for its fields. Otherwise the request waits for others to end. */
static bool has_memory(const struct http2_conn *conn)
{
    return conn->served_count == 0 ||
           conn->memory.used + REPLY_BYTES <= conn->http2->config.connection_bytes;
}

/* Hands a request to the server. */
static void serve(struct http2_stream *stream)
{
    struct http2_conn *conn = stream->conn;
    struct leat_http2 *http2 = conn->http2;
    const struct leat_stream handle = {&http2_stream_ops, stream};

    stream->served = true;
    stream->readable = false;
    conn->served_count++;
    if (leat_http_server_serve_as(http2->config.server, &handle, 2)) {
        http2->counts.requests++;
        http2_conn_renew(conn);
        return;
    }
    stream->served = false;
    conn->served_count--;
    http2->counts.refused++;
    http2_stream_refuse(stream, NGHTTP2_REFUSED_STREAM);
}

/* Moves @stream behind the others, so that all get their turn. */
static void to_the_end(struct http2_stream *stream)
{
    struct http2_conn *conn = stream->conn;

    if (!stream->next)
        return;
    stream->next->prev = stream->prev;
    if (stream->prev)
        stream->prev->next = stream->next;
    else
        conn->streams = stream->next;
    stream->next = NULL;
    stream->prev = conn->last_stream;
    conn->last_stream->next = stream;
    conn->last_stream = stream;
}

/* True if on_writable is due. A session that has just reported its room can't have more, so a
 * stream gets what there is, once. */
static bool has_room(struct http2_stream *stream)
{
    struct http2_conn *conn = stream->conn;
    uint32_t room, want;

    if (stream->wanted == 0)
        return false;
    if (stream->later) {
        http2_conn_want(conn, WRITABLE_BYTES);
        return false;
    }
    room = http2_stream_room(stream, &want);
    if (room >= want)
        return want > 0;
    stream->later = conn->woken && room >= LEAST_BYTES;
    return stream->later;
}

/* Tells the user of a stream what is due. True: something was. */
static bool tell(struct http2_stream *stream)
{
    const struct leat_tcp_events *events = stream->events;

    if (stream->gone) {
        if (stream->served)
            http2_conn_renew(stream->conn);
        http2_tell_end(stream);
        return true;
    }
    if (!stream->served) {
        if (!stream->head_over || stream->refused || !has_memory(stream->conn))
            return false;
        serve(stream);
        return true;
    }
    if (stream->readable) {
        stream->readable = false;
        if (events->on_readable)
            events->on_readable(NULL, stream->arg);
        return true;
    }
    if (!has_room(stream))
        return false;
    stream->wanted = 0;
    to_the_end(stream);
    if (events->on_writable)
        events->on_writable(NULL, stream->arg);
    return true;
}

bool http2_tell_all(struct http2_conn *conn)
{
    struct http2_stream *stream = conn->streams;
    bool told = false;

    conn->wanted = 0;
    /* Only the stream that is told can leave the list, and none is added. A stream that was moved
     * to the end is met twice at most. */
    for (uint32_t left = conn->stream_count; stream && left > 0; left--) {
        struct http2_stream *next = stream->next;

        told |= tell(stream);
        stream = next;
    }
    return told;
}
