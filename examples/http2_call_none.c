/* http2_call_none.c -- a build without nghttp2 asks by HTTP/1.1 only. */
#include "http2_call.h"

const struct leat_http_carrier *http2_carrier(struct leat_platform *platform)
{
    (void)platform;
    return NULL;
}
