/*
 * http_exchange.h -- a request that the program answers itself, and its reply (RFC 9110 3.4).
 *
 * A route (struct leat_http_route, given to the server by its configuration) names a path and what
 * is called for it.  The body of a request comes as the very buffers that the device filled, and no
 * faster than the program takes them: what it doesn't receive stays with the client.  A reply of a
 * known length goes as it is, any other in chunks (RFC 9112 7.1).
 *
 * An exchange lives until leat_http_finish(), leat_http_answer(), leat_http_abort() or on_failed:
 * exactly one of these ends it.  Everything here may be called from any callback of the program,
 * timers and other connections included.
 */
#ifndef LEAT_HTTP_EXCHANGE_H
#define LEAT_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/buf.h>
#include <leat/err.h>
#include <leat/tcp.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Methods (RFC 9110 9.3, RFC 5789), as bits. */
enum leat_http_method {
    LEAT_HTTP_GET = 1,  /**< a route with it gets HEAD, too; the server leaves the text out then */
    LEAT_HTTP_HEAD = 2, /**< what leat_http_request_method() says of a HEAD */
    LEAT_HTTP_POST = 4,
    LEAT_HTTP_PUT = 8,
    LEAT_HTTP_PATCH = 16,
    LEAT_HTTP_DELETE = 32
};

/** A length that isn't known, or has no limit. */
#define LEAT_HTTP_ANY UINT64_MAX

struct leat_http_exchange;

/** What answers a path.  Any callback but on_request may be NULL. */
struct leat_http_route {
    const char *path;        /**< decoded: "/upload" */
    uint8_t methods;         /**< enum leat_http_method; others get 405 */
    bool below;              /**< every path that begins so as well */
    uint64_t body_bytes_max; /**< of a request: 0 means 64 KiB; more gets 413 */
    /** The head of a request is whole.  Unless the reply has begun when it returns, a client that
     * waits for that is told to go on (RFC 9110 10.1.1: 100). */
    void (*on_request)(struct leat_http_exchange *exchange, void *arg);
    /** Text of the body has come, or the body is over; once at least. */
    void (*on_body)(struct leat_http_exchange *exchange, void *arg);
    /** After leat_http_send_room() was 0, or less than leat_http_want_room() asked: there is room.
     */
    void (*on_writable)(struct leat_http_exchange *exchange, void *arg);
    /**
     * The exchange has ended without the program: RESET or another error of TCP, ABORTED (made room
     * for another client), TIMEOUT, END (the client closed within its body), FORMAT (a broken
     * chunk), TOO_BIG (a body in chunks beyond body_bytes_max).  The handle dies when it returns.
     */
    void (*on_failed)(struct leat_http_exchange *exchange, enum leat_err why, void *arg);
    void *arg; /**< the last argument, until leat_http_set_arg() */
};

/** The head of a reply.  The strings must live as long as the exchange, and until its head is sent:
 * constants, mostly. */
struct leat_http_head {
    uint16_t status;    /**< 200..599 */
    const char *type;   /**< media type, at most 100 bytes; NULL: no such field */
    const char *fields; /**< "Name: value\r\n" as often as wanted, at most 256 bytes; or NULL.
                             No Date: the server tells it where time is known (civil.h) */
    uint64_t len;       /**< of what follows: LEAT_HTTP_ANY if not known yet */
};

/** @name The request
 * Strings have no NUL; they live as long as the exchange.
 * @{ */

/** LEAT_HTTP_GET, LEAT_HTTP_HEAD, ... */
enum leat_http_method leat_http_request_method(const struct leat_http_exchange *exchange);

/** Its path, decoded, 1..255 bytes. */
const char *leat_http_request_path(const struct leat_http_exchange *exchange, size_t *len);

/** What was behind the question mark, not decoded, at most 255 bytes. */
const char *leat_http_request_query(const struct leat_http_exchange *exchange, size_t *len);

/** Its Content-Type, at most 127 bytes; 0 bytes: none, or a longer one. */
const char *leat_http_request_type(const struct leat_http_exchange *exchange, size_t *len);

/** Bytes of its body, LEAT_HTTP_ANY if it comes in chunks. */
uint64_t leat_http_request_length(const struct leat_http_exchange *exchange);

/** The client's address, as leat_stream_peer() says it. */
struct leat_ip leat_http_request_peer(const struct leat_http_exchange *exchange);

/** The connection that it came by, for its endpoints; NULL if there is none below. */
const struct leat_tcp *leat_http_request_conn(const struct leat_http_exchange *exchange);

/** Replaces the last argument of the callbacks, for this exchange only. */
void leat_http_set_arg(struct leat_http_exchange *exchange, void *arg);

/** @}
 * @name Its body
 * @{ */

/** Takes up to @p bytes_max of the body, in order; NULL if nothing is there now: on_body follows,
 * if the body isn't over.  The list belongs to the program; the client's window stays closed by as
 * much until leat_http_consumed(). */
struct leat_buf *leat_http_receive(struct leat_http_exchange *exchange, uint32_t bytes_max);

/** The program is done with @p bytes of what it received. */
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

/** Sends the list @p text, of at most leat_http_send_room() bytes; takes it, whatever is returned.
 * Errors: those of leat_tcp_send(); LEAT_ERR_FULL also if the room was not asked for;
 * LEAT_ERR_TOO_BIG (more than the head has said). */
enum leat_err leat_http_send(struct leat_http_exchange *exchange, struct leat_buf *text);

/** Copies up to @p len bytes and sends them; returns how many: fewer if the queue or the pool is
 * full, and then on_writable follows. */
size_t leat_http_write(struct leat_http_exchange *exchange, const void *bytes, size_t len);

/** The reply is whole, and the exchange over.  What is left of the request's body is nobody's.  A
 * reply that is shorter than its head has said ends the connection. */
void leat_http_finish(struct leat_http_exchange *exchange);

/** A whole reply: @p len bytes that must not move or change as long as the server serves; ends the
 * exchange.  head->len is not looked at. */
void leat_http_answer(struct leat_http_exchange *exchange, const struct leat_http_head *head,
                      const void *bytes, uint32_t len);

/** Ends the exchange and its connection: the client sees that the reply is not whole. */
void leat_http_abort(struct leat_http_exchange *exchange);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
