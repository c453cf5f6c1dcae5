/* dhcp_fsm.h -- the state machine of dhcp.rl: its states, its events, and an action's type. */
#ifndef DHCP_DHCP_FSM_H
#define DHCP_DHCP_FSM_H

#include "dhcp_states.h" /* made from dhcp.rl: enum dhcp_state, enum dhcp_event */

struct leat_dhcp;
struct dhcp_step;

/* Because the state is stored after it, an action doesn't call the program: it leaves a note in
 * @step, and dhcp_event() acts on it. */
#define DHCP_PARAMETERS struct leat_dhcp *dhcp, struct dhcp_step *step
#define DHCP_ARGUMENTS  dhcp, step
typedef void dhcp_action(DHCP_PARAMETERS);

#define DHCP_ACTION(name) dhcp_action dhcp_##name;
#include "dhcp_actions.inc" /* made from dhcp.rl */
#undef DHCP_ACTION

#endif
