/* call_tls.h -- shared by the tests of "https": TLS at both ends of the wire. The server 10.0.0.1
 * is leat.test and other.test, but its certificate is only for leat.test. */
#ifndef CALL_TLS_H
#define CALL_TLS_H

#include "call_test.h"

#include <leat/tls.h>

enum {
    EARLY_BYTES = 4096,
    WINDOW_S = 11 /* no early data is accepted for ten seconds after a server's first ticket */
};

/* A test's options; zeros get defaults. */
struct https {
    struct leat_tls_config tls; /* of both ends */
    struct leat_http_server_config server;
    const struct leat_http_carrier *carrier; /* of the client */
    /* Handles connections to port 443; gets the fixture. NULL: the server serves them. */
    void (*on_acceptable)(struct leat_tcp_listener *listener, void *fixture);
};

extern struct leat_tls *tls[2];
extern struct leat_crypto_anchors anchors;

/* Also opens the client of call_test.h, which knows both names. */
int open_https(void **state, const struct https *what);
int close_https(void **state);

/* Starts a session on the connection that was accepted. */
struct leat_stream accept_session(struct leat_tcp_listener *listener);

#endif
