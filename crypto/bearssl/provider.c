/* provider.c -- a provider over BearSSL: its memory, and the choice of BearSSL's implementations.
 */
#include <string.h>

#include "inside.h"

static const char *provider_name(void *self)
{
    (void)self;
    return "BearSSL";
}

static bool provider_random(void *self, void *bytes, size_t len)
{
    const struct bearssl_provider *provider = self;

    return provider->entropy(provider->entropy_arg, bytes, len) == LEAT_OK;
}

/* There is no generator whose state could be old: it is enough that the source answers. */
static bool provider_reseed(void *self)
{
    uint8_t seed[32];
    const bool done = provider_random(self, seed, sizeof seed);

    leat_crypto_wipe(seed, sizeof seed);
    return done;
}

static const struct leat_crypto_ops ops = {
    .name = provider_name,
    .random = provider_random,
    .reseed = provider_reseed,
    .hash_open = leat_bearssl_hash_open,
    .hash_update = leat_bearssl_hash_update,
    .hash_digest = leat_bearssl_hash_digest,
    .hash_close = leat_bearssl_hash_close,
    .hmac = leat_bearssl_hmac,
    .supports_aead = leat_bearssl_supports_aead,
    .seal = leat_bearssl_seal,
    .open = leat_bearssl_unseal,
    .supports_group = leat_bearssl_supports_group,
    .share_open = leat_bearssl_share_open,
    .share_derive = leat_bearssl_share_derive,
    .share_close = leat_bearssl_share_close,
    .share_answer = leat_bearssl_share_answer,
    .supports_scheme = leat_bearssl_supports_scheme,
    .private_open = leat_bearssl_private_open,
    .private_close = leat_bearssl_private_close,
    .private_can = leat_bearssl_private_can,
    .private_fits = leat_bearssl_private_fits,
    .sign = leat_bearssl_sign,
    .verify = leat_bearssl_verify,
    .public_open = leat_bearssl_public_open,
    .public_close = leat_bearssl_public_close,
    .pin = leat_bearssl_pin,
    .anchors_open = leat_bearssl_anchors_open,
    .anchors_close = leat_bearssl_anchors_close,
    .check_chain = leat_bearssl_check_chain,
    .private_make = leat_bearssl_private_make,
    .stretch = leat_bearssl_stretch,
};

/* Chooses the fastest implementations that this processor supports; all are constant-time. */
static void choose(struct bearssl_provider *provider)
{
    provider->aes = br_aes_x86ni_ctr_get_vtable();
    if (!provider->aes)
        provider->aes = &br_aes_ct64_ctr_vtable;
    provider->ghash = br_ghash_pclmul_get();
    if (!provider->ghash)
        provider->ghash = br_ghash_ctmul64;
    provider->chacha20 = br_chacha20_sse2_get();
    if (!provider->chacha20)
        provider->chacha20 = br_chacha20_ct_run;
    provider->poly1305 = br_poly1305_ctmulq_get();
    if (!provider->poly1305)
        provider->poly1305 = br_poly1305_ctmul_run;
    provider->rsa_private = br_rsa_private_get_default();
    provider->rsa_public = br_rsa_public_get_default();
    provider->rsa_pkcs1 = br_rsa_pkcs1_vrfy_get_default();
}

enum leat_err leat_crypto_bearssl_open(struct leat_crypto *crypto, void *memory,
                                       size_t memory_bytes, leat_crypto_entropy *entropy, void *arg)
{
    struct bearssl_provider *provider = memory;

    if (memory_bytes < LEAT_CRYPTO_BEARSSL_BYTES)
        return LEAT_ERR_MEMORY;
    if ((uintptr_t)memory % _Alignof(struct bearssl_provider) != 0)
        return LEAT_ERR_ARGUMENT;
    memset(provider, 0, sizeof *provider);
    provider->entropy = entropy;
    provider->entropy_arg = arg;
    choose(provider);
    crypto->ops = &ops;
    crypto->self = provider;
    return provider_reseed(provider) ? LEAT_OK : LEAT_ERR_ENTROPY;
}

void leat_crypto_bearssl_close(struct leat_crypto *crypto)
{
    leat_crypto_wipe(crypto->self, sizeof(struct bearssl_provider));
    crypto->self = NULL;
}
