/*
 * sieve_copies.h -- the last good copies of the lists that are fetched, in memory that they share.
 *
 * A new text is written behind the copies, as a draft, and then takes the place of a former one.
 * So there must be room for all copies and the longest of them once more.
 */
#ifndef SIEVE_COPIES_H
#define SIEVE_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    COPIES = 32,
    COPY_URL_BYTES = 300, /* with the NUL, as the next two */
    COPY_TAG_BYTES = 128,
    COPY_DATE_BYTES = 32
};

/* A list and its copy. */
struct copy {
    const char *url;                /* as on the command line */
    char tag[COPY_TAG_BYTES];       /* ETag, with its quotes; "": the server gave none */
    char modified[COPY_DATE_BYTES]; /* Last-Modified; the same */
    uint64_t fetched_s;             /* civil time when the copy came; 0: unknown */
    size_t begin, len;              /* of the bytes; no copy is empty: 0 means that there is none */
};

/* Adds a list without a copy.  @url stays.  NULL: there are too many. */
struct copy *copies_add(const char *url);

/* The lists in their order, or NULL. */
struct copy *copies_at(unsigned index);

/* The bytes of a copy, until copies_take(). */
const char *copies_bytes(const struct copy *copy);

/* Begins a draft, which is empty. */
void copies_begin(void);

/* Adds bytes to the draft.  False: there is no room for them. */
bool copies_write(const void *bytes, size_t len);

/* The draft, until copies_take(). */
const char *copies_draft(size_t *len);

/* Bytes that a draft may have. */
size_t copies_room(void);

/* Makes the draft the bytes of @copy. */
void copies_take(struct copy *copy);

#endif
