/*
 * client_call.c -- the course of a call: its steps, the program's callbacks, its end.
 *
 * Only run() and fail() call the program, from the stream's events and the timer. Functions that
 * the program calls at other times leave marks and request a step by call_kick(). A callback may
 * end its call and start another one in its place, which `serial` reveals.
 */
#include "web/http/client.h"

#include "core/assert.h"
#include "service.h"

enum {
    TOO_EARLY = 425 /* RFC 8470 5.2 */
};

static uint64_t now_ns(const struct leat_http_call *call)
{
    return leat_now_ns(call->client->stack);
}

/* ---- Late program or late server ------------------------------------------------------------- */

/* True if the call waits for the program, not for the server. */
static bool is_excused(const struct leat_http_call *call)
{
    return call->not_consumed > 0 || call->unread ||
           (call->stream.end && leat_stream_readable(&call->stream) > 0) ||
           (call->stream.end && call_streams(call) &&
            leat_stream_progress(&call->stream).queued_bytes == 0);
}

/* True if the server has acknowledged something since the last check. */
static bool has_taken(struct leat_http_call *call)
{
    struct leat_stream_progress progress;
    bool moved;

    if (!call->stream.end)
        return false;
    progress = leat_stream_progress(&call->stream);
    /* acknowledgements count only while something is queued: after that, the server owes the
     * reply */
    moved = progress.queued_bytes > 0 && progress.taken != call->seen_taken;
    call->seen_taken = progress.taken;
    return moved;
}

/* True if everything was received and sent: only the program can be late. */
static bool is_done(const struct leat_http_call *call)
{
    return leat_http_call_over(call) && call->whole;
}

/* ---- Start ----------------------------------------------------------------------------------- */

void call_clear(struct leat_http_call *call, const struct leat_http_request *request)
{
    call->request = *request;
    if (!request->method)
        call->request.method = LEAT_HTTP_GET;
    call->head_sent = 0;
    call->sent = 0;
    call->in_chunks = call->finished = call->whole = call->wants_room = false;
    call->fields_len = 0;
    call->interims = 0;
    call->begun = call->has_reply = call->until_close = call->told_over = false;
    call->reused = call->early = false;
    call->not_consumed = 0;
    http_response_start(&call->response);
}

/* Repeats the whole request on another connection. */
static enum leat_err repeat(struct leat_http_call *call)
{
    /* copied, because call_clear() overwrites it */
    const struct leat_http_request request = call->request;
    const bool finished = call->finished;

    call_drop_stream(call, false);
    call_clear(call, &request);
    /* the program has ended the body, and won't do it again */
    call->finished = finished;
    return call_connect(call);
}

void call_begin(struct leat_http_call *call)
{
    leat_debug_assert(call->stream.end != NULL);
    call->phase = CALL_ACTIVE;
    call->active_at_ns = now_ns(call);
    call->wants_room = call_streams(call);
    call->seen_taken = leat_stream_progress(&call->stream).taken;
    call_kick(call);
}

/* ---- End ------------------------------------------------------------------------------------- */

/* True if the request may be sent again. Nothing was received, and the connection was kept, so the
 * server may have closed it before the request arrived. Also, the request is idempotent (RFC 9110
 * 9.2.2), or nothing of it was sent. */
static bool may_repeat(const struct leat_http_call *call, enum leat_err why)
{
    const unsigned idempotent = LEAT_HTTP_GET | LEAT_HTTP_HEAD | LEAT_HTTP_PUT | LEAT_HTTP_DELETE;

    /* A timeout or a malformed reply wouldn't go away by a new connection. */
    if (!call->reused || call->request.open_only || call->begun || why == LEAT_ERR_TIMEOUT ||
        why == LEAT_ERR_FORMAT)
        return false;
    return call->head_sent == 0 ||
           ((call->request.method & idempotent) && call->request.body_len == 0);
}

static void count(struct leat_http_client_counts *counts, enum leat_err why)
{
    counts->failed++;
    counts->timeouts += why == LEAT_ERR_TIMEOUT;
    counts->refused += why == LEAT_ERR_FORMAT || why == LEAT_ERR_TOO_BIG;
}

/* Handles a failure: reports it to the program, or repeats the request if that does no harm. */
static void fail(struct leat_http_call *call, enum leat_err why)
{
    const uint32_t serial = call->serial;

    if (may_repeat(call, why)) {
        call->client->counts.retried++;
        why = repeat(call);
        if (!why)
            return;
    }
    count(&call->client->counts, why);
    call->phase = CALL_FAILED; /* keeps the place until on_failed has returned */
    leat_timer_cancel(call->client->stack, &call->timer);
    call->request.on_failed(call, why, call->request.arg);
    /* on_failed may start another call, but at another place, because this one is kept until
     * here */
    leat_assert(call->serial == serial && call->phase == CALL_FAILED);
    call_drop(call, false);
}

