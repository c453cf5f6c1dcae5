/* provider.c -- a provider over libcrypto, from its opening to its closing. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include "inside.h"

static const char *provider_name(void *self)
{
    const struct openssl_provider *provider = self;

    return provider->name;
}

static bool provider_random(void *self, void *bytes, size_t len)
{
    const struct openssl_provider *provider = self;

    return provider->entropy(provider->entropy_arg, bytes, len) == LEAT_OK;
}

static bool provider_reseed(void *self)
{
    struct openssl_provider *provider = self;
    uint8_t seed[48];
    EVP_RAND_CTX *const generators[] = {RAND_get0_primary(provider->library),
                                        RAND_get0_public(provider->library),
                                        RAND_get0_private(provider->library)};
    bool done = provider_random(self, seed, sizeof seed);

    for (size_t i = 0; done && i < sizeof generators / sizeof *generators; i++)
        done = EVP_RAND_reseed(generators[i], 0, NULL, 0, seed, sizeof seed) == 1;
    leat_crypto_wipe(seed, sizeof seed);
    return done;
}

static const struct leat_crypto_ops ops = {
    .name = provider_name,
    .random = provider_random,
    .reseed = provider_reseed,
    .hash_open = leat_openssl_hash_open,
    .hash_update = leat_openssl_hash_update,
    .hash_digest = leat_openssl_hash_digest,
    .hash_close = leat_openssl_hash_close,
    .hmac = leat_openssl_hmac,
    .supports_aead = leat_openssl_supports_aead,
    .seal = leat_openssl_seal,
    .open = leat_openssl_open,
    .supports_group = leat_openssl_supports_group,
    .share_open = leat_openssl_share_open,
    .share_derive = leat_openssl_share_derive,
    .share_close = leat_openssl_share_close,
    .share_answer = leat_openssl_share_answer,
    .supports_scheme = leat_openssl_supports_scheme,
    .private_open = leat_openssl_private_open,
    .private_close = leat_openssl_private_close,
    .private_can = leat_openssl_private_can,
    .private_fits = leat_openssl_private_fits,
    .sign = leat_openssl_sign,
    .verify = leat_openssl_verify,
    .public_open = leat_openssl_public_open,
    .public_close = leat_openssl_public_close,
    .pin = leat_openssl_pin,
    .anchors_open = leat_openssl_anchors_open,
    .anchors_close = leat_openssl_anchors_close,
    .check_chain = leat_openssl_check_chain,
    .private_make = leat_openssl_private_make,
    .stretch = leat_openssl_stretch,
};

static enum leat_err start(struct openssl_provider *provider)
{
    const char *version = OpenSSL_version(OPENSSL_VERSION_STRING);

    provider->library = OSSL_LIB_CTX_new();
    if (!provider->library)
        return LEAT_ERR_MEMORY;
    if (!leat_openssl_hash_start(provider) || !leat_openssl_aead_start(provider) ||
        !leat_openssl_share_start(provider))
        return LEAT_ERR_NOT_FOUND;
    memcpy(provider->name, "OpenSSL ", 8);
    for (size_t i = 8; i < sizeof provider->name - 1 && *version; i++)
        provider->name[i] = *version++;
    return provider_reseed(provider) ? LEAT_OK : LEAT_ERR_ENTROPY;
}

enum leat_err leat_crypto_openssl_open(struct leat_crypto *crypto, leat_crypto_entropy *entropy,
                                       void *arg)
{
    struct openssl_provider *provider = OPENSSL_zalloc(sizeof *provider);
    enum leat_err err;

    crypto->ops = &ops;
    crypto->self = provider;
    if (!provider)
        return LEAT_ERR_MEMORY;
    provider->entropy = entropy;
    provider->entropy_arg = arg;
    err = start(provider);
    if (err != LEAT_OK)
        leat_crypto_openssl_close(crypto);
    ERR_clear_error();
    return err;
}

void leat_crypto_openssl_close(struct leat_crypto *crypto)
{
    struct openssl_provider *provider = crypto->self;

    leat_openssl_share_stop(provider);
    leat_openssl_aead_stop(provider);
    leat_openssl_hash_stop(provider);
    OSSL_LIB_CTX_free(provider->library);
    OPENSSL_clear_free(provider, sizeof *provider);
    crypto->self = NULL;
}
