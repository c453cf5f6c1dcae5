/* http2_call.c -- see http2_call.h. */
#include <leat/http2.h>
#include <leat/tls.h>

#include "http2_call.h"

enum {
    CONNECTIONS = 2,
    STREAMS = 16,
    CONNECTION_BYTES = 160 * 1024, /* with a head of 64 KiB */
    MEMORY_BYTES = CONNECTIONS * (CONNECTION_BYTES + 2048) + 48 * 1024
};

static _Alignas(16) unsigned char memory[MEMORY_BYTES];

void http2_call(struct leat_platform *platform, struct leat_http_client_config *config)
{
    const struct leat_http2_config options = {.sessions = 1,
                                              .connections = CONNECTIONS,
                                              .streams = STREAMS,
                                              .connection_bytes = CONNECTION_BYTES};
    static struct leat_http2 *http2;

    if (!config->tls || leat_http2_open(&http2, platform->stack, memory, sizeof memory, &options))
        return;
    config->tls_info = leat_tls_get_info;
    config->carrier = leat_http2_carrier(http2);
}
