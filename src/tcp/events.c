/* events.c -- who calls the table, and does what its actions have asked for. */
#include "tcp/tcp.h"

/* delete_TCB: the entry leaves the table.  A connection that the program holds stays, as a handle
 * in CLOSED. */
static void bury(struct tcb *tcb, struct tcp *tcp)
{
    switch ((enum tcb_kind)tcb->kind) {
    case TCB_CONN:
        tcp_conn_bury(tcp_conn(tcb));
        break;
    case TCB_HALF:
        tcp_half_free(tcp_half(tcb));
        break;
    case TCB_TIME_WAIT:
        tcp_time_wait_free(tcp, (struct tcp_time_wait *)(void *)tcb);
        break;
    case TCB_LISTENER:
        tcp_unhash(tcp, tcb);
        break;
    case TCB_NONE:
        break;
    }
}

enum tcp_outcome tcp_event(struct tcb *tcb, enum tcp_event event, struct tcp_step *step)
{
    const struct leat_tcp_config *config = &step->tcp->config;
    const uint8_t before = tcb->state;

    if (!tcp_fsm_step(tcb, event, step)) {
        leat_debug_assert(false); /* tcp.rl claims that it can't be */
        return TCP_IMPOSSIBLE;
    }
    if (config->on_transition)
        config->on_transition(config->on_transition_arg, before, event, tcb->state);
    if (step->delete_TCB) {
        step->delete_TCB = false;
        bury(tcb, step->tcp);
        return TCP_GONE;
    }
    if (step->start_2MSL) {
        step->start_2MSL = false;
        if (tcb->kind == TCB_TIME_WAIT) {
            tcp_time_wait_restart(step->tcp, (struct tcp_time_wait *)(void *)tcb);
            return TCP_ALIVE;
        }
        tcp_time_wait_from(tcp_conn(tcb));
        return TCP_GONE;
    }
    return TCP_ALIVE;
}
