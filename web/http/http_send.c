/* http_send.c -- the reply of a route: its head, and its data, in chunks if the length is
 * unknown. */
#include "core/assert.h"
#include "web/http/http_chunk.h"
#include "web/http/server_conn.h"
#include "service.h"

enum {
    WANTED_BYTES = 1024 /* room that is worth a callback */
};

/* ---- Reply ----------------------------------------------------------------------------------- */

void leat_http_reply(struct leat_http_exchange *exchange, const struct leat_http_head *head)
{
    const bool may_have_data = head->status != 204 && head->status != HTTP_NOT_MODIFIED;

    leat_assert(exchange->route && !exchange->begun);
    leat_assert(head->status >= HTTP_OK && head->status < 600);
    /* RFC 9112 6.3: a client reads no body after 204 and 304, whatever the fields say */
    exchange->reply = *head;
    if (!may_have_data)
        exchange->reply.len = 0;
    exchange->begun = true;
    /* RFC 9112 6.1: chunks are sent only in reply to HTTP/1.1. For HTTP/1.0 the end of the
     * connection ends the body. */
    exchange->chunked =
        head->len == LEAT_HTTP_ANY && may_have_data && exchange->client->request.minor_version > 0;
    server_conn_kick(exchange->client); /* sends the head at once, even if data comes later */
}

bool http_reply_head_sent(struct leat_http_exchange *exchange)
{
    struct server_conn *client = exchange->client;
    const struct leat_stream *stream = &client->stream;
    struct leat_buf *payload;

    if (exchange->head_sent)
        return true;
    if (client->phase != HTTP_PHASE_EXCHANGE)
        return false; /* aborted */
    if (leat_stream_send_room(stream) < HTTP_ROUTE_HEAD_BYTES) {
        leat_stream_want_room(stream, HTTP_ROUTE_HEAD_BYTES);
        return false;
    }
    payload = leat_buf_alloc(leat_pool(client->server->stack), LEAT_BUF_HEADROOM);
    if (!payload)
        return server_conn_wait_for_pool(client);
    /* The connection ends with this reply if only that shows where its body ends, or if the rest of
     * the request's body is too long to be read and discarded. */
    client->close = !http_request_persists(&client->request) || server_is_ending(client->server) ||
                    (exchange->reply.len == LEAT_HTTP_ANY && !exchange->chunked) ||
                    (exchange->finished && !http_body_can_skip(exchange));
    leat_buf_put(payload, (uint32_t)http_route_head(
                              &exchange->reply, &client->request, client->close,
                              http_calendar_now(client->server), (char *)payload->data));
    if (leat_stream_send(stream, payload) == LEAT_ERR_FULL)
        return false; /* its buffer has used up the room: on_writable follows */
    server_conn_count(client, exchange->reply.status);
    exchange->head_sent = true;
    return true;
}

/* Allocates the framing of the next chunk before its data is accepted, so that this can't fail
 * later. */
static bool have_frame(struct leat_http_exchange *exchange)
{
    struct server_conn *client = exchange->client;

    if (!exchange->chunked || http_request_is_head(exchange))
        return true;
    if (!exchange->frame)
        exchange->frame = leat_buf_alloc_small(leat_pool(client->server->stack), LEAT_BUF_HEADROOM);
    return exchange->frame || server_conn_wait_for_pool(client);
}

uint32_t http_reply_room(struct leat_http_exchange *exchange)
{
    const struct leat_stream *stream = &exchange->client->stream;
    uint64_t bytes = UINT32_MAX;

    if (!http_reply_head_sent(exchange) || !have_frame(exchange))
        return 0;
    /* For HEAD the program may write as for GET. The data is dropped, so it needs no room. */
    if (!http_request_is_head(exchange)) {
        bytes = leat_stream_send_room(stream);
        if (bytes > 0 && bytes <= HTTP_FRAMING_BYTES)
            leat_stream_want_room(stream, WANTED_BYTES);
        /* room for the framing of a chunk is set aside, so data that fits is never refused for
         * it */
        bytes = bytes > HTTP_FRAMING_BYTES ? bytes - HTTP_FRAMING_BYTES : 0;
    }
    if (exchange->reply.len != LEAT_HTTP_ANY && bytes > exchange->reply.len - exchange->sent)
        bytes = exchange->reply.len - exchange->sent;
    return (uint32_t)bytes;
}

uint32_t leat_http_send_room(struct leat_http_exchange *exchange)
{
    uint32_t bytes;

    leat_assert(exchange->route && exchange->begun);
    bytes = http_reply_room(exchange);
    if (bytes == 0)
        exchange->wants_room = true;
    return bytes;
}

void leat_http_want_room(struct leat_http_exchange *exchange, uint32_t bytes)
{
    exchange->wants_room = true;
    leat_stream_want_room(&exchange->client->stream, bytes < UINT32_MAX - HTTP_FRAMING_BYTES
                                                         ? bytes + HTTP_FRAMING_BYTES
                                                         : bytes);
}

enum leat_err leat_http_send(struct leat_http_exchange *exchange, struct leat_buf *data)
{
    struct server_conn *client = exchange->client;
    const uint32_t len = leat_buf_total(data);
    enum leat_err err = LEAT_OK;

    leat_assert(exchange->route && exchange->begun && !exchange->finished);
    /* more data than Content-Length says would be read as the next reply */
    if (exchange->reply.len != LEAT_HTTP_ANY && len > exchange->reply.len - exchange->sent)
        err = LEAT_ERR_TOO_BIG;
    else if (len > http_reply_room(exchange))
        err = LEAT_ERR_FULL;
    if (err || len == 0 || http_request_is_head(exchange)) {
        leat_buf_free(data);
        return err;
    }
    /* http_reply_room() has allocated the frame, so this can't fail */
    if (exchange->chunked) {
        struct leat_buf *frame = exchange->frame;

        exchange->frame = NULL;
        http_chunk_frame(frame, len, exchange->in_chunks);
        leat_buf_append(frame, data);
        data = frame;
    }
    err = leat_stream_send(&client->stream, data);
    if (!err) {
        exchange->sent += len;
        server_conn_sent(client, len);
        exchange->in_chunks = exchange->chunked;
    }
    return err;
}

size_t leat_http_write(struct leat_http_exchange *exchange, const void *bytes, size_t len)
{
    struct server_conn *client = exchange->client;
    const uint32_t may = leat_http_send_room(exchange);
    struct leat_buf *data;

    if (len > may) {
        len = may;
        leat_http_want_room(exchange, WANTED_BYTES);
    }
    if (len == 0 || http_request_is_head(exchange))
        return len;
    data = leat_buf_copy(leat_pool(client->server->stack), bytes, (uint32_t)len);
    if (!data) {
        exchange->wants_room = true;
        server_conn_wait_for_pool(client);
        return 0;
    }
    if (!leat_http_send(exchange, data))
        return len;
    leat_http_want_room(exchange, WANTED_BYTES); /* the copy has used up the room */
    return 0;
}
