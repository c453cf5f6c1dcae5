/*
 * blocklist.h -- a set of millions of names that matches what lies below them, too; made for lists
 * of what shall not be resolved, and read from the forms in which such lists are written.
 *
 * A name costs 32/3 bytes: 8 in a table that is filled to three quarters.  The table holds a keyed
 * hash of 60 bits instead of the name, so one that is not listed is taken for one that is with a
 * probability of names / 2^60 for each of its labels: of a million names, 2^-40.
 *
 * Text comes in pieces of any size, so that a list can be read while it arrives (docs/dns.md has
 * the forms that are understood).  What is not understood is counted, and blocks nothing.
 */
#ifndef LEAT_BLOCKLIST_H
#define LEAT_BLOCKLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/dns.h>
#include <leat/err.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_blocklist;

/** What an entry is about, as bits. */
enum leat_blocklist_mark {
    LEAT_BLOCKLIST_BLOCK_NAME = 1,  /**< the name itself is blocked */
    LEAT_BLOCKLIST_BLOCK_BELOW = 2, /**< all names below it are */
    LEAT_BLOCKLIST_ALLOW_NAME = 4,  /**< the name itself is not, whatever else is said */
    LEAT_BLOCKLIST_ALLOW_BELOW = 8  /**< nor are those below it */
};

/** What a blocklist says of a name. */
enum leat_blocklist_verdict {
    LEAT_BLOCKLIST_UNLISTED,
    LEAT_BLOCKLIST_BLOCKED,
    LEAT_BLOCKLIST_ALLOWED /**< an exception says so, of the name or of one above it */
};

/** What has been read. */
struct leat_blocklist_counts {
    uint64_t lines;      /**< of text, empty ones and comments included */
    uint64_t names;      /**< different names in the set */
    uint64_t again;      /**< entries of a name that was there already */
    uint64_t local;      /**< names of one label in a hosts file: "localhost" */
    uint64_t other;      /**< lines, or words of a hosts file, that were not understood */
    uint64_t other_line; /**< the first such line, counted from 1 */
    uint64_t full;       /**< entries for which there was no room: they do not count */
};

/** Bytes that leat_blocklist_open() needs for so many names. */
size_t leat_blocklist_memory_bytes(uint32_t names_max);

/**
 * Makes an empty set.  @p memory (any alignment) of @p bytes is the set's as long as it is used;
 * there is no close.  @p key is what strangers can't know, two calls of leat_random(): who writes
 * lists could make it slow else.  Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (names_max is 0).
 */
enum leat_err leat_blocklist_open(struct leat_blocklist **list, void *memory, size_t bytes,
                                  uint32_t names_max, const uint64_t key[2]);

/** Adds a name, letter case aside; @p marks are of enum leat_blocklist_mark, and are added to what
 * is known of it.  LEAT_ERR_FULL: there is no room. */
enum leat_err leat_blocklist_add(struct leat_blocklist *list, const struct leat_dns_name *name,
                                 unsigned marks);

/** A text begins; the one before is over.  @p allow: its entries are exceptions. */
void leat_blocklist_begin(struct leat_blocklist *list, bool allow);

/** The next @p len bytes of the text. */
void leat_blocklist_read(struct leat_blocklist *list, const void *text, size_t len);

/** The text is over; a last line needs no line end. */
void leat_blocklist_end(struct leat_blocklist *list);

/** What the set says of a name, letter case aside. */
enum leat_blocklist_verdict leat_blocklist_find(const struct leat_blocklist *list,
                                                const struct leat_dns_name *name);

/** The counters; live. */
const struct leat_blocklist_counts *leat_blocklist_counts(const struct leat_blocklist *list);

#ifdef __cplusplus
}
#endif
#endif
