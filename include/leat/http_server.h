/*
 * http_server.h -- a server of HTTP/1.1 (RFC 9110, RFC 9112): files that lie in memory, and routes
 * that the program answers itself (http_exchange.h).
 *
 * For files it supports GET and HEAD, up to 16 byte ranges, and conditions on entity tags and
 * dates; for all resources persistent connections and pipelining.  A file is lent to the stack and
 * never copied.  Replies have a Date once civil time is set (civil.h, RFC 9110 6.6.1).
 */
#ifndef LEAT_HTTP_SERVER_H
#define LEAT_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>
#include <leat/http_exchange.h>
#include <leat/stack.h>
#include <leat/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** "http" (RFC 9110 4.2.1), and limits of struct leat_http_access. */
enum {
    LEAT_HTTP_PORT = 80,
    LEAT_HTTP_ACCESS_LINE_BYTES = 384,   /**< of a request line */
    LEAT_HTTP_ACCESS_FIELD_BYTES = 256,  /**< of Referer and User-Agent */
    LEAT_HTTP_ACCESS_CLIENT_BYTES = 912, /**< a server with on_access needs so many more for each of
                                            its clients, and for one in 32 more */
    LEAT_HTTP_LATENCY_BUCKETS = 16       /**< of leat_http_server_counts.latencies */
};

/** A file.  Its pointers must stay valid until the server is closed and all replies are sent. */
struct leat_http_file {
    const char *path;     /**< decoded, at most 255 bytes.  "/index.html" is served as "/", too, and
                               likewise in each folder */
    const char *type;     /**< its media type, at most 100 bytes: "text/html" */
    const void *bytes;    /**< the content */
    uint32_t len;         /**< length of `bytes` */
    uint64_t tag;         /**< changes with the bytes, for the ETag; 0: none */
    uint64_t modified_ns; /**< when the bytes were changed, as leat_civil_ns(), for Last-Modified
                             and conditions on dates; 0: unknown */
};

struct leat_host; /**< host.h */
struct leat_http_folder;
struct leat_http_server;

/** A request that has ended, for an access log (http_access.h writes its line).  The texts are as
 * the client sent them, any byte among them; they are valid during the call, and not terminated. */
struct leat_http_access {
    enum leat_http_method method; /**< 0: an unknown method, or the head was refused */
    const char *path;             /**< decoded */
    size_t path_len;              /**< 0 if the head was refused, or named no path */
    uint16_t status;              /**< of the reply; 0: there was none */
    uint64_t reply_bytes;         /**< bytes of the reply's body that were queued */
    uint64_t took_ns; /**< from the call of leat_poll() that got the first byte of the head until
                           the reply was queued; 0 in one call, unless the server has a `clock` */
    const struct leat_tcp *conn; /**< for its endpoints; NULL if the stream isn't TCP itself */
    struct leat_ip peer;         /**< the client's address; LEAT_IP_ANY: unknown */
    bool secure;   /**< the stream isn't TCP itself, but was given to leat_http_server_serve():
                        a session of TLS, if the program serves no other kind */
    bool complete; /**< the reply was queued whole; false: it was broken off */
    uint8_t minor_version; /**< 0 or 1; only HTTP/1.1 has 1 */
    bool is_cut;           /**< a text was longer than its limit */
    const char *line;      /**< the request line, as far as it came; no CR or LF is in it */
    size_t line_len;       /**< at most LEAT_HTTP_ACCESS_LINE_BYTES */
    const char *target;    /**< the part of it between the method and the version */
    size_t target_len;     /**< 0: the line was refused, or didn't come whole */
    const char *referer;   /**< the field Referer (RFC 9110 10.1.3), the first one */
    size_t referer_len;    /**< at most LEAT_HTTP_ACCESS_FIELD_BYTES; 0: none */
    const char *agent;     /**< the field User-Agent (RFC 9110 10.1.5), the first one */
    size_t agent_len;      /**< as referer_len */
    uint8_t major_version; /**< of HTTP: 1, or that of leat_http_server_serve_as() */
};

