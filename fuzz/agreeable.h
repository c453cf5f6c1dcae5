/*
 * agreeable.h -- a mock provider of cryptography that always succeeds: all digests are equal, every
 * signature is valid, and a sealed record is the plaintext with a constant tag. So random bytes get
 * as far as a real peer.
 */
#ifndef AGREEABLE_H
#define AGREEABLE_H

#include <leat/crypto.h>

enum {
    AGREEABLE_DIGEST = 0x5a,  /* each byte of a digest, and so of Finished, a binder and a cookie */
    AGREEABLE_TAG = 0xa5,     /* each byte of a tag */
    AGREEABLE_UNCHECKED = 23, /* plaintext of a record whose tag was wrong */
    AGREEABLE_SIGNATURE_BYTES = 8,
    AGREEABLE_DATA_BYTES = 1 << 17
};

/* State that only the provider can know. */
struct agreeable {
    uint32_t random;
    int opened; /* hashes, shares and keys that are open */
    bool hybrid;
    uint32_t data_len;
    uint8_t data[AGREEABLE_DATA_BYTES]; /* application data of records whose tag was right */
};

/* Initializes @self, and returns it as a provider. */
struct leat_crypto agreeable_open(struct agreeable *self);

#endif
