/* http_server.c -- the server: its memory, and the start and end of its clients. */
#include <leat/http_server.h>

#include <string.h>

#include <leat/stream.h>
#include <leat/tcp.h>

#include "core/container_of.h"
#include "core/second.h"
#include "web/http/server_conn.h"
#include "service.h"

enum {
    ALIGN = 16,
    CLIENTS_A_SPARE = 32
};

/* A displaced client stays until its stream has ended. Meanwhile its successor uses a spare. */
static uint32_t slot_count(const struct leat_http_server_config *config)
{
    return config->clients + 1u + config->clients / CLIENTS_A_SPARE;
}

/* ---- Start and end of clients ---------------------------------------------------------------- */

static void accept_clients(struct leat_tcp_listener *listener, void *arg);

/* Frees the client's place. */
static void give_place(struct server_conn *client)
{
    if (client->place != SHARES_NONE)
        shares_give(&client->server->shares, client->place);
    client->place = SHARES_NONE;
}

/* Takes back a client that is over, and frees its place. */
static void take_back(struct server_conn *client)
{
    struct leat_http_server *server = client->server;

    server_conn_release(client);
    give_place(client);
    client->next_free = server->free_client;
    server->free_client = client;
    if (server->listener)
        accept_clients(server->listener, server); /* a connection may wait for this place */
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    http_exchange_fail(arg, why ? why : LEAT_ERR_END, 0);
    take_back(arg);
}

static void on_time(struct timer *timer, void *context)
{
    struct server_conn *client = container_of(timer, struct server_conn, timer);

    (void)context;
    if (!server_conn_on_time(client))
        take_back(client);
}

static const struct leat_tcp_events client_events = {.on_open = server_conn_opened,
                                                     .on_readable = server_conn_serve,
                                                     .on_writable = server_conn_writable,
                                                     .on_closed = on_closed,
                                                     .on_drain = server_conn_drain};

/* Takes a place for the client of @stream. If the table is full, the oldest client of the address
 * with the most is evicted. */
static void take_place(struct server_conn *client, const struct leat_stream *stream)
{
    struct leat_http_server *server = client->server;
    const struct leat_ip peer = leat_stream_peer(stream);
    const uint64_t holder = shares_holder(&peer);
    const uint32_t room = shares_room(&server->shares, holder);

    if (room != SHARES_NONE) {
        struct server_conn *displaced = server->of_place[room];

        /* The displaced client's place is free at once. Its slot is free after on_closed, and until
         * then the newcomer uses a spare one. */
        give_place(displaced);
        server_conn_end(displaced, &server->counts.displaced);
    }
    client->place = shares_free_place(&server->shares);
    client->renewed_at_ns = leat_now_ns(server->stack);
    server->of_place[client->place] = client;
    shares_take(&server->shares, client->place, holder);
}

/* Starts the first free client with @stream. */
static void start_client(struct leat_http_server *server, struct leat_stream stream)
{
    struct server_conn *client = server->free_client;

    server->free_client = client->next_free;
    take_place(client, &stream);
    server_conn_start(client, stream);
}

static void accept_clients(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_http_server *server = arg;

    /* Without a free slot, connections wait in the listener's queue, until take_back() calls this
     * again. */
    while (server->free_client) {
        struct server_conn *client = server->free_client;
        struct leat_tcp *conn = leat_tcp_accept(listener, &client_events, client);

        if (!conn)
            return;
        leat_tcp_set_nodelay(conn, true); /* a reply is queued whole, or fills its segments */
        start_client(server, leat_stream_of_tcp(conn));
    }
}

bool leat_http_server_serve(struct leat_http_server *server, const struct leat_stream *stream)
{
    return leat_http_server_serve_as(server, stream, 1);
}

bool leat_http_server_serve_as(struct leat_http_server *server, const struct leat_stream *stream,
                               uint8_t major)
{
    struct server_conn *client = server->free_client;

    if (!client || server->stopping)
        return false;
    leat_stream_set_events(stream, &client_events, client);
    start_client(server, *stream);
    client->major = major;
    server_conn_serve(NULL, client); /* data may be there already */
    return true;
}

