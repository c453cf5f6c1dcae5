/* conn.c -- a connection: its input, output and timer (see inside.h). */
#include "inside.h"

#include <leat/life.h>

#include <string.h>

enum {
    READ_BYTES = 65536,
    RECORD_BYTES = 16384, /* room that is worth another DATA frame */
    ROUNDS_MAX = 64,      /* of telling and sending in one run */
    VAIN_MAX = 4,         /* reports of room in a row by which nothing could be sent */
    RETRY_NS = 20000000,  /* until the session is asked again then */
    ROUND_ENDS = 2        /* calls of on_drain until no further request is taken */
};

static uint64_t now_of(const struct http2_conn *conn)
{
    return leat_now_ns(conn->http2->stack);
}

/* ---- Start and end --------------------------------------------------------------------------- */

/* Gives the connection's place back. */
static void release(struct http2_conn *conn)
{
    struct leat_http2 *http2 = conn->http2;

    leat_timer_cancel(http2->stack, &conn->timer);
    nghttp2_session_del(conn->frames);
    conn->frames = NULL;
    http2_queue_clear(&conn->out);
    conn->session.end = NULL;
    conn->state = HTTP2_FREE;
    conn->next_free = http2->free_conn;
    http2->free_conn = conn;
    http2->open--;
}

/* Ends all streams. None is usable from the first callback on, as that may call another one. */
static void end_streams(struct http2_conn *conn, enum leat_err why)
{
    for (struct http2_stream *stream = conn->streams; stream; stream = stream->next) {
        if (!stream->gone)
            stream->why = (uint8_t)why;
        stream->gone = true;
    }
    while (conn->streams)
        http2_tell_end(conn->streams);
}

/* The session has no further event for us. */
static void forget_session(struct http2_conn *conn)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};

    leat_stream_set_events(&conn->session, &nothing, NULL);
}

void http2_conn_end(struct http2_conn *conn, enum leat_err why)
{
    conn->running = true; /* callbacks shall not begin a run */
    end_streams(conn, why);
    forget_session(conn);
    leat_stream_abort(&conn->session);
    conn->running = false;
    release(conn);
}

/* All was sent. The client closes, or is left to the stack after a while. */
static void linger(struct http2_conn *conn)
{
    end_streams(conn, LEAT_ERR_RESET);
    conn->state = HTTP2_LINGERING;
    conn->due_ns = now_of(conn) + conn->http2->config.linger_ns;
    leat_stream_shutdown(&conn->session);
}

/* ---- Receiving ------------------------------------------------------------------------------- */

/* Gives nghttp2 one buffer. False: the connection is over. */
static bool feed_piece(struct http2_conn *conn, struct leat_buf *piece)
{
    ssize_t read = 0;

    conn->piece = piece;
    conn->kept_bytes = 0;
    http2_limits_read(conn, piece->data, piece->len);
    if (piece->len > 0)
        read = nghttp2_session_mem_recv(conn->frames, piece->data, piece->len);
    conn->piece = NULL;
    /* data that streams have kept is consumed when their users are done with it */
    leat_stream_consumed(&conn->session, piece->len - conn->kept_bytes);
    if (read < 0) {
        conn->fatal = true;
        if (!conn->blame)
            conn->blame = read == NGHTTP2_ERR_NOMEM ? &conn->http2->counts.memory
                                                    : &conn->http2->counts.errors;
    }
    return read >= 0 && !conn->fatal;
}

static void discard(struct http2_conn *conn, struct leat_buf *data)
{
    leat_stream_consumed(&conn->session, leat_buf_total(data));
    leat_buf_free(data);
}

static void receive(struct http2_conn *conn)
{
    struct leat_buf *data;

    while (!conn->fatal && (data = leat_stream_receive(&conn->session, READ_BYTES)) != NULL) {
        conn->heard_at_ns = now_of(conn);
        while (data && conn->state != HTTP2_LINGERING && nghttp2_session_want_read(conn->frames)) {
            struct leat_buf *piece = data;
            const bool more = feed_piece(conn, piece);

            data = piece->next;
            piece->next = NULL;
            leat_buf_free(piece);
            if (!more)
                break;
        }
        discard(conn, data);
    }
}

/* ---- Sending --------------------------------------------------------------------------------- */

/* Passes frames to the session. False: they must wait. */
static bool pass_on(struct http2_conn *conn)
{
    const uint32_t len = conn->out.bytes;
    enum leat_err err;

    if (len == 0)
        return true;
    /* what the session takes back is lost, so it is asked first */
    if (leat_stream_send_room(&conn->session) < len) {
        conn->wanted = len;
        return false;
    }
    conn->moved = true;
    err = leat_stream_send(&conn->session, http2_queue_take(&conn->out, len));
    if (err)
        conn->fatal = true;
    return !err;
}

