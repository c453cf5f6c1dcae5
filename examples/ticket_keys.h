/* ticket_keys.h -- the file of --ticket-keys, with which TLS tickets survive a restart. */
#ifndef TICKET_KEYS_H
#define TICKET_KEYS_H

#include <leat/tls.h>

#include "example.h"

/* Takes the keys of an earlier run from the file, and keeps them there from now on.  Keys for
 * another certificate are not taken.  Does nothing without --ticket-keys.  @tls stays until the
 * program ends.  Returns NULL, or one line with the reason of a failure.  A failure in the first
 * poll, when the keys are used, is printed and ends the program with status 2. */
const char *ticket_keys_take(struct leat_platform *platform, struct leat_tls *tls,
                             const struct leat_tls_identity *identity,
                             const struct leat_crypto *crypto);

/* Keeps the keys that are in use after leat_tls_set_identities(). */
void ticket_keys_use(struct leat_platform *platform, const struct leat_tls_identity *identity,
                     const struct leat_crypto *crypto);

/* Writes the keys to the file, if ticket_keys_take() has taken one.  An error is printed. */
void ticket_keys_keep(struct leat_platform *platform);

#endif
