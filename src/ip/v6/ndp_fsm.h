/* ndp_fsm.h -- the state machine of ndp.rl: its states, its events, and the type of an action. */
#ifndef IP_V6_NDP_FSM_H
#define IP_V6_NDP_FSM_H

#include "ndp_states.h" /* made from ndp.rl: enum ndp_state, enum ndp_event */

struct leat;
struct ndp_step;
struct neighbour6;

#define NDP_PARAMETERS struct leat *stack, struct neighbour6 *n, struct ndp_step *step
#define NDP_ARGUMENTS  stack, n, step
typedef void ndp_action(NDP_PARAMETERS);

#define NDP_ACTION(name) ndp_action ndp_##name;
#include "ndp_actions.inc" /* made from ndp.rl */
#undef NDP_ACTION

#endif
