/*
 * events.c -- the table of dhcp.rl, its only caller, and the notes of its actions.
 *
 * Only dhcp_take(), which tools/fsmgen.py generates, stores the state. All events come from the
 * callback phase of a turn, so the program is called immediately after them.
 */
#include "proto/dhcp/dhcp.h"

#define DHCP_STATE_FIRST false
#define DHCP_OBSERVE(from, event, next)                                                            \
    do {                                                                                           \
        if (dhcp->config.on_transition)                                                            \
            dhcp->config.on_transition(dhcp->config.arg, from, (uint8_t)(event), next);            \
    } while (0)
#include "dhcp_table.inc" /* generated from dhcp.rl */

/* The program's answer, or the default if it has no callback for it. */
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
    bool done = dhcp_take(dhcp, &step, &dhcp->state, event);

    /* at most three times: asked, accepted, no room in the stack */
    while (done && step.notes & (DHCP_NOTE_ASK | DHCP_NOTE_FAILED)) {
        event = step.notes & DHCP_NOTE_ASK ? ask_program(dhcp) : DHCP_lease_refused;
        step.notes = 0;
        done = dhcp_take(dhcp, &step, &dhcp->state, event);
    }
    dhcp_set_timer(dhcp);
    if (done && step.notes & DHCP_NOTE_TELL && dhcp->config.on_news)
        dhcp->config.on_news(dhcp, step.news, step.with_lease ? &dhcp->lease : 0, dhcp->config.arg);
}
