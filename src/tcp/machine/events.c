/*
 * events.c -- the table of tcp.rl, its only caller, and what its actions have asked for.
 *
 * transition[state][event]: which actions run, and the state that follows.  The state is stored
 * here and nowhere else.
 */
#include "tcp/entry/time_wait.h"
#include "tcp/tcp.h"

struct tcp_transition {
    uint8_t run;  /* in tcp_runs */
    uint8_t next; /* enum tcp_state; 0: tcp.rl has no line for it */
};

#include "tcp_table.inc" /* made from tcp.rl */

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

/* There is no entry left: the one that has waited longest ends early.  That asks for nothing more,
 * so one event leads to one other, and that to none: NOLINTBEGIN(misc-no-recursion) */
COLD static __attribute__((noinline)) void recycle_oldest(struct tcp *tcp)
{
    struct tcp_step step = {.tcp = tcp};

    tcp->stack->stats.tcp_time_wait_recycled++;
    tcp_event(&tcp_time_wait_oldest(tcp)->tcb, TCP_timeout_2MSL, &step);
}

static enum tcp_outcome start_2MSL(struct tcb *tcb, struct tcp *tcp)
{
    if (tcb->kind == TCB_TIME_WAIT) {
        tcp_time_wait_restart(tcp, (struct tcp_time_wait *)(void *)tcb);
        return TCP_ALIVE;
    }
    if (!tcp->free_time_waits)
        recycle_oldest(tcp);
    tcp_time_wait_from(tcp_conn(tcb));
    return TCP_GONE;
}

/* What the actions have asked for, now that the state is stored. */
static __attribute__((noinline)) enum tcp_outcome do_notes(struct tcb *tcb, struct tcp_step *step)
{
    const unsigned notes = step->notes;

    step->notes = 0;
    if (!(notes & NOTE_DELETE_TCB))
        return start_2MSL(tcb, step->tcp);
    bury(tcb, step->tcp);
    return TCP_GONE;
}

COLD static __attribute__((noinline)) enum tcp_outcome impossible(struct tcp_step *step)
{
    leat_debug_assert(false); /* tcp.rl claims that it can't be */
    if (step->segment)
        step->segment->counter = &step->tcp->stack->stats.drop_tcp_impossible;
    return TCP_IMPOSSIBLE;
}

/* Takes the transition: its actions run, and then the state is stored. */
static inline void take(struct tcb *tcb, const struct tcp_transition *transition,
                        struct tcp_step *step)
{
    const uint8_t next = transition->next;

    tcp_runs[transition->run](tcb, step);
    tcb->state = next;
}

/* The same for who wants to be told. */
COLD static __attribute__((noinline)) void
take_watched(struct tcb *tcb, const struct tcp_transition *transition, struct tcp_step *step)
{
    const struct leat_tcp_config *config = &step->tcp->config;
    const uint8_t state = tcb->state;
    const unsigned event = (unsigned)(transition - tcp_transitions[state]);

    take(tcb, transition, step);
    config->on_transition(config->on_transition_arg, state, event, transition->next);
}

enum tcp_outcome tcp_event(struct tcb *tcb, enum tcp_event event, struct tcp_step *step)
{
    const struct tcp_transition *transition = &tcp_transitions[tcb->state][event];

    if (transition->next == 0)
        return impossible(step);
    if (step->tcp->config.on_transition)
        take_watched(tcb, transition, step);
    else
        take(tcb, transition, step);
    return step->notes ? do_notes(tcb, step) : TCP_ALIVE;
}
/* NOLINTEND(misc-no-recursion) */
