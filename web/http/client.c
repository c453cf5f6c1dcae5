/* client.c -- the HTTP client: which connection a call gets, and those that are kept. */
#include <string.h>

#include "core/second.h"
#include "web/http/client.h"
#include "service.h"

enum {
    ALIGN = 16,
    CONNECTIONS_MAX = 256, /* all of them are looked at for each call */
    HEAD_BYTES_MIN = 256
};

/* ---- Connections -------------------------------------------------------------------------- */

void call_drop_stream(struct leat_http_call *call, bool in_order)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};

    if (call->phase == CALL_CONNECTING)
        leat_connect_cancel(&call->connecting);
    if (call->stream.end && !call->gone) {
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
    call->stream.end = NULL;
}

void call_drop(struct leat_http_call *call, bool in_order)
{
    call_drop_stream(call, in_order);
    leat_timer_cancel(call->client->stack, &call->timer);
    call->phase = CALL_FREE;
    call->serial++;
}

/* Lets a stream that has no call wait for one. */
static void wait_for_call(struct leat_http_call *call)
{
    struct leat_http_client *client = call->client;

    call->phase = CALL_KEPT;
    call->gone = false;
    call->serial++;
    call->kept_at_ns = leat_now_ns(client->stack);
    call_due(call, call->kept_at_ns + client->config.kept_ns);
}

/* Can the connection have another call? */
static bool can_stay(struct leat_http_call *call)
{
    return call->phase == CALL_ACTIVE && call->stream.end && !call->until_close &&
           http_response_persists(&call->response) && !call->unread &&
           leat_stream_readable(&call->stream) == 0 && !leat_stream_at_end(&call->stream);
}

void call_keep(struct leat_http_call *call)
{
    leat_buf_free(call->frame);
    call->frame = NULL;
    if (can_stay(call))
        wait_for_call(call);
    else
        call_drop(call, true);
}

/* ---- Connecting --------------------------------------------------------------------------- */

static void on_connected(struct leat_connecting *connecting, enum leat_err err,
                         struct leat_tcp *conn, void *arg)
{
    struct leat_http_call *call = arg;
    const struct leat_http_client_config *config = &call->client->config;
    const struct leat_stream below = leat_stream_of_tcp(conn);

    (void)connecting;
    call->phase = CALL_OPENING;
    if (err) {
        call_fail(call, err);
        return;
    }
    leat_tcp_set_nodelay(conn, true); /* requests are queued whole, or fill their segments */
    call->gone = false;
    call->stream = below;
    if (!call->secure) {
        leat_stream_set_events(&call->stream, &call_events, call);
        call->client->counts.connected++;
        call_begin(call);
        return;
    }
    err = config->tls_connect(config->tls, &below, &call->tls, &call->stream);
    if (err) {
        call->stream = below; /* for call_fail() to end */
        call_fail(call, err);
        return;
    }
    leat_stream_set_events(&call->stream, &call_events, call);
    call_due(call, call->due_ns); /* what is left of connect_ns */
}

enum leat_err call_connect(struct leat_http_call *call)
{
    static const struct leat_connect_config nothing = {.hosts = NULL};
    static const char *const protocols[] = {"http/1.1"}; /* RFC 7301 6 */
    struct leat_http_client *client = call->client;
    uint64_t until_ns = leat_now_ns(client->stack) + client->config.connect_ns;
    enum leat_err err;

    if (call->request.deadline_ns && call->request.deadline_ns < until_ns)
        until_ns = call->request.deadline_ns;
    call->due_ns = until_ns;
    call->tls = (struct leat_tls_client){.name = call->host,
                                         .anchors = client->config.anchors,
                                         .protocols = protocols,
                                         .protocol_count = 1,
                                         .ticket = call->request.ticket};
    if (call->request.early && client->config.tls_info) {
        call->tls.early = call->head;
        call->tls.early_len = call->head_len;
    }
    call->connecting.on_done = on_connected;
    call->connecting.arg = call;
    err = leat_connect(client->stack, &call->connecting,
                       client->config.connect ? client->config.connect : &nothing, call->host,
                       call->port, until_ns);
    if (!err)
        call->phase = CALL_CONNECTING;
    return err;
}

/* ---- Calls -------------------------------------------------------------------------------- */

static bool is_origin_of(const struct leat_http_call *call, const struct leat_url *url)
{
    size_t i = 0;

    while (call->host[i] && call->host[i] == url->host[i])
        i++;
    return call->host[i] == url->host[i] && call->port == url->port && call->secure == url->secure;
}

static void set_origin(struct leat_http_call *call, const struct leat_url *url)
{
    call->secure = url->secure;
    call->port = url->port;
    memcpy(call->host, url->host, sizeof call->host);
}

/* The place for a call to @url: the connection that waited for the shortest time for such a call, a
 * free place, or that of the one which has waited for longest; NULL: all have calls. */
static struct leat_http_call *find(struct leat_http_client *client, const struct leat_url *url)
{
    struct leat_http_call *same = NULL, *free_place = NULL, *oldest = NULL;

    for (unsigned i = 0; i < client->config.connections; i++) {
        struct leat_http_call *call = &client->calls[i];

        if (call->phase == CALL_FREE)
            free_place = call;
        if (call->phase != CALL_KEPT)
            continue;
        if (is_origin_of(call, url) && (!same || call->kept_at_ns > same->kept_at_ns))
            same = call;
        if (!oldest || call->kept_at_ns < oldest->kept_at_ns)
            oldest = call;
    }
    return same ? same : free_place ? free_place : oldest;
}

