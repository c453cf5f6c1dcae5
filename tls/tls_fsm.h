/* tls_fsm.h -- the state machine of tls.rl: its states, its events, and an action's type. */
#ifndef TLS_TLS_FSM_H
#define TLS_TLS_FSM_H

#include "tls_states.h" /* made from tls.rl: enum tls_state, enum tls_event */

struct tls_session;
struct tls_step;

/* Because the state is stored after it, an action calls neither the program nor the table: it
 * leaves a note in @step, and tls_event() acts on it. */
#define TLS_PARAMETERS struct tls_session *session, struct tls_step *step
#define TLS_ARGUMENTS  session, step
typedef void tls_action(TLS_PARAMETERS);

#define TLS_ACTION(name) tls_action tls_##name;
#include "tls_actions.inc" /* made from tls.rl */
#undef TLS_ACTION

#endif
