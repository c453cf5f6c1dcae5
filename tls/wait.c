/*
 * wait.c -- what an encrypted session waits for: time, room, memory, the end of the stream below.
 *
 * A session has one timer. It is only ever set to an earlier time; on_time() of session.c looks at
 * all that may be due, and sets it again for the deadline of the current phase.
 */
#include "tls/tls.h"

static const uint64_t retry_ns = 10000000; /* time until a descriptor may be free */

static uint64_t now_of(const struct tls_session *session)
{
    return leat_now_ns(session->tls->stack);
}

static void wake_at(struct tls_session *session, uint64_t at_ns)
{
    if (at_ns >= session->wakes_ns)
        return;
    session->wakes_ns = at_ns;
    leat_timer_set(session->tls->stack, &session->timer, at_ns);
}

void tls_session_soon(struct tls_session *session)
{
    wake_at(session, now_of(session));
}

void tls_session_retry(struct tls_session *session)
{
    wake_at(session, now_of(session) + retry_ns);
}

void tls_session_await(struct tls_session *session, uint32_t room)
{
    if (leat_stream_send_room(&session->below) < room)
        leat_stream_want_room(&session->below, room);
    else
        tls_session_retry(session);
}

void tls_session_due(struct tls_session *session, uint64_t at_ns)
{
    session->due_ns = at_ns;
    wake_at(session, at_ns);
}

void tls_session_linger(struct tls_session *session)
{
    if (session->handshake)
        tls_handshake_release(session);
    tls_session_due(session, now_of(session) + session->tls->config.linger_ns);
}

void tls_session_drain(struct tls_session *session)
{
    struct leat_buf *lost;

    /* Data that stays in the stream would close the window, and the end behind it would never
     * arrive. */
    while ((lost = leat_stream_receive(&session->below, UINT32_MAX)) != NULL) {
        const uint32_t len = leat_buf_total(lost);

        leat_buf_free(lost);
        leat_stream_consumed(&session->below, len);
    }
}
