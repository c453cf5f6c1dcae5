/* sieve_lists.h -- the lists of examples/sieve: two sets of names, of which one serves. */
#ifndef SIEVE_LISTS_H
#define SIEVE_LISTS_H

#include <stdbool.h>

#include <leat/blocklist.h>
#include <leat/http_exchange.h>

#include "example.h"

/* Reads a file, which counts from lists_start() on; @allow: of exceptions, which uploads leave as
 * they are.  NULL, or why not. */
const char *lists_add_file(struct example_platform *platform, const char *name, bool allow);

/* Makes a set of the files, and says what is in it.  @token: what an upload must know; NULL: there
 * are none. */
void lists_start(struct example_platform *platform, const char *token);

/* The set that serves. */
const struct leat_blocklist *lists_serving(void);

/* PUT /lists?TOKEN: the text that comes replaces all lists, once it is whole. */
extern const struct leat_http_route lists_route;

#endif
