/* trust.h -- TLS for an example's clients, and their trusted authorities. */
#ifndef TRUST_H
#define TRUST_H

#include <leat/http_client.h>
#include <leat/resolver.h>

#include "example.h"

/* Names the file of authorities for the two functions that follow, instead of --cert: before the
 * first of them.  NULL: the system's. */
void trust_authorities(const char *file);

/* Makes a client that is opened with @config use TLS, and trust the authorities of --cert, or else
 * those of the system.  Returns NULL, or one line with the reason of the failure. */
const char *trust(struct leat_platform *platform, struct leat_http_client_config *config);

/* Makes a resolver that is opened with @config ask all of its servers by TLS, as --dot says, or by
 * HTTPS, as --doh says.  They are authenticated by a name that the authorities certify (as above),
 * or by a key, or not at all; in the last case they may also be asked without TLS.  Sets their
 * ports unless they have others than 53.  Returns as trust() does. */
const char *trust_servers(struct leat_platform *platform, struct leat_resolver_config *config);

/* True if the session ended because the server's certificate isn't trusted. */
bool trust_refused(const struct leat_stream *session);

/* The reason why a session ended. */
const char *trust_why(const struct leat_stream *session);

#endif
