/* library_bearssl.c -- BearSSL, which uses only this memory. */
#include <leat/crypto_bearssl.h>

#include "library.h"

static uint64_t memory[LEAT_CRYPTO_BEARSSL_BYTES / sizeof(uint64_t)];

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    struct leat_host *host = arg;

    return host->entropy(host, bytes, len);
}

const char *library_open(struct leat_crypto *crypto, struct leat_host *host)
{
    return leat_crypto_bearssl_open(crypto, memory, sizeof memory, entropy, host)
               ? "BearSSL doesn't start"
               : NULL;
}
