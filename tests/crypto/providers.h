/* providers.h -- the providers of cryptography that this build has, by their names. */
#ifndef PROVIDERS_H
#define PROVIDERS_H

#include <leat/crypto.h>

/* All names, NULL behind the last. */
extern const char *const provider_names[];

/* LEAT_ERR_NOT_FOUND: this build has none of that name. */
enum leat_err provider_open(struct leat_crypto *crypto, const char *name,
                            leat_crypto_entropy *entropy);
void provider_close(struct leat_crypto *crypto, const char *name);

#endif
