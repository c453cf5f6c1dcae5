/* http2_none.c -- a build without nghttp2 serves HTTP/1.1 only. */
#include "http2.h"

const char *http2_open(struct leat_platform *platform, struct leat_http_server *server)
{
    (void)platform;
    (void)server;
    return NULL;
}

void http2_serve(void *server, const struct leat_stream *session)
{
    if (!leat_http_server_serve(server, session))
        leat_stream_abort(session);
}
