/*
 * events.c -- the table of tcp.rl, its only caller, and the two actions that end a TCB.
 *
 * transition[state][event]: which actions run, and the state that follows.  The state is stored
 * here and nowhere else, before the actions run: they find the connection in the state that
 * follows, and the last one may end the TCB.  test_fsmgen.py asks that delete_TCB and start_2MSL
 * are the last of their lines.
 */
#include "tcp/entry/time_wait.h"
#include "tcp/entry/table.h"
#include "tcp/tcp.h"

struct tcp_transition {
    uint8_t run;  /* in tcp_runs */
    uint8_t next; /* enum tcp_state; 0: tcp.rl has no line for it */
};

#include "tcp_table.inc" /* made from tcp.rl */

/* The entry leaves the table.  A connection that the program holds stays, as a handle in CLOSED. */
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

/* There is no entry left: the one that has waited longest ends early.  That asks for nothing more,
 * so one event leads to one other, and that to none: NOLINTBEGIN(misc-no-recursion) */
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
    leat_debug_assert(false); /* tcp.rl claims that it can't be */
    step->outcome = TCP_IMPOSSIBLE;
    if (step->segment)
        step->segment->counter = &step->tcp->stack->stats.drop_tcp_impossible;
}

/* Takes the transition. */
static inline void take(struct tcb *tcb, const struct tcp_transition *transition,
                        struct tcp_step *step)
{
    tcb->state = transition->next;
    tcp_runs[transition->run](tcb, step);
}

/* The same for who wants to be told. */
COLD static __attribute__((noinline)) void
take_watched(struct tcb *tcb, const struct tcp_transition *transition, struct tcp_step *step)
{
    const struct leat_tcp_config *config = &step->tcp->config;
    const unsigned event = (unsigned)(transition - tcp_transitions[tcb->state]);

    config->on_transition(config->on_transition_arg, tcb->state, event, transition->next);
    take(tcb, transition, step);
}

void tcp_event(struct tcb *tcb, struct tcp_step *step, enum tcp_event event)
{
    const struct tcp_transition *transition = &tcp_transitions[tcb->state][event];

    if (transition->next == 0)
        impossible(step);
    else if (step->tcp->config.on_transition)
        take_watched(tcb, transition, step);
    else
        take(tcb, transition, step);
}
/* NOLINTEND(misc-no-recursion) */
