/*
 * http_exchange.c -- requests that a route answers: the choice of the route, the program's
 * callbacks, the end.
 *
 * Only http_exchange_step() calls the program. Functions that the program calls at other times, in
 * a timer or a callback of another connection, leave marks and request a step by
 * server_conn_kick().
 */
#include "web/http/http_exchange.h"

#include <string.h>

#include "core/assert.h"
#include "web/http/http_chunk.h"
#include "web/http/server_conn.h"
#include "service.h"

enum {
    GO_ON_BYTES = 1024 /* room that is worth a callback */
};

/* ---- End ------------------------------------------------------------------------------------- */

void http_exchange_release(struct leat_http_exchange *exchange)
{
    leat_buf_free(exchange->frame);
    exchange->frame = NULL;
    exchange->route = NULL;
}

/* Ends the program's part. The client still gets @len bytes of @bytes. */
static void finish(struct leat_http_exchange *exchange, const char *bytes, uint32_t len)
{
    struct server_conn *client = exchange->client;

    leat_assert(exchange->route && exchange->begun && !exchange->finished);
    /* data that isn't consumed would narrow the client's window for the rest of the connection */
    leat_http_consumed(exchange, exchange->not_consumed);
    exchange->finished = true;
    if (http_request_is_head(exchange))
        len = 0;
    client->body = bytes;
    client->body_left = len;
    server_conn_kick(client);
}

void leat_http_finish(struct leat_http_exchange *exchange)
{
    const uint32_t skip = exchange->in_chunks ? 0 : 2;

    finish(exchange, http_chunks_end + skip,
           exchange->chunked ? (uint32_t)sizeof http_chunks_end - skip : 0);
    /* Too few bytes for the length that was announced: only the end of the connection can tell the
     * client. */
    if (!http_request_is_head(exchange) && exchange->reply.len != LEAT_HTTP_ANY &&
        exchange->sent < exchange->reply.len)
        exchange->cut = true;
}

void leat_http_answer(struct leat_http_exchange *exchange, const struct leat_http_head *head,
                      const void *bytes, uint32_t len)
{
    struct leat_http_head known = *head;

    known.len = len;
    leat_http_reply(exchange, &known);
    finish(exchange, bytes, exchange->reply.len > 0 ? len : 0);
}

void leat_http_abort(struct leat_http_exchange *exchange)
{
    struct server_conn *client = exchange->client;

    leat_assert(exchange->route);
    http_exchange_release(exchange);
    if (client->phase == HTTP_PHASE_EXCHANGE)
        server_conn_end(client, &client->server->counts.failed);
}

void http_exchange_fail(struct server_conn *client, enum leat_err why, uint16_t status)
{
    struct leat_http_exchange *exchange = client->exchange;
    const struct leat_http_route *route = exchange ? exchange->route : NULL;

    if (!route)
        return;
    /* before on_failed: the program can't use an exchange that is over */
    http_exchange_release(exchange);
    /* Before the head, a status can still tell the client. After it, only the end of the connection
     * can. */
    if (status > 0 && !exchange->head_sent) {
        leat_http_consumed(exchange, exchange->not_consumed);
        client->request.status = status;
        server_conn_enter(client, HTTP_PHASE_HEAD); /* the reply is made as for an invalid head */
    } else if (status > 0) {
        server_conn_end(client, &client->server->counts.failed);
    } else {
        client->server->counts.failed++;
    }
    if (!exchange->finished && route->on_failed)
        route->on_failed(exchange, why, exchange->arg);
}

bool http_exchange_excused(const struct server_conn *client)
{
    const struct leat_http_exchange *exchange = client->exchange;

    return exchange->finished || exchange->not_consumed > 0 || client->unread ||
           exchange->body.phase >= HTTP_BODY_OVER || leat_stream_readable(&client->stream) > 0;
}

/* ---- Course ---------------------------------------------------------------------------------- */

const struct leat_http_route *http_route_find(const struct leat_http_route *routes, uint16_t count,
                                              const struct http_request *request, uint8_t *methods)
{
    const enum leat_http_method method = http_method_bit(request);

    *methods = 0;
    for (uint16_t i = 0; i < count && !request->path_too_long; i++) {
        const struct leat_http_route *route = &routes[i];
        const uint8_t takes =
            (uint8_t)(route->methods | (route->methods & LEAT_HTTP_GET ? LEAT_HTTP_HEAD : 0));
        size_t len = 0;

        while (len < request->path_len &&
               route->path[len] != '\0' && /* a request's path may contain a NUL */
               route->path[len] == request->path[len])
            len++;
        if (route->path[len] != '\0' || (len < request->path_len && !route->below))
            continue;
        if (takes & method)
            return route;
        /* for the Allow of a 405: the path exists, but not with this method */
        *methods |= takes;
    }
    return NULL;
}

/* Clears all but the words, which were written while the head was read. */
static void clear(struct leat_http_exchange *exchange)
{
    enum {
        WORDS_AT = offsetof(struct leat_http_exchange, words),
        WORDS_END = WORDS_AT + sizeof(struct http_words)
    };
    uint8_t *bytes = (uint8_t *)exchange;

    memset(bytes, 0, WORDS_AT);
    memset(bytes + WORDS_END, 0, sizeof *exchange - WORDS_END);
}

