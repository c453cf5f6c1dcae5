/*
 * dns_server.c -- answers by UDP and TCP.
 *
 * By UDP a reply is written into the buffer that is sent.  By TCP (RFC 7766) a client has room for
 * one query and none for a reply: if the connection can't take all of it, the query stays, and when
 * there is room again the reply is made anew, byte for byte the same, and goes on where it stopped.
 * So slow readers cost nothing but their connection.
 */
#include <leat/dns_server.h>

#include <string.h>

#include <leat/stream.h>
#include <leat/udp.h>

#include "core/container_of.h"
#include "dns/cookie_keeper.h"
#include "dns/dns_rate.h"
#include "stack.h"
#include "wire/bytes.h"
#include "wire/dns.h"

enum {
    LENGTH_BYTES = 2,           /* in front of each message by TCP (RFC 1035 4.2.2) */
    TCP_QUERY_BYTES_MAX = 1024, /* no query that we can answer is longer, however padded */
    SCRATCH_BYTES_MIN = 2048,
    ALIGN = 16
};

struct client {
    struct leat_dns_server *server;
    struct leat_stream stream; /* without an end: free */
    uint64_t active_at_ns;     /* when it last got further */
    struct leat_ip ip;         /* its address */
    uint32_t query_at_s;       /* when its query was whole */
    uint32_t sent;             /* bytes of the reply, behind its length, that the connection took */
    uint16_t have;             /* bytes of length and query */
    bool ending;               /* aborted: on_closed is still to come */
    uint8_t query[LENGTH_BYTES + TCP_QUERY_BYTES_MAX];
};

struct leat_dns_server {
    struct leat_dns_server_config config; /* with the defaults filled in */
    struct leat_dns_server_counts counts;
    struct leat *stack;
    struct leat_udp *udp;
    struct leat_tcp_listener *listener;
    struct timer idle_timer;
    struct client *clients;
    struct dns_rate *rate; /* NULL: no limit */
    struct dns_cookie_keeper cookies;
    uint8_t *scratch;      /* a reply by TCP; a query by UDP that came in pieces */
    size_t scratch_bytes;
};

/* The places for clients. */
static unsigned slot_count(const struct leat_dns_server_config *config)
{
    return config->clients + 1u;
}

static void count_reply(struct leat_dns_server *server, const uint8_t *reply)
{
    server->counts.replies++;
    if (get16(reply + 2) & DNS_TC)
        server->counts.truncated++;
}

/* False: a query by UDP gets nothing.  Else: how it is to be answered.  Who proves its address by a
 * cookie gets all replies. */
static bool rate_allows(struct leat_dns_server *server, const struct dns_cookie_asker *asker,
                        const struct leat_buf *query, enum leat_dns_transport *transport)
{
    enum dns_rate_verdict verdict = DNS_RATE_REPLY;

    if (server->rate)
        verdict = dns_rate_take(server->rate, &server->stack->table_key,
                                dns_rate_ip(&server->stack->table_key, asker->ip),
                                leat_now_ns(server->stack));
    if (verdict != DNS_RATE_REPLY && dns_cookie_proves(asker, query->data, query->len)) {
        server->counts.rate_proven++;
        verdict = DNS_RATE_REPLY;
    }
    if (verdict == DNS_RATE_DROP) {
        server->counts.rate_dropped++;
        return false;
    }
    *transport = LEAT_DNS_OVER_UDP;
    if (verdict == DNS_RATE_SLIP) {
        server->counts.rate_slipped++;
        *transport = LEAT_DNS_SLIP;
    }
    return true;
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct leat_dns_server *server = arg;
    const struct dns_cookie_asker asker =
        dns_cookie_asker_of(&server->cookies, server->stack, peer->ip);
    const uint8_t *query = payload->data;
    size_t query_len = payload->len;
    enum leat_dns_transport transport;
    struct leat_buf *reply;
    size_t len;

    server->counts.udp_queries++;
    if (!rate_allows(server, &asker, payload, &transport)) {
        leat_buf_free(payload);
        return;
    }
    reply = leat_buf_alloc(leat_pool(server->stack), LEAT_BUF_HEADROOM);
    if (!reply || leat_buf_tailroom(reply) < LEAT_DNS_REPLY_BYTES_MIN) {
        server->counts.drop_memory++;
        leat_buf_free(reply);
        leat_buf_free(payload);
        return;
    }
    if (payload->next) { /* came in fragments; what is cut off makes it illegal */
        query = server->scratch;
        query_len = leat_buf_read(payload, 0, server->scratch, (uint32_t)server->scratch_bytes);
    }
    len = dns_answer(&server->config.zones, transport, &asker, query, query_len, reply->data,
                     leat_buf_tailroom(reply));
    leat_buf_free(payload);
    if (len == 0) {
        server->counts.drop_format++;
        leat_buf_free(reply);
        return;
    }
    leat_buf_put(reply, (uint32_t)len);
    count_reply(server, reply->data);
    if (leat_udp_send_from(udp, reply, peer, local->ip)) {
        server->counts.replies--;
        server->counts.drop_memory++;
    }
}

