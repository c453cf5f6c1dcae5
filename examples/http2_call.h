/* http2_call.h -- HTTP/2 for an example's client, where the build has nghttp2. */
#ifndef HTTP2_CALL_H
#define HTTP2_CALL_H

#include <leat/http_client.h>

#include "example.h"

/* Makes a client that is opened with @config, which has TLS, ask by HTTP/2 where the server speaks
 * it. */
void http2_call(struct leat_platform *platform, struct leat_http_client_config *config);

#endif
