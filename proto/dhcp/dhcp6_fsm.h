/* dhcp6_fsm.h -- states, events and the type of an action of the state machine dhcp6.rl. */
#ifndef DHCP_DHCP6_FSM_H
#define DHCP_DHCP6_FSM_H

#include "dhcp6_states.h" /* generated from dhcp6.rl: enum dhcp6_state, enum dhcp6_event */

struct leat_dhcp6;
struct dhcp6_step;

/* An action doesn't call the program, because the new state is stored after it. It leaves a
 * note in @step, and dhcp6_event() acts on it. */
#define DHCP6_PARAMETERS struct leat_dhcp6 *dhcp6, struct dhcp6_step *step
#define DHCP6_ARGUMENTS  dhcp6, step
typedef void dhcp6_action(DHCP6_PARAMETERS);

#define DHCP6_ACTION(name) dhcp6_action dhcp6_##name;
#include "dhcp6_actions.inc" /* generated from dhcp6.rl */
#undef DHCP6_ACTION

#endif
