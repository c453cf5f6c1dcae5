/* aead.c -- AES-GCM and ChaCha20-Poly1305 by libcrypto, from pieces to pieces. */
#include <limits.h>

#include <openssl/err.h>

#include "inside.h"

static const char *const names[] = {
    [LEAT_CRYPTO_AES_128_GCM] = "AES-128-GCM",
    [LEAT_CRYPTO_AES_256_GCM] = "AES-256-GCM",
    [LEAT_CRYPTO_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
};

enum {
    AHEAD_BYTES = 2048,
    LINE_BYTES = 64
};

#define NAMES (sizeof names / sizeof *names)

_Static_assert(NAMES == sizeof((struct openssl_provider *)0)->ciphers / sizeof(EVP_CIPHER *),
               "a cipher for each name");

bool leat_openssl_aead_start(struct openssl_provider *provider)
{
    bool done = true;

    for (size_t i = LEAT_CRYPTO_AES_128_GCM; i < NAMES; i++) {
        provider->ciphers[i] = EVP_CIPHER_fetch(provider->library, names[i], NULL);
        done = done && provider->ciphers[i];
    }
    provider->seal.context = EVP_CIPHER_CTX_new();
    provider->open.context = EVP_CIPHER_CTX_new();
    return done && provider->seal.context && provider->open.context;
}

void leat_openssl_aead_stop(struct openssl_provider *provider)
{
    EVP_CIPHER_CTX_free(provider->open.context);
    EVP_CIPHER_CTX_free(provider->seal.context);
    for (size_t i = LEAT_CRYPTO_AES_128_GCM; i < NAMES; i++)
        EVP_CIPHER_free(provider->ciphers[i]);
}

bool leat_openssl_supports_aead(void *self, enum leat_crypto_aead aead)
{
    (void)self;
    return (unsigned)aead >= LEAT_CRYPTO_AES_128_GCM && (unsigned)aead < NAMES;
}

/* Expands @key, unless it is the one that was used last, and starts with @nonce. */
static bool begin(const struct openssl_provider *provider, struct openssl_cipher *cipher,
                  const struct leat_crypto_aead_key *key, const uint8_t *nonce, int encrypt)
{
    const size_t key_bytes = leat_crypto_key_bytes((enum leat_crypto_aead)key->aead);

    if (key->aead == cipher->key.aead &&
        leat_crypto_equal(key->bytes, cipher->key.bytes, key_bytes))
        return EVP_CipherInit_ex2(cipher->context, NULL, NULL, nonce, encrypt, NULL) == 1;
    if (!leat_openssl_supports_aead(NULL, (enum leat_crypto_aead)key->aead))
        return false;
    cipher->key.aead = 0;
    if (EVP_CipherInit_ex2(cipher->context, provider->ciphers[key->aead], key->bytes, nonce,
                           encrypt, NULL) != 1)
        return false;
    cipher->key = *key;
    return true;
}

/* Loads up to AHEAD_BYTES at @at into the cache, while the cipher works on those in front of them.
 * The processor's own prefetching stops at each page of a large file. */
static void load_ahead(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len && i < AHEAD_BYTES; i += LINE_BYTES)
        __builtin_prefetch(at + i);
}

/* Runs the cipher over the bytes, as far as a piece of both lists goes at a time. */
static bool run(EVP_CIPHER_CTX *context, const struct leat_crypto_job *job)
{
    size_t from = 0, to = 0;       /* pieces */
    size_t from_at = 0, to_at = 0; /* bytes in them */

    while (from < job->in_count) {
        const struct leat_crypto_piece *in = &job->in[from];
        const struct leat_crypto_piece *out = &job->out[to];
        size_t len = in->len - from_at;
        int written;

        if (len == 0) {
            from++;
            from_at = 0;
            continue;
        }
        if (to == job->out_count) /* there are fewer bytes of room */
            return false;
        if (out->len == to_at) {
            to++;
            to_at = 0;
            continue;
        }
        if (len > out->len - to_at)
            len = out->len - to_at;
        if (len > INT_MAX)
            len = INT_MAX;
        load_ahead(in->bytes + from_at + len, in->len - from_at - len);
        if (EVP_CipherUpdate(context, out->bytes + to_at, &written, in->bytes + from_at,
                             (int)len) != 1)
            return false;
        from_at += len;
        to_at += len;
    }
    return true;
}

static bool begin_and_run(const struct openssl_provider *provider, struct openssl_cipher *cipher,
                          const struct leat_crypto_aead_key *key, const struct leat_crypto_job *job,
                          int encrypt)
{
    int written;

    return begin(provider, cipher, key, job->nonce, encrypt) &&
           (job->aad_len == 0 ||
            EVP_CipherUpdate(cipher->context, NULL, &written, job->aad, (int)job->aad_len) == 1) &&
           run(cipher->context, job);
}

bool leat_openssl_seal(void *self, const struct leat_crypto_aead_key *key,
                       const struct leat_crypto_job *job, uint8_t *tag)
{
    struct openssl_provider *provider = self;
    struct openssl_cipher *cipher = &provider->seal;
    uint8_t rest[EVP_MAX_BLOCK_LENGTH];
    int written;
    const bool done = begin_and_run(provider, cipher, key, job, 1) &&
                      EVP_CipherFinal_ex(cipher->context, rest, &written) == 1 &&
                      EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_GET_TAG,
                                          LEAT_CRYPTO_TAG_BYTES, tag) == 1;

    if (!done)
        ERR_clear_error();
    return done;
}

bool leat_openssl_open(void *self, const struct leat_crypto_aead_key *key,
                       const struct leat_crypto_job *job, const uint8_t *tag)
{
    struct openssl_provider *provider = self;
    struct openssl_cipher *cipher = &provider->open;
    uint8_t rest[EVP_MAX_BLOCK_LENGTH];
    int written;
    const bool done =
        begin_and_run(provider, cipher, key, job, 0) &&
        EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_SET_TAG, LEAT_CRYPTO_TAG_BYTES,
                            (void *)(uintptr_t)tag) == 1 && /* is only read */
        EVP_CipherFinal_ex(cipher->context, rest, &written) == 1;

    if (!done)
        ERR_clear_error();
    return done;
}
