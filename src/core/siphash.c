/* siphash.c -- SipHash-c-d (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012). */
#include "core/siphash.h"

#include <string.h>

#include "core/assert.h"
#include "core/cold.h"

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

/* SipRound, section 2 of the paper: mixes two halves, (v0, v1) and (v2, v3), then each with the
 * other's words. */
HOT void sip_round(struct siphash *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

/* One to four rounds, unrolled: a round is so short that a loop would add much to it. */
HOT void sip_rounds(struct siphash *s, unsigned rounds)
{
    sip_round(s);
    if (rounds > 1)
        sip_round(s);
    if (rounds > 2)
        sip_round(s);
    if (rounds > 3)
        sip_round(s);
}

static inline struct siphash sip_start(const struct siphash_key *key)
{
    /* the constants spell "somepseudorandomlygeneratedbytes" */
    const struct siphash s = {
        .v0 = key->k0 ^ 0x736f6d6570736575u,
        .v1 = key->k1 ^ 0x646f72616e646f6du,
        .v2 = key->k0 ^ 0x6c7967656e657261u,
        .v3 = key->k1 ^ 0x7465646279746573u,
    };

    return s;
}

static inline void sip_word(struct siphash *s, uint64_t word, unsigned rounds)
{
    s->v3 ^= word;
    sip_rounds(s, rounds);
    s->v0 ^= word;
}

static inline uint64_t sip_end(struct siphash *s, unsigned rounds)
{
    /* this tells the end from a further word of the message */
    s->v2 ^= 0xff;
    sip_rounds(s, rounds);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static uint64_t little_endian(const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;

    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

/* Eight bytes: a single load on most machines. */
static inline uint64_t little_endian64(const uint8_t *bytes)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
#else
    return little_endian(bytes, 8);
#endif
}

struct siphash_key siphash_key_from(const uint8_t bytes[16])
{
    const struct siphash_key key = {little_endian64(bytes), little_endian64(bytes + 8)};

    return key;
}

uint64_t siphash24(const struct siphash_key *key, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    struct siphash s = sip_start(key);
    size_t left = len;

    for (; left >= 8; left -= 8, at += 8)
        sip_word(&s, little_endian64(at), 2);
    /* the length in the top byte keeps a message apart from itself with zeros appended */
    sip_word(&s, little_endian(at, left) | ((uint64_t)len << 56), 2);
    return sip_end(&s, 4);
}

uint64_t siphash13(const struct siphash_key *key, uint64_t a, uint64_t b)
{
    struct siphash s = sip_start(key);

    sip_word(&s, a, 1);
    sip_word(&s, b, 1);
    sip_word(&s, (uint64_t)16 << 56, 1);
    return sip_end(&s, 3);
}

/* The last word holds seven bytes, and the length 15 in its top byte. So 15 bytes take two words;
 * 16 would take three. */
static inline uint64_t last_word(uint64_t bytes)
{
    leat_assert(bytes >> 56 == 0);
    return bytes | (uint64_t)15 << 56;
}

uint64_t siphash13_15(const struct siphash_key *key, uint64_t a, uint64_t b)
{
    struct siphash s = sip_start(key);

    sip_word(&s, a, 1);
    sip_word(&s, last_word(b), 1);
    return sip_end(&s, 3);
}

uint64_t siphash24_15(const struct siphash_key *key, uint64_t a, uint64_t b)
{
    struct siphash s = sip_start(key);

    sip_word(&s, a, 2);
    sip_word(&s, last_word(b), 2);
    return sip_end(&s, 4);
}

void siphash13_begin(struct siphash *hash, const struct siphash_key *key)
{
    *hash = sip_start(key);
}

void siphash13_add(struct siphash *hash, uint64_t word)
{
    sip_word(hash, word, 1);
    hash->words++;
}

uint64_t siphash13_of(const struct siphash *hash)
{
    /* the rounds change a copy, so that the caller may add more words */
    struct siphash s = *hash;

    sip_word(&s, (uint64_t)(hash->words * 8) << 56, 1);
    return sip_end(&s, 3);
}
