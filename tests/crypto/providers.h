/* providers.h -- the providers of cryptography in this build, by name. */
#ifndef PROVIDERS_H
#define PROVIDERS_H

#include <leat/crypto.h>

/* All names, then NULL. */
extern const char *const provider_names[];

/* LEAT_ERR_NOT_FOUND: this build has no provider of that name. */
enum leat_err provider_open(struct leat_crypto *crypto, const char *name,
                            leat_crypto_entropy *entropy);
void provider_close(struct leat_crypto *crypto, const char *name);

#endif
