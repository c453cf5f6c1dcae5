/*
 * dns_server.c -- answers queries by UDP and TCP, and on streams that the program has opened.
 *
 * A UDP reply is written into the buffer that is sent. A TCP client (RFC 7766) has room for one
 * query and none for a reply. If the connection can't take the whole reply, the query is kept. When
 * there is room again, the same reply is generated again, and sent from where it stopped. So a slow
 * reader costs nothing but its connection.
 */
#include <leat/dns_server.h>

#include <string.h>

#include <leat/udp.h>

#include "proto/dns/cookie_keeper.h"
#include "proto/dns/dns_clients.h"
#include "proto/dns/dns_rate.h"
#include "proto/dns/dns_told.h"
#include "core/second.h"
#include "service.h"
#include "wire/bytes.h"
#include "proto/wire/dns.h"

enum {
    LENGTH_BYTES = DNS_LENGTH_BYTES,
    SCRATCH_BYTES_MIN = 2048,
    ALIGN = 16
};

struct client {
    struct dns_client tcp;
    uint32_t sent;  /* reply bytes, with the length, that the connection has taken */
    bool is_behind; /* its reply is of the zones before the last change */
};

struct leat_dns_server {
    struct leat_dns_server_config config; /* with the defaults filled in */
    struct leat_dns_server_counts counts;
    struct leat_dns_zones before; /* for clients that are behind */
    struct leat *stack;
    struct leat_udp *udp;
    struct dns_clients clients;
    struct dns_rate *rate; /* NULL: no limit */
    struct dns_cookie_keeper cookies;
    struct dns_told told;
    uint8_t *scratch; /* a TCP reply, or a UDP query from several buffers */
    size_t scratch_bytes;
};

static void count_reply(struct leat_dns_server *server, const uint8_t *reply)
{
    server->counts.replies++;
    if (get16(reply + 2) & DNS_TC)
        server->counts.truncated++;
}

/* Notes what the program is told of a reply. */
static void note_reply(struct dns_told *told, bool is_slip, const uint8_t *reply, size_t len)
{
    struct leat_dns_access *access = &told->access;

    dns_told_reply(told, reply, len);
    if (is_slip)
        access->how = LEAT_DNS_HOW_LIMITED;
    else if (access->rcode == LEAT_DNS_BADCOOKIE ||
             (access->rcode == LEAT_DNS_NOERROR && !access->name))
        access->how = LEAT_DNS_HOW_COOKIE;
    else
        access->how = access->rcode == LEAT_DNS_NOERROR || access->rcode == LEAT_DNS_NXDOMAIN
                          ? LEAT_DNS_HOW_ZONE
                          : LEAT_DNS_HOW_REFUSED;
}

/* False: the UDP query gets no reply. Otherwise @transport says how it is answered. The limit
 * doesn't apply to clients that prove their address by a cookie. */
static bool rate_allows(struct leat_dns_server *server, const struct dns_cookie_asker *asker,
                        const struct leat_buf *query, enum leat_dns_transport *transport)
{
    enum dns_rate_verdict verdict = DNS_RATE_REPLY;

    if (server->rate)
        verdict = dns_rate_take(server->rate, service_table_key(server->stack),
                                dns_rate_ip(service_table_key(server->stack), asker->ip),
                                leat_now_ns(server->stack));
    /* checked only over the limit, because it costs a hash */
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
    bool is_sent;
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
    if (payload->next) { /* in fragments; truncation makes it illegal */
        query = server->scratch;
        query_len = leat_buf_read(payload, 0, server->scratch, (uint32_t)server->scratch_bytes);
    }
    len = dns_answer(&server->config.zones, transport, &asker, query, query_len, reply->data,
                     leat_buf_tailroom(reply));
    leat_buf_free(payload);
    /* not answered: these bytes may be a server's reply, and replies to replies have no end */
    if (len == 0) {
        server->counts.drop_format++;
        leat_buf_free(reply);
        return;
    }
    leat_buf_put(reply, (uint32_t)len);
    count_reply(server, reply->data);
    if (dns_is_told(&server->told))
        note_reply(&server->told, transport == LEAT_DNS_SLIP, reply->data, len);
    /* RFC 2181 4.1: from the address that was asked, because clients drop replies from any other */
    is_sent = leat_udp_send_from(udp, reply, peer, local->ip) == LEAT_OK;
    if (!is_sent) {
        server->counts.replies--;
        server->counts.drop_memory++;
    }
    if (dns_is_told(&server->told))
        dns_told_tell(&server->told, &peer->ip, LEAT_DNS_OVER_UDP, leat_now_ns(server->stack),
                      is_sent);
}

