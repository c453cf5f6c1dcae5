/* ticket_keys.h -- the file of --ticket-keys, or the store, with which TLS tickets survive a
 * restart. */
#ifndef TICKET_KEYS_H
#define TICKET_KEYS_H

#include <leat/tls.h>

#include "example.h"

/* Takes the keys of an earlier run from the file of --ticket-keys or, without it, from the store of
 * --store, and keeps them there from now on.  Keys for another certificate are not taken.  Does
 * nothing without either.  @tls stays until the program ends.  Returns NULL, or one line with the
 * reason of a failure.  A failure later, when the keys are used, is printed; that of a file ends
 * the program with status 2. */
const char *ticket_keys_take(struct leat_platform *platform, struct leat_tls *tls,
                             const struct leat_tls_identity *identity,
                             const struct leat_crypto *crypto);

/* Keeps the keys that are in use after leat_tls_set_identities(). */
void ticket_keys_use(struct leat_platform *platform, const struct leat_tls_identity *identity,
                     const struct leat_crypto *crypto);

/* Writes the keys, if ticket_keys_take() has taken some.  An error is printed. */
void ticket_keys_keep(struct leat_platform *platform);

#endif
