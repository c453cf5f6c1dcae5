/*
 * blocklist.h -- a set of millions of domain names, for lists of names that must not be resolved.
 *
 * An entry can also match all names below it.  The common file formats of such lists are read.
 *
 * A name costs 32/3 bytes: 8 in a table that is filled to three quarters.  The table holds a keyed
 * hash of 56 bits instead of the name.  So a name that is not listed may be taken for a listed one,
 * with a probability of entries / 2^56 for each of its labels: 2^-36 with a million entries.
 *
 * With memory for them (leat_blocklist_give_rules()) a set also has entries with conditions, and
 * regular expressions for names.  An expression is matched without backtracking, and the work of
 * all together is limited, so a text makes questions cost some milliseconds at most.
 *
 * Text comes in pieces of any size, so that a list can be read while it arrives (docs/dns.md has
 * the formats).  Lines that are not understood are counted, and block nothing; the first ones are
 * kept, for a message to their author.
 */
#ifndef LEAT_BLOCKLIST_H
#define LEAT_BLOCKLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/dns.h>
#include <leat/err.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_blocklist;

/** The kinds of entries, as bits. */
enum leat_blocklist_mark {
    LEAT_BLOCKLIST_BLOCK_NAME = 1,   /**< block the name itself */
    LEAT_BLOCKLIST_BLOCK_BELOW = 2,  /**< block all names below it */
    LEAT_BLOCKLIST_ALLOW_NAME = 4,   /**< allow the name itself, despite any other entry */
    LEAT_BLOCKLIST_ALLOW_BELOW = 8,  /**< allow all names below it, despite any other entry */
    LEAT_BLOCKLIST_FORCE_BLOCK = 16, /**< its BLOCK marks win over ALLOW marks */
    LEAT_BLOCKLIST_FORCE_ALLOW = 32, /**< its ALLOW marks win over FORCE_BLOCK */
    LEAT_BLOCKLIST_PASS_BELOW = 64   /**< allow all names below it, despite BLOCK marks of it and of
                                          names above it; those of longer names win */
};

/** A question, for leat_blocklist_ask(). */
struct leat_blocklist_question {
    const struct leat_dns_name *name; /**< the name that is asked for */
    uint16_t type;                    /**< enum leat_dns_type, or any other number; 0: unknown */
    struct leat_ip client;            /**< its sender; LEAT_IP_ANY: unknown */
};

/** The result for a name. */
enum leat_blocklist_verdict {
    LEAT_BLOCKLIST_UNLISTED,
    LEAT_BLOCKLIST_BLOCKED,
    LEAT_BLOCKLIST_ALLOWED /**< by an exception for the name or for a domain above it */
};

/** The answer to a question. */
struct leat_blocklist_answer {
    enum leat_blocklist_verdict verdict; /**< whether the name is listed */
    bool has_ip4;       /**< if it is blocked: the list has this address for it (`$dnsrewrite`) */
    bool has_ip6;       /**< the same of IPv6 */
    struct leat_ip ip4; /**< if has_ip4 */
    struct leat_ip ip6; /**< if has_ip6 */
    uint8_t labels;     /**< of the longest listed name that blocks it: that name is the last
                             labels of the question's; 0: none, but a regular expression */
    uint32_t text;      /**< the number of the text that has the condition or the expression that
                             blocks it; 0: it is blocked by a name alone */
    uint32_t line;      /**< and the line of that text */
};

enum {
    LEAT_BLOCKLIST_RULES_BYTES_MIN = 65536, /**< for leat_blocklist_give_rules() */
    LEAT_BLOCKLIST_EXPRESSIONS = 1024,      /**< most regular expressions of a text */
    LEAT_BLOCKLIST_WORK = 16384,    /**< most work of all regular expressions of a set: the sum of
                                         their positions (characters and classes, with repetitions),
                                         each times the number of 64s in them */
    LEAT_BLOCKLIST_NAME_RULES = 64, /**< most entries with conditions for the same name */
    LEAT_BLOCKLIST_TOLD = 4,        /**< refused lines of a text that are kept */
    LEAT_BLOCKLIST_LINE_BYTES = 80  /**< of such a line, with the NUL */
};

/** The beginning of a refused line. */
struct leat_blocklist_line {
    uint64_t number;                      /**< in its text, from 1 */
    char text[LEAT_BLOCKLIST_LINE_BYTES]; /**< other bytes than printable ASCII as '?' */
};

