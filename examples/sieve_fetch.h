/*
 * sieve_fetch.h -- lists that are fetched by HTTPS: at the start, and again from time to time.
 *
 * A list is asked for with the ETag and the date of the copy that is there, so an unchanged one is
 * no download.  A text that is cut, too long, or no list leaves all as it was, as does any status
 * but 200 and 304.  One list is fetched at a time.
 */
#ifndef SIEVE_FETCH_H
#define SIEVE_FETCH_H

#include <leat/resolver.h>

#include "example.h"

/* Starts the first fetches.  @resolver knows names: the addresses of servers are not looked up
 * through the lists.  Returns NULL, or one line with the reason of a failure. */
const char *fetch_start(struct leat_platform *platform, struct leat_resolver *resolver);

/* Fetches all lists again, one after the other. */
void fetch_now(void);

#endif
