/*
 * crypto_openssl.h -- a provider of cryptography over OpenSSL's libcrypto 3, for hosted programs.
 *
 * Library leat-crypto-openssl.  It brings AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305, X25519,
 * P-256, and signatures by ECDSA with P-256 and P-384, RSA-PSS of 2,048 to 4,096 bits, and Ed25519.
 *
 * libcrypto allocates from the C library's heap: a hash, a private share, keys and anchors as long
 * as they are open, and more during a call.
 */
#ifndef LEAT_CRYPTO_OPENSSL_H
#define LEAT_CRYPTO_OPENSSL_H

#include <leat/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a provider with a library context of its own, which reads no configuration file.
 * @p entropy is asked for the bytes of random() and for private shares, with @p arg.  Numbers that
 * libcrypto draws internally (the nonce of an ECDSA signature, the salt of RSA-PSS) come from its
 * own generator, which the system seeds.  LEAT_ERR_MEMORY; LEAT_ERR_ENTROPY: the source failed;
 * LEAT_ERR_NOT_FOUND: this libcrypto lacks an algorithm that TLS requires.
 */
enum leat_err leat_crypto_openssl_open(struct leat_crypto *crypto, leat_crypto_entropy *entropy,
                                       void *arg);

/** Ends a provider; all of its objects must have been closed. */
void leat_crypto_openssl_close(struct leat_crypto *crypto);

#ifdef __cplusplus
}
#endif
#endif