void leat_http_server_early(void *client)
{
    struct server_conn *of = client;

    if (!of->server->config.receive_early)
        return;
    of->early = true;
    server_conn_serve(NULL, of);
}

/* ---- Open and close ----------------------------------------------------------------------- */

static struct leat_http_server_config with_defaults(const struct leat_http_server_config *given)
{
    struct leat_http_server_config config = *given;

    if (config.port == 0)
        config.port = LEAT_HTTP_PORT;
    if (config.clients == 0)
        config.clients = 512;
    if (config.idle_ns == 0)
        config.idle_ns = 15 * second_ns;
    if (config.head_ns == 0)
        config.head_ns = 10 * second_ns;
    if (config.head_bytes_per_s == 0)
        config.head_bytes_per_s = 500;
    if (config.stall_ns == 0)
        config.stall_ns = 30 * second_ns;
    if (config.body_bytes_per_s == 0)
        config.body_bytes_per_s = 500;
    return config;
}

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* The next part of the block at @at. */
static void *part(uint8_t **at, size_t bytes)
{
    void *made = *at;

    memset(made, 0, bytes);
    *at += align_up(bytes);
    return made;
}

/* One exchange per client, if the server has routes, or a folder, which uses its words. */
static size_t exchanges_bytes(const struct leat_http_server_config *config)
{
    return config->route_count || config->folder
               ? slot_count(config) * sizeof(struct leat_http_exchange)
               : 0;
}

static size_t opened_bytes(const struct leat_http_server_config *config)
{
    return config->folder ? slot_count(config) * sizeof(struct http_opened) : 0;
}

_Static_assert(sizeof(struct http_said) <= LEAT_HTTP_ACCESS_CLIENT_BYTES, "as the header says");

static size_t said_bytes(const struct leat_http_server_config *config)
{
    return config->on_access ? slot_count(config) * sizeof(struct http_said) : 0;
}

size_t leat_http_server_memory_bytes(const struct leat_http_server_config *config)
{
    const struct leat_http_server_config full = with_defaults(config);

    return ALIGN + align_up(sizeof(struct leat_http_server)) + align_up(exchanges_bytes(&full)) +
           align_up(opened_bytes(&full)) + align_up(said_bytes(&full)) +
           align_up(slot_count(&full) * sizeof(struct server_conn)) +
           align_up(shares_bytes(full.clients)) +
           align_up(full.clients * sizeof(struct server_conn *)) +
           align_up(http_table_entries(full.file_count) * sizeof(struct http_entry)) +
           align_up((size_t)full.file_count * HTTP_REPLY_HEAD_BYTES) +
           align_up(full.file_count * sizeof(uint16_t));
}

/* Fills the table, and prepares the head of each file's common reply. */
static bool add_files(struct leat_http_server *server)
{
    static const struct http_request common = {.status = HTTP_OK, .minor_version = 1};

    for (uint32_t i = 0; i < server->config.file_count; i++) {
        const struct leat_http_file *file = &server->config.files[i];
        struct http_found found;
        const struct http_reply reply = {.status = HTTP_OK, .body_len = file->len, .found = &found};

        if (!http_table_add(&server->table, file))
            return false;
        http_found_file(&found, file);
        server->head_lens[i] = (uint16_t)http_reply_head(
            &reply, &common, NULL, server->heads + (size_t)i * HTTP_REPLY_HEAD_BYTES);
    }
    return true;
}

