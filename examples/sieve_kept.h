/* sieve_kept.h -- the lists that were sent, from one run to the next, on the disk of --store. */
#ifndef SIEVE_KEPT_H
#define SIEVE_KEPT_H

#include "shelf.h"

/* Has the lists serve that an earlier run kept, and reads the totals.  It polls the stack until
 * that is done. */
void kept_load(struct leat_platform *platform);

/* For lists that are sent; NULL: nothing is kept. */
struct shelf *kept_shelf(void);

/* Drops the lists that are kept: other ones serve. */
void kept_forget(void);

#endif