void leat_http_call_close(struct leat_http_call *call)
{
    struct leat_buf *data;

    leat_assert(call->phase != CALL_FREE && call->phase != CALL_KEPT && call->phase != CALL_FAILED);
    if (call->not_consumed > 0)
        leat_http_call_consumed(call, call->not_consumed);
    while (call->has_reply && call->whole && (data = leat_http_call_receive(call, UINT32_MAX))) {
        leat_http_call_consumed(call, leat_buf_total(data));
        leat_buf_free(data); /* so that the connection can be kept */
    }
    if (is_done(call))
        call_keep(call);
    else
        call_drop(call, false);
}

/* ---- Course ---------------------------------------------------------------------------------- */

static bool is_same(const struct leat_http_call *call, uint32_t serial)
{
    return call->serial == serial && call->phase == CALL_ACTIVE;
}

/* Calls the program for received data. False: the call is over. */
static bool tell_body(struct leat_http_call *call)
{
    const uint32_t serial = call->serial;
    const bool ready = call_body_ready(call);

    if (call->body.phase != HTTP_BODY_BAD &&
        (ready || (leat_http_call_over(call) && !call->told_over))) {
        /* set before the callback, which may end the call; set again after it, as it may have read
         * the rest */
        call->told_over = leat_http_call_over(call);
        if (call->request.on_body)
            call->request.on_body(call, call->request.arg);
        if (!is_same(call, serial))
            return false;
        call->told_over = leat_http_call_over(call);
    }
    if (call->body.phase == HTTP_BODY_BAD)
        fail(call, LEAT_ERR_FORMAT);
    else if (call->body.phase <= HTTP_BODY_FRAMING && !call->unread &&
             (!call->stream.end || leat_stream_at_end(&call->stream)))
        fail(call, call->stream.end ? LEAT_ERR_END : call->ended);
    return is_same(call, serial);
}

/* RFC 8470 5.2: after the handshake, repeats a request that was too early. */
static void ask_again(struct leat_http_call *call)
{
    enum leat_err err;

    leat_debug_assert(call->early);
    call->client->counts.too_early++;
    call->request.early = false;
    err = repeat(call);
    if (err)
        fail(call, err);
}

/* Continues reading the reply. False: the call is over. */
static bool tell_reply(struct leat_http_call *call)
{
    const uint32_t serial = call->serial;

    if (!call->has_reply) {
        const enum leat_err err = call_read_head(call);

        if (err)
            fail(call, err);
        if (err || !call->has_reply)
            return is_same(call, serial);
        if (call->early && call->response.status == TOO_EARLY) {
            ask_again(call);
            return false;
        }
        if (call->request.on_reply)
            call->request.on_reply(call, call->request.arg);
        if (!is_same(call, serial))
            return false;
    }
    return tell_body(call);
}

/* Tells the program that it can send. False: the call is over. */
static bool tell_writable(struct leat_http_call *call)
{
    const uint32_t serial = call->serial;

    if (!call->wants_room || !call->request.on_writable || !call_has_room(call))
        return true;
    call->wants_room = false;
    call->request.on_writable(call, call->request.arg);
    return is_same(call, serial);
}

/* True if a kept connection has ended or has data, which would be taken for the next reply (RFC
 * 9112 9.2). */
static bool is_stale(const struct leat_http_call *call)
{
    return !call->stream.end || leat_stream_readable(&call->stream) > 0 ||
           leat_stream_at_end(&call->stream);
}

/* Takes all steps that are possible now. */
static void run(struct leat_http_call *call)
{
    if (call->phase == CALL_KEPT && is_stale(call)) {
        call_drop(call, true);
        return;
    }
    if (call->phase != CALL_ACTIVE)
        return;
    /* The server closed the connection while it was kept. Nothing was sent, so fail() can repeat
     * any request. */
    if (call->reused && call->head_sent == 0 && is_stale(call)) {
        fail(call, LEAT_ERR_END);
        return;
    }
    if (call->stream.end)
        call_send_on(call);
    if (!tell_writable(call) || !tell_reply(call))
        return;
    if (call->stream.end)
        call_send_on(call); /* data that the program has finished meanwhile */
    if (!leat_timer_is_set(&call->timer) && !is_done(call))
        call_due(call, call->active_at_ns + call->client->config.stall_ns);
}

/* ---- Events ---------------------------------------------------------------------------------- */