static void send(struct http2_conn *conn)
{
    int err;

    if (conn->state == HTTP2_LINGERING || !pass_on(conn))
        return;
    conn->room = leat_stream_send_room(&conn->session);
    if (conn->room == 0)
        return; /* on_writable follows */
    conn->starved = false;
    err = nghttp2_session_send(conn->frames);
    if (err) {
        conn->fatal = true;
        conn->blame = &conn->http2->counts.memory;
        return;
    }
    if (!pass_on(conn))
        return;
    if (nghttp2_session_want_write(conn->frames))
        conn->wanted = conn->starved ? 1 : RECORD_BYTES;
}

/* ---- Runs ------------------------------------------------------------------------------------ */

/* Asks the session for the room that frames or streams wait for. If it has reported its room some
 * times, and nothing could be sent, its answer would be the same at once: it is asked later. */
static void ask_for_room(struct http2_conn *conn)
{
    conn->vain = conn->woken && !conn->moved ? (uint8_t)(conn->vain + 1) : 0;
    conn->retry_ns = UINT64_MAX;
    if (conn->wanted == 0 || conn->state == HTTP2_LINGERING)
        return;
    if (conn->vain < VAIN_MAX) {
        leat_stream_want_room(&conn->session, conn->wanted);
    } else {
        conn->retry_ns = now_of(conn) + RETRY_NS;
        conn->vain = 0;
    }
}

/* After a run: ends what is over, and sets the timer. */
static void settle(struct http2_conn *conn)
{
    if (conn->fatal) {
        if (conn->memory.failed)
            conn->blame = &conn->http2->counts.memory;
        if (conn->blame)
            ++*conn->blame;
        http2_conn_end(conn, conn->blame == &conn->http2->counts.memory ? LEAT_ERR_MEMORY
                                                                        : LEAT_ERR_RESET);
        return;
    }
    if (conn->is_silent && conn->stream_count == 0) {
        http2_conn_end(conn, LEAT_ERR_TIMEOUT);
        return;
    }
    if (conn->state != HTTP2_LINGERING && conn->out.bytes == 0 &&
        (leat_stream_at_end(&conn->session) ||
         (!nghttp2_session_want_read(conn->frames) && !nghttp2_session_want_write(conn->frames))))
        linger(conn);
    ask_for_room(conn);
    leat_timer_set(conn->http2->stack, &conn->timer,
                   conn->retry_ns < conn->due_ns ? conn->retry_ns : conn->due_ns);
}

void http2_conn_run(struct http2_conn *conn)
{
    bool told = true;

    if (conn->running || conn->state == HTTP2_FREE)
        return;
    conn->running = true;
    conn->woken = conn->writable;
    conn->writable = conn->moved = false;
    receive(conn);
    for (struct http2_stream *stream = conn->streams; stream && conn->woken; stream = stream->next)
        stream->later = false;
    for (unsigned rounds = 0; told && !conn->fatal && rounds < ROUNDS_MAX; rounds++) {
        told = http2_tell_all(conn);
        send(conn);
        told |= conn->changed; /* there is something to tell, or room */
        conn->changed = false;
    }
    conn->running = false;
    settle(conn);
    if (told && conn->state != HTTP2_FREE)
        http2_conn_kick(conn);
}

/* The deadline has passed. False: the connection has been left to the stack. */
static bool time_out(struct http2_conn *conn)
{
    if (conn->state == HTTP2_LINGERING) {
        forget_session(conn);
        leat_stream_close(&conn->session);
        release(conn);
        return false;
    }
    if (conn->served_count > 0) { /* the server has deadlines for its requests */
        http2_conn_renew(conn);
    } else if (conn->state == HTTP2_ENDING) {
        http2_conn_end(conn, LEAT_ERR_TIMEOUT);
        return false;
    } else {
        conn->http2->counts.idle++;
        conn->state = HTTP2_ENDING;
        conn->due_ns = now_of(conn) + conn->http2->config.linger_ns;
        if (nghttp2_session_terminate_session(conn->frames, NGHTTP2_NO_ERROR))
            conn->fatal = true;
    }
    return true;
}

static void on_time(struct leat_timer *timer, void *arg)
{
    struct http2_conn *conn = arg;

    (void)timer;
    conn->writable |= conn->retry_ns <= now_of(conn);
    if (conn->due_ns <= now_of(conn) && !time_out(conn))
        return;
    http2_conn_run(conn);
}

