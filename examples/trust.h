/* trust.h -- whom an example's client of HTTP trusts, where the build has cryptography. */
#ifndef TRUST_H
#define TRUST_H

#include <leat/http_client.h>

#include "example.h"

/* Lets a client that is opened with @config speak TLS, and trust the authorities of --cert, or
 * else those of the system.  Returns NULL, or one line that says why it can't be. */
const char *trust(struct example_platform *platform, struct leat_http_client_config *config);

/* What ended a session. */
const char *trust_why(const struct leat_stream *session);

#endif
