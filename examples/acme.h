/* acme.h -- the certificate of an example's server, obtained from an authority (--acme). */
#ifndef ACME_H
#define ACME_H

#include <leat/acme.h>

#include "example.h"

/* For example.check: reads the files that the options of ACME name.  Returns NULL, or one line with
 * the reason of a failure. */
const char *acme_check(struct leat_platform *platform);

/* Starts to obtain a certificate for the names of --acme, and to renew it.  @take gets it, as
 * leat_acme_config.on_certificate.  The authority is asked by @tls, which also answers its
 * challenges; with @no_http only there.  Returns NULL, or one line with the reason of the failure.
 */
const char *acme_start(struct leat_platform *platform, const struct leat_crypto *crypto,
                       struct leat_tls *tls, bool no_http,
                       const char *(*take)(void *platform, const char *pem, size_t len));

/* The route of challenges, for the server at port 80; may be called before acme_start(). */
const struct leat_http_route *acme_route(void);

/* Asks the authority again now, after a failure. */
void acme_again(void);

#endif
