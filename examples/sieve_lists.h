/* sieve_lists.h -- the lists of examples/sieve: two sets of names, one of which serves. */
#ifndef SIEVE_LISTS_H
#define SIEVE_LISTS_H

#include <stdbool.h>

#include <leat/blocklist.h>
#include <leat/http_exchange.h>

#include "example.h"

/* Reads a file, which is used from lists_start() on.  @allow: a file of exceptions; uploads don't
 * replace it.  Returns NULL, or the reason of the failure. */
const char *lists_add_file(struct leat_platform *platform, const char *name, bool allow);

/* Makes a set of the files, and reports its content.  @token: the secret for uploads; NULL: there
 * are no uploads. */
void lists_start(struct leat_platform *platform, const char *token);

/* Reads the files again, and has a set of them serve; lists that were sent are replaced, too.
 * Returns NULL, or one line with the reason why the former ones stay. */
const char *lists_reload(void);

/* The set that serves. */
const struct leat_blocklist *lists_serving(void);

/* PUT /lists?TOKEN: the uploaded text replaces all lists, once it is complete. The former ones stay
 * if it looks like no list (422), or has more names than there is room for (413). */
extern const struct leat_http_route lists_route;

#endif
