/* library_bearssl.c -- BearSSL, which uses only this memory. */
#include <leat/crypto_bearssl.h>

#include "library.h"

/* a program may open it as a server and as a client */
static uint64_t memory[2][LEAT_CRYPTO_BEARSSL_BYTES / sizeof(uint64_t)];
static unsigned opened;

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    struct leat_host *host = arg;

    return host->entropy(host, bytes, len);
}

const char *library_open(struct leat_crypto *crypto, struct leat_host *host)
{
    enum leat_err err;

    if (opened == sizeof memory / sizeof *memory)
        return "BearSSL has no memory for another user";
    err = leat_crypto_bearssl_open(crypto, memory[opened], sizeof memory[opened], entropy, host);
    if (err == LEAT_ERR_ENTROPY)
        return "TLS needs more random bytes than this machine has: give it a virtio-rng device";
    if (err)
        return "BearSSL doesn't start";
    opened++;
    return NULL;
}
