/* forward_tcp.c -- the clients of a forwarder by TCP (RFC 7766).  See forward.h. */
#include <string.h>

#include "core/container_of.h"
#include "dns/forward.h"
#include "wire/bytes.h"

enum {
    LENGTH_BYTES = FORWARD_LENGTH_BYTES
};

static const struct leat_tcp_events nothing;

static void client_end(struct forward_client *client, uint64_t *count)
{
    ++*count;
    client->ending = true;
    leat_stream_abort(&client->stream);
}

/* Bytes of the query in front of us, once its length is there. */
static uint32_t query_bytes(const struct forward_client *client)
{
    return get16(client->query);
}

/* A client that doesn't read has no claim on our memory: 256 KiB are queued before it gets here. */
void forward_client_reply(struct forward_client *client, size_t len)
{
    struct leat_forwarder *forwarder = client->forwarder;
    size_t taken = 0;

    if (client->ending)
        return;
    client->active_at_ns = leat_now_ns(forwarder->stack);
    put16(forwarder->scratch, (uint16_t)len);
    if (leat_stream_write(&client->stream, forwarder->scratch, LENGTH_BYTES + len, &taken) ||
        taken < LENGTH_BYTES + len)
        client_end(client, &forwarder->counts.tcp_slow);
}

/* Reads up to the end of the length, or of the query; false: there is nothing to be read. */
static bool client_read(struct forward_client *client)
{
    const uint32_t end = LENGTH_BYTES + (client->have < LENGTH_BYTES ? 0 : query_bytes(client));
    struct leat_buf *text = leat_stream_receive(&client->stream, end - client->have);
    uint32_t len;

    if (!text)
        return false;
    len = leat_buf_read(text, 0, client->query + client->have, end - client->have);
    leat_buf_free(text);
    leat_stream_consumed(&client->stream, len);
    client->have = (uint16_t)(client->have + len);
    client->active_at_ns = leat_now_ns(client->forwarder->stack);
    return true;
}

static bool length_is_possible(const struct forward_client *client)
{
    return client->have < LENGTH_BYTES || (query_bytes(client) >= DNS_HEADER_BYTES &&
                                           query_bytes(client) <= FORWARD_QUERY_BYTES_MAX);
}

static bool query_is_whole(const struct forward_client *client)
{
    return client->have > LENGTH_BYTES && client->have == LENGTH_BYTES + query_bytes(client);
}

static void client_ask(struct forward_client *client)
{
    struct leat_forwarder *forwarder = client->forwarder;
    const struct forward_from from = {
        .peer = client->peer,
        .local_ip = client->local_ip,
        .client = client,
        .asker =
            dns_cookie_asker_of(&forwarder->cookies, forwarder->stack, client->peer.ip)};
    size_t len = 0;

    forwarder->counts.tcp_queries++;
    client->have = 0;
    if (forward_take(forwarder, &from, LEAT_DNS_OVER_TCP, client->query + LENGTH_BYTES,
                     query_bytes(client), forwarder->scratch + LENGTH_BYTES,
                     forwarder->scratch_bytes - LENGTH_BYTES, &len) == FORWARD_REPLY)
        forward_client_reply(client, len);
}

void forward_client_serve(struct forward_client *client)
{
    while (!client->ending && client->count < FORWARD_PIPELINE_MAX) {
        if (query_is_whole(client))
            client_ask(client);
        else if (!client_read(client))
            break;
        if (!client->ending && !length_is_possible(client))
            client_end(client, &client->forwarder->counts.tcp_bad_length);
    }
    if (!client->ending && client->count == 0 && leat_stream_at_end(&client->stream)) {
        client->ending = true;
        leat_stream_close(&client->stream);
    }
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    forward_client_serve(arg);
}

static void accept_clients(struct leat_tcp_listener *listener, void *arg);

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct forward_client *client = arg;

    (void)conn;
    (void)why;
    while (client->waiting) {
        leat_lookup_cancel(client->waiting->lookup);
        forward_release(client->waiting);
    }
    client->stream.end = NULL;
    accept_clients(client->forwarder->listener,
                   client->forwarder); /* one may have waited for this */
}

