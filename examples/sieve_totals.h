/* sieve_totals.h -- the numbers of questions of all runs with the same --store. */
#ifndef SIEVE_TOTALS_H
#define SIEVE_TOTALS_H

#include <stdbool.h>

#include "example.h"
#include "page.h"

struct totals {
    uint64_t questions, blocked;
    uint64_t since_s; /* civil time of the first run; 0: unknown */
};

/* Reads those of the earlier runs; totals_are_read() tells when that is done.  False: there is no
 * store, and the other functions do nothing. */
bool totals_open(struct leat_platform *platform);
bool totals_are_read(void);

/* Writes them every hour from now on; @count gives the numbers of this run. */
void totals_start(void (*count)(struct totals *totals));

/* Writes them now. */
void totals_keep(void);

/* Sets @totals to those of all runs.  False: there is no store. */
bool totals_all(struct totals *totals);

/* Adds their rows to a table. */
void totals_add(struct page *page);

#endif
