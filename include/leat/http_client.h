/*
 * http_client.h -- a client of HTTP/1.1 (RFC 9110, RFC 9112): requests to URLs, and their replies.
 *
 * A call is one request and its reply.  It uses a connection that an earlier call left open, or a
 * new one to the first address of the host that answers (connect.h), with TLS for "https".  Bodies
 * stream in both directions.  Received data is handed out in the receive buffers themselves, and
 * arrives no faster than the program takes it.
 *
 *      leat_http_call -> on_writable (a body that streams) -> on_reply -> on_body ...
 *      -> leat_http_call_close, or on_failed
 *
 * A call lives until leat_http_call_close() or on_failed: exactly one of these ends it.  Callbacks
 * come from leat_poll() only.  Redirects are ordinary replies; follow one with leat_url_join() and
 * another call.
 */
#ifndef LEAT_HTTP_CLIENT_H
#define LEAT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/buf.h>
#include <leat/connect.h>
#include <leat/err.h>
#include <leat/http_exchange.h>
#include <leat/stack.h>
#include <leat/stream.h>
#include <leat/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_http_client;
struct leat_http_call;

/**
 * Streams for calls by another version of HTTP: leat_http2_carrier() (http2.h) makes it.  Each of
 * these streams serves one call in HTTP/1.1.
 */
struct leat_http_carrier {
    const char *protocol; /**< its name for ALPN (RFC 7301), offered before "http/1.1" */
    /** Takes @p session, whose server has chosen the protocol, and gives its first @p stream.
     * False: there is no place for it; the session is unchanged. */
    bool (*begin)(void *arg, const struct leat_stream *session, const char *host, uint16_t port,
                  struct leat_stream *stream);
    /** Gives a further @p stream to that server, on the open @p session.  False: none has room. */
    bool (*more)(void *arg, const char *host, uint16_t port, struct leat_stream *stream,
                 struct leat_stream *session);
    void *arg; /**< the first argument of both */
};