/** Options and limits of a server.  Every 0 means the default named beside it. */
struct leat_http_server_config {
    const struct leat_http_file *files;   /**< the last of two with the same path wins */
    uint32_t file_count;                  /**< files in the array */
    const struct leat_http_route *routes; /**< they come before the files, and the first that fits
                                             is used; must outlive the server */
    uint16_t route_count;                 /**< routes in the array */
    struct leat_http_folder *folder; /**< leat_http_folder_open() (http_folder.h): further files;
                                          must outlive the server; NULL: none */
    struct leat_ip ip;               /**< LEAT_IP_ANY: all of our addresses */
    uint16_t port;                   /**< LEAT_HTTP_PORT */
    uint16_t clients; /**< connections at a time: 512; one more ends a connection of the address, or
                           /64 of IPv6, that has the most: the one whose last progress is longest
                           ago */
    uint64_t idle_ns; /**< a connection may wait between requests for: 15 s */
    uint64_t head_ns; /**< from the first byte of a head to its end: 10 s (408), plus: */
    uint32_t head_bytes_per_s; /**< each byte of a head adds 1/this second: 500.  So the longest
                                    head, 16 KiB, may take 42 s */
    uint64_t stall_ns; /**< a client may make no progress in taking a reply, or in sending a body
                          that is wanted, for: 30 s.  The same limit holds for the rest of a
                          client's data after the last reply */
    uint32_t body_bytes_per_s; /**< a slower body may take no longer than `stall_ns`: 500 (408) */
    /** leat_tls_receive_early(), a pointer so that programs without it link no TLS; NULL: nothing
     * is read before a session is open.  See leat_http_server_early(). */
    struct leat_buf *(*receive_early)(const struct leat_stream *session, uint32_t bytes_max);
    /** Called when a reply is queued, or never will be.  May be NULL.  Must not call the server. */
    void (*on_access)(void *arg, const struct leat_http_access *access);
    void *on_access_arg;     /**< its first argument */
    struct leat_host *clock; /**< its now_ns() is read at the end of each reply, for durations; must
                                  outlive the server.  NULL: leat_now_ns(), which stands still in a
                                  call of leat_poll() */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of a server. */
struct leat_http_server_counts {
    uint64_t requests;      /**< heads that were complete, or refused */
    uint64_t ok;            /**< replies 2xx, and 3xx but for 304 */
    uint64_t not_modified;  /**< replies 304 */
    uint64_t client_errors; /**< replies 4xx */
    uint64_t server_errors; /**< replies 5xx: unsupported requests, or from a route */
    uint64_t failed;        /**< exchanges, and files that became shorter, without a whole reply */
    uint64_t timeouts;      /**< replies 408, and connections ended for lack of progress */
    uint64_t idle;          /**< connections ended because no further request came */
    uint64_t displaced;     /**< connections ended in favour of a new one */
    uint64_t waited;        /**< times that a reply had to wait because the pool was empty */
    uint64_t early;         /**< replies begun before the handshake was over (0-RTT) */
    uint64_t too_early;     /**< those of them that are 425 */
    uint64_t reply_bytes;   /**< bytes of replies' bodies that were queued */
    /** Replies that were queued whole, by their leat_http_access.took_ns: entry i has those of at
     * most leat_http_latency_bound_ns(i) and more than the bound before, the last one the rest. */
    uint64_t latencies[LEAT_HTTP_LATENCY_BUCKETS + 1];
    uint64_t latency_sum_ns; /**< of all these */
};

/** Bytes that leat_http_server_open() needs. */
size_t leat_http_server_memory_bytes(const struct leat_http_server_config *config);

/**
 * Serves on @p stack, which has TCP registered, from the next poll on.  @p memory (any alignment)
 * of @p bytes belongs to the server until it is closed; the array of files stays the program's.
 *
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (an illegal path or type; the stack's buffers have
 * under 576 bytes, which a reply's head needs, or with a folder under 1,664), and those of
 * leat_tcp_listen().
 */
enum leat_err leat_http_server_open(struct leat_http_server **server, struct leat *stack,
                                    void *memory, size_t bytes,
                                    const struct leat_http_server_config *config);

/**
 * Serves an open stream: an encrypted session, a pipe.  It belongs to the server from now on,
 * callbacks included.  False: the server has no place for it now; the stream is unchanged.
 */
bool leat_http_server_serve(struct leat_http_server *server, const struct leat_stream *stream);

/**
 * As leat_http_server_serve(), for a stream whose carrier translates another version of HTTP to
 * HTTP/1.1 (http2.h).  An access log names that version, @p major.0.
 */
bool leat_http_server_serve_as(struct leat_http_server *server, const struct leat_stream *stream,
                               uint8_t major);

/**
 * For leat_tls_config.on_early of the sessions that this server serves; @p client is the server's
 * own.
 *
 * With leat_http_server_config.receive_early, a GET or HEAD of a file that comes as early data
 * (0-RTT) is answered at once, as it may come twice.  All other requests, those of routes included,
 * get 425 (Too Early, RFC 8470 5.2) until the handshake is over.
 */
void leat_http_server_early(void *client);

/**
 * Accepts no more connections, ends the idle ones now, and each other one after its current reply.
 * leat_http_server_clients() is 0 when that is done; the server may be closed before.
 */
void leat_http_server_stop(struct leat_http_server *server);

/** Number of open connections. */
uint32_t leat_http_server_clients(const struct leat_http_server *server);

/** Ends it and resets its connections, exchanges included, without calling on_failed.  The memory
 * is the program's again. */
void leat_http_server_close(struct leat_http_server *server);

/** The greatest duration in bucket @p index of leat_http_server_counts.latencies, which is less
 * than LEAT_HTTP_LATENCY_BUCKETS. */
uint64_t leat_http_latency_bound_ns(unsigned index);

/** The counters; live, valid as long as the server. */
const struct leat_http_server_counts *
leat_http_server_counts(const struct leat_http_server *server);

#ifdef __cplusplus
}
#endif
#endif
