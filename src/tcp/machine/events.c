/*
 * events.c -- the table of tcp.rl, its only caller, and the two actions that end a TCB.
 *
 * Only tcp_take(), which tools/fsmgen.py generates, stores the state. It does so before the actions
 * run, because the last one may end the TCB: actions find the connection in its next state.
 * test_fsmgen.py checks that delete_TCB and start_2MSL are the last actions of their transitions.
 */
#include "tcp/passive/time_wait.h"
#include "tcp/conn/table.h"
#include "tcp/tcp.h"

#define TCP_STATE_FIRST                true
#define TCP_OBSERVE(from, event, next) ((void)0) /* tcp_event() observes, off the fast path */
#include "tcp_table.inc"                         /* made from tcp.rl */

/* Takes the entry out of the table. The handle of a connection that the program holds stays, in
 * CLOSED. */
void tcp_delete_TCB(struct tcb *tcb, struct tcp_step *step)
{
    step->outcome = TCP_GONE;
    switch ((enum tcb_kind)tcb->kind) {
    case TCB_CONN:
        tcp_conn_bury(tcp_conn(tcb));
        break;
    case TCB_HALF:
        tcp_half_free(tcp_half(tcb));
        break;
    case TCB_TIME_WAIT:
        tcp_time_wait_free(step->tcp, (struct tcp_time_wait *)(void *)tcb);
        break;
    case TCB_LISTENER:
        tcp_unhash(step->tcp, tcb);
        break;
    case TCB_NONE:
        break;
    }
}

/* No entry is free, so the one that has waited longest ends early. That needs no entry, so one
 * event leads to one other, and that to none: NOLINTBEGIN(misc-no-recursion) */
COLD static __attribute__((noinline)) void recycle_oldest(struct tcp *tcp)
{
    struct tcp_step step = {.tcp = tcp};

    tcp->stack->stats.tcp_time_wait_recycled++;
    tcp_event(&tcp_time_wait_oldest(tcp)->tcb, &step, TCP_timeout_2MSL);
}

void tcp_start_2MSL(struct tcb *tcb, struct tcp_step *step)
{
    struct tcp *tcp = step->tcp;

    if (tcb->kind == TCB_TIME_WAIT) {
        tcp_time_wait_restart(tcp, (struct tcp_time_wait *)(void *)tcb);
        return;
    }
    step->outcome = TCP_GONE;
    if (!tcp->free_time_waits)
        recycle_oldest(tcp);
    tcp_time_wait_from(tcp_conn(tcb));
}

COLD static __attribute__((noinline)) void impossible(struct tcp_step *step)
{
    step->outcome = TCP_IMPOSSIBLE;
    if (step->segment)
        step->segment->counter = &step->tcp->stack->stats.drop_tcp_impossible;
}

static inline void take(struct tcb *tcb, struct tcp_step *step, enum tcp_event event)
{
    if (!tcp_take(tcb, step, &tcb->state, event))
        impossible(step);
}

/* Reports the transition to the observer, and takes it. */
COLD static __attribute__((noinline)) void take_observed(struct tcb *tcb, struct tcp_step *step,
                                                         enum tcp_event event)
{
    const struct leat_tcp_config *config = &step->tcp->config;
    const uint8_t next = tcp_transitions[tcb->state][event].next;

    if (next != 0)
        config->on_transition(config->on_transition_arg, tcb->state, (unsigned)event, next);
    take(tcb, step, event);
}

void tcp_event(struct tcb *tcb, struct tcp_step *step, enum tcp_event event)
{
    if (step->tcp->config.on_transition)
        take_observed(tcb, step, event);
    else
        take(tcb, step, event);
}
/* NOLINTEND(misc-no-recursion) */
