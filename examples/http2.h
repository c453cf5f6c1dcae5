/* http2.h -- HTTP/2 on an example's encrypted port, where the build has nghttp2. */
#ifndef HTTP2_H
#define HTTP2_H

#include <leat/http_server.h>
#include <leat/stream.h>

#include "example.h"

/* Prepares HTTP/2 in front of @server. Returns its name for ALPN; NULL: there is none in this
 * build, or the program takes early data, which only HTTP/1.1 can answer. */
const char *http2_open(struct leat_platform *platform, struct leat_http_server *server);

/* For secure_port.serve: serves a session by the protocol that its client has chosen. */
void http2_serve(void *server, const struct leat_stream *session);

#endif
