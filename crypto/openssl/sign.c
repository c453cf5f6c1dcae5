/* sign.c -- signatures by libcrypto, of the schemes of TLS 1.3. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "inside.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

/* A scheme (RFC 8446, 4.2.3). */
struct scheme {
    enum leat_crypto_scheme id;
    const char *kind;   /* of key */
    const char *group;  /* of an elliptic curve, or NULL */
    const char *digest; /* NULL: part of the scheme */
};

static const struct scheme schemes[] = {
    {LEAT_CRYPTO_ECDSA_SECP256R1_SHA256, "EC", "prime256v1", "SHA2-256"},
    {LEAT_CRYPTO_ECDSA_SECP384R1_SHA384, "EC", "secp384r1", "SHA2-384"},
    {LEAT_CRYPTO_ECDSA_SECP521R1_SHA512, "EC", "secp521r1", "SHA2-512"},
    {LEAT_CRYPTO_RSA_PSS_RSAE_SHA256, "RSA", NULL, "SHA2-256"},
    {LEAT_CRYPTO_RSA_PSS_RSAE_SHA384, "RSA", NULL, "SHA2-384"},
    {LEAT_CRYPTO_RSA_PSS_RSAE_SHA512, "RSA", NULL, "SHA2-512"},
    {LEAT_CRYPTO_ED25519, "ED25519", NULL, NULL},
    {LEAT_CRYPTO_RSA_PSS_PSS_SHA256, "RSA-PSS", NULL, "SHA2-256"},
    {LEAT_CRYPTO_RSA_PSS_PSS_SHA384, "RSA-PSS", NULL, "SHA2-384"},
    {LEAT_CRYPTO_RSA_PSS_PSS_SHA512, "RSA-PSS", NULL, "SHA2-512"},
};

#define SCHEMES (sizeof schemes / sizeof *schemes)

static const struct scheme *scheme_of(enum leat_crypto_scheme id)
{
    for (size_t i = 0; i < SCHEMES; i++) {
        if (schemes[i].id == id)
            return &schemes[i];
    }
    return NULL;
}

static bool is_rsa(const struct scheme *scheme)
{
    return strncmp(scheme->kind, "RSA", 3) == 0;
}

/* An RSASSA-PSS key may name the only digest that it is for (RFC 4055 1.2). */
static bool digest_fits(const struct scheme *scheme, const EVP_PKEY *key)
{
    char digest[32];
    size_t len;

    if (strcmp(scheme->kind, "RSA-PSS") != 0 ||
        EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_RSA_DIGEST, digest, sizeof digest,
                                       &len) != 1)
        return true;
    return strcmp(digest, scheme->digest) == 0 || /* SHA2-256, or its older name SHA256 */
           (strncmp(digest, "SHA", 3) == 0 && strcmp(digest + 3, scheme->digest + 5) == 0);
}

static bool takes(const struct scheme *scheme, const EVP_PKEY *key)
{
    char group[32];
    size_t len;

    if (!EVP_PKEY_is_a(key, scheme->kind))
        return false;
    if (scheme->group)
        return EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
               strcmp(group, scheme->group) == 0;
    return !is_rsa(scheme) || (digest_fits(scheme, key) && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN &&
                               EVP_PKEY_get_bits(key) <= RSA_BITS_MAX);
}

bool leat_openssl_key_is_usable(const EVP_PKEY *key)
{
    for (size_t i = 0; i < SCHEMES; i++) {
        if (takes(&schemes[i], key))
            return true;
    }
    return false;
}

bool leat_openssl_supports_scheme(void *self, enum leat_crypto_scheme scheme)
{
    (void)self;
    return scheme_of(scheme) != NULL;
}

bool leat_openssl_private_can(void *self, const struct leat_crypto_private *key,
                              enum leat_crypto_scheme scheme)
{
    const struct scheme *found = scheme_of(scheme);

    (void)self;
    return found && takes(found, leat_openssl_key_of_private(key));
}

/* RSA-PSS with MGF1 and a salt as long as the digest (RFC 8446, 4.2.3); nothing for the others. */
static bool set_padding(EVP_PKEY_CTX *context, const struct scheme *scheme)
{
    if (!is_rsa(scheme))
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* The pieces in one, which the caller frees: the calls that take a message whole know all schemes.
 */
static uint8_t *gather(const struct leat_crypto_piece *pieces, size_t count, size_t *len)
{
    uint8_t *all;

    *len = 0;
    for (size_t i = 0; i < count; i++)
        *len += pieces[i].len;
    all = OPENSSL_malloc(*len + 1);
    if (!all)
        return NULL;
    *len = 0;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].len > 0)
            memcpy(all + *len, pieces[i].bytes, pieces[i].len);
        *len += pieces[i].len;
    }
    return all;
}

bool leat_openssl_sign(void *self, const struct leat_crypto_private *key,
                       enum leat_crypto_scheme scheme, const struct leat_crypto_piece *pieces,
                       size_t count, uint8_t *signature, size_t *len)
{
    const struct openssl_provider *provider = self;
    const struct scheme *found = scheme_of(scheme);
    EVP_PKEY *inside = leat_openssl_key_of_private(key);
    EVP_MD_CTX *context;
    EVP_PKEY_CTX *key_context; /* part of the other */
    size_t all_len;
    uint8_t *all;
    bool done;

    if (!found || !takes(found, inside))
        return false;
    all = gather(pieces, count, &all_len);
    context = EVP_MD_CTX_new();
    *len = LEAT_CRYPTO_SIGNATURE_BYTES_MAX;
    done = all && context &&
           EVP_DigestSignInit_ex(context, &key_context, found->digest, provider->library, NULL,
                                 inside, NULL) == 1 &&
           set_padding(key_context, found) &&
           EVP_DigestSign(context, signature, len, all, all_len) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(all);
    ERR_clear_error();
    return done;
}

bool leat_openssl_verify(void *self, const struct leat_crypto_public *key,
                         enum leat_crypto_scheme scheme, const struct leat_crypto_piece *pieces,
                         size_t count, const uint8_t *signature, size_t len)
{
    const struct openssl_provider *provider = self;
    const struct scheme *found = scheme_of(scheme);
    EVP_PKEY *inside = leat_openssl_key_of_public(key);
    EVP_MD_CTX *context;
    EVP_PKEY_CTX *key_context; /* part of the other */
    size_t all_len;
    uint8_t *all;
    bool done;

    if (!found || !takes(found, inside))
        return false;
    all = gather(pieces, count, &all_len);
    context = EVP_MD_CTX_new();
    done = all && context &&
           EVP_DigestVerifyInit_ex(context, &key_context, found->digest, provider->library, NULL,
                                   inside, NULL) == 1 &&
           set_padding(key_context, found) &&
           EVP_DigestVerify(context, signature, len, all, all_len) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(all);
    ERR_clear_error();
    return done;
}
