/*
 * stream.c -- an encrypted session as a stream: the functions that the program calls.
 *
 * These functions run inside of the program's calls, so they never call the program back. They
 * leave bits in session->news or ask for room below; the timer or the next event of the stream
 * below then delivers the event from leat_poll().
 */
#include "tls/tls.h"

enum {
    BUFFERS_LEFT = 8 /* buffers of the pool that sending leaves free */
};

/* ---- Sending --------------------------------------------------------------------------------- */

/* True if a server may send before the session is open, as the program has asked for early data
 * (2.3). */
static bool may_answer(const struct tls_session *session)
{
    return session->answers &&
           (session->state == TLS_WAIT_EOED || session->state == TLS_WAIT_FLIGHT2) &&
           session->write.sequence < session->tls->config.records_per_key;
}

static bool may_send(const struct tls_session *session)
{
    return session->state == TLS_CONNECTED || session->state == TLS_RECVD_CLOSE ||
           may_answer(session);
}

/* Payload of as many records as fit @room below. */
static uint32_t data_for(uint32_t room, uint32_t data_max)
{
    /* Whole records, and a shorter one in the room that is left, if it is more than the
     * overhead. */
    const uint32_t record = data_max + TLS_OVERHEAD, rest = room % record;

    return room / record * data_max + (rest > TLS_OVERHEAD ? rest - TLS_OVERHEAD : 0);
}

