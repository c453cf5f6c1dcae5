/* test_known.c -- the known answers that images check, for each provider of this build. */
#include <stdio.h>
#include <sys/random.h>

#include "known.h"
#include "providers.h"

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    (void)arg;
    return getrandom(bytes, len, 0) == (ssize_t)len ? LEAT_OK : LEAT_ERR_ENTROPY;
}

int main(void)
{
    int wrong = 0;

    for (size_t i = 0; provider_names[i]; i++) {
        struct leat_crypto crypto;
        const char *which;

        if (provider_open(&crypto, provider_names[i], entropy) != LEAT_OK)
            return 1;
        which = known_answers(&crypto);
        printf("%s: %s\n", provider_names[i], which ? which : "right");
        wrong += which != NULL;
        provider_close(&crypto, provider_names[i]);
    }
    return wrong;
}
