/* hash.c -- SHA-256, SHA-384 and HMAC by BearSSL. */
#include "inside.h"

/* The content of struct leat_crypto_hashing.  Its first member tells which function it is. */
struct hashing {
    br_hash_compat_context context;
} BEARSSL_INSIDE;

_Static_assert(sizeof(struct hashing) <= sizeof(struct leat_crypto_hashing), "it has the room");

static const br_hash_class *class_of(enum leat_crypto_hash hash)
{
    return hash == LEAT_CRYPTO_SHA256 ? &br_sha256_vtable : &br_sha384_vtable;
}

bool leat_bearssl_hash_open(void *self, struct leat_crypto_hashing *hashing,
                            enum leat_crypto_hash hash)
{
    struct hashing *inside = (struct hashing *)hashing->state;

    (void)self;
    class_of(hash)->init(&inside->context.vtable);
    return true;
}

bool leat_bearssl_hash_update(void *self, struct leat_crypto_hashing *hashing, const void *bytes,
                              size_t len)
{
    struct hashing *inside = (struct hashing *)hashing->state;

    (void)self;
    inside->context.vtable->update(&inside->context.vtable, bytes, len);
    return true;
}

bool leat_bearssl_hash_digest(void *self, const struct leat_crypto_hashing *hashing,
                              uint8_t *digest)
{
    const struct hashing *inside = (const struct hashing *)hashing->state;

    (void)self;
    inside->context.vtable->out(&inside->context.vtable, digest);
    return true;
}

void leat_bearssl_hash_close(void *self, struct leat_crypto_hashing *hashing)
{
    (void)self;
    leat_crypto_wipe(hashing, sizeof *hashing);
}

bool leat_bearssl_hmac(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                       const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac)
{
    struct bearssl_provider *provider = self;
    union bearssl_work *work = &provider->work;

    br_hmac_key_init(&work->hmac.key, class_of(hash), key, key_len);
    br_hmac_init(&work->hmac.context, &work->hmac.key, 0);
    for (size_t i = 0; i < count; i++)
        br_hmac_update(&work->hmac.context, pieces[i].bytes, pieces[i].len);
    br_hmac_out(&work->hmac.context, mac);
    leat_crypto_wipe(&work->hmac, sizeof work->hmac);
    return true;
}