/** Options and limits of a client.  Every 0 means the default named beside it. */
struct leat_http_client_config {
    const struct leat_connect_config *connect; /**< how names are looked up; must outlive the
                                                  client; NULL: only addresses are understood */
    uint16_t connections;   /**< at a time, including idle ones: 4; at most 256 */
    uint16_t request_bytes; /**< longest head of a request: 2,048 */
    uint16_t reply_bytes;   /**< longest head of a reply: 8,192 */
    uint64_t connect_ns;    /**< limit for connecting, TLS handshake included: 30 s */
    uint64_t stall_ns; /**< how long the server may make no progress when it is its turn to read or
                            send; also from the first byte of a head, interim ones included, to its
                            end: 30 s */
    uint64_t kept_ns;  /**< an idle connection stays open for: 10 s */
    /** leat_tls_connect(); NULL: no "https".  It is a pointer so that programs without it link no
     * TLS. */
    enum leat_err (*tls_connect)(struct leat_tls *tls, const struct leat_stream *below,
                                 const struct leat_tls_client *client, struct leat_stream *session);
    /** leat_tls_get_info(), a pointer for the same reason; NULL: no early data is sent. */
    void (*tls_info)(const struct leat_stream *session, struct leat_tls_info *info);
    struct leat_tls *tls;                      /**< its first argument */
    const struct leat_crypto_anchors *anchors; /**< trusted authorities; must outlive the client */
    /** "https" also by another version of HTTP, if the server chooses it; needs tls_info.  It must
     * outlive the client.  NULL: HTTP/1.1 only. */
    const struct leat_http_carrier *carrier;
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of a client. */
struct leat_http_client_counts {
    uint64_t calls;     /**< begun */
    uint64_t replies;   /**< heads received, without interim ones */
    uint64_t connected; /**< connections made */
    uint64_t reused;    /**< calls that began on an existing connection */
    uint64_t retried; /**< ... and moved to another one, as the server closed it (RFC 9112 9.3.1) */
    uint64_t refused; /**< replies that break the format, or can be read in two ways */
    uint64_t early;   /**< requests of which a server accepted some bytes as early data */
    uint64_t too_early; /**< ... and wanted again after the handshake (425, RFC 8470 5.2) */
    uint64_t timeouts;  /**< calls that took too long */
    uint64_t failed;    /**< calls that ended by on_failed, for any reason */
};

/** A request, and the callbacks for its reply.  Strings are copied before leat_http_call() returns.
 * Any callback but on_failed may be NULL. */
struct leat_http_request {
    enum leat_http_method method; /**< 0: LEAT_HTTP_GET */
    const char *url;              /**< as leat_url_parse() takes it */
    const char *fields;           /**< any number of "Name: value\r\n"; not Host, Content-Length,
                                       Transfer-Encoding, Connection, Expect, Upgrade, TE.  May be
                                       NULL */
    uint64_t body_len; /**< of the request's body; LEAT_HTTP_ANY: unknown, it is sent in chunks */
    const void *body;  /**< the whole body, which must not move or change as long as the client is
                            open; NULL: the program sends it, from on_writable on */
    uint64_t deadline_ns; /**< of the whole call, by the clock of leat_poll(); 0: none */
    /** For "https" on a new connection: leat_tls_client.ticket, from a session with this host.  It
     * must stay as long as the client, and serves one connection at a time.  NULL: none. */
    struct leat_tls_ticket *ticket;
    /**
     * Send the request as early data (0-RTT, RFC 8470), if `ticket`, leat_tls_config.early and the
     * server allow it; otherwise it goes after the handshake.  An eavesdropper can replay early
     * data to the server, so the request must be a harmless GET or HEAD without a body.  If the
     * server answers 425 (Too Early), the request is sent once more on another connection, after
     * its handshake; on_reply isn't called for the 425.
     */
    bool early;
    /** Use an open connection; LEAT_ERR_CLOSED if there is none. */
    bool open_only;
    /** The head of the reply is complete; called once. */
    void (*on_reply)(struct leat_http_call *call, void *arg);
    /** Data of the reply has arrived, or the reply is complete; called at least once. */
    void (*on_body)(struct leat_http_call *call, void *arg);
    /** There is room for data of the request's body: at first, and after leat_http_call_send_room()
     * was 0. */
    void (*on_writable)(struct leat_http_call *call, void *arg);
    /**
     * The call has failed.  @p why is an error of leat_connect(), of leat_tls_connect() or of TCP,
     * or TIMEOUT.  END: the server closed too early.  FORMAT: not a reply, or it could be read in
     * two ways.  TOO_BIG: the reply's head.  The handle is invalid once the callback returns.
     */
    void (*on_failed)(struct leat_http_call *call, enum leat_err why, void *arg);
    void *arg;                        /**< the last argument of the callbacks */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Bytes that leat_http_client_open() needs. */
size_t leat_http_client_memory_bytes(const struct leat_http_client_config *config);

/**
 * Makes a client on @p stack, which has TCP registered.  @p memory (any alignment) of @p bytes
 * belongs to it until it is closed.  Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (too many
 * connections, or a head below 256 bytes).
 */
enum leat_err leat_http_client_open(struct leat_http_client **client, struct leat *stack,
                                    void *memory, size_t bytes,
                                    const struct leat_http_client_config *config);

/** Ends it and its connections; no callback follows.  Don't call it from a callback of a call. */
void leat_http_client_close(struct leat_http_client *client);

/** The counters; live, valid as long as the client. */
const struct leat_http_client_counts *
leat_http_client_counts(const struct leat_http_client *client);

/**
 * Hands it an open stream for calls to the origin of @p url, such as a pipe or a tunnel.  It
 * belongs to the client from now on, callbacks included, as if a call had left it open.  Errors:
 * those of leat_url_parse(), LEAT_ERR_FULL; then the stream is unchanged.
 */
enum leat_err leat_http_client_keep(struct leat_http_client *client, const char *url,
                                    const struct leat_stream *stream);

/**
 * Begins a call.  Errors: those of leat_url_parse() and leat_connect(); LEAT_ERR_PROTOCOL ("https"
 * without TLS); LEAT_ERR_ARGUMENT (illegal fields, or fields that only the client may set; `early`
 * where it isn't allowed; no on_failed); LEAT_ERR_TOO_BIG (request_bytes); LEAT_ERR_FULL (all
 * connections have calls).
 */
enum leat_err leat_http_call(struct leat_http_client *client,
                             const struct leat_http_request *request, struct leat_http_call **call);

/** Ends a call, at any time.  Its connection is kept for another one if both bodies are complete
 * and the server allows it; otherwise it is closed. */
void leat_http_call_close(struct leat_http_call *call);

/** @name The request's body
 * @{ */

/** Bytes that leat_http_call_send() takes now; on_writable follows a 0. */
uint32_t leat_http_call_send_room(struct leat_http_call *call);

/** Sends the buffer list @p data, of at most leat_http_call_send_room() bytes; takes it, whatever
 * is returned.  Errors: those of leat_tcp_send(); LEAT_ERR_FULL also if the room was not asked for;
 * LEAT_ERR_TOO_BIG (more than body_len). */
enum leat_err leat_http_call_send(struct leat_http_call *call, struct leat_buf *data);

/** Copies up to @p len bytes and sends them; returns how many.  If that is fewer, the queue or the
 * pool is full, and on_writable follows. */
size_t leat_http_call_write(struct leat_http_call *call, const void *bytes, size_t len);

/** Ends a body whose length was not known. */
void leat_http_call_finish(struct leat_http_call *call);

/** @}
 * @name The reply
 * Available from on_reply on.
 * @{ */

/** Its status, 200..599. */
uint16_t leat_http_call_status(const struct leat_http_call *call);

/** The value of the first field named @p name (letter case is ignored), without surrounding spaces
 * and not NUL-terminated, or NULL.  It lives as long as the call. */
const char *leat_http_call_field(const struct leat_http_call *call, const char *name, size_t *len);

/** Bytes of its body; LEAT_HTTP_ANY if it comes in chunks, or until the server closes. */
uint64_t leat_http_call_length(const struct leat_http_call *call);

/** Takes up to @p bytes_max of the body, in order.  NULL if none has arrived: on_body follows
 * unless the body is complete.  The list belongs to the program; the receive window stays smaller
 * by as much until leat_http_call_consumed(). */
struct leat_buf *leat_http_call_receive(struct leat_http_call *call, uint32_t bytes_max);

/** Tells that the program is done with @p bytes of the received data. */
void leat_http_call_consumed(struct leat_http_call *call, uint32_t bytes);

/** True once all of the body has been received. */
bool leat_http_call_over(const struct leat_http_call *call);

/** @}
 * @name The connection below
 * For messages; also in on_failed.
 * @{ */

/** The stream of the call; by another version of HTTP the session below it.  Its end is NULL if
 * there is none yet, or none any more (the connection ended after the reply was complete). */
const struct leat_stream *leat_http_call_stream(const struct leat_http_call *call);

/** The connection attempt, for leat_connect_format().  With a reused connection: the attempt that
 * made it. */
const struct leat_connecting *leat_http_call_connecting(const struct leat_http_call *call);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