static void client_end(struct client *client, uint64_t *count)
{
    ++*count;
    client->ending = true;
    leat_stream_abort(&client->stream);
}

/* Bytes of the query in front of us, once its length is there. */
static uint32_t query_bytes(const struct client *client)
{
    return get16(client->query);
}

/* Sends the reply to a whole query, or what is left of it; false: the rest must wait. */
static bool client_reply(struct client *client)
{
    struct leat_dns_server *server = client->server;
    uint8_t *reply = server->scratch + LENGTH_BYTES;
    const struct dns_cookie_asker asker = {
        .keeper = &server->cookies, .ip = client->ip, .now_s = client->query_at_s};
    const size_t len =
        dns_answer(&server->config.zones, LEAT_DNS_OVER_TCP, &asker, client->query + LENGTH_BYTES,
                   query_bytes(client), reply, server->config.tcp_reply_bytes);
    size_t taken = 0;

    if (len == 0) {
        server->counts.drop_format++;
    } else {
        put16(server->scratch, (uint16_t)len);
        if (leat_stream_write(&client->stream, server->scratch + client->sent,
                              LENGTH_BYTES + len - client->sent, &taken))
            return false; /* full, or over: then on_closed comes */
        client->sent += (uint32_t)taken;
        if (client->sent < LENGTH_BYTES + len)
            return false;
        count_reply(server, reply);
    }
    server->counts.tcp_queries++;
    client->active_at_ns = leat_now_ns(server->stack);
    client->have = 0;
    client->sent = 0;
    return true;
}

/* Reads up to the end of the length, or of the query; false: there is nothing to be read. */
static bool client_read(struct client *client)
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
    client->query_at_s = (uint32_t)(leat_now_ns(client->server->stack) / 1000000000u);
    return true;
}

static bool length_is_possible(const struct client *client)
{
    return client->have < LENGTH_BYTES ||
           (query_bytes(client) >= DNS_HEADER_BYTES && query_bytes(client) <= TCP_QUERY_BYTES_MAX);
}

static bool query_is_whole(const struct client *client)
{
    return client->have > LENGTH_BYTES && client->have == LENGTH_BYTES + query_bytes(client);
}

/* Answers what has come: at most as many queries as fit in the receive window, in their order. */
static void client_serve(struct client *client)
{
    if (client->ending)
        return;
    while (query_is_whole(client) ? client_reply(client) : client_read(client)) {
        if (!length_is_possible(client)) {
            client_end(client, &client->server->counts.tcp_bad_length);
            return;
        }
    }
    /* a reply that must wait keeps the connection */
    if (leat_stream_at_end(&client->stream) && !query_is_whole(client))
        leat_stream_close(&client->stream);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    client_serve(arg);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    struct client *client = arg;

    (void)conn;
    client->active_at_ns = leat_now_ns(client->server->stack);
    client_serve(client);
}

static void accept_clients(struct leat_tcp_listener *listener, void *arg);

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct client *client = arg;

    (void)conn;
    (void)why;
    client->stream.end = NULL;
    accept_clients(client->server->listener, client->server); /* one may have waited for this */
}

static const struct leat_tcp_events client_events = {
    .on_readable = on_readable, .on_writable = on_writable, .on_closed = on_closed};

static struct client *free_client(struct leat_dns_server *server)
{
    for (unsigned i = 0; i < slot_count(&server->config); i++) {
        if (!server->clients[i].stream.end)
            return &server->clients[i];
    }
    return NULL;
}

/* RFC 7766 6.2.3: when all places are taken the idlest goes. */
static void displace_idlest(struct leat_dns_server *server)
{
    struct client *idlest = &server->clients[0];

    for (unsigned i = 0; i < slot_count(&server->config); i++) {
        struct client *client = &server->clients[i];

        if (client->ending)
            return; /* one goes already */
        if (client->active_at_ns < idlest->active_at_ns)
            idlest = client;
    }
    client_end(idlest, &server->counts.tcp_displaced);
}

/* One place is a spare: who takes it makes somebody go, whose place is the spare then. */
static void accept_clients(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_dns_server *server = arg;
    struct client *client;

    while ((client = free_client(server))) {
        struct leat_tcp *conn = leat_tcp_accept(listener, &client_events, client);
        struct leat_tcp_info info;

        if (!conn)
            return;
        leat_tcp_get_info(conn, &info);
        client->ip = info.remote.ip;
        client->stream = leat_stream_of_tcp(conn);
        client->server = server;
        client->active_at_ns = leat_now_ns(server->stack);
        client->have = 0;
        client->sent = 0;
        client->ending = false;
        leat_tcp_set_nodelay(conn, true); /* a reply is written whole */
        if (!timer_is_set(&server->idle_timer))
            timer_set(&server->stack->timers, &server->idle_timer,
                      client->active_at_ns + server->config.idle_ns);
        if (!free_client(server))
            displace_idlest(server);
    }
}