/* Sends the reply to a complete query, or the rest of it; false: the connection is full. */
static bool client_reply(struct client *client)
{
    struct leat_dns_server *server = client->tcp.clients->config.server;
    uint8_t *reply = server->scratch + LENGTH_BYTES;
    const struct dns_cookie_asker asker = {.keeper = &server->cookies,
                                           .ip = client->tcp.peer.ip,
                                           .now_s =
                                               (uint32_t)(client->tcp.query_at_ns / second_ns)};
    /* The reply may have to be generated again later. It comes out the same, because its zones and
     * the time of its query are kept. */
    const struct leat_dns_zones *zones =
        client->is_behind ? &server->before : &server->config.zones;
    const size_t len = dns_answer(
        zones, dns_client_transport(&client->tcp), &asker, client->tcp.query + LENGTH_BYTES,
        dns_client_query_bytes(&client->tcp), reply, server->config.tcp_reply_bytes);
    size_t taken = 0;

    if (len == 0) {
        server->counts.drop_format++;
    } else {
        /* the bytes before client->sent have gone already */
        put16(server->scratch, (uint16_t)len);
        if (leat_stream_write(&client->tcp.stream, server->scratch + client->sent,
                              LENGTH_BYTES + len - client->sent, &taken))
            return false; /* full, or closed: on_closed follows */
        client->sent += (uint32_t)taken;
        if (client->sent < LENGTH_BYTES + len)
            return false;
        count_reply(server, reply);
        if (dns_is_told(&server->told)) {
            note_reply(&server->told, false, reply, len);
            dns_told_tell(&server->told, &client->tcp.peer.ip, dns_client_transport(&client->tcp),
                          client->tcp.query_at_ns, true);
        }
    }
    server->counts.tcp_queries++;
    client->sent = 0;
    client->is_behind = false;
    dns_client_next(&client->tcp);
    dns_client_progressed(&client->tcp);
    return true;
}

/* Answers queries in order, at most as many as fit in the receive window. */
static void client_serve(struct dns_client *tcp)
{
    while (dns_client_has_query(tcp) ? client_reply((struct client *)(void *)tcp)
                                     : dns_client_read(tcp)) {
    }
    if (!dns_client_has_query(tcp)) /* no close while a reply waits for room */
        dns_client_close_at_end(tcp);
}

