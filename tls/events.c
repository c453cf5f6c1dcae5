/*
 * events.c -- the table of tls.rl and its only caller.
 *
 * Only tls_take(), which tools/fsmgen.py generates, stores the state. Its table has two levels: a
 * handshake takes so few transitions that one more load is worth half the size.
 */
#include "tls/tls.h"

#include "core/assert.h"

#define TLS_STATE_FIRST false
#define TLS_OBSERVE(from, event, next)                                                             \
    do {                                                                                           \
        if (session->tls->on_transition)                                                           \
            session->tls->on_transition(session->tls->watcher, from, (uint8_t)(event), next);      \
    } while (0)
#include "tls_table.inc" /* generated from tls.rl */

void tls_fsm_start(struct tls_session *session)
{
    session->state = TLS_FIRST_STATE;
}

void tls_event(struct tls_session *session, enum tls_event event)
{
    struct tls_step step = {.follows = false};
    bool done = tls_take(session, &step, &session->state, event);

    /* three rounds at most: a message is read, accepted or refused, and its answer may fail */
    while (done && step.follows) {
        step.follows = false;
        done = tls_take(session, &step, &session->state, (enum tls_event)step.next);
    }
    if (session->state == TLS_FAILED || session->state == TLS_CLOSED)
        tls_session_linger(session);
}

void tls_break(struct tls_session *session, uint8_t alert, const char *why)
{
    struct tls_step step;

    tls_flaw(session, &step, alert, why);
    tls_event(session, (enum tls_event)step.next);
}
