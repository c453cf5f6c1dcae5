/* session.c -- an encrypted session on the stream below: deadlines, events, start and end. */
#include "tls/tls.h"

#include "tls/places.h"

static uint64_t now_of(const struct tls_session *session)
{
    return leat_now_ns(session->tls->stack);
}

static bool is_over(const struct tls_session *session)
{
    return session->state == TLS_FAILED || session->state == TLS_CLOSED;
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* True if the peer has still not received everything that was sent before the close, but made
 * progress within record_ns. Then the stream stays, as a closed one of TCP does. */
static bool takes_the_rest(struct tls_session *session)
{
    const struct leat_stream_progress progress = leat_stream_progress(&session->below);
    const struct leat_tls_config *config = &session->tls->config;

    if (progress.queued_bytes == 0)
        return false;
    session->stalls = progress.taken == session->taken ? (uint8_t)(session->stalls + 1) : 0;
    session->taken = progress.taken;
    return session->stalls < UINT8_MAX && session->stalls * config->linger_ns < config->record_ns;
}

/* Handles the end of a deadline. */
static void time_out(struct tls_session *session)
{
    session->due_ns = LEAT_NEVER_NS;
    if (!session->is_open && !is_over(session)) {
        tls_event(session, TLS_timeout);
    } else if ((session->state == TLS_CLOSED &&
                session->data) || /* the program hasn't taken its data yet */
               ((is_over(session) || session->deaf) && takes_the_rest(session))) {
        tls_session_linger(session);
    } else {
        if (!is_over(session) && !session->deaf) {
            session->tls->counts.timeouts++;
            session->err = LEAT_ERR_TIMEOUT;
            session->why = "the peer took too long for a record";
        }
        leat_stream_abort(&session->below);
    }
}

/* ---- Receiving ------------------------------------------------------------------------------- */

void tls_session_pump(struct tls_session *session)
{
    /* An open session opens no further record while the program has data to take, so that the
     * window below closes. No record is opened before our own flight was sent, because the keys for
     * reading change with it. */
    while (!is_over(session) && session->state != TLS_RECVD_CLOSE &&
           (!session->data || !session->is_open) && !(session->owed & TLS_OWES_FLIGHT) &&
           tls_record_next(session))
        if (!session->is_open)
            tls_flush(session);
    tls_flush(
        session); /* sends an alert, or one answer to all key updates received so far (4.6.3) */
    if (is_over(session) || session->state == TLS_RECVD_CLOSE)
        tls_session_drain(session);
}

/* Calls the program's events. True: at least one was due. */
static bool tell(struct tls_session *session)
{
    struct leat_tcp *conn = leat_stream_tcp(&session->below);
    const struct leat_tls_config *config = &session->tls->config;
    /* A copy: a callback may cause further events, which the next round of serve() delivers. */
    const uint8_t news = session->news;

    session->news = 0;
    if ((news & TLS_NEWS_EARLY) && !session->is_open && !is_over(session) && config->on_early)
        config->on_early(session->arg);
    if ((news & TLS_NEWS_OPEN) && session->events->on_open)
        session->events->on_open(conn, session->arg);
    if ((news & TLS_NEWS_READABLE) && session->events->on_readable)
        session->events->on_readable(conn, session->arg);
    if ((news & TLS_NEWS_WRITABLE) && session->events->on_writable)
        session->events->on_writable(conn, session->arg);
    return news != 0;
}

/* Does everything that is possible now. Runs in the step of callbacks. */
static void serve(struct tls_session *session)
{
    /* A callback may take data or send, after which more can be opened or sealed. */
    do {
        tls_flush(session);
        tls_session_pump(session);
    } while (tell(session) && !session->data && !is_over(session));
}

static void below_changed(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    serve(arg);
}

static void below_writable(struct leat_tcp *conn, void *arg)
{
    struct tls_session *session = arg;

    (void)conn;
    if (tls_flush(session) && session->wanted > 0 && session->is_open) {
        session->wanted = 0;
        session->news |= TLS_NEWS_WRITABLE;
    }
    serve(session);
}

/* A stream that ends in order before the session was cut short. That may be noticed only here, if
 * the program still has data to take. */
static enum leat_err last_word(struct tls_session *session, enum leat_err why)
{
    if (session->err != LEAT_OK)
        return (enum leat_err)session->err;
    if (session->state == TLS_CLOSED && (why == LEAT_ERR_RESET || why == LEAT_ERR_ABORTED))
        return LEAT_OK; /* both sides have sent everything, and one doesn't wait for the stream's
                           end */
    if (session->state == TLS_CLOSED || why != LEAT_OK)
        return why;
    session->tls->counts.cut_short++;
    session->why = "the stream ended without close_notify";
    return LEAT_ERR_CUT_SHORT;
}

static void release(struct tls_session *session)
{
    struct leat_tls *tls = session->tls;

    leat_timer_cancel(tls->stack, &session->timer);
    if (session->handshake)
        tls_handshake_release(session);
    leat_buf_free(session->data);
    leat_buf_free(session->unsent);
    leat_buf_free(session->incoming);
    tls_session_give(session);
}

static void below_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct tls_session *session = arg;

    /* The program may still ask for the session's info in its callback, so the memory goes last. */
    if (session->events->on_closed)
        session->events->on_closed(conn, last_word(session, why), session->arg);
    release(session);
}

