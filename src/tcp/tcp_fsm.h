/* tcp_fsm.h -- the state machine that Ragel makes of tcp.rl. */
#ifndef TCP_TCP_FSM_H
#define TCP_TCP_FSM_H

#include <stdbool.h>

#include "tcp_states.h" /* made from tcp.rl: enum tcp_state, enum tcp_event */

struct tcb;
struct tcp_step;

/* Puts a new TCB into the state in which tcp.rl begins: CLOSED. */
void tcp_fsm_start(struct tcb *tcb);

/* Gives one event to the connection: runs the actions, then stores the new state.  False: tcp.rl
 * has no line for it, nothing has happened.  Because the state is stored last, an action neither
 * frees the TCB nor calls the program: it makes a note, and who called the step acts on it. */
bool tcp_fsm_step(struct tcb *tcb, enum tcp_event event, struct tcp_step *step);

/* The actions, one function each. */
#define TCP_ACTION(name) void tcp_##name(struct tcb *tcb, struct tcp_step *step);
#include "tcp_actions.inc" /* made from tcp.rl */
#undef TCP_ACTION

#endif
