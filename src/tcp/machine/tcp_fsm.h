/* tcp_fsm.h -- the state machine of tcp.rl: its states, its events, and an action's type. */
#ifndef TCP_TCP_FSM_H
#define TCP_TCP_FSM_H

#include "tcp_states.h" /* made from tcp.rl: enum tcp_state, enum tcp_event */

struct tcb;
struct tcp_step;

/* An action finds the state that follows already stored. It doesn't call the program, and only the
 * last one of a line may free the TCB: then @step->outcome says so. */
#define TCP_PARAMETERS struct tcb *tcb, struct tcp_step *step
#define TCP_ARGUMENTS  tcb, step
typedef void tcp_action(TCP_PARAMETERS);

/* Puts a new TCB into the state in which tcp.rl begins: CLOSED. */
void tcp_fsm_start(struct tcb *tcb);

/* Gives @event to the table; @step->outcome says if @tcb is still there.  A step may have several
 * events, until one ends it. */
void tcp_event(struct tcb *tcb, struct tcp_step *step, enum tcp_event event);

#define TCP_ACTION(name) tcp_action tcp_##name;
#include "tcp_actions.inc" /* made from tcp.rl */
#undef TCP_ACTION

#endif
