/* cover.h -- the transitions in the table that the scripts have taken. */
#ifndef SCRIPT_COVER_H
#define SCRIPT_COVER_H

#include <stdio.h>

/* For leat_tcp_config.on_transition. */
void cover_transition(void *arg, unsigned state, unsigned event, unsigned next_state);

/* The lines that no script has taken yet, in the form of tcp.rl. */
void cover_print_untaken(FILE *out);

#endif
