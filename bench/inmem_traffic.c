/*
 * inmem_traffic.c -- users' traffic: many connections in random order, several requests at a time,
 * messages of any size, a connection for each request, datagrams from many peers.
 */
#include <stdlib.h>

#include "inmem.h"

enum {
    UDP_PORT = 10000, /* and above: the client's sockets */
    WARM_UP = 1000
};

static struct world *world_now;

/* ---- requests on connections that stay ---------------------------------------------------- */

/* The current request and answer of a connection. */
struct talk {
    uint32_t request_left; /* bytes that the server waits for */
    uint32_t answer;       /* bytes */
    uint32_t answer_left;  /* that the client waits for */
    uint32_t unwritten[2]; /* of the client's and of the server's message: there was no room */
};

static struct talk *talks;

/* As much of a message as there is room for; on_writable brings the rest. */
static void write_on(struct leat_tcp *conn, uint32_t *unwritten)
{
    while (*unwritten > 0) {
        size_t taken = 0;

        if (leat_tcp_write(conn, some_data, *unwritten, &taken) || taken == 0)
            return;
        *unwritten -= (uint32_t)taken;
    }
}

/* The next request, over a connection that has none. */
static void ask(void)
{
    const uint32_t count = world_now->options.connections;
    uint32_t i = world_below(world_now, count);

    while (talks[i].answer_left > 0)
        i = i + 1 < count ? i + 1 : 0;
    talks[i].request_left = world_message_bytes(world_now);
    talks[i].answer = talks[i].answer_left = world_message_bytes(world_now);
    talks[i].unwritten[0] = talks[i].request_left;
    write_on(tally.conns[i], &talks[i].unwritten[0]);
}

/* True once the last of the @left bytes of a message are here. */
static bool whole_is_here(struct leat_tcp *conn, uint32_t *left)
{
    const uint32_t len = swallow(conn);

    if (len > *left)
        world_fail("a message is too long");
    *left -= len;
    return len > 0 && *left == 0;
}

static void mix_read(struct leat_tcp *conn, void *arg)
{
    if (!whole_is_here(conn, &talks[(uintptr_t)arg].answer_left))
        return;
    tally.answered++;
    ask();
}

static void mix_writable(struct leat_tcp *conn, void *arg)
{
    write_on(conn, &talks[(uintptr_t)arg].unwritten[0]);
}

static void mix_serve(struct leat_tcp *conn, void *arg)
{
    struct talk *talk = arg;

    if (!whole_is_here(conn, &talk->request_left))
        return;
    talk->unwritten[1] = talk->answer;
    write_on(conn, &talk->unwritten[1]);
}

static void mix_serve_on(struct leat_tcp *conn, void *arg)
{
    write_on(conn, &((struct talk *)arg)->unwritten[1]);
}

static const struct leat_tcp_events mix_client = {
    .on_open = note_open, .on_readable = mix_read, .on_writable = mix_writable};
static const struct leat_tcp_events mix_server = {.on_readable = mix_serve,
                                                  .on_writable = mix_serve_on};

static void mix_accept(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_tcp *conn;

    (void)arg;
    while ((conn = leat_tcp_accept(listener, &mix_server, NULL))) {
        leat_tcp_set_events(conn, &mix_server, &talks[connection_number(conn)]);
        leat_tcp_set_nodelay(conn, true);
    }
}

static void mix_listen(struct world *world)
{
    world_listen(world, mix_accept);
}

void mix(struct world *world)
{
    const uint32_t count = world->options.connections;

    if (world->options.outstanding > count)
        world_fail("--outstanding can't be more than --connections");
    world_now = world;
    talks = calloc(count, sizeof *talks);
    if (!talks)
        world_fail("no memory");
    listen_all = mix_listen;
    connect_all(world, &mix_client);
    for (uint32_t i = 0; i < world->options.outstanding; i++)
        ask();
    count_answers(world, count + WARM_UP, 1);
    free(talks);
}

/* ---- a connection for each request -------------------------------------------------------- */

static uint32_t begun, last_begun;

static void request_begin(void);

