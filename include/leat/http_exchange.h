/*
 * http_exchange.h -- a request that the program answers itself, and its reply (RFC 9110 3.4).
 *
 * A route (struct leat_http_route, part of the server's configuration) names a path and the
 * callbacks for it.  The body of a request is handed out in the receive buffers themselves, and
 * arrives no faster than the program takes it: the rest stays with the client.  A reply of a known
 * length is sent as it is, any other in chunks (RFC 9112 7.1).
 *
 * An exchange lives until leat_http_finish(), leat_http_answer(), leat_http_abort() or on_failed:
 * exactly one of these ends it.  All functions here may be called from any callback of the program,
 * also those of timers and other connections.
 */
#ifndef LEAT_HTTP_EXCHANGE_H
#define LEAT_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/buf.h>
#include <leat/err.h>
#include <leat/tcp.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Methods (RFC 9110 9.3, RFC 5789), as bits. */
enum leat_http_method {
    LEAT_HTTP_GET = 1,  /**< such a route gets HEAD, too; the server then leaves the body out */
    LEAT_HTTP_HEAD = 2, /**< a result of leat_http_request_method() only */
    LEAT_HTTP_POST = 4,
    LEAT_HTTP_PUT = 8,
    LEAT_HTTP_PATCH = 16,
    LEAT_HTTP_DELETE = 32
};

/** A length that isn't known, or has no limit. */
#define LEAT_HTTP_ANY UINT64_MAX

struct leat_http_exchange;

/** A path and its callbacks.  Any callback but on_request may be NULL. */
struct leat_http_route {
    const char *path;        /**< decoded: "/upload" */
    uint8_t methods;         /**< enum leat_http_method; others get 405 */
    bool below;              /**< also for every path that begins with `path` */
    uint64_t body_bytes_max; /**< of a request's body: 0 means 64 KiB; more gets 413 */
    /** The head of a request is complete.  Unless the reply has begun when this returns, a client
     * that waits for permission to send the body gets 100 (Continue, RFC 9110 10.1.1). */
    void (*on_request)(struct leat_http_exchange *exchange, void *arg);
    /** Data of the body has arrived, or the body is complete; called at least once. */
    void (*on_body)(struct leat_http_exchange *exchange, void *arg);
    /** There is room, after leat_http_send_room() was 0 or less than leat_http_want_room() had
     * asked for. */
    void (*on_writable)(struct leat_http_exchange *exchange, void *arg);
    /**
     * The exchange has failed.  @p why is RESET or another error of TCP, ABORTED (displaced by
     * another client), TIMEOUT, END (the client closed within its body), FORMAT (a broken chunk),
     * or TOO_BIG (a body in chunks beyond body_bytes_max).  The handle is invalid once the callback
     * returns.
     */
    void (*on_failed)(struct leat_http_exchange *exchange, enum leat_err why, void *arg);
    void *arg;                        /**< the last argument, until leat_http_set_arg() */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** The head of a reply.  The strings must stay valid until the exchange is over and the head is
 * sent; constants are best. */
struct leat_http_head {
    uint16_t status;    /**< 200..599 */
    const char *type;   /**< media type, at most 100 bytes; NULL: no such field */
    const char *fields; /**< any number of "Name: value\r\n", at most 256 bytes; or NULL.  Not Date:
                             the server adds it if civil time is known (civil.h) */
    uint64_t len;       /**< of the body; LEAT_HTTP_ANY: unknown */
};

/** @name The request
 * Strings are not NUL-terminated; they live as long as the exchange.
 * @{ */

/** LEAT_HTTP_GET, LEAT_HTTP_HEAD, ... */
enum leat_http_method leat_http_request_method(const struct leat_http_exchange *exchange);

/** Its path, decoded, 1..255 bytes. */
const char *leat_http_request_path(const struct leat_http_exchange *exchange, size_t *len);

/** The query, behind the question mark, not decoded, at most 255 bytes. */
const char *leat_http_request_query(const struct leat_http_exchange *exchange, size_t *len);

/** Its Content-Type, at most 127 bytes; 0 bytes: none, or a longer one. */
const char *leat_http_request_type(const struct leat_http_exchange *exchange, size_t *len);

/** Bytes of its body, LEAT_HTTP_ANY if it comes in chunks. */
uint64_t leat_http_request_length(const struct leat_http_exchange *exchange);

/** The client's address, from leat_stream_peer(). */
struct leat_ip leat_http_request_peer(const struct leat_http_exchange *exchange);

/** The connection that it came by, for its endpoints; NULL if the stream isn't over TCP. */
const struct leat_tcp *leat_http_request_conn(const struct leat_http_exchange *exchange);

/** Replaces the last argument of the callbacks, for this exchange only. */
void leat_http_set_arg(struct leat_http_exchange *exchange, void *arg);

/** @}
 * @name The request's body
 * @{ */

/** Takes up to @p bytes_max of the body, in order.  NULL if none has arrived: on_body follows
 * unless the body is complete.  The list belongs to the program; the receive window stays smaller
 * by as much until leat_http_consumed(). */
struct leat_buf *leat_http_receive(struct leat_http_exchange *exchange, uint32_t bytes_max);

/** Tells that the program is done with @p bytes of the received data. */
void leat_http_consumed(struct leat_http_exchange *exchange, uint32_t bytes);

/** True once all of the body has been received. */
bool leat_http_body_over(const struct leat_http_exchange *exchange);

/** @}
 * @name The reply
 * @{ */

/** Begins the reply, once. */
void leat_http_reply(struct leat_http_exchange *exchange, const struct leat_http_head *head);

/** Bytes that leat_http_send() takes now; on_writable follows a 0.  Only after leat_http_reply().
 */
uint32_t leat_http_send_room(struct leat_http_exchange *exchange);

/** Asks for on_writable when leat_http_send_room() is @p bytes, as leat_tcp_want_room(). */
void leat_http_want_room(struct leat_http_exchange *exchange, uint32_t bytes);

/** Sends the buffer list @p data, of at most leat_http_send_room() bytes; takes it, whatever is
 * returned.  Errors: those of leat_tcp_send(); LEAT_ERR_FULL also if the room was not asked for;
 * LEAT_ERR_TOO_BIG (more than the head's `len`). */
enum leat_err leat_http_send(struct leat_http_exchange *exchange, struct leat_buf *data);

/** Copies up to @p len bytes and sends them; returns how many.  If that is fewer, the queue or the
 * pool is full, and on_writable follows. */
size_t leat_http_write(struct leat_http_exchange *exchange, const void *bytes, size_t len);

/** Ends the reply and the exchange.  The server discards the rest of the request's body.  A reply
 * shorter than its head's `len` ends the connection. */
void leat_http_finish(struct leat_http_exchange *exchange);

/** Sends a whole reply: @p len bytes that must not move or change as long as the server serves;
 * ends the exchange.  head->len is ignored. */
void leat_http_answer(struct leat_http_exchange *exchange, const struct leat_http_head *head,
                      const void *bytes, uint32_t len);

/** Ends the exchange and its connection: the client sees that the reply is incomplete. */
void leat_http_abort(struct leat_http_exchange *exchange);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