/* Lays out the server in @memory. */
static struct leat_http_server *lay_out(void *memory, struct leat *stack,
                                        const struct leat_http_server_config *config)
{
    uint8_t *at = (uint8_t *)memory + (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    struct leat_http_server *server = part(&at, sizeof *server);
    const struct leat_http_server_config *full = &server->config;
    const uint32_t entries = http_table_entries(config->file_count);
    /* a secret key, so that clients can't choose addresses that collide in the table of holders */
    const uint64_t key[2] = {service_table_key(stack)->k0, service_table_key(stack)->k1};

    server->config = with_defaults(config);
    server->stack = stack;
    server->clients = part(&at, slot_count(full) * sizeof *server->clients);
    shares_init(&server->shares, part(&at, shares_bytes(full->clients)), full->clients, 0, key);
    server->of_place = part(&at, full->clients * sizeof(struct server_conn *));
    server->exchanges = part(&at, exchanges_bytes(full));
    server->opened = part(&at, opened_bytes(full));
    server->said = part(&at, said_bytes(full));
    server->table.entries = part(&at, entries * sizeof *server->table.entries);
    server->table.mask = entries - 1;
    server->heads = part(&at, (size_t)full->file_count * HTTP_REPLY_HEAD_BYTES);
    server->head_lens = part(&at, full->file_count * sizeof *server->head_lens);
    for (uint32_t i = slot_count(full); i-- > 0;) {
        struct server_conn *client = &server->clients[i];

        client->server = server;
        client->place = SHARES_NONE;
        client->exchange = exchanges_bytes(full) ? &server->exchanges[i] : NULL;
        client->opened = full->folder ? &server->opened[i] : NULL;
        client->said = full->on_access ? &server->said[i] : NULL;
        client->timer.fire = on_time;
        client->next_free = server->free_client;
        server->free_client = client;
    }
    return server;
}

/* False: a route has a member of a later version. */
static bool are_known(const struct leat_http_server_config *config)
{
    bool known = true;

    for (unsigned i = 0; i < config->route_count; i++)
        known &= !LEAT_RESERVED_IS_USED(&config->routes[i]);
    return known;
}

enum leat_err leat_http_server_open(struct leat_http_server **server, struct leat *stack,
                                    void *memory, size_t bytes,
                                    const struct leat_http_server_config *config)
{
    struct leat_tcp_listen_config listen = {
        .displace = true, /* for TCP's table; the server evicts its own clients by itself */
        .on_acceptable = accept_clients};
    struct leat_http_server *made;
    const uint32_t head_bytes = config->folder        ? HTTP_FOLDER_HEAD_BYTES
                                : config->route_count ? HTTP_ROUTE_HEAD_BYTES
                                                      : HTTP_REPLY_HEAD_BYTES;
    enum leat_err err;

    /* each head is written into one buffer, so the longest of this server's heads must fit */
    if (LEAT_RESERVED_IS_USED(config) || !are_known(config) ||
        leat_pool_buf_bytes(leat_pool(stack)) < LEAT_BUF_HEADROOM + head_bytes)
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_http_server_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    made = lay_out(memory, stack, config);
    if (!add_files(made))
        return LEAT_ERR_ARGUMENT;
    listen.ip = made->config.ip;
    listen.port = made->config.port;
    listen.backlog = made->config.clients;
    listen.arg = made;
    err = leat_tcp_listen(stack, &made->listener, &listen);
    if (!err)
        *server = made;
    return err;
}

void leat_http_server_stop(struct leat_http_server *server)
{
    if (server->stopping)
        return;
    server->stopping = true;
    leat_tcp_listener_close(server->listener);
    server->listener = NULL;
    /* Only clients between requests are ended here. Others get their reply, which is the last on
     * their connection (server_is_ending()). */
    for (uint32_t i = 0; i < slot_count(&server->config); i++)
        server_conn_stop(&server->clients[i]);
}

uint32_t leat_http_server_clients(const struct leat_http_server *server)
{
    return server->clients_open;
}

void leat_http_server_close(struct leat_http_server *server)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};

    if (server->listener)
        leat_tcp_listener_close(server->listener);
    http_calendar_release(&server->calendar);
    for (uint32_t i = 0; i < slot_count(&server->config); i++) {
        struct server_conn *client = &server->clients[i];
        const struct leat_stream stream = client->stream;

        /* a slot without a stream has no client */
        if (!stream.end)
            continue;
        server_conn_release(client);
        leat_stream_set_events(&stream, &nothing, NULL); /* the memory will be gone by then */
        leat_stream_abort(&stream);
    }
}

const struct leat_http_server_counts *leat_http_server_counts(const struct leat_http_server *server)
{
    return &server->counts;
}