static void request_open(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    tally.opened++;
    write_message(conn);
}

/* The answer is here: it closes first, so it keeps TIME-WAIT. */
static void request_read(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    if (swallow(conn) == 0)
        return;
    tally.answered++;
    leat_tcp_close(conn);
    request_begin();
}

static void request_serve(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    if (swallow(conn) > 0)
        write_message(conn);
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static void request_begin(void)
{
    static const struct leat_tcp_events events = {
        .on_open = request_open, .on_readable = request_read, .on_closed = note_closed};
    const struct leat_endpoint server = world_server(world_now, 0);
    struct leat_tcp *conn;

    if (begun == last_begun)
        return;
    begun++;
    if (leat_tcp_connect(world_now->client.stack, &conn, &server, NULL, &events, NULL))
        world_fail("can't connect");
    leat_tcp_set_nodelay(conn, true);
}

static void request_run(struct world *world, uint32_t units, bool counted)
{
    const uint32_t before = tally.closed;

    last_begun = begun + units;
    for (uint32_t i = 0; i < world->options.outstanding; i++)
        request_begin();
    run_until_closed(world, before + 2 * units, counted);
}

void requests(struct world *world)
{
    static const struct leat_tcp_events idle = {.on_open = note_open};
    static const struct leat_tcp_events server = {.on_readable = request_serve,
                                                  .on_closed = note_closed};

    world_now = world;
    server_events = &server;
    connect_all(world, &idle); /* they stay: a full table must not cost */
    count_run(world, request_run);
}

/* ---- datagrams from many peers ------------------------------------------------------------ */

static struct leat_udp **sockets;

static void datagram_send(void)
{
    const uint32_t peers = world_now->options.peers > 0 ? world_now->options.peers : 1;
    const struct leat_endpoint server = world_server(world_now, 0);
    struct leat_buf *payload = leat_buf_copy(leat_pool(world_now->client.stack), some_data,
                                             world_message_bytes(world_now));

    if (leat_udp_send_to(sockets[world_below(world_now, peers)], payload, &server))
        world_fail("can't send a datagram");
}

static void datagram_echo(struct leat_udp *udp, struct leat_buf *payload,
                          const struct leat_endpoint *peer, const struct leat_endpoint *local,
                          void *arg)
{
    (void)arg;
    leat_udp_send_from(udp, payload, peer, local->ip);
}

static void datagram_back(struct leat_udp *udp, struct leat_buf *payload,
                          const struct leat_endpoint *peer, const struct leat_endpoint *local,
                          void *arg)
{
    (void)udp;
    (void)peer;
    (void)local;
    (void)arg;
    leat_buf_free(payload);
    tally.answered++;
    datagram_send();
}

static void open_sockets(struct world *world, uint32_t count)
{
    static const struct leat_udp_events client = {.on_datagram = datagram_back};
    static const struct leat_udp_events server = {.on_datagram = datagram_echo};
    struct leat_udp *echo;

    sockets = calloc(count, sizeof *sockets);
    if (!sockets || leat_udp_open(world->server.stack, &echo, &server, NULL) ||
        leat_udp_bind(echo, LEAT_IP_ANY, SERVER_PORT))
        world_fail("can't open a socket");
    for (uint32_t i = 0; i < count; i++) {
        if (leat_udp_open(world->client.stack, &sockets[i], &client, NULL) ||
            leat_udp_bind(sockets[i], LEAT_IP_ANY, (uint16_t)(UDP_PORT + i)))
            world_fail("can't open a socket");
    }
}

void udp_mix(struct world *world)
{
    const uint32_t peers = world->options.peers > 0 ? world->options.peers : 1;

    if (peers > UINT16_MAX - UDP_PORT)
        world_fail("each peer is a port of the client: there aren't so many");
    world_now = world;
    open_sockets(world, peers);
    datagram_send(); /* alone: it finds the neighbour */
    while (tally.answered < 10)
        world_turn(world);
    for (uint32_t i = 1; i < world->options.outstanding; i++)
        datagram_send();
    count_answers(world, 4ull * peers + WARM_UP, 1);
    free(sockets);
}
