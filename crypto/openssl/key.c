/* key.c -- private keys and certificates as libcrypto reads them. */
#include <limits.h>
#include <string.h>

#include <openssl/err.h>

#include "inside.h"

/* The content of struct leat_crypto_private and struct leat_crypto_public. */
struct key {
    EVP_PKEY *key;
} OPENSSL_INSIDE;

EVP_PKEY *leat_openssl_key_of_private(const struct leat_crypto_private *key)
{
    return ((const struct key *)key->state)->key;
}

EVP_PKEY *leat_openssl_key_of_public(const struct leat_crypto_public *key)
{
    return ((const struct key *)key->state)->key;
}

static enum leat_err open_der(const struct openssl_provider *provider, struct key *inside,
                              const uint8_t *der, size_t len)
{
    const uint8_t *at = der;

    if (len > LONG_MAX)
        return LEAT_ERR_FORMAT;
    inside->key = d2i_AutoPrivateKey_ex(NULL, &at, (long)len, provider->library, NULL);
    ERR_clear_error();
    if (!inside->key)
        return LEAT_ERR_FORMAT;
    if (leat_openssl_key_is_usable(inside->key))
        return LEAT_OK;
    EVP_PKEY_free(inside->key);
    inside->key = NULL;
    return LEAT_ERR_UNSUPPORTED;
}

static enum leat_err open_pem(struct openssl_provider *provider, struct key *inside,
                              const char *text, size_t len)
{
    struct leat_crypto_pem pem;
    enum leat_err err;

    do {
        err = leat_crypto_pem_next(&text, &len, &pem, provider->der, sizeof provider->der);
        if (err == LEAT_OK && leat_crypto_pem_is_private(&pem)) {
            err = open_der(provider, inside, provider->der, pem.der_len);
            break;
        }
    } while (err == LEAT_OK || err == LEAT_ERR_MEMORY); /* a long block that isn't the key */
    leat_crypto_wipe(provider->der, sizeof provider->der);
    return err;
}

enum leat_err leat_openssl_private_open(void *self, struct leat_crypto_private *key,
                                        const void *text, size_t len)
{
    struct key *inside = (struct key *)key->state;
    const uint8_t *bytes = text;

    inside->key = NULL;
    if (len > 0 && bytes[0] == 0x30) /* SEQUENCE */
        return open_der(self, inside, bytes, len);
    return open_pem(self, inside, text, len);
}

void leat_openssl_private_close(void *self, struct leat_crypto_private *key)
{
    struct key *inside = (struct key *)key->state;

    (void)self;
    EVP_PKEY_free(inside->key);
    inside->key = NULL;
}

bool leat_openssl_private_fits(void *self, const struct leat_crypto_private *key,
                               const struct leat_crypto_public *public_key)
{
    const bool fits =
        EVP_PKEY_eq(leat_openssl_key_of_private(key), leat_openssl_key_of_public(public_key)) == 1;

    (void)self;
    ERR_clear_error();
    return fits;
}

X509 *leat_openssl_certificate_of_der(struct openssl_provider *provider, const uint8_t *der,
                                      size_t len)
{
    X509 *x509 = X509_new_ex(provider->library, NULL);
    const uint8_t *at = der;

    if (!x509)
        return NULL;
    /* one that can't be read is freed */
    if (len > LEAT_CRYPTO_CERTIFICATE_BYTES_MAX || !d2i_X509(&x509, &at, (long)len)) {
        if (len > LEAT_CRYPTO_CERTIFICATE_BYTES_MAX)
            X509_free(x509);
        return NULL;
    }
    if (at != der + len) { /* something lies behind it */
        X509_free(x509);
        return NULL;
    }
    return x509;
}

X509 *leat_openssl_certificate(struct openssl_provider *provider,
                               const struct leat_crypto_certificate *certificate)
{
    X509 *x509 = NULL;
    uint8_t *der;
    size_t len = 0;

    for (size_t i = 0; i < certificate->count; i++)
        len += certificate->pieces[i].len;
    if (len > LEAT_CRYPTO_CERTIFICATE_BYTES_MAX)
        return NULL;
    der = OPENSSL_malloc(len + 1);
    if (!der)
        return NULL;
    len = 0;
    for (size_t i = 0; i < certificate->count; i++) {
        if (certificate->pieces[i].len > 0)
            memcpy(der + len, certificate->pieces[i].bytes, certificate->pieces[i].len);
        len += certificate->pieces[i].len;
    }
    x509 = leat_openssl_certificate_of_der(provider, der, len);
    OPENSSL_free(der);
    return x509;
}

enum leat_crypto_verdict leat_openssl_public_take(struct leat_crypto_public *key, X509 *x509)
{
    struct key *inside = (struct key *)key->state;
    EVP_PKEY *found = X509_get0_pubkey(x509);

    inside->key = NULL;
    if (!found || !leat_openssl_key_is_usable(found))
        return LEAT_CRYPTO_UNSUPPORTED;
    if (EVP_PKEY_up_ref(found) != 1)
        return LEAT_CRYPTO_NO_MEMORY;
    inside->key = found;
    return LEAT_CRYPTO_TRUSTED;
}

enum leat_crypto_verdict leat_openssl_public_open(void *self, struct leat_crypto_public *key,
                                                  const struct leat_crypto_certificate *certificate)
{
    enum leat_crypto_verdict verdict = LEAT_CRYPTO_MALFORMED;
    X509 *x509 = leat_openssl_certificate(self, certificate);

    if (x509)
        verdict = leat_openssl_public_take(key, x509);
    X509_free(x509);
    ERR_clear_error();
    return verdict;
}

void leat_openssl_public_close(void *self, struct leat_crypto_public *key)
{
    struct key *inside = (struct key *)key->state;

    (void)self;
    EVP_PKEY_free(inside->key);
    inside->key = NULL;
}

bool leat_openssl_pin(void *self, const struct leat_crypto_certificate *certificate,
                      uint8_t *digest)
{
    const struct openssl_provider *provider = self;
    X509 *x509 = leat_openssl_certificate(self, certificate);
    uint8_t *der = NULL;
    const int len = x509 ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der) : -1;
    const bool done =
        len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, provider->sha256, NULL) == 1;

    OPENSSL_free(der);
    X509_free(x509);
    ERR_clear_error();
    return done;
}
