/*
 * order.c -- frames for streams that are over, or were never begun.
 *
 * nghttp2 ignores such frames: it can't tell a client's mistake from frames that have crossed with
 * our RST_STREAM. Here the last streams of the client are remembered. Those that it has ended or
 * passed over are certain, so a frame for one of them ends the connection. Heads of frames are read
 * here before nghttp2 has handled the frames in front of them.
 */
#include "inside.h"

static struct http2_seen *find(struct http2_conn *conn, int32_t id)
{
    for (unsigned i = 0; i < HTTP2_SEEN; i++) {
        if (conn->seen[i].id == id)
            return &conn->seen[i];
    }
    return NULL;
}

/* Notes the first frame of a stream. */
static void add(struct http2_conn *conn, int32_t id)
{
    conn->seen[conn->seen_at] = (struct http2_seen){.id = id};
    conn->seen_at = (uint8_t)((conn->seen_at + 1) % HTTP2_SEEN);
    conn->last_id = id;
}

/* The error of a frame of a stream that isn't new, as RFC 9113 7 numbers it. */
static uint32_t error_of(struct http2_conn *conn, int32_t id)
{
    const struct http2_seen *seen = find(conn, id);

    /* A stream that was passed over can't be used any more (RFC 9113 5.1.1). */
    if (!seen)
        return id > conn->seen[conn->seen_at].id ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_NO_ERROR;
    /* The client has ended it, and then it was closed (RFC 9113 5.1). */
    if (seen->over && !nghttp2_session_find_stream(conn->frames, id))
        return NGHTTP2_STREAM_CLOSED;
    return NGHTTP2_NO_ERROR;
}

void http2_order_check(struct http2_conn *conn, uint8_t type, uint8_t flags, int32_t id)
{
    const bool has_content = type == NGHTTP2_DATA || type == NGHTTP2_HEADERS;
    struct http2_seen *seen;
    uint32_t error = NGHTTP2_NO_ERROR;

    if (type == NGHTTP2_PRIORITY && id == 0) /* RFC 9113 6.3 */
        error = NGHTTP2_PROTOCOL_ERROR;
    else if (id % 2 == 0 || (!has_content && type != NGHTTP2_RST_STREAM))
        return;
    else if (has_content && id <= conn->last_id)
        error = error_of(conn, id);
    else if (type == NGHTTP2_HEADERS)
        add(conn, id);
    seen = find(conn, id);
    if (seen)
        seen->over |= type == NGHTTP2_RST_STREAM || (flags & NGHTTP2_FLAG_END_STREAM);
    if (error && nghttp2_session_terminate_session(conn->frames, error))
        conn->fatal = true;
}
