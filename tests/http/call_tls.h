/* call_tls.h -- what the tests of "https" share: TLS at both ends of the wire, for 10.0.0.1, which is leat.test and
 * other.test, and has a certificate of the first alone. */
#ifndef CALL_TLS_H
#define CALL_TLS_H

#include "call_test.h"

#include <leat/tls.h>

enum {
    EARLY_BYTES = 4096,
    WINDOW_S = 11 /* no early data is taken for ten seconds after a server's first ticket */
};

/* What a test wants; what is 0 is filled in. */
struct https {
    struct leat_tls_config tls; /* of both ends */
    struct leat_http_server_config server;
    /* Takes what comes to port 443; gets the fixture.  NULL: the server serves it. */
    void (*on_acceptable)(struct leat_tcp_listener *listener, void *fixture);
};

extern struct leat_tls *tls[2];
extern struct leat_crypto_anchors anchors;

/* Opens the client of call_test.h as well, which knows both names. */
int open_https(void **state, const struct https *what);
int close_https(void **state);

/* Begins a session with the connection that has come. */
struct leat_stream accept_session(struct leat_tcp_listener *listener);

#endif
