/*
 * inside.h -- declarations that the files of this provider share.
 *
 * libcrypto takes thousands of instructions to find an algorithm by its name.  So all algorithms
 * that are used often are found once, here, and kept.
 */
#ifndef LEAT_CRYPTO_OPENSSL_INSIDE_H
#define LEAT_CRYPTO_OPENSSL_INSIDE_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <leat/crypto_openssl.h>

/* For types that lie in memory which callers declare as arrays of numbers. */
#define OPENSSL_INSIDE __attribute__((may_alias))

#define PRIVATE_DER_BYTES_MAX 4096 /* RSA-4096 in PKCS #8 has 2,374 */
#define OPENSSL_CURVES        2

/* One direction of an AEAD, with the key that was used last. */
struct openssl_cipher {
    EVP_CIPHER_CTX *context;
    struct leat_crypto_aead_key key; /* aead 0: none */
};

struct openssl_provider {
    leat_crypto_entropy *entropy;
    void *entropy_arg;
    OSSL_LIB_CTX *library;
    EVP_MD *sha256;
    EVP_MD *sha384;
    EVP_MD_CTX *scratch; /* where a digest is finished */
    EVP_MAC_CTX *hmac_sha256;
    EVP_MAC_CTX *hmac_sha384;
    EVP_CIPHER *ciphers[LEAT_CRYPTO_CHACHA20_POLY1305 + 1];
    struct openssl_cipher seal;
    struct openssl_cipher open;
    EC_GROUP *curves[OPENSSL_CURVES]; /* P-256, P-384 */
    char name[64];
    uint8_t der[PRIVATE_DER_BYTES_MAX]; /* a private key while it is read */
};

/* hash.c */
bool leat_openssl_hash_start(struct openssl_provider *provider);
void leat_openssl_hash_stop(struct openssl_provider *provider);
bool leat_openssl_hash_open(void *self, struct leat_crypto_hashing *hashing,
                            enum leat_crypto_hash hash);
bool leat_openssl_hash_update(void *self, struct leat_crypto_hashing *hashing, const void *bytes,
                              size_t len);
bool leat_openssl_hash_digest(void *self, const struct leat_crypto_hashing *hashing,
                              uint8_t *digest);
void leat_openssl_hash_close(void *self, struct leat_crypto_hashing *hashing);
bool leat_openssl_hmac(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                       const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac);

bool leat_openssl_stretch(void *self, const struct leat_crypto_stretch *job, uint8_t *digest);

/* aead.c */
bool leat_openssl_aead_start(struct openssl_provider *provider);
void leat_openssl_aead_stop(struct openssl_provider *provider);
bool leat_openssl_supports_aead(void *self, enum leat_crypto_aead aead);
bool leat_openssl_seal(void *self, const struct leat_crypto_aead_key *key,
                       const struct leat_crypto_job *job, uint8_t *tag);
bool leat_openssl_open(void *self, const struct leat_crypto_aead_key *key,
                       const struct leat_crypto_job *job, const uint8_t *tag);

/* share.c */
bool leat_openssl_share_start(struct openssl_provider *provider);
void leat_openssl_share_stop(struct openssl_provider *provider);
bool leat_openssl_supports_group(void *self, enum leat_crypto_group group);
bool leat_openssl_share_open(void *self, struct leat_crypto_share *share,
                             enum leat_crypto_group group, uint8_t *public_share, size_t *len);
bool leat_openssl_share_derive(void *self, struct leat_crypto_share *share, const uint8_t *peer,
                               size_t peer_len, uint8_t *secret, size_t *secret_len);
void leat_openssl_share_close(void *self, struct leat_crypto_share *share);
bool leat_openssl_private_make(void *self, uint8_t der[LEAT_CRYPTO_MADE_BYTES]);
bool leat_openssl_share_answer(void *self, enum leat_crypto_group group, const uint8_t *peer,
                               size_t peer_len, uint8_t *public_share, size_t *len, uint8_t *secret,
                               size_t *secret_len);

/* key.c */
enum leat_err leat_openssl_private_open(void *self, struct leat_crypto_private *key,
                                        const void *text, size_t len);
void leat_openssl_private_close(void *self, struct leat_crypto_private *key);
bool leat_openssl_private_fits(void *self, const struct leat_crypto_private *key,
                               const struct leat_crypto_public *public_key);
enum leat_crypto_verdict
leat_openssl_public_open(void *self, struct leat_crypto_public *key,
                         const struct leat_crypto_certificate *certificate);
void leat_openssl_public_close(void *self, struct leat_crypto_public *key);
bool leat_openssl_pin(void *self, const struct leat_crypto_certificate *certificate,
                      uint8_t *digest);
EVP_PKEY *leat_openssl_key_of_private(const struct leat_crypto_private *key);
EVP_PKEY *leat_openssl_key_of_public(const struct leat_crypto_public *key);
/* Takes a certificate's key; UNSUPPORTED: no scheme uses its kind. */
enum leat_crypto_verdict leat_openssl_public_take(struct leat_crypto_public *key, X509 *x509);
/* The certificate, or NULL if it is none or there is no memory. */
X509 *leat_openssl_certificate(struct openssl_provider *provider,
                               const struct leat_crypto_certificate *certificate);
X509 *leat_openssl_certificate_of_der(struct openssl_provider *provider, const uint8_t *der,
                                      size_t len);

/* sign.c */
bool leat_openssl_supports_scheme(void *self, enum leat_crypto_scheme scheme);
bool leat_openssl_private_can(void *self, const struct leat_crypto_private *key,
                              enum leat_crypto_scheme scheme);
bool leat_openssl_sign(void *self, const struct leat_crypto_private *key,
                       enum leat_crypto_scheme scheme, const struct leat_crypto_piece *pieces,
                       size_t count, uint8_t *signature, size_t *len);
bool leat_openssl_verify(void *self, const struct leat_crypto_public *key,
                         enum leat_crypto_scheme scheme, const struct leat_crypto_piece *pieces,
                         size_t count, const uint8_t *signature, size_t len);
/* True if some scheme uses a key of this kind and size. */
bool leat_openssl_key_is_usable(const EVP_PKEY *key);

/* chain.c */
enum leat_err leat_openssl_anchors_open(void *self, struct leat_crypto_anchors *anchors,
                                        const void *text, size_t len, void *memory,
                                        size_t memory_bytes);
void leat_openssl_anchors_close(void *self, struct leat_crypto_anchors *anchors);
enum leat_crypto_verdict leat_openssl_check_chain(void *self, const struct leat_crypto_chain *chain,
                                                  struct leat_crypto_public *key);

#endif