static void on_readable(struct leat_tcp *tcp, void *arg)
{
    (void)tcp;
    http2_conn_run(arg);
}

static void on_writable(struct leat_tcp *tcp, void *arg)
{
    struct http2_conn *conn = arg;

    (void)tcp;
    conn->writable = true;
    http2_conn_run(conn);
}

static void on_closed(struct leat_tcp *tcp, enum leat_err why, void *arg)
{
    struct http2_conn *conn = arg;

    (void)tcp;
    conn->running = true;
    conn->session.end = NULL; /* nothing of it is consumed any more */
    end_streams(conn, why ? why : LEAT_ERR_END);
    conn->running = false;
    release(conn);
}

/* Says which requests are still answered (RFC 9113 6.8): first that the end is near, and a while
 * later, or at once if nothing comes, that this was the last one. */
static bool on_drain(struct leat_tcp *tcp, bool quiet, void *arg)
{
    struct http2_conn *conn = arg;
    int err = 0;

    (void)tcp;
    if (conn->state == HTTP2_LINGERING || conn->drains == ROUND_ENDS)
        return true;
    conn->drains = quiet ? ROUND_ENDS : (uint8_t)(conn->drains + 1);
    conn->state = HTTP2_ENDING;
    conn->due_ns = now_of(conn) + conn->http2->config.idle_ns;
    if (conn->drains < ROUND_ENDS)
        err = nghttp2_submit_shutdown_notice(conn->frames);
    else
        err = nghttp2_submit_goaway(conn->frames, NGHTTP2_FLAG_NONE,
                                    nghttp2_session_get_last_proc_stream_id(conn->frames),
                                    NGHTTP2_NO_ERROR, NULL, 0);
    if (err == NGHTTP2_ERR_NOMEM)
        conn->fatal = true;
    http2_conn_kick(conn);
    return true;
}

/* Announces our limits. */
static bool submit_settings(struct http2_conn *conn)
{
    const struct leat_http2_config *config = &conn->http2->config;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, config->window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, http2_head_list_bytes(conn)},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
        conn->is_client
            ? (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0}
            : (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, config->streams}};

    return !nghttp2_submit_settings(conn->frames, NGHTTP2_FLAG_NONE, settings,
                                    sizeof settings / sizeof *settings) &&
           !nghttp2_session_set_local_window_size(conn->frames, NGHTTP2_FLAG_NONE, 0,
                                                  (int32_t)(2 * config->window_bytes));
}

/* Makes the half of nghttp2. False: no memory. */
static bool make_frames(struct http2_conn *conn)
{
    struct leat_http2 *http2 = conn->http2;
    nghttp2_mem mem = http2_memory_functions(&conn->memory);
    const int err = conn->is_client ? nghttp2_session_client_new3(&conn->frames, http2->callbacks,
                                                                  conn, http2->options, &mem)
                                    : nghttp2_session_server_new3(&conn->frames, http2->callbacks,
                                                                  conn, http2->options, &mem);

    if (err)
        return false;
    if (submit_settings(conn))
        return true;
    nghttp2_session_del(conn->frames);
    return false;
}

bool http2_conn_begin(struct http2_conn *conn, const struct leat_stream *session)
{
    static const struct leat_tcp_events events = {.on_open = on_readable,
                                                  .on_readable = on_readable,
                                                  .on_writable = on_writable,
                                                  .on_closed = on_closed,
                                                  .on_drain = on_drain};
    struct leat_http2 *http2 = conn->http2;
    void *const block = conn->block;

    memset(conn, 0, sizeof *conn);
    conn->http2 = http2;
    conn->block = block;
    conn->timer.on_time = on_time;
    conn->timer.arg = conn;
    http2_memory_init(&conn->memory, block, http2->config.connection_bytes);
    conn->is_client = !http2->config.server;
    if (!make_frames(conn))
        return false;
    conn->session = *session;
    conn->peer = leat_stream_peer(session);
    conn->state = HTTP2_OPEN;
    conn->credit = http2->config.frames;
    conn->credit_at_ns = now_of(conn);
    conn->frame_left = conn->is_client ? 0 : HTTP2_PREFACE_BYTES;
    conn->retry_ns = UINT64_MAX;
    conn->out.is_short = true;
    http2_conn_renew(conn);
    http2->open++;
    http2->counts.connections++;
    leat_stream_set_events(session, &events, conn);
    if (conn->is_client)
        http2_conn_kick(conn); /* its first stream comes first */
    else
        http2_conn_run(conn);
    return true;
}
