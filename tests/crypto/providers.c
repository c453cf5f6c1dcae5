/* providers.c -- the providers of cryptography in this build, by name. */
#include <string.h>

#include <leat/crypto_bearssl.h>
#include <leat/crypto_openssl.h>

#include "providers.h"

const char *const provider_names[] = {
#ifdef LEAT_HAS_CRYPTO_OPENSSL
    "openssl",
#endif
#ifdef LEAT_HAS_CRYPTO_BEARSSL
    "bearssl",
#endif
    NULL,
};

#ifdef LEAT_HAS_CRYPTO_BEARSSL
static uint64_t bearssl_memory[LEAT_CRYPTO_BEARSSL_BYTES / 8];
#endif

enum leat_err provider_open(struct leat_crypto *crypto, const char *name,
                            leat_crypto_entropy *entropy)
{
#ifdef LEAT_HAS_CRYPTO_OPENSSL
    if (strcmp(name, "openssl") == 0)
        return leat_crypto_openssl_open(crypto, entropy, NULL);
#endif
#ifdef LEAT_HAS_CRYPTO_BEARSSL
    if (strcmp(name, "bearssl") == 0)
        return leat_crypto_bearssl_open(crypto, bearssl_memory, sizeof bearssl_memory, entropy,
                                        NULL);
#endif
    return LEAT_ERR_NOT_FOUND;
}

void provider_close(struct leat_crypto *crypto, const char *name)
{
#ifdef LEAT_HAS_CRYPTO_OPENSSL
    if (strcmp(name, "openssl") == 0)
        leat_crypto_openssl_close(crypto);
#endif
#ifdef LEAT_HAS_CRYPTO_BEARSSL
    if (strcmp(name, "bearssl") == 0)
        leat_crypto_bearssl_close(crypto);
#endif
}
