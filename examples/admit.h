/* admit.h -- the clients that a name server of the examples serves, and its words about others. */
#ifndef ADMIT_H
#define ADMIT_H

#include <leat/forwarder.h>

#include "example.h"

/* Takes "clients=10.0.0.0/8,fd00::/8": from then on only addresses in such networks are served.
 * Sets
 * *@wrong to NULL, or to the reason why the word is refused. False: it is another word. */
bool admit_word(const char *word, const char **wrong);

/* Sets the networks in @config, and has the console told of clients that are refused. */
void admit_configure(struct leat_platform *platform, struct leat_forwarder_config *config);

#endif
