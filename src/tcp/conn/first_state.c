/* first_state.c -- the initial state of tcp.rl. It is apart from the table of tcp.rl, whose actions
 * create and end connections, so that this folder doesn't call upwards. */
#include "tcp/conn/tcb.h"
#include "tcp/machine/tcp_fsm.h"

void tcp_fsm_start(struct tcb *tcb)
{
    tcb->state = TCP_FIRST_STATE;
}
