/* http2_call_none.c -- a build without nghttp2 asks by HTTP/1.1 only. */
#include "http2_call.h"

void http2_call(struct leat_platform *platform, struct leat_http_client_config *config)
{
    (void)platform;
    (void)config;
}
