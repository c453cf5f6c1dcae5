/* blocklist.h -- private declarations of a blocklist: a table of hashes, and the reader of
 * its text. */
#ifndef DNS_BLOCKLIST_H
#define DNS_BLOCKLIST_H

#include <leat/blocklist.h>

#include "core/siphash.h"

/* State of the reader, between pieces of the text. */
struct blocklist_reader {
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

struct leat_blocklist {
    struct leat_blocklist_counts counts;
    struct leat_blocklist_text text;
    struct siphash_key key;
    struct blocklist_reader reader;
    uint32_t names_max;
    uint32_t slot_count;
    uint64_t depths[2]; /* bit n: the list has a name of n labels */
    uint64_t *slots;    /* 0: free; otherwise 56 bits of hash, and marks */
};

#endif