/* An open session that its program doesn't end gets a close_notify. A handshake that has stopped is
 * ended by the stream below. */
static bool below_drains(struct leat_tcp *conn, bool quiet, void *arg)
{
    struct tls_session *session = arg;

    if (session->events->on_drain && session->events->on_drain(conn, quiet, session->arg))
        return true;
    if (!quiet || !session->is_open ||
        (session->state != TLS_CONNECTED && session->state != TLS_RECVD_CLOSE))
        return false;
    tls_event(session, TLS_shutdown);
    tls_flush(session);
    return true;
}

const struct leat_tcp_events tls_below_events = {.on_open = below_changed,
                                                 .on_readable = below_changed,
                                                 .on_writable = below_writable,
                                                 .on_closed = below_closed,
                                                 .on_drain = below_drains};

/* Sets the deadlines late, because a session may begin before the first poll, when the time is
 * unknown. */
static void begin_time(struct tls_session *session)
{
    if (session->timed || session->is_open || is_over(session))
        return;
    session->timed = true;
    session->end_ns = now_of(session) + session->tls->config.handshake_ns;
    tls_session_renew(session);
}

static void on_time(struct leat_timer *timer, void *arg)
{
    struct tls_session *session = arg;

    (void)timer;
    session->wakes_ns = LEAT_NEVER_NS;
    begin_time(session);
    if (session->due_ns <= now_of(session))
        time_out(session);
    if (session->pool_short && session->is_open) {
        session->pool_short = false;
        session->wanted = 0;
        session->news |= TLS_NEWS_WRITABLE;
    }
    serve(session);
    /* The timer has fired, so a deadline that is still ahead needs it again. */
    if (session->due_ns != LEAT_NEVER_NS)
        tls_session_due(session, session->due_ns);
}

/* ---- Start and end --------------------------------------------------------------------------- */

void tls_session_start(struct tls_session *session, const struct leat_stream *below)
{
    static const struct leat_tcp_events nothing;
    const struct leat_tls_client *client = session->handshake ? session->handshake->client : NULL;

    session->below = *below;
    /* until the program sets its own */
    session->events = &nothing;
    session->generation = leat_generation(session->tls->stack);
    session->server = !session->handshake;
    session->ticket = client ? client->ticket : NULL;
    session->data_max = WIRE_TLS_PLAINTEXT_MAX;
    session->why = "";
    session->timer.on_time = on_time;
    session->timer.arg = session;
    session->wakes_ns = LEAT_NEVER_NS;
    tls_fsm_start(session);
    leat_stream_set_events(below, &tls_below_events, session);
    session->due_ns = LEAT_NEVER_NS;
    tls_session_soon(session); /* data may be there already */
}

void tls_session_drop(struct tls_session *session)
{
    static const struct leat_tcp_events nothing;
    const struct leat_stream below = session->below;

    leat_stream_set_events(&below, &nothing, NULL);
    leat_stream_abort(&below);
    release(session);
}
