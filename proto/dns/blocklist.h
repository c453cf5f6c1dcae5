/* blocklist.h -- private declarations of a blocklist: a table of hashes, and the reader of
 * its text. */
#ifndef DNS_BLOCKLIST_H
#define DNS_BLOCKLIST_H

#include <leat/blocklist.h>

#include "core/siphash.h"

enum {
    BLOCKLIST_MORE_BYTES = 1024
};

struct blocklist_rules;

/* The fate of a line. */
enum blocklist_result {
    BLOCKLIST_UNDERSTOOD,
    BLOCKLIST_IGNORED,
    BLOCKLIST_REFUSED
};

/* State of the reader, between pieces of the text. */
struct blocklist_reader {
    bool excepts; /* the line begins with "@@" */
    uint8_t wild; /* enum of blocklist_wild.c: how far a pattern with "*" is read */
    int state;          /* state of Ragel's machine */
    bool allow;         /* entries of this text are exceptions */
    bool within;        /* inside a line */
    bool entered;       /* the current line has an entry */
    bool refused;       /* a part of it isn't understood */
    bool bad;           /* the current name is illegal */
    bool number;        /* its last label is all digits: an address */
    bool ended;         /* the current name has its root label */
    bool absolute;      /* the current name has a final dot */
    uint8_t marks;      /* flags that the line gives its name */
    uint8_t label;      /* offset of the current label's length */
    uint8_t head_bytes; /* of the line's beginning, from earlier pieces */
    uint8_t head[LEAT_BLOCKLIST_LINE_BYTES - 1];
    struct leat_dns_name name;       /* without the root label */
    struct leat_dns_name origin;     /* of a policy zone; length 0: unknown */
    struct leat_dns_name redirected; /* unbound's last zone with one address for all its names */
};

/* The end of a line whose meaning is not in the grammar: the options of an entry, or an expression.
 */
struct blocklist_more {
    uint16_t len;
    bool cut; /* it is too long */
    char text[BLOCKLIST_MORE_BYTES];
};

struct leat_blocklist {
    struct leat_blocklist_counts counts;
    struct leat_blocklist_text text;
    struct siphash_key key;
    struct blocklist_reader reader;
    uint32_t names_max;
    uint32_t slot_count;
    struct blocklist_rules *rules; /* NULL: there is no memory for any */
    struct blocklist_more more;
    uint64_t depths[2]; /* bit n: the list has a name of n labels */
    uint64_t *slots;    /* 0: free; otherwise 56 bits of hash, and marks */
};

/* leat_blocklist_add(), which also gives the name's hash. */
enum leat_err blocklist_add(struct leat_blocklist *list, const struct leat_dns_name *name,
                            unsigned marks, uint64_t *hash);

/* Handles a name with options, which are in list->more, and @marks. Returns what became of it. */
enum blocklist_result blocklist_take_options(struct leat_blocklist *list, unsigned marks);

/* Handles an expression, which is in list->more behind its first "/"; @except: an exception. */
enum blocklist_result blocklist_take_expression(struct leat_blocklist *list, bool except);

/* Handles an expression that is the whole line, which is in list->more. */
enum blocklist_result blocklist_take_raw(struct leat_blocklist *list);

/* ---- blocklist_wild.c --------------------------------------------------------------------- */

/* Begins the expression of a pattern with "*" behind the current name, or before its first byte. */
void blocklist_wild_begin(struct leat_blocklist *list);
void blocklist_wild_first(struct leat_blocklist *list);

/* Adds a byte of the pattern, or of the options behind it. */
void blocklist_wild_add(struct leat_blocklist *list, uint8_t byte);

/* Handles the pattern at the end of its line. */
enum blocklist_result blocklist_take_wild(struct leat_blocklist *list);

/* Adds a byte to the kept end of the line. */
void blocklist_keep(struct blocklist_more *more, uint8_t byte);

/* The marks of an entry that blocks or allows, if the text has exceptions only. */
unsigned blocklist_marks(const struct leat_blocklist *list, unsigned marks);

#endif
