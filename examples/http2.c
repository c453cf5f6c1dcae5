/* http2.c -- see http2.h. */
#include <leat/http2.h>
#include <leat/tls.h>

#include "http2.h"
#include "secure.h"

enum {
    CONNECTIONS = 32,
    STREAMS = 64,
    CONNECTION_BYTES = 104 * 1024,
    MEMORY_BYTES = CONNECTIONS * (CONNECTION_BYTES + 2048) + SECURE_SESSIONS * 48 + 48 * 1024
};

static _Alignas(16) unsigned char memory[MEMORY_BYTES];
static struct leat_http2 *http2; /* NULL: HTTP/1.1 only */

const char *http2_open(struct leat_platform *platform, struct leat_http_server *server)
{
    const struct leat_http2_config config = {.server = server,
                                             .tls_info = leat_tls_get_info,
                                             .sessions = SECURE_SESSIONS,
                                             .connections = CONNECTIONS,
                                             .streams = STREAMS,
                                             .connection_bytes = CONNECTION_BYTES};

    if (platform->early_data ||
        leat_http2_open(&http2, platform->stack, memory, sizeof memory, &config))
        return NULL;
    return LEAT_HTTP2_PROTOCOL;
}

void http2_serve(void *server, const struct leat_stream *session)
{
    if (http2 ? !leat_http2_serve(http2, session) : !leat_http_server_serve(server, session))
        leat_stream_abort(session);
}
