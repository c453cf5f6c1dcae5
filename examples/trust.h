/* trust.h -- whom an example's clients trust, where the build has cryptography. */
#ifndef TRUST_H
#define TRUST_H

#include <leat/http_client.h>
#include <leat/resolver.h>

#include "example.h"

/* Lets a client that is opened with @config speak TLS, and trust the authorities of --cert, or
 * else those of the system.  Returns NULL, or one line that says why it can't be. */
const char *trust(struct example_platform *platform, struct leat_http_client_config *config);

/* Lets a resolver that is opened with @config ask all of its servers by TLS, as --dot says: who
 * they are by a name that the authorities vouch for (as above), or by a key; or whoever they are,
 * and in the clear if need be.  Returns as trust() does. */
const char *trust_servers(struct example_platform *platform, struct leat_resolver_config *config);

/* What ended a session. */
const char *trust_why(const struct leat_stream *session);

#endif