/** The lines of one text.  Each of them is counted once. */
struct leat_blocklist_text {
    uint32_t number;      /**< its place among the texts of the set */
    uint64_t lines;       /**< the sum of the following three */
    uint64_t understood;  /**< lines with entries */
    uint64_t ignored;     /**< lines without: comments, headers, local names of a hosts file */
    uint64_t refused;     /**< lines with an unknown syntax, or an illegal name in a hosts file */
    uint64_t rewrites;    /**< of the ignored ones, those that would rewrite a name to something
                               else than addresses */
    uint64_t expressions; /**< of the understood ones, regular expressions */
    uint64_t expressions_refused; /**< of the refused ones, regular expressions */
    uint64_t no_room; /**< of the refused ones, those that the memory for rules had no room for */
    uint64_t over_limit; /**< of the refused ones, those beyond LEAT_BLOCKLIST_EXPRESSIONS,
                              LEAT_BLOCKLIST_WORK or LEAT_BLOCKLIST_NAME_RULES */
    unsigned told;       /**< refused lines in `first` */
    struct leat_blocklist_line first[LEAT_BLOCKLIST_TOLD]; /**< the first ones */
};

/** Counters of all texts that were read. */
struct leat_blocklist_counts {
    uint64_t lines;      /**< lines of the texts, empty ones and comments included */
    uint64_t names;      /**< different names in the set */
    uint64_t again;      /**< entries whose name was already in the set */
    uint64_t local;      /**< names of one label in a hosts file, as "localhost", and addresses */
    uint64_t other;      /**< lines with an unknown syntax, or an illegal name in a hosts file */
    uint64_t other_line; /**< number of the first line counted in `other`, from 1 */
    uint64_t full;       /**< entries that were lost because the table was full */
};

/** Bytes that leat_blocklist_open() needs for @p names_max names. */
size_t leat_blocklist_memory_bytes(uint32_t names_max);

/**
 * Makes an empty set.  @p memory (any alignment) of @p bytes belongs to the set as long as it is
 * used; there is no close.  @p key must be secret: two results of leat_random().  With a known key,
 * the author of a list could choose names that make lookups slow.
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (names_max is 0).
 */
enum leat_err leat_blocklist_open(struct leat_blocklist **list, void *memory, size_t bytes,
                                  uint32_t names_max, const uint64_t key[2]);

/**
 * Gives the set memory for entries with conditions and for regular expressions; before the first
 * text.  @p memory (any alignment) of @p bytes belongs to the set as long as it is used.  Without
 * it such lines are refused.  Errors: LEAT_ERR_MEMORY (less than LEAT_BLOCKLIST_RULES_BYTES_MIN).
 */
enum leat_err leat_blocklist_give_rules(struct leat_blocklist *list, void *memory, size_t bytes);

/** Adds a name, ignoring letter case.  @p marks, bits of enum leat_blocklist_mark, are added to the
 * marks that the name has already.  LEAT_ERR_FULL: the table is full. */
enum leat_err leat_blocklist_add(struct leat_blocklist *list, const struct leat_dns_name *name,
                                 unsigned marks);

/** Begins a text, and ends the one before.  @p allow: its entries are exceptions, which win over
 * all other texts. */
void leat_blocklist_begin(struct leat_blocklist *list, bool allow);

/** The next @p len bytes of the text. */
void leat_blocklist_read(struct leat_blocklist *list, const void *text, size_t len);

/** Ends the text; its last line needs no line end. */
void leat_blocklist_end(struct leat_blocklist *list);

/** Looks up the name of a question, ignoring letter case, with the conditions and the expressions
 * of the set. */
void leat_blocklist_ask(const struct leat_blocklist *list,
                        const struct leat_blocklist_question *question,
                        struct leat_blocklist_answer *answer);

/** The same of a question of unknown type from an unknown client. */
enum leat_blocklist_verdict leat_blocklist_find(const struct leat_blocklist *list,
                                                const struct leat_dns_name *name);

/** The lines of the current text, since leat_blocklist_begin(); live. */
const struct leat_blocklist_text *leat_blocklist_text(const struct leat_blocklist *list);

/** The counters; live. */
const struct leat_blocklist_counts *leat_blocklist_counts(const struct leat_blocklist *list);

#ifdef __cplusplus
}
#endif
#endif
