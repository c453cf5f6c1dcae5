/* sieve_statistics.h -- which names were blocked, for which clients, and when. */
#ifndef SIEVE_STATISTICS_H
#define SIEVE_STATISTICS_H

#include <stdbool.h>

#include <leat/dns.h>

#include "example.h"
#include "page.h"
#include "sieve_totals.h"

/* True if the word of the command line is one of these; *wrong is NULL, or what is wrong with it.
 */
bool statistics_word(const char *word, const char **wrong);

/* Begins the first hour.  @count gives the numbers of this run. */
void statistics_start(struct leat_platform *platform, void (*count)(struct totals *totals));

/* Leaves as much of a client's address as statistics= says. False: nothing of its question may be
 * kept. */
bool statistics_client(struct leat_ip *client);

/* Counts a question that was blocked. */
void statistics_count(const struct leat_dns_name *name, struct leat_ip client);

/* Adds them to a page. */
void statistics_add(struct page *page);

/* The same in JSON: members of an object. */
void statistics_add_json(struct page *page);

#endif
