/* acme_fsm.h -- states, events and the type of an action of the state machine acme.rl. */
#ifndef ACME_ACME_FSM_H
#define ACME_ACME_FSM_H

#include "acme_states.h" /* generated from acme.rl: enum acme_state, enum acme_event */

struct leat_acme;
struct acme_step;

/* An action must not call the program or the table, because the new state is stored after it.  It
 * leaves a note in @step, on which acme_event() acts. */
#define ACME_PARAMETERS struct leat_acme *acme, struct acme_step *step
#define ACME_ARGUMENTS  acme, step
typedef void acme_action(ACME_PARAMETERS);

#define ACME_ACTION(name) acme_action acme_##name;
#include "acme_actions.inc" /* generated from acme.rl */
#undef ACME_ACTION

#endif
