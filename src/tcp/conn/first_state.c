/* first_state.c -- the state in which tcp.rl begins. The table of tcp.rl, whose actions make and
 * end connections, is above this. */
#include "tcp/conn/tcb.h"
#include "tcp/machine/tcp_fsm.h"

void tcp_fsm_start(struct tcb *tcb)
{
    tcb->state = TCP_FIRST_STATE;
}
