/*
 * events.c -- the table of dhcp.rl, its only caller, and what its actions have asked for.
 *
 * transition[state][event]: which actions run, and the state that follows.  The state is stored
 * here and nowhere else.  All events come from the step of callbacks, so the program is called
 * right behind them.
 */
#include "dhcp/dhcp.h"

struct dhcp_transition {
    uint8_t run;  /* in dhcp_runs */
    uint8_t next; /* enum dhcp_state; 0: dhcp.rl has no line for it */
};

#include "dhcp_table.inc" /* made from dhcp.rl */

_Static_assert(DHCP_FIRST_STATE > 0, "0 says that there is no transition");

/* One transition; false: there is none. */
static bool step_once(struct leat_dhcp *dhcp, enum dhcp_event event, struct dhcp_step *step)
{
    const uint8_t from = dhcp->state;
    const struct dhcp_transition *transition = &dhcp_transitions[from][event];

    leat_debug_assert(transition->next); /* dhcp.rl claims that it can't be */
    if (transition->next == 0)
        return false;
    step->notes = 0;
    dhcp_runs[transition->run](dhcp, step);
    dhcp->state = transition->next;
    if (dhcp->config.on_transition)
        dhcp->config.on_transition(dhcp->config.arg, from, (uint8_t)event, dhcp->state);
    return true;
}

/* What the program answers, or what is if it isn't asked. */
static enum dhcp_event ask_program(struct leat_dhcp *dhcp)
{
    const struct leat_dhcp_config *config = &dhcp->config;

    return !config->on_lease || config->on_lease(dhcp, &dhcp->lease, config->arg)
               ? DHCP_lease_accepted
               : DHCP_lease_refused;
}

void dhcp_event(struct leat_dhcp *dhcp, enum dhcp_event event)
{
    struct dhcp_step step = {0};
    bool done = step_once(dhcp, event, &step);

    /* at most: asked, accepted, not to be had */
    while (done && step.notes & (DHCP_NOTE_ASK | DHCP_NOTE_FAILED)) {
        event = step.notes & DHCP_NOTE_ASK ? ask_program(dhcp) : DHCP_lease_refused;
        done = step_once(dhcp, event, &step);
    }
    dhcp_set_timer(dhcp);
    if (done && step.notes & DHCP_NOTE_TELL && dhcp->config.on_news)
        dhcp->config.on_news(dhcp, step.news, step.with_lease ? &dhcp->lease : 0, dhcp->config.arg);
}
