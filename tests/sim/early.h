/* early.h -- early data (0-RTT) of encrypted connections. */
#ifndef SIM_EARLY_H
#define SIM_EARLY_H

#include <leat/tls.h>

struct sim_end;
struct sim_side;

enum sim_early_how {
    SIM_EARLY_WAITS,   /* a server reads it when the session is open */
    SIM_EARLY_READS,   /* ... reads it at once */
    SIM_EARLY_ANSWERS, /* ... and also answers at once */
    SIM_EARLY_HOWS
};

/* Configures early data for @end's sessions. */
void sim_early_configure(const struct sim_end *end, struct leat_tls_config *config);

/* Offers the first bytes of a client's data as early data, if it has a ticket. */
void sim_early_offer(struct sim_side *side);

/* @side's session is open: has data written again that the server has not accepted. */
void sim_early_opened(struct sim_side *side);

/* True if a record of @side that hides its type is early data now. */
bool sim_early_is_sent(const struct sim_side *side);

/* True if a change of @side's sent bytes may go unnoticed, because they were not read. */
bool sim_early_was_in_vain(const struct sim_side *side);

#endif
