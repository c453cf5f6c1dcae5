/* http_exchange.h -- a request that a route answers, as its client sees it. */
#ifndef HTTP_HTTP_EXCHANGE_H
#define HTTP_HTTP_EXCHANGE_H

#include <leat/http_exchange.h>

#include "web/http/http_body.h"
#include "web/http/http_request.h"

struct server_conn;

/* One for each client, where the server has routes. */
struct leat_http_exchange {
    struct server_conn *client;
    const struct leat_http_route *route; /* NULL: none is under way */
    void *arg;
    struct leat_http_head reply;
    struct leat_buf *frame;  /* for the next chunk of the reply, or NULL */
    uint64_t sent;           /* of the reply's data */
    uint64_t body_bytes_max; /* of the request */
    uint32_t not_consumed;   /* bytes that the program has received, but is not done with */
    bool asked;              /* on_request has been called */
    bool expects;            /* the client waits for 100 */
    bool told_over;          /* on_body has been called with the whole body */
    bool too_big;            /* the body is */
    bool begun;              /* leat_http_reply() has been called */
    bool head_sent;
    bool chunked;    /* the reply is */
    bool in_chunks;  /* a chunk has been sent, and its end is to come */
    bool wants_room; /* on_writable is to come */
    bool writable;   /* the stream has said so */
    bool finished;   /* by the program: what is left is the client's */
    bool cut;        /* ... and too short */
    struct http_body body;
    struct http_words words; /* written while the head is read */
};

/* The route of @request, whose head is whole, or NULL; @methods are those of all that have its
 * path. */
const struct leat_http_route *http_route_find(const struct leat_http_route *routes, uint16_t count,
                                              const struct http_request *request, uint8_t *methods);

/* Begins with the request that the client has read; false: no route is for it, and request->status
 * may say why. */
bool http_exchange_begin(struct server_conn *client);

/* Takes a step; false: nothing can be done now. */
bool http_exchange_step(struct server_conn *client);

/* The client has stood still for too long; true: it hasn't, others have. */
bool http_exchange_excused(const struct server_conn *client);

/* Ends it, if one is under way: tells the program, and refuses the request with @status if its
 * reply has not begun (0: the connection is no more). */
void http_exchange_fail(struct server_conn *client, enum leat_err why, uint16_t status);

/* True if data of the request's body is at the front of what is unread; then leat_http_receive()
 * has some. */
bool http_body_ready(struct server_conn *client);

/* What nobody reads of the body is so short, and so sure to come, that the next request behind it
 * is worth waiting for. */
bool http_body_can_skip(const struct leat_http_exchange *exchange);

/* Sends the head of the reply, once; false: it must wait. */
bool http_reply_head_sent(struct leat_http_exchange *exchange);

/* Bytes of the reply's data that can be sent now. */
uint32_t http_reply_room(struct leat_http_exchange *exchange);

/* True for HEAD: its reply has no data. */
bool http_request_is_head(const struct leat_http_exchange *exchange);

/* Gives back what it holds; it is over. */
void http_exchange_release(struct leat_http_exchange *exchange);

#endif
