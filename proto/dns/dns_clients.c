/* dns_clients.c -- see dns_clients.h. */
#include "proto/dns/dns_clients.h"

#include <string.h>

#include "core/assert.h"
#include "core/container_of.h"
#include "proto/wire/dns.h"

enum {
    ALIGN = 16,
    RESERVE_PART = 2 /* reserved part of the places; one holder alone gets as many */
};

static const struct leat_tcp_events nothing;

struct dns_client *dns_clients_at(const struct dns_clients *clients, uint32_t place)
{
    return (struct dns_client *)(void *)(clients->block +
                                         (size_t)place * clients->config.client_bytes);
}

static uint32_t place_of(const struct dns_client *client)
{
    const struct dns_clients *clients = client->clients;

    return (uint32_t)((size_t)((const uint8_t *)client - clients->block) /
                      clients->config.client_bytes);
}

/* ---- one client --------------------------------------------------------------------------- */

void dns_client_progressed(struct dns_client *client)
{
    client->active_at_ns = leat_now_ns(client->clients->stack);
    client->taken = leat_stream_progress(&client->stream).taken;
    shares_renew(&client->clients->shares, place_of(client));
}

void dns_client_end(struct dns_client *client, uint64_t *count)
{
    ++*count;
    client->ending = true;
    client->aborted = true;
    leat_stream_abort(&client->stream);
}

void dns_client_close_at_end(struct dns_client *client)
{
    if (client->ending || !leat_stream_at_end(&client->stream))
        return;
    client->ending = true;
    leat_stream_close(&client->stream);
}

void dns_client_serve(struct dns_client *client)
{
    if (!client->ending)
        client->clients->config.serve(client);
}

static bool length_is_possible(const struct dns_client *client)
{
    /* with such a length the framing is lost, and with it all further queries of the connection */
    return client->have < DNS_LENGTH_BYTES ||
           (dns_client_query_bytes(client) >= DNS_HEADER_BYTES &&
            dns_client_query_bytes(client) <= DNS_CLIENT_QUERY_BYTES);
}

bool dns_client_read(struct dns_client *client)
{
    const uint32_t end = (uint32_t)DNS_LENGTH_BYTES +
                         (client->have < DNS_LENGTH_BYTES ? 0u : dns_client_query_bytes(client));
    /* Not beyond this query: later ones stay in TCP's buffers, and narrow the client's window. */
    struct leat_buf *payload = leat_stream_receive(&client->stream, end - client->have);
    uint32_t len;

    if (!payload)
        return false;
    len = leat_buf_read(payload, 0, client->query + client->have, end - client->have);
    leat_buf_free(payload);
    leat_stream_consumed(&client->stream, len);
    client->have = (uint16_t)(client->have + len);
    if (!length_is_possible(client)) {
        dns_client_end(client, client->clients->config.bad_length);
        return false;
    }
    if (dns_client_has_query(client)) {
        dns_client_progressed(client);
        /* the time of the query is that of its cookie, also if the reply is made again later */
        client->query_at_ns = client->active_at_ns;
    }
    return true;
}

/* ---- places ------------------------------------------------------------------------------- */

static void give_place(struct dns_client *client)
{
    struct dns_clients *clients = client->clients;

    if (clients->config.left)
        clients->config.left(client);
    client->stream.end = NULL;
    shares_give(&clients->shares, place_of(client));
    client->next_free = clients->free;
    clients->free = client;
}

/* Ends the connection, and frees its place at once. */
static void displace(struct dns_client *client)
{
    /* the place is used again before the stream has ended, and must not get its events */
    leat_stream_set_events(&client->stream, &nothing, NULL);
    if (!client->aborted)
        leat_stream_abort(&client->stream);
    ++*client->clients->config.displaced;
    give_place(client);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct dns_client *client = arg;

    /* a session tells the connection below it by its events only */
    if (conn && LEAT_STREAM_IS_OTHER(&client->stream) && leat_ip_is_any(client->local_ip)) {
        struct leat_tcp_info info;

        leat_tcp_get_info(conn, &info);
        client->local_ip = info.local.ip;
    }
    dns_client_serve(client);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    give_place(arg);
}

/* A client without a question gets the time until it is quiet to ask. */
static bool on_drain(struct leat_tcp *conn, bool quiet, void *arg)
{
    struct dns_client *client = arg;
    const struct dns_clients_config *config = &client->clients->config;

    (void)conn;
    if (!quiet || client->ending || client->have > 0 ||
        (config->is_owed && config->is_owed(client)) ||
        (config->is_half_sent && config->is_half_sent(client)))
        return true;
    client->ending = true;
    leat_stream_close(&client->stream);
    return true;
}

static const struct leat_tcp_events client_events = {.on_readable = on_readable,
                                                     .on_writable = on_readable,
                                                     .on_closed = on_closed,
                                                     .on_drain = on_drain};

/* Gives a place to a stream whose peer is admitted. */
static struct dns_client *start_client(struct dns_clients *clients,
                                       const struct leat_stream *stream,
                                       const struct leat_endpoint *peer,
                                       const struct leat_ip *local_ip)
{
    const uint64_t holder = shares_holder(&peer->ip);
    const uint32_t room = shares_room(&clients->shares, holder);
    struct dns_client *client;

    if (room != SHARES_NONE)
        displace(dns_clients_at(clients, room));
    client = clients->free;
    leat_assert(client != NULL);
    clients->free = client->next_free;
    client->stream = *stream;
    client->peer = *peer;
    client->local_ip = *local_ip;
    client->have = 0;
    client->ending = false;
    client->aborted = false;
    shares_take(&clients->shares, place_of(client), holder);
    dns_client_progressed(client);
    leat_stream_set_events(stream, &client_events, client);
    /* one timer for all clients: a deadline that moves with each query doesn't set it again */
    if (!timer_is_set(&clients->idle_timer))
        service_timer_set(clients->stack, &clients->idle_timer,
                          client->active_at_ns + clients->config.idle_ns);
    return client;
}

