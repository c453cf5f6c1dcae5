/* dhcp_fsm.h -- states, events and the type of an action of the state machine dhcp.rl. */
#ifndef DHCP_DHCP_FSM_H
#define DHCP_DHCP_FSM_H

#include "dhcp_states.h" /* generated from dhcp.rl: enum dhcp_state, enum dhcp_event */

struct leat_dhcp;
struct dhcp_step;

/* An action doesn't call the program, because the new state is stored after it. It leaves a
 * note in @step, and dhcp_event() acts on it. */
#define DHCP_PARAMETERS struct leat_dhcp *dhcp, struct dhcp_step *step
#define DHCP_ARGUMENTS  dhcp, step
typedef void dhcp_action(DHCP_PARAMETERS);

#define DHCP_ACTION(name) dhcp_action dhcp_##name;
#include "dhcp_actions.inc" /* generated from dhcp.rl */
#undef DHCP_ACTION

#endif