/* Checks a call's deadline. False: it took too long. */
static bool is_in_time(struct leat_http_call *call)
{
    const uint64_t deadline_ns = call->request.deadline_ns;

    if (is_done(call))
        return true;
    if (deadline_ns && now_ns(call) >= deadline_ns)
        return false;
    if (now_ns(call) < call->active_at_ns + call->client->config.stall_ns)
        return true;
    /* a call that waits for the program isn't the server's fault */
    if (!has_taken(call) && !is_excused(call))
        return false;
    call->active_at_ns = now_ns(call);
    return true;
}

void call_on_time(struct leat_timer *timer, void *arg)
{
    struct leat_http_call *call = arg;

    (void)timer;
    if (call->phase == CALL_ACTIVE && is_in_time(call))
        run(call);
    else if (call->phase == CALL_KEPT && now_ns(call) >= call->due_ns)
        call_drop(call, true);
    else if (call->phase == CALL_ACTIVE ||
             (call->phase == CALL_OPENING && now_ns(call) >= call->due_ns))
        fail(call, LEAT_ERR_TIMEOUT);
    else if (call->phase == CALL_OPENING || call->phase == CALL_KEPT)
        call_due(call, call->due_ns);
}

void call_on_connected(struct leat_connecting *connecting, enum leat_err err, struct leat_tcp *conn,
                       void *arg)
{
    struct leat_http_call *call = arg;
    const struct leat_http_client_config *config = &call->client->config;
    const struct leat_stream below = leat_stream_of_tcp(conn);

    (void)connecting;
    call->phase = CALL_OPENING;
    if (err) {
        fail(call, err);
        return;
    }
    leat_tcp_set_nodelay(conn, true); /* requests are queued whole, or fill their segments */
    call->gone = false;
    call->stream = below;
    if (!call->secure) {
        leat_stream_set_events(&call->stream, &call_events, call);
        call->client->counts.connected++;
        call_begin(call);
        return;
    }
    err = config->tls_connect(config->tls, &below, &call->tls, &call->stream);
    if (err) {
        call->stream = below; /* for fail(), which ends it */
        fail(call, err);
        return;
    }
    leat_stream_set_events(&call->stream, &call_events, call);
    call_due(call, call->due_ns); /* the rest of connect_ns */
}

/* Notes how much of the head the server has accepted before the session was open. */
static void note_early(struct leat_http_call *call, const struct leat_tls_info *info)
{
    if (!call->tls.early)
        return;
    call->head_sent = (uint16_t)info->early_bytes;
    call->early = info->early_bytes > 0;
    call->client->counts.early += call->early;
}

/* Hands the session to the carrier, if the server has chosen its protocol. False: there is no place
 * for it. */
static bool carry(struct leat_http_call *call, const struct leat_tls_info *info)
{
    const struct leat_http_carrier *carrier = call->client->config.carrier;
    const struct leat_stream session = call->stream;
    size_t i = 0;

    if (!carrier)
        return true;
    while (info->protocol[i] && info->protocol[i] == carrier->protocol[i])
        i++;
    if (info->protocol[i] != carrier->protocol[i])
        return true;
    if (!carrier->begin(carrier->arg, &session, call->host, call->port, &call->stream))
        return false;
    call->session = session;
    leat_stream_set_events(&call->stream, &call_events, call);
    return true;
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct leat_http_call *call = arg;
    struct leat_tls_info info;

    (void)conn;
    if (call->phase != CALL_OPENING)
        return;
    call->client->counts.connected++;
    if (call->client->config.tls_info) {
        call->client->config.tls_info(&call->stream, &info);
        /* first: the part of the head that was accepted as early data must not be sent again */
        note_early(call, &info);
        if (!carry(call, &info)) {
            fail(call, LEAT_ERR_FULL);
            return;
        }
    }
    call_begin(call);
}

static void on_news(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    run(arg);
}

/* Handles the end of the stream. Received data of a reply stays for a slow program, and a complete
 * reply is no failure. */
static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct leat_http_call *call = arg;

    (void)conn;
    call->gone = true;
    if (call->phase == CALL_KEPT) {
        call_drop(call, true);
        return;
    }
    call->ended = why ? why : LEAT_ERR_END;
    if (call->phase == CALL_ACTIVE && (is_done(call) || (call->has_reply && call->unread)))
        call->stream.end = call->session.end = NULL;
    else
        fail(call, call->ended);
}

const struct leat_tcp_events call_events = {
    .on_open = on_open, .on_readable = on_news, .on_writable = on_news, .on_closed = on_closed};

const struct leat_stream *leat_http_call_stream(const struct leat_http_call *call)
{
    return call->session.end ? &call->session : &call->stream;
}

const struct leat_connecting *leat_http_call_connecting(const struct leat_http_call *call)
{
    return &call->connecting;
}
