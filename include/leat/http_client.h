/*
 * http_client.h -- a client of HTTP/1.1 (RFC 9110, RFC 9112): requests to URLs, and their replies.
 *
 * A call is one request and its reply.  It goes over a connection that an earlier call has left
 * open, or a new one, to whichever address of the host answers first (connect.h); for "https" over
 * TLS.  Bodies stream both ways: text comes in the very buffers that the device filled, and no
 * faster than the program takes it.
 *
 *      leat_http_call -> on_writable (a body that streams) -> on_reply -> on_body ...
 *      -> leat_http_call_close, or on_failed
 *
 * A call lives until leat_http_call_close() or on_failed: exactly one of these ends it.  Callbacks
 * come from leat_poll() only.  Redirects are replies like others; leat_url_join() and another call
 * follow one.
 */
#ifndef LEAT_HTTP_CLIENT_H
#define LEAT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/** What a client may use.  Every 0 means the default named beside it. */
struct leat_http_client_config {
    const struct leat_connect_config *connect; /**< how names become addresses; must outlive the
                                                    client; NULL: only addresses are understood */
    uint16_t connections;   /**< at a time, those that are kept open among them: 4; at most 256 */
    uint16_t request_bytes; /**< longest head of a request: 2,048 */
    uint16_t reply_bytes;   /**< longest head of a reply: 8,192 */
    uint64_t connect_ns;    /**< to be connected may take, TLS's handshake included: 30 s */
    uint64_t stall_ns; /**< a server may take or send nothing, when it is its turn, and a head may
                            take from its first byte: 30 s; interim ones as well */
    uint64_t kept_ns;  /**< a connection stays open without a call: 10 s */
    /** leat_tls_connect(); NULL: there is no "https".  By this pointer, so that a program without
     * it links no TLS. */
    enum leat_err (*tls_connect)(struct leat_tls *tls, const struct leat_stream *below,
                                 const struct leat_tls_client *client, struct leat_stream *session);
    /** leat_tls_get_info(), by a pointer for the same reason; NULL: nothing goes as early data. */
    void (*tls_info)(const struct leat_stream *session, struct leat_tls_info *info);
    struct leat_tls *tls;                      /**< its first argument */
    const struct leat_crypto_anchors *anchors; /**< whom we trust; must outlive the client */
};

/** What a client has done. */
struct leat_http_client_counts {
    uint64_t calls;     /**< that were begun */
    uint64_t replies;   /**< heads that came whole, interim ones not counted */
    uint64_t connected; /**< connections that were made */
    uint64_t reused;    /**< calls that began on a connection that was there */
    uint64_t retried;  /**< ... and on another one, for the server had closed it (RFC 9112 9.3.1) */
    uint64_t refused;  /**< replies that break the format, or can be read in two ways */
    uint64_t early;     /**< requests of which a server has taken something as early data */
    uint64_t too_early; /**< ... that it wanted again behind the handshake (425, RFC 8470 5.2) */
    uint64_t timeouts;  /**< calls that took too long */
    uint64_t failed;   /**< calls that ended by on_failed, whatever the reason */
};

/** A request, and who hears of its reply.  Strings are copied before leat_http_call() returns.  Any
 * callback but on_failed may be NULL. */
struct leat_http_request {
    enum leat_http_method method; /**< 0: LEAT_HTTP_GET */
    const char *url;              /**< as leat_url_parse() takes it */
    const char *fields;   /**< "Name: value\r\n" as often as wanted; not Host, Content-Length,
                               Transfer-Encoding, Connection, Expect, Upgrade, TE; NULL: none */
    uint64_t body_len;    /**< of what is sent; LEAT_HTTP_ANY if not known: it goes in chunks */
    const void *body;     /**< all of it, which must not move or change as long as the client is
                               open; NULL: the program sends it, from on_writable on */
    uint64_t deadline_ns; /**< of the whole call, by the clock of leat_poll(); 0: none */
    /** For "https" on a new connection: leat_tls_client.ticket, of a session with this host.  It must
     * stay as long as the client, and serves one connection at a time.  NULL: none. */
    struct leat_tls_ticket *ticket;
    /**
     * It goes as early data (0-RTT, RFC 8470), where `ticket`, leat_tls_config.early and the server
     * allow it, else behind the handshake.  Whoever sees it can send it to the server again, so it
     * must be GET or HEAD without a body, and harmless.  A server that answers 425 (Too Early) gets
     * it once more on another connection, behind the handshake; on_reply hears nothing of the 425.
     */
    bool early;
    /** The head of the reply is whole; it comes once. */
    void (*on_reply)(struct leat_http_call *call, void *arg);
    /** Text of the reply has come, or all is there; once at least. */
    void (*on_body)(struct leat_http_call *call, void *arg);
    /** There is room for text of the request: at first, and after leat_http_call_send_room() was 0.
     */
    void (*on_writable)(struct leat_http_call *call, void *arg);
    /**
     * The call is over without the program.  What leat_connect() and leat_tls_connect() say when
     * there is no connection; RESET or another error of TCP, TIMEOUT, END (the server closed before
     * the reply was whole), FORMAT (the reply is none, or could be read in two ways), TOO_BIG (its
     * head is).  The handle dies when it returns.
     */
    void (*on_failed)(struct leat_http_call *call, enum leat_err why, void *arg);
    void *arg; /**< the last argument of the callbacks */
};

