/* sieve_latest.h -- the latest questions, which the page and /sieve.json show. */
#ifndef SIEVE_LATEST_H
#define SIEVE_LATEST_H

#include "example.h"
#include "page.h"

/* Keeps each question from now on, beside the lines of --access-log: before
 * leat_platform_forward_dns(). */
void latest_start(struct leat_platform *platform);

/* Adds a table to a page. */
void latest_add(struct page *page);

/* The same in JSON: a member of an object. */
void latest_add_json(struct page *page);

#endif
