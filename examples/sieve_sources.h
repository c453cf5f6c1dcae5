/* sieve_sources.h -- the lists that are fetched, with their schedules, and what became of the last
 * attempts. */
#ifndef SIEVE_SOURCES_H
#define SIEVE_SOURCES_H

#include <stdbool.h>

#include "page.h"
#include "sieve_copies.h"
#include "sieve_schedule.h"

enum {
    SOURCE_FAULT_BYTES = 160
};

/* A list. */
struct source {
    struct copy *copy;
    struct schedule schedule;
    uint64_t checked_s; /* civil time of the last answer that was good; 0: none, or unknown */
    char fault[SOURCE_FAULT_BYTES]; /* of the last attempt; "": it was good */
};

/* True if the word of the command line is "https://...", "allow=https://...", "every=TIME" or
 * "authorities=FILE"; *wrong is NULL, or what is wrong with it. */
bool sources_word(const char *word, const char **wrong);

/* The lists in their order, or NULL. */
struct source *sources_at(unsigned index);

/* From one fetch of a list to the next. */
uint64_t sources_every_ns(void);

/* The file of authorities; NULL: there was no such word. */
const char *sources_authorities(void);

/* Adds a table of the lists to a page; nothing if there are none. */
void sources_add(struct page *page);

/* Adds them to a page in JSON: a member "lists" in front of a comma; nothing if there are none. */
void sources_add_json(struct page *page);

#endif
