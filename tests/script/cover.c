/* cover.c -- the transitions in the table that the scripts have taken. */
#include "cover.h"

#include <stdbool.h>

#include "tcp_states.h"

static struct line {
    const char *from, *event;
    unsigned state, letter;
    bool taken;
} lines[] = {
#define TCP_TRANSITION(from, event, to, actions) {#from, #event, TCP_##from, TCP_##event, false},
#include "tcp_cover.inc"
#undef TCP_TRANSITION
};

enum {
    LINES = sizeof lines / sizeof *lines
};

void cover_transition(void *arg, unsigned state, unsigned event, unsigned next_state)
{
    (void)arg;
    (void)next_state;
    for (struct line *line = lines; line < lines + LINES; line++) {
        if (line->state == state && line->letter == event)
            line->taken = true;
    }
}

void cover_print_untaken(FILE *out)
{
    for (const struct line *line = lines; line < lines + LINES; line++) {
        if (!line->taken)
            fprintf(out, "%s %s\n", line->from, line->event);
    }
}
