/* secrets.h -- what must not be the same in two copies of a machine.  See secrets.c. */
#ifndef TLS_SECRETS_H
#define TLS_SECRETS_H

#include "tls/tls.h"

/* Wipes the keys of tickets: none that a server has given is taken any more. */
void tls_seals_wipe(struct leat_tls *tls);

/* Wipes the keys of tickets and cookies. */
void tls_secrets_wipe(struct leat_tls *tls);

/* Renews them if leat_reseed() was called since they were made.  False: the provider has no
 * entropy, and nothing may begin. */
bool tls_secrets_renew(struct leat_tls *tls);

/* True if @session began after the last leat_reseed(); else it may not seal, and notes why. */
bool tls_secrets_hold(struct tls_session *session);

#endif