/* Makes ready for a request and its reply; what is of the connection stays. */
static void clear(struct leat_http_call *call, const struct leat_http_request *request)
{
    call->request = *request;
    if (!request->method)
        call->request.method = LEAT_HTTP_GET;
    call->head_sent = 0;
    call->sent = 0;
    call->in_chunks = call->finished = call->whole = call->wants_room = false;
    call->fields_len = 0;
    call->interims = 0;
    call->begun = call->has_reply = call->until_close = call->told_over = false;
    call->reused = call->early = false;
    call->not_consumed = 0;
    http_response_start(&call->response);
}

enum leat_err call_repeat(struct leat_http_call *call)
{
    const struct leat_http_request request = call->request;
    const bool finished = call->finished;

    call_drop_stream(call, false);
    clear(call, &request);
    call->finished = finished;
    return call_connect(call);
}

/* RFC 8470 4: early data has safe methods alone. */
static bool may_be_early(const struct leat_http_request *request)
{
    return (!request->method || (request->method & (LEAT_HTTP_GET | LEAT_HTTP_HEAD))) &&
           request->body_len == 0;
}

enum leat_err leat_http_call(struct leat_http_client *client,
                             const struct leat_http_request *request, struct leat_http_call **call)
{
    struct leat_http_call *place;
    struct leat_url url;
    enum leat_err err = leat_url_parse(&url, request->url);

    if (err)
        return err;
    if (!request->on_failed || (request->early && !may_be_early(request)))
        return LEAT_ERR_ARGUMENT;
    if (url.secure && !client->config.tls_connect)
        return LEAT_ERR_PROTOCOL;
    place = find(client, &url);
    if (!place)
        return LEAT_ERR_FULL;
    err = call_write_head(place, request, &url);
    if (err)
        return err;
    clear(place, request);
    place->reused = place->phase == CALL_KEPT && is_origin_of(place, &url);
    if (place->reused) {
        place->serial++;
        client->counts.reused++;
        call_begin(place);
    } else {
        if (place->phase == CALL_KEPT)
            call_drop(place, true);
        set_origin(place, &url);
        place->serial++;
        err = call_connect(place);
    }
    if (err)
        return err;
    client->counts.calls++;
    *call = place;
    return LEAT_OK;
}

enum leat_err leat_http_client_keep(struct leat_http_client *client, const char *url,
                                    const struct leat_stream *stream)
{
    struct leat_url parsed;
    const enum leat_err err = leat_url_parse(&parsed, url);
    unsigned i = 0;

    if (err)
        return err;
    while (i < client->config.connections && client->calls[i].phase != CALL_FREE)
        i++;
    if (i == client->config.connections)
        return LEAT_ERR_FULL;
    set_origin(&client->calls[i], &parsed);
    client->calls[i].stream = *stream;
    leat_stream_set_events(stream, &call_events, &client->calls[i]);
    wait_for_call(&client->calls[i]);
    return LEAT_OK;
}

/* ---- Open and close ----------------------------------------------------------------------- */

static struct leat_http_client_config with_defaults(const struct leat_http_client_config *given)
{
    struct leat_http_client_config config = *given;

    if (config.connections == 0)
        config.connections = 4;
    if (config.request_bytes == 0)
        config.request_bytes = 2048;
    if (config.reply_bytes == 0)
        config.reply_bytes = 8192;
    if (config.connect_ns == 0)
        config.connect_ns = 30 * second_ns;
    if (config.stall_ns == 0)
        config.stall_ns = 30 * second_ns;
    if (config.kept_ns == 0)
        config.kept_ns = 10 * second_ns;
    return config;
}

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static size_t call_bytes(const struct leat_http_client_config *full)
{
    return align_up(sizeof(struct leat_http_call)) + align_up(full->request_bytes) +
           align_up(full->reply_bytes);
}

size_t leat_http_client_memory_bytes(const struct leat_http_client_config *config)
{
    const struct leat_http_client_config full = with_defaults(config);

    return ALIGN + align_up(sizeof(struct leat_http_client)) + full.connections * call_bytes(&full);
}

enum leat_err leat_http_client_open(struct leat_http_client **client, struct leat *stack,
                                    void *memory, size_t bytes,
                                    const struct leat_http_client_config *config)
{
    const struct leat_http_client_config full = with_defaults(config);
    uint8_t *at = (uint8_t *)memory + (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    struct leat_http_client *made = (void *)at;

    if (full.connections > CONNECTIONS_MAX || full.request_bytes < HEAD_BYTES_MIN ||
        full.reply_bytes < HEAD_BYTES_MIN)
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_http_client_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    memset(memory, 0, leat_http_client_memory_bytes(config));
    made->config = full;
    made->stack = stack;
    at += align_up(sizeof *made);
    made->calls = (void *)at;
    at += full.connections * align_up(sizeof *made->calls);
    for (unsigned i = 0; i < full.connections; i++) {
        struct leat_http_call *call = &made->calls[i];

        call->client = made;
        call->timer.on_time = call_on_time;
        call->timer.arg = call;
        call->head = (char *)at;
        at += align_up(full.request_bytes);
        call->fields = (char *)at;
        at += align_up(full.reply_bytes);
    }
    *client = made;
    return LEAT_OK;
}

void leat_http_client_close(struct leat_http_client *client)
{
    for (unsigned i = 0; i < client->config.connections; i++)
        call_drop(&client->calls[i], client->calls[i].phase == CALL_KEPT);
}

const struct leat_http_client_counts *leat_http_client_counts(const struct leat_http_client *client)
{
    return &client->counts;
}
