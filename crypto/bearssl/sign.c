/* sign.c -- signatures by BearSSL, of the schemes of TLS 1.3. */
#include "inside.h"

#define DIGEST_BYTES_MAX 64u

/* A scheme (RFC 8446, 4.2.3). */
struct scheme {
    enum leat_crypto_scheme id;
    uint32_t type;
    uint32_t curve; /* 0: none */
    const br_hash_class *hash;
};

static const struct scheme schemes[] = {
    {LEAT_CRYPTO_ECDSA_SECP256R1_SHA256, BR_KEYTYPE_EC, BR_EC_secp256r1, &br_sha256_vtable},
    {LEAT_CRYPTO_ECDSA_SECP384R1_SHA384, BR_KEYTYPE_EC, BR_EC_secp384r1, &br_sha384_vtable},
    {LEAT_CRYPTO_ECDSA_SECP521R1_SHA512, BR_KEYTYPE_EC, BR_EC_secp521r1, &br_sha512_vtable},
    {LEAT_CRYPTO_RSA_PSS_RSAE_SHA256, BR_KEYTYPE_RSA, 0, &br_sha256_vtable},
    {LEAT_CRYPTO_RSA_PSS_RSAE_SHA384, BR_KEYTYPE_RSA, 0, &br_sha384_vtable},
    {LEAT_CRYPTO_RSA_PSS_RSAE_SHA512, BR_KEYTYPE_RSA, 0, &br_sha512_vtable},
};

static const struct scheme *scheme_of(enum leat_crypto_scheme id)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (schemes[i].id == id)
            return &schemes[i];
    }
    return NULL;
}

bool leat_bearssl_supports_scheme(void *self, enum leat_crypto_scheme scheme)
{
    (void)self;
    return scheme_of(scheme) != NULL;
}

bool leat_bearssl_private_can(void *self, const struct leat_crypto_private *key,
                              enum leat_crypto_scheme scheme)
{
    const struct bearssl_private *inside = (const struct bearssl_private *)key->state;
    const struct scheme *found = scheme_of(scheme);

    (void)self;
    return found && found->type == inside->type && found->curve == inside->curve;
}

static void digest_of(const br_hash_class *hash, const struct leat_crypto_piece *pieces,
                      size_t count, uint8_t *digest)
{
    br_hash_compat_context context;

    hash->init(&context.vtable);
    for (size_t i = 0; i < count; i++)
        hash->update(&context.vtable, pieces[i].bytes, pieces[i].len);
    hash->out(&context.vtable, digest);
}

bool leat_bearssl_sign(void *self, const struct leat_crypto_private *key,
                       enum leat_crypto_scheme scheme, const struct leat_crypto_piece *pieces,
                       size_t count, uint8_t *signature, size_t *len)
{
    const struct bearssl_private *inside = (const struct bearssl_private *)key->state;
    const struct scheme *found = scheme_of(scheme);
    uint8_t digest[DIGEST_BYTES_MAX];
    br_ec_private_key view;

    if (!leat_bearssl_private_can(self, key, scheme))
        return false;
    digest_of(found->hash, pieces, count, digest);
    if (found->type == BR_KEYTYPE_RSA)
        return leat_bearssl_pss_sign(self, inside, found->hash, digest, signature, len);
    view = leat_bearssl_ec_private(inside);
    *len = br_ecdsa_i31_sign_asn1(&br_ec_all_m31, found->hash, digest, &view, signature);
    return *len != 0;
}

/* Parses the header of a SEQUENCE that fills all @len bytes, with the shortest form of its length
 * (X.690 10.1).  Returns where its content begins, or 0 if there is no such header. */
static size_t sequence_at(const uint8_t *signature, size_t len)
{
    const size_t at = len > 2 + 127 ? 3 : 2; /* of P-521 the length takes two bytes */

    if (len < at || len > 3 + 255 || signature[0] != 0x30 || signature[at - 1] != len - at)
        return 0;
    return at == 3 && signature[1] != 0x81 ? 0 : at;
}

/* Parses a positive INTEGER at @at in its shortest form; returns the place behind it, or 0. */
static size_t integer_end(const uint8_t *signature, size_t len, size_t at)
{
    size_t number_len;

    if (len - at < 3 || signature[at] != 0x02)
        return 0;
    number_len = signature[at + 1];
    at += 2;
    if (number_len == 0 || number_len > len - at || signature[at] >= 0x80)
        return 0;
    if (signature[at] == 0 && (number_len == 1 || signature[at + 1] < 0x80))
        return 0;
    return at + number_len;
}

/* True for two positive numbers in DER (X.690 8.3.2; RFC 3279 2.2.3).  BearSSL itself accepts
 * more. */
static bool is_der(const uint8_t *signature, size_t len)
{
    size_t at = sequence_at(signature, len);

    for (int i = 0; i < 2 && at > 0; i++)
        at = integer_end(signature, len, at);
    return at > 0 && at == len;
}

bool leat_bearssl_verify(void *self, const struct leat_crypto_public *key,
                         enum leat_crypto_scheme scheme, const struct leat_crypto_piece *pieces,
                         size_t count, const uint8_t *signature, size_t len)
{
    const struct bearssl_public *inside = (const struct bearssl_public *)key->state;
    const struct scheme *found = scheme_of(scheme);
    uint8_t digest[DIGEST_BYTES_MAX];
    br_ec_public_key view;

    if (!found || found->type != inside->type || found->curve != inside->curve)
        return false;
    digest_of(found->hash, pieces, count, digest);
    if (found->type == BR_KEYTYPE_RSA)
        return leat_bearssl_pss_verify(self, inside, found->hash, digest, signature, len);
    if (!is_der(signature, len))
        return false;
    view = leat_bearssl_ec_public(inside);
    return br_ecdsa_i31_vrfy_asn1(&br_ec_all_m31, digest,
                                  (found->hash->desc >> BR_HASHDESC_OUT_OFF) & BR_HASHDESC_OUT_MASK,
                                  &view, signature, len) == 1;
}
