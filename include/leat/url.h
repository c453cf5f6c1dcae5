/*
 * url.h -- URLs of "http" and "https" (RFC 9110 4.2, RFC 3986): their parts, and references.
 */
#ifndef LEAT_URL_H
#define LEAT_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_URL_HOST_BYTES = 256, /**< of a host's name, the final NUL included */
    LEAT_URL_BYTES = 2048      /**< of a whole URL, the final NUL included */
};

/** The parts of a URL. */
struct leat_url {
    bool secure;                    /**< "https" */
    uint16_t port;                  /**< 80 or 443 if the URL has none */
    char host[LEAT_URL_HOST_BYTES]; /**< in lower case; an IPv6 address without its brackets */
    const char *target; /**< path and query, as in the URL; may begin with '?', and be empty */
    size_t target_len;  /**< without a fragment */
};

/**
 * Parses @p text; url->target points into it.
 * Errors: LEAT_ERR_FORMAT (for example an illegal character such as a space or line end, or a
 * user's name, which a client must not trust: RFC 9110 4.2.4), LEAT_ERR_PROTOCOL (another scheme),
 * LEAT_ERR_TOO_BIG (LEAT_URL_BYTES).
 */
enum leat_err leat_url_parse(struct leat_url *url, const char *text);

/**
 * Resolves @p reference of @p len bytes, such as a Location, against @p base (RFC 3986 5.2), and
 * writes the result and a NUL; fragments are left out.  leat_url_parse() must accept @p base; it
 * may not accept the result.  Errors: LEAT_ERR_TOO_BIG, and those of leat_url_parse() for @p base.
 */
enum leat_err leat_url_join(char joined[LEAT_URL_BYTES], const char *base, const char *reference,
                            size_t len);

#ifdef __cplusplus
}
#endif
#endif
