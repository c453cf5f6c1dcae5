/* certify.h -- the DER that goes to an authority, and the parts of a certificate that it wants
 * back.
 */
#ifndef ACME_CERTIFY_H
#define ACME_CERTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/crypto.h>

enum {
    ACME_DIGEST_BYTES = 32,      /* SHA-256 */
    ACME_NAMES_BYTES = 16 * 256, /* of all names of a certificate */
    ACME_CSR_BYTES = ACME_NAMES_BYTES + 1024,
    ACME_CHALLENGE_BYTES = 1536, /* of a certificate for tls-alpn-01 */
    ACME_CERT_ID_BYTES = 128     /* of the name of a certificate, RFC 9773 4.1 */
};

/* A key that was made: its DER, and opened. */
struct acme_key {
    bool is_open;
    uint8_t der[LEAT_CRYPTO_MADE_BYTES];
    struct leat_crypto_private inside;
};

/* The public half of a key: 4, x, y. */
static inline const uint8_t *acme_key_point(const struct acme_key *key)
{
    return key->der + LEAT_CRYPTO_MADE_BYTES - LEAT_CRYPTO_POINT_BYTES;
}

/* Makes a key, in the place of the one before.  False: the provider has failed. */
bool acme_key_make(struct acme_key *key, const struct leat_crypto *crypto);

/* Takes the key of a text in PEM.  False: it isn't one of ours. */
bool acme_key_read(struct acme_key *key, const struct leat_crypto *crypto, const char *pem,
                   size_t len);

/* Wipes it; does nothing to one that isn't open. */
void acme_key_close(struct acme_key *key, const struct leat_crypto *crypto);

/* Writes a request for a certificate for @count names (PKCS #10, RFC 2986) to the end of @der,
 * which has ACME_CSR_BYTES.  Returns its first byte, and its length; NULL: the provider has failed,
 * or there is no room. */
const uint8_t *acme_csr(const struct acme_key *key, const struct leat_crypto *crypto,
                        const char *const *names, unsigned count, uint8_t *der, size_t *len);

/* Writes the certificate that answers tls-alpn-01 for @name, ACME_CHALLENGE_BYTES (RFC 8737 3);
 * otherwise as acme_csr(). */
const uint8_t *acme_challenge_certificate(const struct acme_key *key,
                                          const struct leat_crypto *crypto, const char *name,
                                          const uint8_t digest[ACME_DIGEST_BYTES], uint8_t *der,
                                          size_t *len);

/* Writes the name of a certificate (RFC 9773 4.1): its authority's key identifier and its serial
 * number.  False: it lacks one of them, or they are too long; then "" is written. */
bool acme_cert_id(const uint8_t *der, size_t len, char id[ACME_CERT_ID_BYTES]);

#endif
