/* blocklist.h -- the inside of a blocklist: a table of hashes, and the reader of its text. */
#ifndef DNS_BLOCKLIST_H
#define DNS_BLOCKLIST_H

#include <leat/blocklist.h>

#include "core/siphash.h"

/* Where the reader is, in a line that may come in pieces. */
struct blocklist_reader {
    int state;                 /* of the machine */
    bool allow;                /* the text's entries are exceptions */
    bool within;               /* a line has begun */
    bool bad;                  /* the name at hand can be none */
    bool number;               /* its last label is digits: an address */
    uint8_t marks;             /* what a policy's line says of its name */
    uint8_t label;             /* where the length of the label at hand belongs */
    struct leat_dns_name name; /* without the root's label */
};

struct leat_blocklist {
    struct leat_blocklist_counts counts;
    struct siphash_key key;
    struct blocklist_reader reader;
    uint32_t names_max;
    uint32_t slot_count;
    uint64_t depths[2]; /* bit n: a name of n labels is there */
    uint64_t *slots;    /* 0: free; else 60 bits of hash, and marks */
};

#endif
