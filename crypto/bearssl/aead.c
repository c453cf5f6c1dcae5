/*
 * aead.c -- AES-GCM and ChaCha20-Poly1305 by BearSSL, from pieces to pieces.
 *
 * BearSSL works in place.  If input and output lie apart, the data is copied in short runs just
 * before, so that it passes through the cache only once.  BearSSL's Poly1305 wants all data in one
 * piece: if it comes in several, it is gathered first.
 */
#include <string.h>

#include "inside.h"

#define RUN_BYTES 1024u

bool leat_bearssl_supports_aead(void *self, enum leat_crypto_aead aead)
{
    (void)self;
    return (unsigned)aead >= LEAT_CRYPTO_AES_128_GCM &&
           (unsigned)aead <= LEAT_CRYPTO_CHACHA20_POLY1305;
}

/* Expands @key, unless it is the one that was used last, and starts with the nonce. */
static void gcm_begin(const struct bearssl_provider *provider, struct bearssl_cipher *cipher,
                      const struct leat_crypto_aead_key *key, const struct leat_crypto_job *job)
{
    const size_t key_bytes = leat_crypto_key_bytes((enum leat_crypto_aead)key->aead);

    if (key->aead != cipher->key.aead ||
        !leat_crypto_equal(key->bytes, cipher->key.bytes, key_bytes)) {
        cipher->key = *key;
        provider->aes->init(&cipher->aes.vtable, key->bytes, key_bytes);
        br_gcm_init(&cipher->gcm, &cipher->aes.vtable, provider->ghash);
    }
    br_gcm_reset(&cipher->gcm, job->nonce, LEAT_CRYPTO_NONCE_BYTES);
    br_gcm_aad_inject(&cipher->gcm, job->aad, job->aad_len);
    br_gcm_flip(&cipher->gcm);
}

static bool gcm_run(struct bearssl_cipher *cipher, const struct leat_crypto_job *job, int encrypt)
{
    struct bearssl_place place = {0, 0, 0, 0};
    const uint8_t *from;
    uint8_t *to;
    size_t len;

    while (leat_bearssl_next(job, &place, &from, &to, &len)) {
        for (size_t at = 0; at < len; at += RUN_BYTES) {
            const size_t some = len - at < RUN_BYTES ? len - at : RUN_BYTES;

            if (from != to)
                memcpy(to + at, from + at, some);
            br_gcm_run(&cipher->gcm, encrypt, to + at, some);
        }
    }
    return len == 0;
}

/* Where all data lies in one piece, ready to be worked on in place; NULL: there is no room for it.
 */
static uint8_t *whole_text(struct bearssl_provider *provider, const struct leat_crypto_job *job,
                           size_t *len)
{
    uint8_t *at = provider->scratch;
    size_t room = sizeof provider->scratch;

    if (job->out_count == 1 && job->in_count <= 1) {
        at = job->out->bytes;
        room = job->out->len;
        if (job->in_count == 1 && job->in->bytes == at && job->in->len <= room) {
            *len = job->in->len;
            return at;
        }
    }
    *len = leat_bearssl_gather(job->in, job->in_count, at, room);
    return *len == SIZE_MAX ? NULL : at;
}

/* Moves the data to its destination, unless it is there already. */
static bool scatter(struct bearssl_provider *provider, const struct leat_crypto_job *job,
                    const uint8_t *text, size_t len)
{
    size_t at = 0;

    if (text != provider->scratch)
        return true;
    for (size_t i = 0; i < job->out_count && at < len; i++) {
        const size_t some = job->out[i].len < len - at ? job->out[i].len : len - at;

        if (some > 0)
            memcpy(job->out[i].bytes, text + at, some);
        at += some;
    }
    leat_crypto_wipe(provider->scratch, len);
    return at == len;
}

static bool chacha_run(struct bearssl_provider *provider, const struct leat_crypto_aead_key *key,
                       const struct leat_crypto_job *job, uint8_t *tag, int encrypt)
{
    size_t len;
    uint8_t *text = whole_text(provider, job, &len);

    if (!text)
        return false;
    provider->poly1305(key->bytes, job->nonce, text, len, job->aad, job->aad_len, tag,
                       provider->chacha20, encrypt);
    return scatter(provider, job, text, len);
}

bool leat_bearssl_seal(void *self, const struct leat_crypto_aead_key *key,
                       const struct leat_crypto_job *job, uint8_t *tag)
{
    struct bearssl_provider *provider = self;

    if (!leat_bearssl_supports_aead(self, (enum leat_crypto_aead)key->aead))
        return false;
    if (key->aead == LEAT_CRYPTO_CHACHA20_POLY1305)
        return chacha_run(provider, key, job, tag, 1);
    gcm_begin(provider, &provider->seal, key, job);
    if (!gcm_run(&provider->seal, job, 1))
        return false;
    br_gcm_get_tag(&provider->seal.gcm, tag);
    return true;
}

bool leat_bearssl_unseal(void *self, const struct leat_crypto_aead_key *key,
                         const struct leat_crypto_job *job, const uint8_t *tag)
{
    struct bearssl_provider *provider = self;
    uint8_t right[LEAT_CRYPTO_TAG_BYTES];

    if (!leat_bearssl_supports_aead(self, (enum leat_crypto_aead)key->aead))
        return false;
    if (key->aead == LEAT_CRYPTO_CHACHA20_POLY1305)
        return chacha_run(provider, key, job, right, 0) &&
               leat_crypto_equal(right, tag, sizeof right);
    gcm_begin(provider, &provider->open, key, job);
    return gcm_run(&provider->open, job, 0) && br_gcm_check_tag(&provider->open.gcm, tag) == 1;
}
