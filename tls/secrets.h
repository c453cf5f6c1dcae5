/* secrets.h -- secrets that must differ in two copies of a machine. See secrets.c. */
#ifndef TLS_SECRETS_H
#define TLS_SECRETS_H

#include "tls/tls.h"

/* Wipes the keys of tickets, so that no ticket issued so far is accepted any more. */
void tls_seals_wipe(struct leat_tls *tls);

/* Makes the current key of tickets, if there is none. False: the provider has no entropy. */
bool tls_seals_make(struct leat_tls *tls);

/* Wipes the keys of tickets and cookies. */
void tls_secrets_wipe(struct leat_tls *tls);

/* Renews the secrets if leat_reseed() was called since they were made. False: the provider has no
 * entropy, and no session may begin. */
bool tls_secrets_renew(struct leat_tls *tls);

/* True if @session began after the last leat_reseed(). Else it may not seal, and session->why says
 * so. */
bool tls_secrets_hold(struct tls_session *session);

#endif
