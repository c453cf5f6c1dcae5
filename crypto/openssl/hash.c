/* hash.c -- SHA-256, SHA-384, HMAC and PBKDF2 by libcrypto. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "inside.h"

/* The content of struct leat_crypto_hashing. */
struct hashing {
    EVP_MD_CTX *context;
} OPENSSL_INSIDE;

_Static_assert(sizeof(struct hashing) <= sizeof(struct leat_crypto_hashing), "it has the room");

static EVP_MAC_CTX *hmac_context(struct openssl_provider *provider, const char *digest)
{
    EVP_MAC *mac = EVP_MAC_fetch(provider->library, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    char name[] = "SHA2-000";
    OSSL_PARAM params[2];

    EVP_MAC_free(mac); /* the context has a reference */
    for (size_t i = 0; i < sizeof name - 1; i++)
        name[i] = digest[i];
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
    params[1] = OSSL_PARAM_construct_end();
    if (context && EVP_MAC_CTX_set_params(context, params) != 1) {
        EVP_MAC_CTX_free(context);
        context = NULL;
    }
    return context;
}

bool leat_openssl_hash_start(struct openssl_provider *provider)
{
    provider->sha256 = EVP_MD_fetch(provider->library, "SHA2-256", NULL);
    provider->sha384 = EVP_MD_fetch(provider->library, "SHA2-384", NULL);
    provider->scratch = EVP_MD_CTX_new();
    provider->hmac_sha256 = hmac_context(provider, "SHA2-256");
    provider->hmac_sha384 = hmac_context(provider, "SHA2-384");
    return provider->sha256 && provider->sha384 && provider->scratch && provider->hmac_sha256 &&
           provider->hmac_sha384;
}

void leat_openssl_hash_stop(struct openssl_provider *provider)
{
    EVP_MAC_CTX_free(provider->hmac_sha384);
    EVP_MAC_CTX_free(provider->hmac_sha256);
    EVP_MD_CTX_free(provider->scratch);
    EVP_MD_free(provider->sha384);
    EVP_MD_free(provider->sha256);
}

bool leat_openssl_hash_open(void *self, struct leat_crypto_hashing *hashing,
                            enum leat_crypto_hash hash)
{
    const struct openssl_provider *provider = self;
    struct hashing *inside = (struct hashing *)hashing->state;
    EVP_MD *digest = hash == LEAT_CRYPTO_SHA256 ? provider->sha256 : provider->sha384;

    inside->context = EVP_MD_CTX_new();
    return inside->context && EVP_DigestInit_ex2(inside->context, digest, NULL) == 1;
}

bool leat_openssl_hash_update(void *self, struct leat_crypto_hashing *hashing, const void *bytes,
                              size_t len)
{
    const struct hashing *inside = (const struct hashing *)hashing->state;

    (void)self;
    return EVP_DigestUpdate(inside->context, bytes, len) == 1;
}

bool leat_openssl_hash_digest(void *self, const struct leat_crypto_hashing *hashing,
                              uint8_t *digest)
{
    struct openssl_provider *provider = self;
    const struct hashing *inside = (const struct hashing *)hashing->state;

    return EVP_MD_CTX_copy_ex(provider->scratch, inside->context) == 1 &&
           EVP_DigestFinal_ex(provider->scratch, digest, NULL) == 1;
}

void leat_openssl_hash_close(void *self, struct leat_crypto_hashing *hashing)
{
    struct hashing *inside = (struct hashing *)hashing->state;

    (void)self;
    EVP_MD_CTX_free(inside->context);
    inside->context = NULL;
}

bool leat_openssl_hmac(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                       const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac)
{
    struct openssl_provider *provider = self;
    EVP_MAC_CTX *context =
        hash == LEAT_CRYPTO_SHA256 ? provider->hmac_sha256 : provider->hmac_sha384;
    bool done = EVP_MAC_init(context, key, key_len, NULL) == 1;
    size_t len;

    for (size_t i = 0; done && i < count; i++)
        done = EVP_MAC_update(context, pieces[i].bytes, pieces[i].len) == 1;
    done = done && EVP_MAC_final(context, mac, &len, leat_crypto_digest_bytes(hash)) == 1;
    if (!done)
        ERR_clear_error();
    return done;
}

/* Bytes that are only read. */
static OSSL_PARAM octets(const char *name, const void *bytes, size_t len)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)(len > 0 ? bytes : ""), len);
}

bool leat_openssl_stretch(void *self, const struct leat_crypto_stretch *job, uint8_t *digest)
{
    const struct openssl_provider *provider = self;
    EVP_KDF *kdf = EVP_KDF_fetch(provider->library, "PBKDF2", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    char name[] = "SHA2-000";
    unsigned rounds = job->rounds;
    int short_ones = 1; /* few rounds and short salts are the caller's decision */
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
                                 OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds),
                                 OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &short_ones),
                                 octets(OSSL_KDF_PARAM_PASSWORD, job->password, job->password_len),
                                 octets(OSSL_KDF_PARAM_SALT, job->salt, job->salt_len),
                                 OSSL_PARAM_construct_end()};
    const char *digits = job->hash == LEAT_CRYPTO_SHA256 ? "256" : "384";
    bool done;

    for (size_t i = 0; i < 3; i++)
        name[sizeof "SHA2-" - 1 + i] = digits[i];
    EVP_KDF_free(kdf); /* the context has a reference */
    done = context &&
           EVP_KDF_derive(context, digest, leat_crypto_digest_bytes(job->hash), params) == 1;
    EVP_KDF_CTX_free(context);
    if (!done)
        ERR_clear_error();
    return done;
}
