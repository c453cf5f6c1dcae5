/* library_openssl.c -- libcrypto. */
#include <leat/crypto_openssl.h>

#include "library.h"

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    struct leat_host *host = arg;

    return host->entropy(host, bytes, len);
}

const char *library_open(struct leat_crypto *crypto, struct leat_host *host)
{
    return leat_crypto_openssl_open(crypto, entropy, host) ? "libcrypto doesn't start" : NULL;
}
