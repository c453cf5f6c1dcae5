/* dns_secure.h -- the encrypted ports of an example that answers for names: DNS over TLS (RFC 7858)
 * and over HTTPS (RFC 8484). */
#ifndef DNS_SECURE_H
#define DNS_SECURE_H

#include <leat/forwarder.h>
#include <leat/http_server.h>

#include "example.h"

enum {
    DNS_SECURE_CLIENTS = 256, /* of HTTP, with encrypted ports */
    DNS_SECURE_ROUTES = 2     /* that dns_secure_routes() adds at most */
};

/* True with --cert or --acme. */
bool dns_secure_wanted(const struct leat_platform *platform);

/* For example.check: with these options, as secure_check(). */
const char *dns_secure_check(struct leat_platform *platform);

/* Adds the routes for queries and for the challenges of --acme; returns how many.  The forwarder is
 * open. */
unsigned dns_secure_routes(struct leat_platform *platform, struct leat_forwarder *forwarder,
                           struct leat_http_route *routes);

/* Opens port 853 for the forwarder, and port 443 for the HTTP server, which has these routes.
 * Returns NULL, or one line with the reason of the failure. */
const char *dns_secure_serve(struct leat_platform *platform, struct leat_forwarder *forwarder,
                             struct leat_http_server *http);

/* For example.reload: the certificate is read again. */
const char *dns_secure_reload(struct leat_platform *platform);

#endif
