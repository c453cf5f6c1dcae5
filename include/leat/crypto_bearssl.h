/*
 * crypto_bearssl.h -- a provider of cryptography over BearSSL, which allocates nothing.
 *
 * Library leat-crypto-bearssl.  It brings AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305, X25519,
 * P-256, and signatures by ECDSA with P-256 and P-384, and RSA-PSS of 2,048 to 4,096 bits.  It uses
 * only the memory given to leat_crypto_bearssl_open() and that of its callers.  From the system
 * BearSSL needs memcpy, memmove, memset, memcmp and strlen.  It needs more stack than the 4 KiB
 * that leat itself keeps to.
 */
#ifndef LEAT_CRYPTO_BEARSSL_H
#define LEAT_CRYPTO_BEARSSL_H

#include <leat/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a provider. */
#define LEAT_CRYPTO_BEARSSL_BYTES 24576u

/**
 * BearSSL's ChaCha20-Poly1305 works on one contiguous run of bytes.  Data in several pieces is
 * copied to the provider's block and may have so many bytes: the longest record of TLS 1.3.  Longer
 * data is refused.
 */
#define LEAT_CRYPTO_BEARSSL_GATHER_BYTES 16640u

/**
 * Makes a provider in @p memory, which must be aligned to 8 bytes and stay until it is closed.
 * @p entropy is asked for every random number, with @p arg.  There is no generator in between, so
 * the numbers of a cloned machine repeat only if its source repeats.  Nonces of ECDSA are computed
 * (RFC 6979).  LEAT_ERR_MEMORY: fewer than LEAT_CRYPTO_BEARSSL_BYTES; LEAT_ERR_ARGUMENT: not
 * aligned; LEAT_ERR_ENTROPY: the source failed.
 */
enum leat_err leat_crypto_bearssl_open(struct leat_crypto *crypto, void *memory,
                                       size_t memory_bytes, leat_crypto_entropy *entropy,
                                       void *arg);

/** Ends a provider and wipes its memory. */
void leat_crypto_bearssl_close(struct leat_crypto *crypto);

#ifdef __cplusplus
}
#endif
#endif
