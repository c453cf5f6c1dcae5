/*
 * pss.c -- RSASSA-PSS (RFC 8017, 8.1 and 9.1) over BearSSL's RSA, which has no PSS.
 *
 * The salt is as long as the digest, and the mask is MGF1 with the same hash (RFC 8446, 4.2.3).
 * Names are those of the RFC: EM = maskedDB || H || 0xbc.  None of its bytes is secret: those of a
 * signature are public, and the salt only makes two signatures differ.
 */
#include <string.h>

#include "inside.h"

#define DIGEST_BYTES_MAX 64u
#define TRAILER          0xbcu

/* EM, and where its parts are. */
struct encoded {
    uint8_t *em; /* the first byte behind those that the modulus has more */
    size_t len;  /* emLen */
    size_t h_len;
    size_t db_len;
    uint8_t top; /* the bits of its first byte that may be set */
};

/* Divides @message, as long as the modulus. */
static struct encoded layout_of(uint8_t *message, uint32_t modulus_bits, size_t h_len)
{
    const uint32_t em_bits = modulus_bits - 1;
    const size_t modulus_len = (modulus_bits + 7u) / 8u;
    struct encoded encoded;

    encoded.len = (em_bits + 7u) / 8u;
    encoded.em = message + (modulus_len - encoded.len);
    encoded.h_len = h_len;
    encoded.db_len = encoded.len - h_len - 1u;
    encoded.top = (uint8_t)(0xffu >> (8u * encoded.len - em_bits));
    return encoded;
}

/* XORs MGF1(H) into the DB (RFC 8017, B.2.1).  It is not inlined, so that the stack need not hold
 * this context together with that of hash_of(). */
static __attribute__((noinline)) void mask(const br_hash_class *hash, const struct encoded *encoded)
{
    const uint8_t *h = encoded->em + encoded->db_len;
    br_hash_compat_context context;
    uint8_t digest[DIGEST_BYTES_MAX];
    uint8_t counter[4] = {0, 0, 0, 0}; /* 16 blocks at most: one byte of it is enough */

    for (size_t at = 0; at < encoded->db_len; at += encoded->h_len) {
        hash->init(&context.vtable);
        hash->update(&context.vtable, h, encoded->h_len);
        hash->update(&context.vtable, counter, sizeof counter);
        hash->out(&context.vtable, digest);
        counter[3]++;
        for (size_t i = 0; i < encoded->h_len && at + i < encoded->db_len; i++)
            encoded->em[at + i] ^= digest[i];
    }
    encoded->em[0] &= encoded->top;
}

/* Hash(eight zeros || mHash || salt) */
static void hash_of(const br_hash_class *hash, const uint8_t *digest, const uint8_t *salt,
                    size_t h_len, uint8_t *to)
{
    static const uint8_t zeros[8];
    br_hash_compat_context context;

    hash->init(&context.vtable);
    hash->update(&context.vtable, zeros, sizeof zeros);
    hash->update(&context.vtable, digest, h_len);
    hash->update(&context.vtable, salt, h_len);
    hash->out(&context.vtable, to);
}

bool leat_bearssl_pss_sign(struct bearssl_provider *provider, const struct bearssl_private *key,
                           const br_hash_class *hash, const uint8_t *digest, uint8_t *signature,
                           size_t *len)
{
    const size_t h_len = (hash->desc >> BR_HASHDESC_OUT_OFF) & BR_HASHDESC_OUT_MASK;
    uint8_t *message = provider->work.pss.message;
    const struct encoded encoded = layout_of(message, key->bits, h_len);
    const br_rsa_private_key view = leat_bearssl_rsa_private(key);
    uint8_t *salt = encoded.em + (encoded.db_len - h_len);

    *len = (key->bits + 7u) / 8u;
    memset(message, 0, *len);
    if (provider->entropy(provider->entropy_arg, salt, h_len) != LEAT_OK)
        return false;
    salt[-1] = 1;
    hash_of(hash, digest, salt, h_len, encoded.em + encoded.db_len);
    mask(hash, &encoded);
    encoded.em[encoded.len - 1] = TRAILER;
    memcpy(signature, message, *len);
    return provider->rsa_private(signature, &view) == 1;
}

/* True if the DB, unmasked, is zeros, a one and a salt. */
static bool is_padded(const struct encoded *encoded)
{
    const size_t zeros = encoded->db_len - encoded->h_len - 1u;
    uint8_t wrong = encoded->em[zeros] ^ 1u;

    for (size_t i = 0; i < zeros; i++)
        wrong |= encoded->em[i];
    return wrong == 0;
}

static uint32_t bits_of(const br_rsa_public_key *key)
{
    uint32_t bits = 8u * (uint32_t)key->nlen;

    for (uint8_t first = key->n[0]; first < 0x80u; first = (uint8_t)((uint32_t)first << 1 | 1u))
        bits--;
    return bits;
}

bool leat_bearssl_pss_verify(struct bearssl_provider *provider, const struct bearssl_public *key,
                             const br_hash_class *hash, const uint8_t *digest,
                             const uint8_t *signature, size_t len)
{
    const size_t h_len = (hash->desc >> BR_HASHDESC_OUT_OFF) & BR_HASHDESC_OUT_MASK;
    const br_rsa_public_key view = leat_bearssl_rsa_public(key);
    uint8_t *message = provider->work.pss.message;
    const struct encoded encoded = layout_of(message, bits_of(&view), h_len);
    uint8_t right[DIGEST_BYTES_MAX];

    if (len != view.nlen)
        return false;
    memcpy(message, signature, len);
    if (provider->rsa_public(message, len, &view) != 1)
        return false;
    if (encoded.em != message && message[0] != 0)
        return false;
    if (encoded.em[encoded.len - 1] != TRAILER || (encoded.em[0] & ~encoded.top & 0xff) != 0)
        return false;
    mask(hash, &encoded);
    if (!is_padded(&encoded))
        return false;
    hash_of(hash, digest, encoded.em + (encoded.db_len - h_len), h_len, right);
    return leat_crypto_equal(right, encoded.em + encoded.db_len, h_len);
}
