/*
 * events6.c -- the table of dhcp6.rl, its only caller, and what its actions have asked for.
 *
 * transition[state][event]: which actions run, and the state that follows.  The state is stored
 * here and nowhere else.  All events come from the step of callbacks, so the program is called
 * right behind them.
 */
#include "dhcp/dhcp6.h"

struct dhcp6_transition {
    uint8_t run;  /* in dhcp6_runs */
    uint8_t next; /* enum dhcp6_state; 0: dhcp6.rl has no line for it */
};

#include "dhcp6_table.inc" /* made from dhcp6.rl */

_Static_assert(DHCP6_FIRST_STATE > 0, "0 says that there is no transition");

/* One transition; false: there is none. */
static bool step_once(struct leat_dhcp6 *dhcp6, enum dhcp6_event event, struct dhcp6_step *step)
{
    const uint8_t from = dhcp6->state;
    const struct dhcp6_transition *transition = &dhcp6_transitions[from][event];

    leat_debug_assert(transition->next); /* dhcp6.rl claims that it can't be */
    if (transition->next == 0)
        return false;
    step->notes = 0;
    dhcp6_runs[transition->run](dhcp6, step);
    dhcp6->state = transition->next;
    if (dhcp6->config.on_transition)
        dhcp6->config.on_transition(dhcp6->config.arg, from, (uint8_t)event, dhcp6->state);
    return true;
}

void dhcp6_event(struct leat_dhcp6 *dhcp6, enum dhcp6_event event)
{
    struct dhcp6_step step = {0};
    bool done = step_once(dhcp6, event, &step);

    if (done && step.notes & DHCP6_NOTE_FAILED) /* what was to be told is so no more */
        done = step_once(dhcp6, DHCP6_address_refused, &step);
    dhcp6_set_timer(dhcp6);
    if (done && step.notes & DHCP6_NOTE_TELL && dhcp6->config.on_news)
        dhcp6->config.on_news(dhcp6, step.news, step.with_lease ? &dhcp6->lease : 0,
                              dhcp6->config.arg);
}
