/*
 * events6.c -- the table of dhcp6.rl, its only caller, and the notes of its actions.
 *
 * Only dhcp6_take(), which tools/fsmgen.py generates, stores the state. All events come from the
 * callback phase of a turn, so the program is called immediately after them.
 */
#include "proto/dhcp/dhcp6.h"

#define DHCP6_STATE_FIRST false
#define DHCP6_OBSERVE(from, event, next)                                                           \
    do {                                                                                           \
        if (dhcp6->config.on_transition)                                                           \
            dhcp6->config.on_transition(dhcp6->config.arg, from, (uint8_t)(event), next);          \
    } while (0)
#include "dhcp6_table.inc" /* generated from dhcp6.rl */

void dhcp6_event(struct leat_dhcp6 *dhcp6, enum dhcp6_event event)
{
    struct dhcp6_step step = {0};
    bool done = dhcp6_take(dhcp6, &step, &dhcp6->state, event);

    if (done && step.notes & DHCP6_NOTE_FAILED) {
        step.notes = 0; /* don't report an address that the stack can't have */
        done = dhcp6_take(dhcp6, &step, &dhcp6->state, DHCP6_address_refused);
    }
    dhcp6_set_timer(dhcp6);
    if (done && step.notes & DHCP6_NOTE_TELL && dhcp6->config.on_news)
        dhcp6->config.on_news(dhcp6, step.news, step.with_lease ? &dhcp6->lease : 0,
                              dhcp6->config.arg);
}
