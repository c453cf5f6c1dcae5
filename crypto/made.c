/* made.c -- a private key of P-256 in DER (RFC 5915 3), for providers that make one. */
#include <leat/crypto.h>

#include <string.h>

enum {
    SCALAR_BYTES = 32
};

/* ECPrivateKey: version 1, the number; then the curve secp256r1 (RFC 5480 2.1.1.1), and the public
 * key as a string of bits. */
static const uint8_t before[] = {0x30, 0x77, 0x02, 0x01, 0x01, 0x04, SCALAR_BYTES};
static const uint8_t between[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                  0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00};

_Static_assert(sizeof before + SCALAR_BYTES + sizeof between + LEAT_CRYPTO_POINT_BYTES ==
                   LEAT_CRYPTO_MADE_BYTES,
               "all parts");

void leat_crypto_made(uint8_t der[LEAT_CRYPTO_MADE_BYTES], const uint8_t *scalar,
                      const uint8_t *point)
{
    memcpy(der, before, sizeof before);
    der += sizeof before;
    memcpy(der, scalar, SCALAR_BYTES);
    der += SCALAR_BYTES;
    memcpy(der, between, sizeof between);
    der += sizeof between;
    memcpy(der, point, LEAT_CRYPTO_POINT_BYTES);
}
