/*
 * events.c -- the table of tls.rl, its only caller, and what its actions have asked for.
 *
 * tls_take(), which tools/fsmgen.py writes, stores the state, and nothing else does.  Its table has
 * two levels: a handshake takes so few transitions that half of the table is worth a load.
 */
#include "tls/tls.h"

#include "core/assert.h"

#define TLS_STATE_FIRST false
#define TLS_OBSERVE(from, event, next)                                                             \
    do {                                                                                           \
        if (session->tls->on_transition)                                                           \
            session->tls->on_transition(session->tls->watcher, from, (uint8_t)(event), next);      \
    } while (0)
#include "tls_table.inc" /* made from tls.rl */

void tls_fsm_start(struct tls_session *session)
{
    session->state = TLS_FIRST_STATE;
}

void tls_event(struct tls_session *session, enum tls_event event)
{
    struct tls_step step = {.follows = false};
    bool done = tls_take(session, &step, &session->state, event);

    /* at most: read, accepted or not, and what sending the answer has come to */
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
