/* crypto.c -- an image that checks BearSSL by known answers, without an operating system. */
#include <leat/crypto_bearssl.h>
#include <leat/metal.h>
#include <leat/virtio.h>

#include <string.h>

#include "known.h"

static uint64_t memory[LEAT_CRYPTO_BEARSSL_BYTES / 8];

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    struct leat_host *host = arg;

    return host->entropy(host, bytes, len);
}

static void say(struct leat_host *host, const char *text)
{
    host->console(host, text, strlen(text));
}

int leat_metal_main(struct leat_metal *metal)
{
    struct leat_host *host = metal->host;
    struct leat_crypto crypto;
    const char *wrong;

    (void)leat_virtio_rng_use(metal); /* for processors without random numbers */
    if (leat_crypto_bearssl_open(&crypto, memory, sizeof memory, entropy, host) != LEAT_OK)
        return 1;
    for (int i = 0; i < 3; i++) { /* in between the machine sleeps, and gets interrupts */
        wrong = known_answers(&crypto);
        if (wrong) {
            say(host, "wrong: ");
            say(host, wrong);
            say(host, "\n");
            return 1;
        }
        host->wait(host, host->now_ns(host) + 2000000);
    }
    say(host, "all answers are right\n");
    leat_crypto_bearssl_close(&crypto);
    return 0;
}