/** Bytes that leat_http_client_open() needs. */
size_t leat_http_client_memory_bytes(const struct leat_http_client_config *config);

/**
 * Makes a client on @p stack, which has TCP registered.  @p memory (any alignment) of @p bytes
 * belongs to it until it is closed.  Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (connections, a
 * head below 256 bytes).
 */
enum leat_err leat_http_client_open(struct leat_http_client **client, struct leat *stack,
                                    void *memory, size_t bytes,
                                    const struct leat_http_client_config *config);

/** Ends it and its connections; no callback follows.  Not from a callback of a call. */
void leat_http_client_close(struct leat_http_client *client);

/** The counters; live, valid as long as the client. */
const struct leat_http_client_counts *
leat_http_client_counts(const struct leat_http_client *client);

/**
 * Gives it a stream that is open, for calls to the origin of @p url: a pipe, a tunnel.  It is the
 * client's from now on, callbacks included, as if a call had left it.  Errors: those of
 * leat_url_parse(), LEAT_ERR_FULL; then the stream is as it was.
 */
enum leat_err leat_http_client_keep(struct leat_http_client *client, const char *url,
                                    const struct leat_stream *stream);

/**
 * Begins a call.  Errors: those of leat_url_parse() and leat_connect(); LEAT_ERR_PROTOCOL ("https"
 * without TLS); LEAT_ERR_ARGUMENT (fields that no request may have, or that are not the program's
 * to set; `early` where it may not be; no on_failed); LEAT_ERR_TOO_BIG (request_bytes); LEAT_ERR_FULL (all connections have
 * calls).
 */
enum leat_err leat_http_call(struct leat_http_client *client,
                             const struct leat_http_request *request, struct leat_http_call **call);

/** Ends a call, at any time.  If both bodies are whole and the server lets it, its connection is
 * kept for another one; else it ends. */
void leat_http_call_close(struct leat_http_call *call);

/** @name The request's body
 * @{ */

/** Bytes that leat_http_call_send() takes now; on_writable follows a 0. */
uint32_t leat_http_call_send_room(struct leat_http_call *call);

/** Sends the list @p text, of at most leat_http_call_send_room() bytes; takes it, whatever is
 * returned.  Errors: those of leat_tcp_send(); LEAT_ERR_FULL also if the room was not asked for;
 * LEAT_ERR_TOO_BIG (more than body_len). */
enum leat_err leat_http_call_send(struct leat_http_call *call, struct leat_buf *text);

/** Copies up to @p len bytes and sends them; returns how many: fewer if the queue or the pool is
 * full, and then on_writable follows. */
size_t leat_http_call_write(struct leat_http_call *call, const void *bytes, size_t len);

/** The body is whole; for one whose length was not known. */
void leat_http_call_finish(struct leat_http_call *call);

/** @}
 * @name The reply
 * From on_reply on.
 * @{ */

/** Its status, 200..599. */
uint16_t leat_http_call_status(const struct leat_http_call *call);

/** The value of the first field with this @p name (in whatever case), without spaces around it and
 * without a NUL, or NULL.  It lives as long as the call. */
const char *leat_http_call_field(const struct leat_http_call *call, const char *name, size_t *len);

/** Bytes of its body; LEAT_HTTP_ANY if it comes in chunks, or until the server closes. */
uint64_t leat_http_call_length(const struct leat_http_call *call);

/** Takes up to @p bytes_max of the body, in order; NULL if nothing is there now: on_body follows,
 * if the body isn't over.  The list belongs to the program; the server's window stays closed by as
 * much until leat_http_call_consumed(). */
struct leat_buf *leat_http_call_receive(struct leat_http_call *call, uint32_t bytes_max);

/** The program is done with @p bytes of what it received. */
void leat_http_call_consumed(struct leat_http_call *call, uint32_t bytes);

/** True once all of the body has been received. */
bool leat_http_call_over(const struct leat_http_call *call);

/** @}
 * @name What is below
 * For messages; also in on_failed.
 * @{ */

/** The stream that the call has, or had; its end is NULL: none yet, or none any more (of a reply
 * that was taken when its connection had ended). */
const struct leat_stream *leat_http_call_stream(const struct leat_http_call *call);

/** How connecting went, for leat_connect_format(); of a call on a connection that was there, of
 * that one. */
const struct leat_connecting *leat_http_call_connecting(const struct leat_http_call *call);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