static void client_left(struct dns_client *tcp)
{
    struct client *client = (struct client *)(void *)tcp;
    struct dns_told *told = &((struct leat_dns_server *)tcp->clients->config.server)->told;

    client->sent = 0;
    client->is_behind = false;
    /* a query whose reply was not queued whole */
    if (dns_is_told(told) && dns_client_has_query(tcp) &&
        dns_told_question(told, tcp->query + LENGTH_BYTES, dns_client_query_bytes(tcp))) {
        told->access.how = LEAT_DNS_HOW_ZONE;
        dns_told_tell(told, &tcp->peer.ip, dns_client_transport(tcp), tcp->query_at_ns, false);
    }
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
    if (config.progress_bytes == 0)
        config.progress_bytes = DNS_CLIENT_PROGRESS_BYTES;
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

static struct dns_clients_config clients_of(const struct leat_dns_server_config *config,
                                            struct leat_dns_server *server)
{
    return (struct dns_clients_config){
        .ip = config->ip,
        .port = config->port,
        .places = config->clients,
        .client_bytes = sizeof(struct client),
        .progress_bytes = config->progress_bytes,
        .send_queue_bytes = 2 * config->tcp_reply_bytes,
        .idle_ns = config->idle_ns,
        .server = server,
        .serve = client_serve,
        .left = client_left,
        .bad_length = server ? &server->counts.tcp_bad_length : NULL,
        .idle = server ? &server->counts.tcp_idle : NULL,
        .displaced = server ? &server->counts.tcp_displaced : NULL,
    };
}

static size_t clients_bytes(const struct leat_dns_server_config *config)
{
    const struct dns_clients_config clients = clients_of(config, NULL);

    return dns_clients_bytes(&clients);
}

size_t leat_dns_server_memory_bytes(const struct leat_dns_server_config *config)
{
    const struct leat_dns_server_config full = with_defaults(config);

    /* in the order of leat_dns_server_open() */
    return ALIGN + align_up(sizeof(struct leat_dns_server)) + clients_bytes(&full) +
           rate_bytes(&full) + align_up(scratch_bytes(&full));
}

/* Opens both ports; if one fails the server stays closed. */
static enum leat_err open_ports(struct leat_dns_server *server)
{
    static const struct leat_udp_events events = {.on_datagram = on_datagram};
    enum leat_err err = leat_udp_open(server->stack, &server->udp, &events, server);

    if (err)
        return err;
    err = leat_udp_bind(server->udp, server->config.ip, server->config.port);
    if (!err)
        err = dns_clients_listen(&server->clients);
    if (err)
        leat_udp_close(server->udp);
    return err;
}

enum leat_err leat_dns_server_open(struct leat_dns_server **server, struct leat *stack,
                                   void *memory, size_t bytes,
                                   const struct leat_dns_server_config *config)
{
    const struct leat_dns_server_config full = with_defaults(config);
    struct dns_clients_config clients;
    uint8_t *block = memory;
    struct leat_dns_server *made;
    enum leat_err err;

    if (LEAT_RESERVED_IS_USED(config) || full.zones.count == 0 ||
        full.tcp_reply_bytes < LEAT_DNS_REPLY_BYTES_MIN || full.tcp_reply_bytes > DNS_MESSAGE_BYTES)
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_dns_server_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    block += (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    made = (struct leat_dns_server *)(void *)block;
    memset(made, 0, sizeof *made);
    made->config = full;
    made->stack = stack;
    made->told.on_access = full.on_access;
    made->told.arg = full.on_access_arg;
    made->told.stack = stack;
    dns_cookie_keeper_init(&made->cookies, stack, full.no_cookies);
    block += align_up(sizeof *made);
    clients = clients_of(&full, made);
    dns_clients_init(&made->clients, stack, block, &clients);
    block += clients_bytes(&full);
    if (!full.no_rate_limit) {
        made->rate = (struct dns_rate *)(void *)block;
        dns_rate_init(made->rate, full.replies_per_s);
    }
    made->scratch = block + rate_bytes(&full);
    made->scratch_bytes = scratch_bytes(&full);
    /* last: from here on, packets call back */
    err = open_ports(made);
    if (!err)
        *server = made;
    return err;
}

void leat_dns_server_serve(struct leat_dns_server *server, const struct leat_stream *stream)
{
    dns_clients_serve(&server->clients, stream);
}

static struct client *client_at(const struct leat_dns_server *server, uint32_t place)
{
    return (struct client *)(void *)dns_clients_at(&server->clients, place);
}

void leat_dns_server_forget_zones(struct leat_dns_server *server)
{
    for (uint32_t i = 0; i < server->clients.config.places; i++) {
        struct client *client = client_at(server, i);

        /* half of a reply was sent, and the rest can't be made without its zones */
        if (client->is_behind && !client->tcp.ending)
            dns_client_end(&client->tcp, &server->counts.tcp_outdated);
    }
}

void leat_dns_server_set_zones(struct leat_dns_server *server, const struct leat_dns_zones *zones)
{
    leat_assert(zones->count > 0);
    /* There is memory for one earlier state only. Clients that are still behind the state before it
     * are ended. */
    leat_dns_server_forget_zones(server);
    for (uint32_t i = 0; i < server->clients.config.places; i++) {
        struct client *client = client_at(server, i);

        client->is_behind = client->tcp.stream.end && client->sent > 0;
    }
    server->before = server->config.zones;
    server->config.zones = *zones;
}

void leat_dns_server_close(struct leat_dns_server *server)
{
    server->told.on_access = NULL; /* the program may free what it writes to */
    leat_udp_close(server->udp);
    dns_clients_stop(&server->clients);
}

const struct leat_dns_server_counts *leat_dns_server_counts(const struct leat_dns_server *server)
{
    return &server->counts;
}
