/* tcp_fsm.h -- the state machine of tcp.rl: its states, its events, and an action's type. */
#ifndef TCP_TCP_FSM_H
#define TCP_TCP_FSM_H

#include "tcp_states.h" /* made from tcp.rl: enum tcp_state, enum tcp_event */

struct tcb;
struct tcp_step;

/* An action finds the next state already stored. It doesn't call the program. Only the last action
 * of a transition may free the TCB, and says so in @step->outcome. */
#define TCP_PARAMETERS struct tcb *tcb, struct tcp_step *step
#define TCP_ARGUMENTS  tcb, step
typedef void tcp_action(TCP_PARAMETERS);

/* Puts a new TCB into the initial state of tcp.rl: CLOSED. */
void tcp_fsm_start(struct tcb *tcb);

/* Takes the transition for @event; @step->outcome says whether @tcb still exists. A step may have
 * several events, until one of them frees the TCB. */
void tcp_event(struct tcb *tcb, struct tcp_step *step, enum tcp_event event);

#define TCP_ACTION(name) tcp_action tcp_##name;
#include "tcp_actions.inc" /* made from tcp.rl */
#undef TCP_ACTION

#endif
