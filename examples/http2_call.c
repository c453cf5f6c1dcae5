/* http2_call.c -- see http2_call.h. */
#include <leat/http2.h>

#include "http2_call.h"

enum {
    CONNECTIONS = 4,
    STREAMS = 32,
    CONNECTION_BYTES = 160 * 1024, /* with a head of 64 KiB */
    MEMORY_BYTES = CONNECTIONS * (CONNECTION_BYTES + 2048) + 48 * 1024
};

static _Alignas(16) unsigned char memory[MEMORY_BYTES];

const struct leat_http_carrier *http2_carrier(struct leat_platform *platform)
{
    const struct leat_http2_config options = {.sessions = 1,
                                              .connections = CONNECTIONS,
                                              .streams = STREAMS,
                                              .connection_bytes = CONNECTION_BYTES};
    static struct leat_http2 *http2;

    if (!http2 && leat_http2_open(&http2, platform->stack, memory, sizeof memory, &options))
        return NULL;
    return leat_http2_carrier(http2);
}
