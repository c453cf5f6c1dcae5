/* http2_call.h -- HTTP/2 for an example's client, where the build has nghttp2. */
#ifndef HTTP2_CALL_H
#define HTTP2_CALL_H

#include <leat/http_client.h>

#include "example.h"

/* For a client of HTTP with TLS: lets it ask by HTTP/2 where the server speaks it. NULL: there is
 * none in this build. */
const struct leat_http_carrier *http2_carrier(struct leat_platform *platform);

#endif