static const struct leat_tcp_events client_events = {.on_readable = on_readable,
                                                     .on_closed = on_closed};

static struct forward_client *free_client(struct leat_forwarder *forwarder)
{
    for (unsigned i = 0; i < forwarder->config.clients; i++) {
        if (!forwarder->clients[i].stream.end)
            return &forwarder->clients[i];
    }
    return NULL;
}

static void accept_clients(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_forwarder *forwarder = arg;
    struct forward_client *client;

    while ((client = free_client(forwarder))) {
        struct leat_tcp *conn = leat_tcp_accept(listener, &client_events, client);
        struct leat_tcp_info info;

        if (!conn)
            return;
        leat_tcp_get_info(conn, &info);
        client->forwarder = forwarder;
        client->stream = leat_stream_of_tcp(conn);
        client->peer = info.remote;
        client->local_ip = info.local.ip;
        client->waiting = NULL;
        client->count = 0;
        client->have = 0;
        client->ending = false;
        client->active_at_ns = leat_now_ns(forwarder->stack);
        client->taken = info.snd_una;
        leat_tcp_set_nodelay(conn, true); /* a reply is written whole */
        if (!timer_is_set(&forwarder->idle_timer))
            timer_set(&forwarder->stack->timers, &forwarder->idle_timer,
                      client->active_at_ns + forwarder->config.idle_ns);
    }
}

/* When the client has been idle for too long.  Who waits for an answer isn't, nor who has taken
 * something of the replies that wait for it. */
static uint64_t due_ns(struct forward_client *client, uint64_t now_ns)
{
    const struct leat_stream_progress progress = leat_stream_progress(&client->stream);

    if (client->count > 0 || (progress.queued_bytes > 0 && progress.taken != client->taken))
        client->active_at_ns = now_ns;
    client->taken = progress.taken;
    return client->active_at_ns + client->forwarder->config.idle_ns;
}

/* One timer for all: it comes when the idlest is due, and is set again for the next. */
static void on_idle_timer(struct timer *timer, void *context)
{
    struct leat_forwarder *forwarder = container_of(timer, struct leat_forwarder, idle_timer);
    const uint64_t now_ns = leat_now_ns(context);
    uint64_t next_ns = UINT64_MAX;

    for (unsigned i = 0; i < forwarder->config.clients; i++) {
        struct forward_client *client = &forwarder->clients[i];
        uint64_t at_ns;

        if (!client->stream.end || client->ending)
            continue;
        at_ns = due_ns(client, now_ns);
        if (at_ns <= now_ns)
            client_end(client, &forwarder->counts.tcp_idle);
        else if (at_ns < next_ns)
            next_ns = at_ns;
    }
    if (next_ns != UINT64_MAX)
        timer_set(&forwarder->stack->timers, timer, next_ns);
}

enum leat_err forward_listen(struct leat_forwarder *forwarder)
{
    const struct leat_tcp_listen_config listen = {.ip = forwarder->config.ip,
                                                  .port = forwarder->config.port,
                                                  .connections = forwarder->config.clients,
                                                  .displace = true,
                                                  .on_acceptable = accept_clients,
                                                  .arg = forwarder};

    forwarder->idle_timer.fire = on_idle_timer;
    return leat_tcp_listen(forwarder->stack, &forwarder->listener, &listen);
}

void forward_stop(struct leat_forwarder *forwarder)
{
    timer_cancel(&forwarder->stack->timers, &forwarder->idle_timer);
    leat_tcp_listener_close(forwarder->listener);
    for (unsigned i = 0; i < forwarder->config.clients; i++) {
        struct forward_client *client = &forwarder->clients[i];

        if (!client->stream.end)
            continue;
        leat_stream_set_events(&client->stream, &nothing, NULL); /* our memory ends before it */
        leat_stream_abort(&client->stream);
    }
}
