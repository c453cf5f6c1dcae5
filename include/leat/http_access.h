/*
 * http_access.h -- a line of an access log for a request that a server of HTTP has answered.
 *
 *      192.0.2.1 - - [26/Nov/2026:03:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/7" 0.000123 http
 *
 * The line is whole whatever the client has sent.  All octets but printable ASCII are escaped, and
 * quotes and backslashes too, so no client can forge a line, a field, or an escape of a terminal.
 * Texts that are too long for the line are cut off between escapes.
 */
#ifndef LEAT_HTTP_ACCESS_H
#define LEAT_HTTP_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include <leat/http_server.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Sizes of a line. */
enum {
    LEAT_HTTP_ACCESS_BYTES_MIN = 512, /**< least room for one */
    LEAT_HTTP_ACCESS_BYTES = 4096     /**< room in which few lines are cut */
};

/**
 * Writes a line in the Combined Log Format of Apache and nginx, without an end of line or a NUL,
 * and returns its length.  The time is that of the request's first byte, in UTC.  "\xHH" stands for
 * an escaped octet.  A request that was broken off before the reply's head has the status 000.  Two
 * fields follow those of that format: the duration in seconds, and "http" or "https".
 *
 * @p civil_ns is leat_civil_ns() now; 0: unknown, and the line has no time.  @p line has room for
 * @p size bytes, at least LEAT_HTTP_ACCESS_BYTES_MIN.
 */
size_t leat_http_access_common(const struct leat_http_access *access, uint64_t civil_ns, char *line,
                               size_t size);

/**
 * The same as an object of JSON (RFC 8259): the members time (RFC 3339), client, method, target,
 * protocol, status, bytes, seconds, referer, agent, secure, complete.  The octets of texts are code
 * points (U+0000 to U+00FF).  A request line that was refused is the member `line`, instead of
 * method, target and protocol.  Members without a value are absent.  `cut` is true if a text was
 * longer.
 */
size_t leat_http_access_json(const struct leat_http_access *access, uint64_t civil_ns, char *line,
                             size_t size);

#ifdef __cplusplus
}
#endif
#endif
