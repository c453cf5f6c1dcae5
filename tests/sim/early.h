/* early.h -- early data (0-RTT) of encrypted connections. */
#ifndef SIM_EARLY_H
#define SIM_EARLY_H

#include <leat/tls.h>

struct sim_end;
struct sim_side;

enum sim_early_how {
    SIM_EARLY_WAITS,   /* a server leaves it until the session is open */
    SIM_EARLY_READS,   /* ... takes it at once */
    SIM_EARLY_ANSWERS, /* ... and writes, too */
    SIM_EARLY_HOWS
};

/* What @end's sessions may have of it. */
void sim_early_configure(const struct sim_end *end, struct leat_tls_config *config);

/* A client with a ticket: the first bytes of its data are to go early. */
void sim_early_offer(struct sim_side *side);

/* @side's session is open: what its server has not taken is to be written. */
void sim_early_opened(struct sim_side *side);

/* What @side sends now in a record that hides its type is early data. */
bool sim_early_is_sent(const struct sim_side *side);

/* A change of what @side has sent may go unnoticed: nobody has read it. */
bool sim_early_was_in_vain(const struct sim_side *side);

#endif
