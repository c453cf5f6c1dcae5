/* secure.h -- an example's encrypted ports, where the build has cryptography. */
#ifndef SECURE_H
#define SECURE_H

#include <leat/http_server.h>
#include <leat/stream.h>

#include "example.h"

enum {
    SECURE_SESSIONS = 1000 /* at a time, at most */
};

enum {
    SECURE_PORTS = 2 /* of a program, at most */
};

/* A port of TLS sessions. */
struct secure_port {
    uint16_t port;
    const char *newer;    /* ALPN (RFC 7301): preferred; or NULL */
    const char *protocol; /* the other one */
    void (*serve)(void *arg, const struct leat_stream *session); /* owns the session then */
    void *arg;
};

/* For example.check: reads the certificates and keys, or the files of ACME.  Returns NULL, or one
 * line with the reason of the failure. */
const char *secure_check(struct leat_platform *platform);

/* Passes the TLS sessions of @count ports, which are copied, to their functions.  Returns NULL, or
 * one line with the reason of the failure. */
const char *secure_serve(struct leat_platform *platform, const struct secure_port *ports,
                         unsigned count);

/* With --acme: the route by which an authority's challenges are answered, for the server at
 * port 80. Call it before secure_serve(). */
const struct leat_http_route *secure_route(void);

/* Makes the server that is opened with @config, and gets all of these sessions, answer early data
 * (0-RTT, RFC 8470).  Call it before secure_serve(). */
void secure_take_early(struct leat_http_server_config *config);

/* For example.reload: new sessions get the certificate that the files contain now.  Returns NULL,
 * or one line with the reason of the failure. */
const char *secure_reload(struct leat_platform *platform);

/* For example.end: keeps the keys of tickets, with --ticket-keys. */
void secure_end(struct leat_platform *platform);

#endif
