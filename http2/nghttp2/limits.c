/*
 * limits.c -- frames without content, which cost a connection its credit.
 *
 * A client can send frames that cost us work and memory, and itself nothing. We must answer PING
 * and SETTINGS. It may reset streams at once (rapid reset, CVE-2023-44487). Empty DATA and windows
 * do nothing. All of them take from one credit, which grows with time and with requests that were
 * answered. The heads of frames are read here once more, because nghttp2 doesn't report frames that
 * it ignores.
 *
 * nghttp2 itself limits three things: the fields of a SETTINGS, its queue of answers, and the
 * CONTINUATION frames of a head (CVE-2024-28182).
 */
#include "inside.h"

enum {
    FRAMES_PER_S = 50
};

static const uint64_t second_ns = 1000000000;

static void grow(struct http2_conn *conn, uint32_t frames)
{
    const uint32_t most = conn->http2->config.frames;

    conn->credit = frames < most - conn->credit ? conn->credit + frames : most;
}

void http2_limits_give(struct http2_conn *conn, uint32_t weight)
{
    grow(conn, weight);
}

void http2_limits_take(struct http2_conn *conn, uint32_t weight)
{
    const uint64_t now_ns = leat_now_ns(conn->http2->stack);
    const uint64_t since_ns = now_ns - conn->credit_at_ns;

    if (since_ns >= second_ns) {
        const uint64_t seconds = since_ns / second_ns;

        grow(conn, seconds < UINT16_MAX ? (uint32_t)seconds * FRAMES_PER_S : UINT16_MAX);
        conn->credit_at_ns = now_ns;
    }
    if (conn->credit >= weight) {
        conn->credit -= weight;
        return;
    }
    conn->credit = 0;
    if (conn->state != HTTP2_OPEN)
        return;
    conn->state = HTTP2_ENDING;
    conn->due_ns = now_ns + conn->http2->config.linger_ns;
    conn->http2->counts.flooded++;
    if (nghttp2_session_terminate_session(conn->frames, NGHTTP2_ENHANCE_YOUR_CALM))
        conn->fatal = true;
}

/* The head of a frame is complete: it has at least some content, or it costs credit. */
static void take_head(struct http2_conn *conn)
{
    const uint8_t *head = conn->frame_head;
    const uint8_t type = head[3], flags = head[4];
    const uint32_t id = (uint32_t)(head[5] & 0x7f) << 24 | (uint32_t)head[6] << 16 |
                        (uint32_t)head[7] << 8 | head[8];

    conn->frame_left = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
    conn->frame_have = 0;
    if (type == NGHTTP2_RST_STREAM)
        http2_limits_take(conn, HTTP2_RESET_WEIGHT);
    else if (type != NGHTTP2_HEADERS &&
             (type != NGHTTP2_DATA ||
              (conn->frame_left == 0 && !(flags & NGHTTP2_FLAG_END_STREAM))))
        http2_limits_take(conn, 1);
    if (!conn->is_client)
        http2_order_check(conn, type, flags, (int32_t)id);
}

void http2_limits_read(struct http2_conn *conn, const uint8_t *bytes, size_t len)
{
    size_t at = 0;

    while (at < len) {
        const size_t skip = conn->frame_left < len - at ? conn->frame_left : len - at;

        at += skip;
        conn->frame_left -= (uint32_t)skip;
        while (at < len && conn->frame_left == 0 && conn->frame_have < HTTP2_FRAME_HEAD_BYTES)
            conn->frame_head[conn->frame_have++] = bytes[at++];
        if (conn->frame_have == HTTP2_FRAME_HEAD_BYTES)
            take_head(conn);
    }
}
