/* sieve_lists.h -- the lists of examples/sieve: two sets of names, one of which serves. */
#ifndef SIEVE_LISTS_H
#define SIEVE_LISTS_H

#include <stdbool.h>

#include <leat/blocklist.h>

#include "example.h"
#include "sieve_copies.h"

/* Sets the platform; the first call. */
void lists_open(struct leat_platform *platform);

/* Reads a file, which is used from lists_start() on.  @allow: a file of exceptions; lists that are
 * sent don't replace it.  Returns NULL, or the reason of the failure. */
const char *lists_add_file(struct leat_platform *platform, const char *name, bool allow);

/* The same with a list that is fetched; its copies are used. */
const char *lists_add_copy(const struct copy *copy, bool allow);

/* Makes a set of the files and copies, and reports its content, unless lists serve that were sent.
 * @until: words behind the complaint that it is empty. */
void lists_start(const char *until);

/* Reads the files again, and has a set of them and of the copies serve; lists that were sent are
 * replaced, too.  Without a file or copy they stay.  Returns NULL, or one line with the reason why
 * the former ones stay. */
const char *lists_reload(void);

/* The set that serves. */
const struct leat_blocklist *lists_serving(void);

/* Begins the set that doesn't serve, for @bytes of lists that are sent, with the exceptions of the
 * command line; a text of it is begun.  NULL: there is no memory, or lists_try() goes on. */
struct leat_blocklist *lists_begin(uint64_t bytes);

/* Makes that set the one that serves. */
void lists_serve(void);

/* True if lists serve that were sent, in this run or an earlier one. */
bool lists_are_sent(void);

/* True if they are not replaced by a list that is fetched: until lists_reload(). */
bool lists_hold(void);

/* Makes a set in which the draft (sieve_copies.h) takes the place of @copy, poll by poll, while the
 * other set serves.  Not while lists are sent.  @on_done is
 * called later.  NULL: the new set serves, and the draft is the copy.  Otherwise all is as it was,
 * for this reason. */
void lists_try(struct copy *copy, void (*on_done)(const char *wrong));

/* The lines of the copy that serves, or NULL. */
const struct leat_blocklist_text *lists_lines(const struct copy *copy);

/* False: another text than a list, as an error page, an empty file, or a format that is unknown. */
bool lists_is_list(const struct leat_blocklist_text *text);

#endif