/* Payload of as many records as the pool's free buffers can hold. */
static uint32_t data_for_pool(const struct tls_session *session, uint32_t data_max)
{
    struct leat_pool *pool = leat_pool(session->tls->stack);
    const uint32_t size = leat_pool_buf_bytes(pool) - LEAT_BUF_HEADROOM;
    const uint32_t free_count = leat_pool_free_count(pool);
    /* Without some free buffers, no acknowledgement could be received, and none of those that wait
     * for one would be freed. */
    const uint32_t count = free_count > BUFFERS_LEFT ? free_count - BUFFERS_LEFT : 0;
    const uint32_t each = (data_max + TLS_OVERHEAD + size - 1) / size;

    if (count >=
        each) /* the divisor is at least 1: NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
        return count / each * data_max;
    return count > 0 ? count * size - TLS_OVERHEAD : 0;
}

/* There is room below, but the pool lacks buffers. The program gets on_writable after a while. */
static void await_pool(struct tls_session *session)
{
    session->pool_short = true;
    tls_session_retry(session);
}

static uint32_t send_room(void *end)
{
    struct tls_session *session = end;
    const uint32_t data_max = tls_data_max(session);
    uint32_t data, pool_data;

    /* Messages that are owed go first: data must not come before a key update, or behind an
     * alert. */
    if (!(session->is_open || may_answer(session)) || session->owed || session->unsent) {
        session->wanted = session->wanted > 0 ? session->wanted : 1;
        return 0;
    }
    if (!may_send(session))
        return 0;
    data = data_for(leat_stream_send_room(&session->below), data_max);
    pool_data = data_for_pool(session, data_max);
    if (data > 0 && pool_data > 0)
        return data < pool_data ? data : pool_data;
    session->wanted = session->wanted > 0 ? session->wanted : 1;
    if (data > 0)
        await_pool(session);
    else
        leat_stream_want_room(&session->below, 2 * TLS_OVERHEAD);
    return 0;
}

static void want_room(void *end, uint32_t bytes)
{
    struct tls_session *session = end;
    const uint32_t records = bytes / tls_data_max(session) + 1;

    session->wanted = bytes > 0 ? bytes : 1;
    if (session->is_open && may_send(session))
        leat_stream_want_room(&session->below, bytes + records * TLS_OVERHEAD);
}

/* 5.5: a key that has sealed records_per_key records is replaced by a key update. */
static void look_at_key(struct tls_session *session)
{
    if (session->write.sequence >= session->tls->config.records_per_key && session->is_open &&
        may_send(session) && !(session->owed & TLS_OWES_KEY_UPDATE)) {
        tls_event(session, TLS_key_is_worn);
        tls_flush(session);
    }
}

static bool is_scattered(const struct leat_buf *data)
{
    unsigned count = 0;

    for (; data; data = data->next)
        count++;
    /* tls->in has room for that many pieces of a record */
    return count > TLS_OPEN_PIECES;
}

/* Sends @data. If the stream below has less room than it had promised, the rest waits in
 * session->unsent, which is never more than that promise. */
static enum leat_err send_data(struct tls_session *session, struct leat_buf *data)
{
    session->unsent = data;
    if (leat_buf_total(data) == 0) {
        leat_buf_free(data);
        session->unsent = NULL;
    }
    tls_data_flush(session);
    look_at_key(session);
    return LEAT_OK;
}

/* Sends a list of many short pieces by copying them to few buffers. */
static enum leat_err send_scattered(struct tls_session *session, struct leat_buf *data)
{
    struct leat_buf *copy = tls_gather(session, data, leat_buf_total(data));

    if (copy)
        return send_data(session, copy);
    leat_buf_free(data);
    await_pool(session); /* a free buffer may come without any acknowledgement */
    return LEAT_ERR_FULL;
}

/* Arranges on_writable for when there is room for @bytes of data. */
static void ask_again(struct tls_session *session, uint32_t bytes)
{
    if (session->is_open && bytes > data_for_pool(session, tls_data_max(session)))
        await_pool(session);
    else
        want_room(session, bytes);
}

static enum leat_err refusal(const struct tls_session *session)
{
    return session->state == TLS_FAILED ? LEAT_ERR_CLOSED : LEAT_ERR_CLOSING;
}

static enum leat_err send(void *end, struct leat_buf *data)
{
    struct tls_session *session = end;
    const bool closed = session->is_open && !may_send(session);
    const uint32_t total = leat_buf_total(data);

    if (closed || total > send_room(session)) {
        if (!closed) /* send_room() records a wait only if it returns 0 */
            ask_again(session, total);
        leat_buf_free(data);
        return closed ? refusal(session) : LEAT_ERR_FULL;
    }
    return is_scattered(data) ? send_scattered(session, data) : send_data(session, data);
}

static enum leat_err write_bytes(void *end, const void *bytes, size_t len, size_t *taken)
{
    struct tls_session *session = end;
    struct leat_buf payload = {.data = NULL};
    uint32_t room;

    *taken = 0;
    if (session->is_open && !may_send(session))
        return refusal(session);
    room = send_room(session);
    if (room == 0)
        return len > 0 ? LEAT_ERR_FULL : LEAT_OK;
    *taken = len < room ? len : room;
    payload.data = (uint8_t *)(uintptr_t)bytes; /* only read */
    payload.len = (uint32_t)*taken;
    *taken = tls_data_send(session, &payload, payload.len);
    look_at_key(session);
    if (*taken < len) { /* on_writable follows */
        session->wanted = session->wanted > 0 ? session->wanted : 1;
        session->pool_short = true; /* in case buffers are lacking instead of room */
        tls_session_await(session, TLS_SEGMENT_DATA + TLS_OVERHEAD);
    }
    return *taken > 0 ? LEAT_OK : LEAT_ERR_FULL;
}

/* ---- Receiving ------------------------------------------------------------------------------- */

/* The pool has no descriptor to split the data: the program gets the same event again later. */
static struct leat_buf *tell_again(struct tls_session *session)
{
    if (session->is_open)
        session->news |= TLS_NEWS_READABLE;
    else
        session->news |= TLS_NEWS_EARLY;
    tls_session_retry(session);
    return NULL;
}

struct leat_buf *tls_stream_take(struct tls_session *session, uint32_t bytes_max)
{
    struct leat_buf *all, *data;

    if (!session->data)
        tls_session_pump(session);
    /* A call may ask for less than one record has. The rest stays opened in session->data. */
    all = data = session->data;
    session->data = NULL;
    if (session->data_bytes > bytes_max) {
        data = bytes_max > 0 ? leat_buf_slice(all, 0, bytes_max) : NULL;
        session->data = data ? leat_buf_consume(all, bytes_max) : all;
        if (!data && bytes_max > 0)
            return tell_again(session);
    }
    session->data_bytes -= leat_buf_total(data);
    /* Events that the pump has found, and records that it has left, are served in the next step of
     * callbacks. */
    if (session->news != 0 || (!session->data && leat_stream_readable(&session->below) > 0))
        tls_session_soon(session);
    return data;
}

static struct leat_buf *receive(void *end, uint32_t bytes_max)
{
    struct tls_session *session = end;

    /* Until then there is only early data, which may be a replay (8). leat_tls_receive_early()
     * gives it to programs that know that. */
    return session->is_open ? tls_stream_take(session, bytes_max) : NULL;
}

static void consumed(void *end, uint32_t bytes)
{
    struct tls_session *session = end;

    leat_stream_consumed(&session->below, bytes);
}

static uint32_t readable(const void *end)
{
    const struct tls_session *session = end;

    return session->is_open ? session->data_bytes : 0;
}

static bool at_end(const void *end)
{
    const struct tls_session *session = end;

    return !session->data && (session->state == TLS_RECVD_CLOSE || session->state == TLS_CLOSED);
}

/* ---- The end --------------------------------------------------------------------------------- */

static enum leat_err shut_down(void *end)
{
    struct tls_session *session = end;

    if (session->is_open ? !may_send(session) : session->state == TLS_FAILED)
        return refusal(session);
    tls_event(session, TLS_shutdown);
    tls_flush(session);
    return LEAT_OK;
}

static void abort_session(void *end)
{
    struct tls_session *session = end;

    if (session->err == LEAT_OK)
        session->err = LEAT_ERR_ABORTED;
    leat_stream_abort(&session->below);
}

static enum leat_err close_session(void *end)
{
    struct tls_session *session = end;

    /* From here on data of the peer is lost, of which a reset must tell it (RFC 1122 4.2.2.13). */
    session->deaf = true;
    if (session->data) {
        abort_session(session);
        return LEAT_OK;
    }
    shut_down(session);
    tls_session_due(session, leat_now_ns(session->tls->stack) + session->tls->config.linger_ns);
    tls_session_soon(session);
    return LEAT_OK;
}

static void set_events(void *end, const struct leat_tcp_events *events, void *arg)
{
    struct tls_session *session = end;

    session->events = events;
    session->arg = arg;
}

static struct leat_stream_progress progress(const void *end)
{
    return leat_stream_progress(&((const struct tls_session *)end)->below);
}

static struct leat *stack_of(const void *end)
{
    return ((const struct tls_session *)end)->tls->stack;
}

static struct leat_ip peer_of(const void *end)
{
    return leat_stream_peer(&((const struct tls_session *)end)->below);
}

const struct leat_stream_ops tls_stream_ops = {.send_room = send_room,
                                               .want_room = want_room,
                                               .send = send,
                                               .write = write_bytes,
                                               .receive = receive,
                                               .consumed = consumed,
                                               .readable = readable,
                                               .at_end = at_end,
                                               .shutdown = shut_down,
                                               .close = close_session,
                                               .abort = abort_session,
                                               .set_events = set_events,
                                               .progress = progress,
                                               .stack = stack_of,
                                               .peer = peer_of};
