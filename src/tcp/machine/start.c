/* start.c -- where tcp.rl begins: apart from its table, whose actions make and end connections. */
#include "tcp/entry/tcb.h"
#include "tcp/machine/tcp_fsm.h"

void tcp_fsm_start(struct tcb *tcb)
{
    tcb->state = TCP_FIRST_STATE;
}