/* One timer for all: it comes when the idlest is due, and is set again for the next. */
static void on_idle_timer(struct timer *timer, void *context)
{
    struct leat_dns_server *server = container_of(timer, struct leat_dns_server, idle_timer);
    const uint64_t now_ns = leat_now_ns(context);
    uint64_t next_ns = UINT64_MAX;

    for (unsigned i = 0; i < slot_count(&server->config); i++) {
        struct client *client = &server->clients[i];
        const uint64_t due_ns = client->active_at_ns + server->config.idle_ns;

        if (!client->stream.end || client->ending)
            continue;
        if (due_ns <= now_ns)
            client_end(client, &server->counts.tcp_idle);
        else if (due_ns < next_ns)
            next_ns = due_ns;
    }
    if (next_ns != UINT64_MAX)
        timer_set(&server->stack->timers, timer, next_ns);
}

static struct leat_dns_server_config with_defaults(const struct leat_dns_server_config *given)
{
    struct leat_dns_server_config config = *given;

    if (config.port == 0)
        config.port = LEAT_DNS_PORT;
    if (config.clients == 0)
        config.clients = 16;
    if (config.tcp_reply_bytes == 0)
        config.tcp_reply_bytes = 16384;
    if (config.idle_ns == 0)
        config.idle_ns = UINT64_C(10000000000);
    if (config.replies_per_s == 0)
        config.replies_per_s = 100;
    return config;
}

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static size_t scratch_bytes(const struct leat_dns_server_config *config)
{
    const size_t bytes = LENGTH_BYTES + config->tcp_reply_bytes;

    return bytes > SCRATCH_BYTES_MIN ? bytes : SCRATCH_BYTES_MIN;
}

static size_t rate_bytes(const struct leat_dns_server_config *config)
{
    return config->no_rate_limit ? 0 : align_up(sizeof(struct dns_rate));
}

size_t leat_dns_server_memory_bytes(const struct leat_dns_server_config *config)
{
    const struct leat_dns_server_config full = with_defaults(config);

    return ALIGN + align_up(sizeof(struct leat_dns_server)) +
           align_up(slot_count(&full) * sizeof(struct client)) + rate_bytes(&full) +
           align_up(scratch_bytes(&full));
}

/* Opens both ports; the server is as it was if one of them fails. */
static enum leat_err open_ports(struct leat_dns_server *server)
{
    static const struct leat_udp_events events = {.on_datagram = on_datagram};
    const struct leat_tcp_listen_config listen = {.ip = server->config.ip,
                                                  .port = server->config.port,
                                                  .displace = true,
                                                  .send_queue_bytes =
                                                      2 * server->config.tcp_reply_bytes,
                                                  .on_acceptable = accept_clients,
                                                  .arg = server};
    enum leat_err err = leat_udp_open(server->stack, &server->udp, &events, server);

    if (err)
        return err;
    err = leat_udp_bind(server->udp, server->config.ip, server->config.port);
    if (!err)
        err = leat_tcp_listen(server->stack, &server->listener, &listen);
    if (err)
        leat_udp_close(server->udp);
    return err;
}

enum leat_err leat_dns_server_open(struct leat_dns_server **server, struct leat *stack,
                                   void *memory, size_t bytes,
                                   const struct leat_dns_server_config *config)
{
    const struct leat_dns_server_config full = with_defaults(config);
    uint8_t *block = memory;
    struct leat_dns_server *made;
    enum leat_err err;

    if (full.zones.count == 0 || full.tcp_reply_bytes < LEAT_DNS_REPLY_BYTES_MIN ||
        full.tcp_reply_bytes > DNS_MESSAGE_BYTES)
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_dns_server_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    block += (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    made = (struct leat_dns_server *)(void *)block;
    memset(made, 0, sizeof *made);
    made->config = full;
    made->stack = stack;
    made->idle_timer.fire = on_idle_timer;
    dns_cookie_keeper_init(&made->cookies, stack, full.no_cookies);
    block += align_up(sizeof *made);
    made->clients = (struct client *)(void *)block;
    memset(made->clients, 0, slot_count(&full) * sizeof *made->clients);
    block += align_up(slot_count(&full) * sizeof *made->clients);
    if (!full.no_rate_limit) {
        made->rate = (struct dns_rate *)(void *)block;
        dns_rate_init(made->rate, full.replies_per_s);
    }
    made->scratch = block + rate_bytes(&full);
    made->scratch_bytes = scratch_bytes(&full);
    err = open_ports(made);
    if (!err)
        *server = made;
    return err;
}

void leat_dns_server_close(struct leat_dns_server *server)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};

    timer_cancel(&server->stack->timers, &server->idle_timer);
    leat_udp_close(server->udp);
    leat_tcp_listener_close(server->listener);
    for (unsigned i = 0; i < slot_count(&server->config); i++) {
        struct client *client = &server->clients[i];

        if (!client->stream.end)
            continue;
        leat_stream_set_events(&client->stream, &nothing, NULL); /* our memory ends before it */
        leat_stream_abort(&client->stream);
    }
}

const struct leat_dns_server_counts *leat_dns_server_counts(const struct leat_dns_server *server)
{
    return &server->counts;
}