/* False: the stream was aborted. It takes no place from clients that are served. */
static bool admit(const struct dns_clients *clients, const struct leat_stream *stream,
                  const struct leat_ip *ip)
{
    if (!clients->config.admits || clients->config.admits(clients->config.server, ip))
        return true;
    leat_stream_abort(stream);
    return false;
}

static void start_connection(struct dns_clients *clients, struct leat_tcp *conn)
{
    const struct leat_stream stream = leat_stream_of_tcp(conn);
    struct leat_tcp_info info;

    /* only a connection that was accepted tells its peer's address */
    leat_tcp_get_info(conn, &info);
    if (!admit(clients, &stream, &info.remote.ip))
        return;
    start_client(clients, &stream, &info.remote, &info.local.ip);
    leat_tcp_set_nodelay(conn, true); /* each reply is written in one piece */
}

void dns_clients_serve(struct dns_clients *clients, const struct leat_stream *stream)
{
    const struct leat_endpoint peer = {.ip = leat_stream_peer(stream)};
    const struct leat_ip unknown = LEAT_IP_ANY;

    leat_stream_set_events(stream, &nothing, NULL);
    if (admit(clients, stream, &peer.ip))
        dns_client_serve(start_client(clients, stream, &peer, &unknown)); /* data may be there */
}

static void accept_clients(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, &nothing, NULL)))
        start_connection(arg, conn);
}

/* ---- the idle time ------------------------------------------------------------------------ */

/* The time at which the client counts as idle. */
static uint64_t due_ns(struct dns_client *client)
{
    const struct dns_clients_config *config = &client->clients->config;
    const struct leat_stream_progress progress = leat_stream_progress(&client->stream);

    /* A client that acknowledges byte by byte would otherwise keep its place for ever. */
    if (progress.queued_bytes > 0 && progress.taken - client->taken >= config->progress_bytes)
        dns_client_progressed(client);
    else if (config->is_owed && config->is_owed(client))
        client->active_at_ns = leat_now_ns(client->clients->stack);
    return client->active_at_ns + config->idle_ns;
}

/* Runs the single idle timer: handles clients that are due, and sets it for the next. */
static void on_idle_timer(struct timer *timer, void *context)
{
    struct dns_clients *clients = container_of(timer, struct dns_clients, idle_timer);
    const uint64_t now_ns = leat_now_ns(context);
    uint64_t next_ns = UINT64_MAX;

    for (uint32_t i = 0; i < clients->config.places; i++) {
        struct dns_client *client = dns_clients_at(clients, i);
        uint64_t at_ns;

        if (!client->stream.end || client->aborted)
            continue;
        at_ns = due_ns(client);
        if (at_ns <= now_ns)
            dns_client_end(client, clients->config.idle);
        else if (at_ns < next_ns)
            next_ns = at_ns;
    }
    if (next_ns != UINT64_MAX)
        service_timer_set(clients->stack, timer, next_ns);
}

/* ---- all of them -------------------------------------------------------------------------- */

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

size_t dns_clients_bytes(const struct dns_clients_config *config)
{
    return align_up((size_t)config->places * config->client_bytes) +
           align_up(shares_bytes(config->places));
}

void dns_clients_init(struct dns_clients *clients, struct leat *stack, void *memory,
                      const struct dns_clients_config *config)
{
    const uint64_t key[2] = {leat_random(stack), leat_random(stack)};
    const size_t bytes = (size_t)config->places * config->client_bytes;

    *clients = (struct dns_clients){
        .config = *config, .stack = stack, .idle_timer = {.fire = on_idle_timer}, .block = memory};
    memset(memory, 0, bytes);
    for (uint32_t i = config->places; i-- > 0;) {
        struct dns_client *client = dns_clients_at(clients, i);

        client->clients = clients;
        client->next_free = clients->free;
        clients->free = client;
    }
    shares_init(&clients->shares, clients->block + align_up(bytes), config->places,
                config->places / RESERVE_PART, key);
}

enum leat_err dns_clients_listen(struct dns_clients *clients)
{
    const struct leat_tcp_listen_config listen = {.ip = clients->config.ip,
                                                  .port = clients->config.port,
                                                  .displace = true,
                                                  .send_queue_bytes =
                                                      clients->config.send_queue_bytes,
                                                  .on_acceptable = accept_clients,
                                                  .arg = clients};

    return leat_tcp_listen(clients->stack, &clients->listener, &listen);
}

void dns_clients_stop(struct dns_clients *clients)
{
    service_timer_cancel(clients->stack, &clients->idle_timer);
    leat_tcp_listener_close(clients->listener);
    for (uint32_t i = 0; i < clients->config.places; i++) {
        struct dns_client *client = dns_clients_at(clients, i);

        if (!client->stream.end)
            continue;
        leat_stream_set_events(&client->stream, &nothing, NULL); /* the client's memory ends
                                                                  * before the stream does */
        leat_stream_abort(&client->stream);
        if (clients->config.left)
            clients->config.left(client);
    }
}
