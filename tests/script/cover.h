/* cover.h -- which lines of the table of transitions the scripts have taken. */
#ifndef SCRIPT_COVER_H
#define SCRIPT_COVER_H

#include <stdio.h>

/* For leat_tcp_config.on_transition. */
void cover_transition(void *arg, unsigned state, unsigned event, unsigned next_state);

/* The lines that no script has taken yet, as in tcp.rl. */
void cover_print_untaken(FILE *out);

#endif
