/* hash.c -- SHA-256, SHA-384 and HMAC by BearSSL, and PBKDF2 by its HMAC. */
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

/* BearSSL has no PBKDF2: the first block is U_1 xor U_2 ... (RFC 8018, 5.2). */
bool leat_bearssl_stretch(void *self, const struct leat_crypto_stretch *job, uint8_t *digest)
{
    static const uint8_t first_block[] = {0, 0, 0, 1};
    struct bearssl_provider *provider = self;
    union bearssl_work *work = &provider->work;
    const size_t len = leat_crypto_digest_bytes(job->hash);
    uint8_t u[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    br_hmac_key_init(&work->hmac.key, class_of(job->hash), job->password, job->password_len);
    br_hmac_init(&work->hmac.context, &work->hmac.key, 0);
    br_hmac_update(&work->hmac.context, job->salt, job->salt_len);
    br_hmac_update(&work->hmac.context, first_block, sizeof first_block);
    br_hmac_out(&work->hmac.context, u);
    for (size_t i = 0; i < len; i++)
        digest[i] = u[i];
    for (uint32_t round = 1; round < job->rounds; round++) {
        br_hmac_init(&work->hmac.context, &work->hmac.key, 0);
        br_hmac_update(&work->hmac.context, u, len);
        br_hmac_out(&work->hmac.context, u);
        for (size_t i = 0; i < len; i++)
            digest[i] ^= u[i];
    }
    leat_crypto_wipe(&work->hmac, sizeof work->hmac);
    leat_crypto_wipe(u, sizeof u);
    return true;
}
