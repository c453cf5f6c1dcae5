/*
 * http_server.h -- a server of HTTP/1.1 (RFC 9110, RFC 9112): files that lie in memory, and routes
 * that the program answers itself (http_exchange.h).
 *
 * Of files GET and HEAD, one byte range, conditions on entity tags and on dates; of all persistent
 * connections and pipelining.  A file is lent to the stack and never copied.  Replies have a Date
 * as soon as somebody has said what time it is (civil.h, RFC 9110 6.6.1).
 */
#ifndef LEAT_HTTP_SERVER_H
#define LEAT_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>
#include <leat/http_exchange.h>
#include <leat/stack.h>
#include <leat/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** "http" (RFC 9110 4.2.1). */
enum {
    LEAT_HTTP_PORT = 80
};

/** A file.  What it points to must outlive the server and every reply that is on its way. */
struct leat_http_file {
    const char *path;     /**< "/index.html": decoded, at most 255 bytes; it is "/" too, and so in
                               each folder */
    const char *type;     /**< its media type, at most 100 bytes: "text/html" */
    const void *bytes;    /**< what is served */
    uint32_t len;         /**< how many */
    uint64_t tag;         /**< changes with the bytes, for the ETag; 0: none */
    uint64_t modified_ns; /**< when the bytes were changed, as leat_civil_ns(), for Last-Modified
                             and conditions on dates; 0: nobody knows */
};

struct leat_http_server;

/** A request that is over, for a log of them. */
struct leat_http_access {
    enum leat_http_method method; /**< 0: one that nothing here knows, or a head that was refused */
    const char *path;             /**< decoded, without a NUL; valid during the call */
    size_t path_len;              /**< 0 if the head was refused, or named no path */
    uint16_t status;              /**< of the reply; 0: there was none */
    uint64_t reply_bytes;         /**< of the reply's text that were queued */
    uint64_t took_ns;             /**< from the first byte of the head until the reply was queued */
    const struct leat_tcp *conn;  /**< for its endpoints; NULL if there is no TCP below */
};

/** What a server does.  Every 0 means the default named beside it. */
struct leat_http_server_config {
    const struct leat_http_file *files;   /**< the last of two with the same path wins */
    uint32_t file_count;                  /**< files in the array */
    const struct leat_http_route *routes; /**< looked at before the files; the first that fits; must
                                               outlive the server */
    uint16_t route_count;                 /**< routes in the array */
    struct leat_ip ip;                    /**< LEAT_IP_ANY: all of our addresses */
    uint16_t port;                        /**< LEAT_HTTP_PORT */
    uint16_t clients; /**< connections at a time: 512; one more ends the one of the address (of
                           IPv6: the /64) with most that has made progress least lately */
    uint64_t idle_ns; /**< a connection may wait between requests: 15 s */
    uint64_t head_ns; /**< a head may take from its first byte: 10 s (408); its bytes earn time */
    uint32_t head_bytes_per_s; /**< a byte of a head earns a part of a second: 500.  With 16 KiB,
                                  the longest, at this rate a head may take 42 s */
    uint64_t stall_ns; /**< a client may take nothing of a reply: 30 s; and this long may the rest
                            of what it sends take after the last reply; and a body that is wanted
                            may pause */
    uint32_t body_bytes_per_s; /**< slower than that a body comes only for `stall_ns`: 500 (408) */
    /** leat_tls_receive_early(), by a pointer so that a program without it links no TLS; NULL:
     * nothing is read before its session is open.  See leat_http_server_early(). */
    struct leat_buf *(*receive_early)(const struct leat_stream *session, uint32_t bytes_max);
    /** Called when a reply is queued, or never will be; NULL: nobody.  Must not call the server. */
    void (*on_access)(void *arg, const struct leat_http_access *access);
    void *on_access_arg; /**< its first argument */
};

/** What a server has done. */
struct leat_http_server_counts {
    uint64_t requests;      /**< heads that were whole, or refused */
    uint64_t ok;            /**< replies 2xx, and 3xx but for the next */
    uint64_t not_modified;  /**< 304 */
    uint64_t client_errors; /**< 4xx */
    uint64_t server_errors; /**< 5xx: what we do not know, or a route's */
    uint64_t failed;        /**< exchanges that were not answered whole */
    uint64_t timeouts;      /**< 408, and connections ended because the client stood still */
    uint64_t idle;          /**< connections ended because no request came any more */
    uint64_t displaced;     /**< connections ended in favour of a new one */
    uint64_t waited;        /**< times that a reply had to wait because the pool was empty */
    uint64_t early;         /**< replies that were begun before their handshake was over (0-RTT) */
    uint64_t too_early;     /**< 425, of those */
};

/** Bytes that leat_http_server_open() needs. */
size_t leat_http_server_memory_bytes(const struct leat_http_server_config *config);

/**
 * Serves on @p stack, which has TCP registered, from the next poll on.  @p memory (any alignment)
 * of
 * @p bytes belongs to the server until it is closed; the array of files does not.
 *
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (a path or type that can't be; the stack's buffers
 * have under 512 bytes, which a reply's head needs), and those of leat_tcp_listen().
 */
enum leat_err leat_http_server_open(struct leat_http_server **server, struct leat *stack,
                                    void *memory, size_t bytes,
                                    const struct leat_http_server_config *config);

/**
 * Serves a stream that the program has: an encrypted session, a pipe.  It is the server's from now
 * on, callbacks included.  False: there is no place for it now, and it is as it was.
 */
bool leat_http_server_serve(struct leat_http_server *server, const struct leat_stream *stream);

/**
 * For leat_tls_config.on_early of the sessions that this server serves; @p client is the server's
 * own.
 *
 * With leat_http_server_config.receive_early, requests for files that come as early data (0-RTT)
 * are answered at once: GET and HEAD, which may come twice.  Others get 425 (Too Early, RFC
 * 8470 5.2) as long as their handshake isn't over: what is not safe, and what a route would answer.
 */
void leat_http_server_early(void *client);

/**
 * Takes no more connections, ends those that are idle, and the others after the reply that is under
 * way.  leat_http_server_clients() tells when that is done; it may be closed before.
 */
void leat_http_server_stop(struct leat_http_server *server);

/** Connections that it has. */
uint32_t leat_http_server_clients(const struct leat_http_server *server);

/** Ends it and resets its connections, exchanges included: on_failed is not called any more.  The
 * memory is the program's again. */
void leat_http_server_close(struct leat_http_server *server);

/** The counters; live, valid as long as the server. */
const struct leat_http_server_counts *
leat_http_server_counts(const struct leat_http_server *server);

#ifdef __cplusplus
}
#endif
#endif
