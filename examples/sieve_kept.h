/*
 * sieve_kept.h -- lists from one run to the next, on the disk of --store: the text that was sent,
 * or the copies of lists that are fetched.
 */
#ifndef SIEVE_KEPT_H
#define SIEVE_KEPT_H

#include "shelf.h"

/* Makes the lists that an earlier run was sent serve again, or reads the copies of those that are
 * fetched; and reads the totals.  It polls the stack until that is done. */
void kept_load(struct leat_platform *platform);

/* For lists that are sent; NULL: nothing is kept. */
struct shelf *kept_shelf(void);

/* Keeps the copies, which replace all that is kept. */
void kept_update(void);

/* The same if lists are kept that were sent; without copies these are dropped: other ones serve. */
void kept_drop_sent(void);

/* True as long as the copies are written: then no lists can be sent. */
bool kept_is_writing(void);

#endif
