/* http_receive.c -- a route's request, and its body as it arrives, in the buffers that were
 * received. */
#include "core/assert.h"
#include "web/http/server_conn.h"
#include "service.h"

static uint64_t now_ns(const struct server_conn *client)
{
    return leat_now_ns(client->server->stack);
}

/* ---- Request --------------------------------------------------------------------------------- */

enum leat_http_method leat_http_request_method(const struct leat_http_exchange *exchange)
{
    return http_method_bit(&exchange->client->request);
}

const char *leat_http_request_path(const struct leat_http_exchange *exchange, size_t *len)
{
    *len = exchange->client->request.path_len;
    return exchange->client->request.path;
}

const char *leat_http_request_query(const struct leat_http_exchange *exchange, size_t *len)
{
    *len = exchange->words.query_len;
    return exchange->words.query;
}

const char *leat_http_request_type(const struct leat_http_exchange *exchange, size_t *len)
{
    /* a type that was cut could be taken for another one */
    *len = exchange->words.type_too_long ? 0 : exchange->words.type_len;
    return exchange->words.type;
}

uint64_t leat_http_request_length(const struct leat_http_exchange *exchange)
{
    return exchange->body.chunked ? LEAT_HTTP_ANY : exchange->client->request.content_length;
}

const struct leat_tcp *leat_http_request_conn(const struct leat_http_exchange *exchange)
{
    return leat_stream_tcp(&exchange->client->stream);
}

struct leat_ip leat_http_request_peer(const struct leat_http_exchange *exchange)
{
    return leat_stream_peer(&exchange->client->stream);
}

bool http_request_is_head(const struct leat_http_exchange *exchange)
{
    return exchange->client->request.method == HTTP_HEAD;
}

void leat_http_set_arg(struct leat_http_exchange *exchange, void *arg)
{
    exchange->arg = arg;
}

/* ---- Body ------------------------------------------------------------------------------------ */

bool http_body_ready(struct server_conn *client)
{
    struct http_body *body = &client->exchange->body;
    const struct leat_buf *unread;

    while (body->phase <= HTTP_BODY_FRAMING && (unread = server_conn_unread(client)) != NULL) {
        if (body->phase == HTTP_BODY_DATA)
            return true;
        server_conn_consume(client, (uint32_t)http_body_framing(body, unread->data, unread->len));
        /* A body in chunks has no length in advance, so each chunk is checked when it begins. Its
         * data isn't given to the program if the limit is exceeded. */
        if (body->phase == HTTP_BODY_DATA &&
            body->left > client->exchange->body_bytes_max - body->taken) {
            body->phase = HTTP_BODY_BAD;
            client->exchange->too_big = true;
        }
    }
    return false;
}

/* Takes up to @bytes_max of data off the first piece of `unread`. NULL: no descriptor. */
static struct leat_buf *take_piece(struct server_conn *client, uint32_t bytes_max)
{
    struct http_body *body = &client->exchange->body;
    struct leat_buf *piece = client->unread;
    uint32_t len = piece->len < bytes_max ? piece->len : bytes_max;

    if (len > body->left)
        len = (uint32_t)body->left;
    /* Neither way copies data: a whole piece changes its owner, and a part of one is a slice. */
    if (len == piece->len) {
        client->unread = piece->next;
        piece->next = NULL;
    } else {
        piece = leat_buf_slice(client->unread, 0, len);
        if (!piece)
            return NULL;
        client->unread = leat_buf_consume(client->unread, len);
    }
    http_body_take(body, len);
    return piece;
}

/* Extends the client's deadline for @bytes that it has sent, but never beyond stall_ns from now.
 * Renews its place as long as it is fast enough. */
static void earn_time(struct server_conn *client, uint32_t bytes)
{
    const struct leat_http_server_config *config = &client->server->config;
    const uint64_t latest_ns = now_ns(client) + config->stall_ns;

    /* A client that sends a byte now and then (Slowloris) uses more time than it earns. */
    client->due_ns += bytes * UINT64_C(1000000000) / config->body_bytes_per_s;
    /* a client can't save up time by a burst, and then stand still for longer than others */
    if (client->due_ns > latest_ns)
        client->due_ns = latest_ns;
    /* A client below the rate keeps the age of its place. So it is evicted before faster ones of
     * its address. */
    if (client->due_ns - config->stall_ns >= client->renewed_at_ns)
        server_conn_renew(client);
}

struct leat_buf *leat_http_receive(struct leat_http_exchange *exchange, uint32_t bytes_max)
{
    struct server_conn *client = exchange->client;
    struct leat_buf *first = NULL;
    struct leat_buf **end = &first;
    uint32_t len = 0;

    leat_assert(exchange->route);
    while (len < bytes_max && client->phase == HTTP_PHASE_EXCHANGE && http_body_ready(client)) {
        struct leat_buf *piece = take_piece(client, bytes_max - len);

        if (!piece) {
            server_conn_wait_for_pool(client);
            break;
        }
        len += piece->len;
        *end = piece;
        end = &piece->next;
    }
    exchange->not_consumed += len;
    if (len > 0)
        earn_time(client, len);
    /* the program is running now, so the refusal follows in a step of its own */
    if (exchange->body.phase == HTTP_BODY_BAD)
        server_conn_kick(client);
    return first;
}

void leat_http_consumed(struct leat_http_exchange *exchange, uint32_t bytes)
{
    leat_assert(bytes <= exchange->not_consumed);
    exchange->not_consumed -= bytes;
    leat_stream_consumed(&exchange->client->stream, bytes);
}

bool leat_http_body_over(const struct leat_http_exchange *exchange)
{
    return exchange->body.phase == HTTP_BODY_OVER;
}

bool http_body_can_skip(const struct leat_http_exchange *exchange)
{
    const struct http_body *body = &exchange->body;

    /* A body in chunks may have no end. A client that waits for 100 (Continue) may never send its
     * body (RFC 9110 10.1.1). */
    return body->phase == HTTP_BODY_OVER || (body->phase == HTTP_BODY_DATA && !body->chunked &&
                                             !exchange->expects && body->left <= HTTP_BODY_MAX);
}
