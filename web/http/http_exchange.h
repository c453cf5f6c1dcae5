/* http_exchange.h -- a request that a route answers. */
#ifndef HTTP_HTTP_EXCHANGE_H
#define HTTP_HTTP_EXCHANGE_H

#include <leat/http_exchange.h>

#include "web/http/http_body.h"
#include "web/http/http_request.h"

struct server_conn;

/* One per client, if the server has routes. */
struct leat_http_exchange {
    struct server_conn *client;
    const struct leat_http_route *route; /* NULL: no exchange */
    void *arg;
    struct leat_http_head reply;
    struct leat_buf *frame;  /* for the framing of the reply's next chunk, or NULL */
    uint64_t sent;           /* bytes of the reply's data */
    uint64_t body_bytes_max; /* limit of the request's body */
    uint32_t not_consumed;   /* bytes that the program has received but not consumed */
    bool asked;              /* on_request was called */
    bool expects;            /* the client waits for 100 (Continue) */
    bool told_over;          /* on_body was called with the end of the body */
    bool too_big;            /* the body exceeds its limit */
    bool begun;              /* leat_http_reply() was called */
    bool head_sent;
    bool chunked;    /* the reply is chunked */
    bool in_chunks;  /* a chunk was sent whose end is still due */
    bool wants_room; /* on_writable is due */
    bool writable;   /* the stream has reported room */
    bool finished;   /* by the program; the client may not have received everything */
    bool cut;        /* finished before all of its length was sent */
    struct http_body body;
    struct http_words words; /* written while the head is read */
};

/* Finds the route of @request, whose head is complete, or NULL. @methods are those of all routes
 * with its path. */
const struct leat_http_route *http_route_find(const struct leat_http_route *routes, uint16_t count,
                                              const struct http_request *request, uint8_t *methods);

/* Starts an exchange for the request that the client has read. False: it has no route, and
 * request->status may be a refusal. */
bool http_exchange_begin(struct server_conn *client);

/* Takes a step. False: nothing can be done now. */
bool http_exchange_step(struct server_conn *client);

/* The client's deadline has passed. True: it waited for the program, so it isn't at fault. */
bool http_exchange_excused(const struct server_conn *client);

/* Ends an exchange, if there is one, with an event for the program. Refuses the request with
 * @status if its reply has not begun (0: the connection is closed). */
void http_exchange_fail(struct server_conn *client, enum leat_err why, uint16_t status);

/* True if data of the request's body is next to be read; then leat_http_receive() returns some. */
bool http_body_ready(struct server_conn *client);

/* True if the unread rest of the body is short and certain to arrive, so that it is worth waiting
 * for the request after it. */
bool http_body_can_skip(const struct leat_http_exchange *exchange);

/* Sends the head of the reply, once. False: it must wait. */
bool http_reply_head_sent(struct leat_http_exchange *exchange);

/* Bytes of the reply's data that can be sent now. */
uint32_t http_reply_room(struct leat_http_exchange *exchange);

/* True for HEAD, whose reply has no data. */
bool http_request_is_head(const struct leat_http_exchange *exchange);

/* Frees what the exchange holds, and ends it. */
void http_exchange_release(struct leat_http_exchange *exchange);

#endif
