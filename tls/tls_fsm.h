/* tls_fsm.h -- states, events and actions of the state machine tls.rl. */
#ifndef TLS_TLS_FSM_H
#define TLS_TLS_FSM_H

#include "tls_states.h" /* generated from tls.rl: enum tls_state, enum tls_event */

struct tls_session;
struct tls_step;

/* An action must not call the program or the table, because the new state is stored after it. It
 * leaves a note in @step, on which tls_event() acts. */
#define TLS_PARAMETERS struct tls_session *session, struct tls_step *step
#define TLS_ARGUMENTS  session, step
typedef void tls_action(TLS_PARAMETERS);

#define TLS_ACTION(name) tls_action tls_##name;
#include "tls_actions.inc" /* generated from tls.rl */
#undef TLS_ACTION

#endif
