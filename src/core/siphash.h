/* siphash.h -- a keyed hash that outsiders can't predict (Aumasson, Bernstein: SipHash, 2012). */
#ifndef CORE_SIPHASH_H
#define CORE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

/* The key from its 16 bytes, little-endian as in the paper. */
struct siphash_key siphash_key_from(const uint8_t bytes[16]);

/* SipHash-2-4 of @len bytes: for secrets (sequence numbers, ports). */
uint64_t siphash24(const struct siphash_key *key, const void *bytes, size_t len);

/* siphash24() of 15 bytes: @a and the lower seven of @b, as a little-endian machine loads them. The
 * top byte of @b is 0. */
uint64_t siphash24_15(const struct siphash_key *key, uint64_t a, uint64_t b);

/* SipHash-1-3 of two words: for keys. */
uint64_t siphash13(const struct siphash_key *key, uint64_t a, uint64_t b);

/* SipHash-1-3 of 15 bytes in this form: for tables. */
uint64_t siphash13_15(const struct siphash_key *key, uint64_t a, uint64_t b);

/* SipHash-1-3 of a sequence of words. */
struct siphash {
    uint64_t v0, v1, v2, v3;
    uint32_t words; /* so far */
};

void siphash13_begin(struct siphash *hash, const struct siphash_key *key);
void siphash13_add(struct siphash *hash, uint64_t word);

/* The hash of the words so far; more may follow. */
uint64_t siphash13_of(const struct siphash *hash);

#endif
