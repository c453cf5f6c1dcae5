/*
 * http2.h -- HTTP/2 (RFC 9113) in front of a server of HTTP/1.1, and for its client, by nghttp2:
 * the same routes, files and logs answer both, and the same calls ask by both.
 *
 * Each stream of HTTP/2 is handed to leat_http_server_serve_as() as a stream (stream.h) of its own.
 * Its request is written there as a head of HTTP/1.1, so the server has one reader of requests, and
 * one set of limits.  The server's reply is translated back.  Bodies aren't copied in either
 * direction, except for pieces below a KiB.  A client's calls get streams in the same way, several
 * on one connection.
 *
 * This is the library leat-http2, apart from leat itself.  Only programs that want it link nghttp2.
 * nghttp2 gets its memory from the program's block, a part for each connection.  A peer that uses
 * up its part loses its own connection.  (Only two structs of options, a few hundred bytes, come
 * from malloc() between leat_http2_open() and leat_http2_close().  Images have a static place for
 * them.)
 */
#ifndef LEAT_HTTP2_H
#define LEAT_HTTP2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>
#include <leat/http_client.h>
#include <leat/http_server.h>
#include <leat/stack.h>
#include <leat/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The protocol's name for ALPN (RFC 7301): it stands before "http/1.1" in
 * leat_tls_config.protocols. */
#define LEAT_HTTP2_PROTOCOL "h2"

struct leat_http2;
struct leat_tls_info; /**< tls.h */

/** Options and limits.  Every 0 means the default named beside it. */
struct leat_http2_config {
    struct leat_http_server *server; /**< answers the requests; must outlive this.  NULL: this is
                                        for a client (leat_http2_carrier()) */
    /** leat_tls_get_info(), a pointer so that programs without TLS link none: sessions whose client
     * has chosen another protocol are handed to the server.  NULL: each stream speaks HTTP/2. */
    void (*tls_info)(const struct leat_stream *session, struct leat_tls_info *info);
    uint16_t sessions;    /**< TLS handshakes at a time, whose protocol isn't known yet: 256 */
    uint16_t connections; /**< of HTTP/2 at a time: 32; at most 256.  One more ends a connection
                               of the address, or /64 of IPv6, that has the most: the one whose last
                               request is longest ago */
    uint16_t streams;     /**< of a connection at a time: 100 (RFC 9113 5.1.2); at most 1,000.  Each
                               takes one of leat_http_server_config.clients */
    uint32_t connection_bytes; /**< of nghttp2's memory for a connection: 40,960 and 1,024 for each
                                    of `streams`; 49,152 at least, 16 MiB at most.  A request
                                    waits while others of its connection leave no room for it */
    uint32_t window_bytes;     /**< data of a request's body that a client may send ahead: 65,535,
                                    which is the least.  It is twice as much for a connection; the
                                    stream below needs a receive window of that and 34,000 more */
    uint64_t idle_ns;          /**< a connection without requests stays open for: 60 s */
    uint64_t linger_ns;        /**< ... and then, for its client to close: 2 s */
    /** Frames without content of a client in a row, from which on it is ended: 1,000; 50 more for
     * each second, and some for each request that was answered.  A reset of a stream counts as ten
     * (RFC 9113 10.5). */
    uint16_t frames;
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters. */
struct leat_http2_counts {
    uint64_t connections;   /**< begun */
    uint64_t others;        /**< sessions with another protocol, handed to the server */
    uint64_t requests;      /**< handed to the server */
    uint64_t refused;       /**< requests that found no place or no buffer (REFUSED_STREAM) */
    uint64_t malformed;     /**< streams that break the format (RFC 9113 8.1.1) */
    uint64_t heads_too_big; /**< requests with a head above 16 KiB, as RFC 9113 6.5.2 counts: 431 */
    uint64_t resets;        /**< streams that clients have reset */
    uint64_t errors;        /**< connections that broke the protocol */
    uint64_t flooded;       /**< connections with too many frames without content */
    uint64_t memory;        /**< connections that used up their memory */
    uint64_t idle;          /**< connections ended because no request came */
    uint64_t displaced;     /**< connections ended in favour of a new one */
    uint64_t waited;        /**< times that frames waited because the pool was empty */
};

/** Bytes that leat_http2_open() needs. */
size_t leat_http2_memory_bytes(const struct leat_http2_config *config);

/**
 * Makes connections possible on @p stack.  @p memory (any alignment) of @p bytes belongs to them
 * until leat_http2_close().  Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (a limit out of range).
 */
enum leat_err leat_http2_open(struct leat_http2 **http2, struct leat *stack, void *memory,
                              size_t bytes, const struct leat_http2_config *config);

/**
 * Serves @p stream, usually a session whose handshake has just begun: by HTTP/2 if its client has
 * chosen it.  It belongs to @p http2 from now on, callbacks included.  False: there is no place for
 * it now; the stream is unchanged.
 */
bool leat_http2_serve(struct leat_http2 *http2, const struct leat_stream *stream);

/** For leat_http_client_config.carrier, of one that was opened without a server.  It must outlive
 * that client. */
const struct leat_http_carrier *leat_http2_carrier(const struct leat_http2 *http2);

/** Number of connections of HTTP/2 that are open. */
uint32_t leat_http2_connections(const struct leat_http2 *http2);

/** Ends it and its connections, and their requests at the server, which is closed later.  Not from
 * a callback.  The memory is the program's again. */
void leat_http2_close(struct leat_http2 *http2);

/** The counters; live, valid until leat_http2_close(). */
const struct leat_http2_counts *leat_http2_counts(const struct leat_http2 *http2);

#ifdef __cplusplus
}
#endif
#endif
