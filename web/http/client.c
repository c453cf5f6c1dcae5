/* client.c -- the HTTP client: open and close, start of calls, choice of a connection for a
 * call. */
#include <string.h>

#include "core/second.h"
#include "web/http/client.h"
#include "service.h"

enum {
    ALIGN = 16,
    CONNECTIONS_MAX = 256, /* all of them are searched for each call */
    HEAD_BYTES_MIN = 256
};

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

/* Finds the place for a call to @url: the newest kept connection to that origin, else a free place,
 * else the place of the oldest kept connection. NULL: all have calls. */
static struct leat_http_call *find(struct leat_http_client *client, const struct leat_url *url)
{
    struct leat_http_call *same = NULL, *free_place = NULL, *oldest = NULL;

    for (unsigned i = 0; i < client->config.connections; i++) {
        struct leat_http_call *call = &client->calls[i];

        if (call->phase == CALL_FREE)
            free_place = call;
        if (call->phase != CALL_KEPT)
            continue;
        /* the newest one, because its server is the least likely to have closed it meanwhile */
        if (is_origin_of(call, url) && (!same || call->kept_at_ns > same->kept_at_ns))
            same = call;
        if (!oldest || call->kept_at_ns < oldest->kept_at_ns)
            oldest = call;
    }
    return same ? same : free_place ? free_place : oldest;
}

/* RFC 8470 4: only safe methods may use early data. */
static bool may_be_early(const struct leat_http_request *request)
{
    return (!request->method || (request->method & (LEAT_HTTP_GET | LEAT_HTTP_HEAD))) &&
           request->body_len == 0;
}

/* Gives the call in @place a stream of an open connection by another version of HTTP. False: there
 * is none. */
static bool carry(struct leat_http_call *place, const struct leat_url *url)
{
    const struct leat_http_carrier *carrier = place->client->config.carrier;
    struct leat_stream stream, session;

    if (!carrier || !url->secure ||
        !carrier->more(carrier->arg, url->host, url->port, &stream, &session))
        return false;
    if (place->phase == CALL_KEPT)
        call_drop(place, true);
    set_origin(place, url);
    place->stream = stream;
    place->session = session;
    place->gone = false;
    place->reused = true;
    leat_stream_set_events(&place->stream, &call_events, place);
    return true;
}

/* Gives the call in @place a connection of its own. */
static enum leat_err connect_new(struct leat_http_call *place, const struct leat_url *url)
{
    if (place->request.open_only)
        return LEAT_ERR_CLOSED;
    if (place->phase == CALL_KEPT)
        call_drop(place, true);
    set_origin(place, url);
    return call_connect(place);
}

enum leat_err leat_http_call(struct leat_http_client *client,
                             const struct leat_http_request *request, struct leat_http_call **call)
{
    struct leat_http_call *place;
    struct leat_url url;
    enum leat_err err = leat_url_parse(&url, request->url);

    if (err)
        return err;
    if (LEAT_RESERVED_IS_USED(request) || !request->on_failed ||
        (request->early && !may_be_early(request)))
        return LEAT_ERR_ARGUMENT;
    /* without TLS the call fails: nothing of a secure URL goes over the network in the clear */
    if (url.secure && !client->config.tls_connect)
        return LEAT_ERR_PROTOCOL;
    place = find(client, &url);
    if (!place)
        return LEAT_ERR_FULL;
    /* before the place is changed: after an error its kept connection is as it was */
    err = call_write_head(place, request, &url);
    if (err)
        return err;
    call_clear(place, request);
    place->reused = place->phase == CALL_KEPT && is_origin_of(place, &url);
    /* A callback of the place's former call, which may still be running, sees by the serial number
     * that its call is over. */
    place->serial++;
    if (place->reused || carry(place, &url)) {
        client->counts.reused++;
        call_begin(place);
    } else {
        err = connect_new(place, &url);
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
    call_wait(&client->calls[i]);
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

    if (LEAT_RESERVED_IS_USED(config) || full.connections > CONNECTIONS_MAX ||
        full.request_bytes < HEAD_BYTES_MIN || full.reply_bytes < HEAD_BYTES_MIN)
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_http_client_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    memset(memory, 0, leat_http_client_memory_bytes(config));
    /* leat_http_client_memory_bytes() counts the parts in the order in which they are laid out
     * here */
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
        call->connecting.on_done = call_on_connected;
        call->connecting.arg = call;
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
    /* A kept connection has no unfinished request, so it can end in order. A call is aborted. */
    for (unsigned i = 0; i < client->config.connections; i++)
        call_drop(&client->calls[i], client->calls[i].phase == CALL_KEPT);
}

const struct leat_http_client_counts *leat_http_client_counts(const struct leat_http_client *client)
{
    return &client->counts;
}