bool http_exchange_begin(struct server_conn *client)
{
    const struct leat_http_server_config *config = &client->server->config;
    struct leat_http_exchange *exchange = client->exchange;
    struct http_request *request = &client->request;
    const struct leat_http_route *route =
        http_route_find(config->routes, config->route_count, request, &request->route_methods);
    const bool chunked = request->codings > 0;

    if (!route)
        return false;
    clear(exchange);
    exchange->client = client;
    exchange->arg = route->arg;
    exchange->body_bytes_max = route->body_bytes_max ? route->body_bytes_max : HTTP_BODY_MAX;
    /* Refused before the body: a client that waits for 100 (Continue) needn't send it at all. */
    if (exchange->words.query_too_long)
        request->status = HTTP_URI_TOO_LONG;
    else if (request->content_length > exchange->body_bytes_max)
        request->status = HTTP_CONTENT_TOO_LARGE;
    if (request->status != HTTP_OK)
        return false;
    http_body_start(&exchange->body, chunked, request->content_length);
    /* RFC 9110 10.1.1: a server ignores it from HTTP/1.0 */
    exchange->expects = request->expect_continue && request->minor_version > 0 &&
                        exchange->body.phase != HTTP_BODY_OVER;
    exchange->route = route;
    server_conn_enter(client, HTTP_PHASE_EXCHANGE);
    return true;
}

/* Sends 100 (Continue) to a client that waits for it before it sends the body (RFC 9110 10.1.1). */
static void go_on(struct leat_http_exchange *exchange)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct server_conn *client = exchange->client;
    struct leat_buf *lent;

    /* after the final reply has begun, 100 would come too late, and be read as part of its body */
    if (!exchange->expects || exchange->begun || client->phase != HTTP_PHASE_EXCHANGE)
        return;
    if (leat_stream_send_room(&client->stream) < sizeof text - 1) {
        leat_stream_want_room(&client->stream, GO_ON_BYTES);
        return;
    }
    lent = leat_buf_lend(leat_pool(client->server->stack), text, sizeof text - 1, NULL, NULL);
    if (!lent) {
        server_conn_wait_for_pool(client);
        return;
    }
    exchange->expects = false;
    leat_stream_send(&client->stream, lent);
}

/* Sends the rest of a finished reply like all other replies. */
static bool hand_over(struct server_conn *client)
{
    struct leat_http_exchange *exchange = client->exchange;

    if (!http_reply_head_sent(exchange))
        return false;
    client->close |= !http_body_can_skip(exchange);
    /* the next request begins behind the rest of this body */
    client->skip = client->close ? 0 : (uint32_t)exchange->body.left;
    client->ends_chunks = exchange->chunked;
    http_exchange_release(exchange);
    if (exchange->cut)
        server_conn_end(client, &client->server->counts.failed);
    else
        server_conn_enter(client, HTTP_PHASE_REPLY);
    return true;
}

/* Calls the program for events that are due. */
static void tell(struct server_conn *client)
{
    struct leat_http_exchange *exchange = client->exchange;
    const struct leat_http_route *route = exchange->route;

    /* Each callback may finish or abort the exchange, so what it left is checked after it. */
    if (!exchange->asked) {
        exchange->asked = true;
        route->on_request(exchange, exchange->arg);
    }
    if (!exchange->route || exchange->finished)
        return;
    go_on(exchange);
    if (exchange->wants_room && exchange->writable && http_reply_room(exchange) > 0) {
        exchange->wants_room = false;
        if (route->on_writable)
            route->on_writable(exchange, exchange->arg);
    }
    exchange->writable = false;
    if (!exchange->route || exchange->finished)
        return;
    if (http_body_ready(client) || (leat_http_body_over(exchange) && !exchange->told_over)) {
        if (route->on_body)
            route->on_body(exchange, exchange->arg);
        exchange->told_over = leat_http_body_over(exchange);
    }
}

bool http_exchange_step(struct server_conn *client)
{
    struct leat_http_exchange *exchange = client->exchange;

    if (!exchange->finished)
        tell(client);
    if (client->phase != HTTP_PHASE_EXCHANGE)
        return true;
    if (exchange->finished)
        return hand_over(client);
    if (exchange->body.phase == HTTP_BODY_BAD)
        http_exchange_fail(client, exchange->too_big ? LEAT_ERR_TOO_BIG : LEAT_ERR_FORMAT,
                           exchange->too_big ? HTTP_CONTENT_TOO_LARGE : HTTP_BAD_REQUEST);
    else if (exchange->body.phase != HTTP_BODY_OVER && !client->unread &&
             leat_stream_at_end(&client->stream))
        http_exchange_fail(client, LEAT_ERR_END, HTTP_BAD_REQUEST);
    else if (exchange->begun && !exchange->head_sent)
        http_reply_head_sent(exchange);
    return client->phase != HTTP_PHASE_EXCHANGE;
}
