/* client_conn.c -- the connection of a call: start, keep for another call, end. */
#include "web/http/client.h"

#include <string.h>

#include "service.h"

void call_drop_stream(struct leat_http_call *call, bool in_order)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};

    if (call->phase == CALL_CONNECTING)
        leat_connect_cancel(&call->connecting);
    if (call->stream.end && !call->gone) {
        /* The stream lives on until it is closed. The place may have another call by then, which
         * must not get its events. */
        leat_stream_set_events(&call->stream, &nothing, NULL);
        if (in_order)
            leat_stream_close(&call->stream);
        else
            leat_stream_abort(&call->stream);
    }
    leat_buf_free(call->unread);
    leat_buf_free(call->frame);
    call->unread = NULL;
    call->frame = NULL;
    call->stream.end = call->session.end = NULL;
}

void call_drop(struct leat_http_call *call, bool in_order)
{
    call_drop_stream(call, in_order);
    leat_timer_cancel(call->client->stack, &call->timer);
    call->phase = CALL_FREE;
}

void call_wait(struct leat_http_call *call)
{
    struct leat_http_client *client = call->client;

    call->phase = CALL_KEPT;
    call->gone = false;
    call->kept_at_ns = leat_now_ns(client->stack);
    call_due(call, call->kept_at_ns + client->config.kept_ns);
}

/* True if the connection can serve another call. */
static bool can_stay(struct leat_http_call *call)
{
    /* Data behind the reply's end would be taken for the next reply (RFC 9112 9.2). */
    return call->phase == CALL_ACTIVE && call->stream.end && !call->until_close &&
           http_response_persists(&call->response) && !call->unread &&
           leat_stream_readable(&call->stream) == 0 && !leat_stream_at_end(&call->stream);
}

void call_keep(struct leat_http_call *call)
{
    leat_buf_free(call->frame);
    call->frame = NULL;
    if (can_stay(call))
        call_wait(call);
    else
        call_drop(call, true);
}

/* The name that the server's certificate has to have: the final dot of "example.com." tells
 * resolvers that it is complete, and isn't part of it (RFC 6066 3). */
static const char *tls_name(struct leat_http_call *call)
{
    size_t len = 0;

    while (call->host[len])
        len++;
    memcpy(call->name, call->host, len + 1);
    if (len > 1 && call->name[len - 1] == '.')
        call->name[len - 1] = '\0';
    return call->name;
}

/* Sets the protocols that the server may choose (RFC 7301 6); returns their number. Early data is
 * in HTTP/1.1. */
static uint16_t offer(struct leat_http_call *call)
{
    const struct leat_http_carrier *carrier = call->client->config.carrier;
    uint16_t count = 0;

    if (carrier && call->client->config.tls_info && !call->request.early)
        call->protocols[count++] = carrier->protocol;
    call->protocols[count++] = "http/1.1";
    return count;
}

enum leat_err call_connect(struct leat_http_call *call)
{
    static const struct leat_connect_config nothing = {.hosts = NULL};
    struct leat_http_client *client = call->client;
    uint64_t until_ns = leat_now_ns(client->stack) + client->config.connect_ns;
    enum leat_err err;

    if (call->request.deadline_ns && call->request.deadline_ns < until_ns)
        until_ns = call->request.deadline_ns;
    call->due_ns = until_ns;
    call->tls = (struct leat_tls_client){.name = tls_name(call),
                                         .anchors = client->config.anchors,
                                         .protocols = call->protocols,
                                         .protocol_count = offer(call),
                                         .ticket = call->request.ticket};
    /* The head is the whole request, because leat_http_call() admits no early request with a body.
     * tls_info says later how much of it was accepted. */
    if (call->request.early && client->config.tls_info) {
        call->tls.early = call->head;
        call->tls.early_len = call->head_len;
    }
    err = leat_connect(client->stack, &call->connecting,
                       client->config.connect ? client->config.connect : &nothing, call->host,
                       call->port, until_ns);
    if (!err)
        call->phase = CALL_CONNECTING;
    return err;
}
