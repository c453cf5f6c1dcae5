/*
 * agreeable.h -- a provider of cryptography that has none and always agrees: every digest is the
 * same, every signature fits, what is sealed is the data and a tag that everybody knows.  So a peer
 * that is made of bytes gets as far as any.
 */
#ifndef AGREEABLE_H
#define AGREEABLE_H

#include <leat/crypto.h>

enum {
    AGREEABLE_DIGEST = 0x5a,  /* each byte of a digest, and so of Finished, a binder, a cookie */
    AGREEABLE_TAG = 0xa5,     /* each byte of a tag */
    AGREEABLE_UNCHECKED = 23, /* what is left of a record whose tag was wrong: data, to who looks */
    AGREEABLE_SIGNATURE_BYTES = 8,
    AGREEABLE_DATA_BYTES = 1 << 17
};

/* It notes what nobody but it can know. */
struct agreeable {
    uint32_t random;
    int opened; /* hashes, shares and keys that are open now */
    bool hybrid;
    uint32_t data_len;
    uint8_t data[AGREEABLE_DATA_BYTES]; /* of the application, of records whose tag was right */
};

/* The provider that @self is, which it clears. */
struct leat_crypto agreeable_open(struct agreeable *self);

#endif
