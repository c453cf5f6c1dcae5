/*
 * events.c -- the table of tls.rl, its only caller, and what its actions have asked for.
 *
 * transition[place[state][event]]: which actions run, and the state that follows; a handshake has
 * so few that half of the table is worth a load.  The state is stored here and nowhere else.
 */
#include "tls/tls.h"

#include "core/assert.h"

struct tls_transition {
    uint8_t run;  /* in tls_runs */
    uint8_t next; /* enum tls_state; 0: tls.rl has no line for it */
};

#include "tls_table.inc" /* made from tls.rl */

_Static_assert(TLS_FIRST_STATE > 0, "0 says that there is no transition");

void tls_fsm_start(struct tls_session *session)
{
    session->state = TLS_FIRST_STATE;
}

/* One transition; false: there is none. */
static bool step_once(struct tls_session *session, enum tls_event event, struct tls_step *step)
{
    const uint8_t from = session->state;
    const struct tls_transition *transition = &tls_transitions[tls_places[from][event]];

    leat_debug_assert(transition->next); /* tls.rl claims that it can't be */
    if (transition->next == 0)
        return false;
    tls_runs[transition->run](session, step);
    session->state = transition->next;
    if (session->tls->on_transition)
        session->tls->on_transition(session->tls->watcher, from, (uint8_t)event, session->state);
    return true;
}

void tls_event(struct tls_session *session, enum tls_event event)
{
    struct tls_step step = {.follows = false};
    bool done = step_once(session, event, &step);

    /* at most: read, accepted or not, and what sending the answer has come to */
    while (done && step.follows) {
        step.follows = false;
        done = step_once(session, (enum tls_event)step.next, &step);
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
