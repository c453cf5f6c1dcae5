/* secure.h -- an example's encrypted port, where the build has cryptography. */
#ifndef SECURE_H
#define SECURE_H

#include <leat/http_server.h>
#include <leat/stream.h>

#include "example.h"

enum {
    SECURE_SESSIONS = 1000 /* at a time, at most */
};

/* Gives each session of TLS that comes to @port to @serve, which owns it then.  Returns
 * NULL, or one line that says why it can't be. */
const char *secure_serve(struct example_platform *platform, uint16_t port,
                         void (*serve)(void *arg, const struct leat_stream *session), void *arg);

/* Lets the server that is opened with @config, and gets all of these sessions, answer early data (0-RTT,
 * RFC 8470).  Before secure_serve(). */
void secure_take_early(struct leat_http_server_config *config);

#endif
