/*
 * inmem.c -- the cost of leat, with both ends in one process and nothing else.
 *
 *      inmem MODE [OPTION]...
 *
 * Each mode warms the world up, then repeats one thing and prints one line: how many units, how
 * many seconds they took.  Under `callgrind --instr-atstart=no`, divide the instructions of
 * client_poll() and server_poll() by the units; tools/bench does it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inmem.h"

enum {
    CHUNK = DATA_BYTES,
    CLIENT_PORT = 10000 /* and above: of the connections that stay */
};

static const uint64_t ns_per_s = 1000000000;

uint8_t some_data[DATA_BYTES];
struct tally tally;
static uint32_t wanted; /* count that a mode waits for */

static bool all_open(void *arg)
{
    (void)arg;
    return tally.opened >= wanted;
}

uint32_t swallow(struct leat_tcp *conn)
{
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    leat_buf_free(data);
    leat_tcp_consumed(conn, len);
    return len;
}

void note_open(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    (void)arg;
    tally.opened++;
}

void write_message(struct leat_tcp *conn)
{
    size_t taken = 0;

    if (leat_tcp_write(conn, some_data, MESSAGE, &taken) || taken != MESSAGE)
        world_fail("can't write");
}

void note_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)arg;
    if (why)
        world_fail("a connection ended badly");
    tally.closed++;
}

/* ---- what is counted ---------------------------------------------------------------------- */

void run_until_closed(struct world *world, uint32_t closed, bool counted)
{
    while (tally.closed < closed) {
        if (counted)
            world_counted_turn(world);
        else
            world_turn(world);
    }
}

void count_answers(struct world *world, uint64_t warm, unsigned a_unit)
{
    uint64_t begin;
    double seconds;

    while (tally.answered < warm)
        world_turn(world);
    begin = tally.answered;
    world_count_begin(world);
    while (tally.answered < begin + (uint64_t)a_unit * world->options.units)
        world_counted_turn(world);
    seconds = world_count_end(world);
    printf("units %llu seconds %.6f\n", (unsigned long long)(tally.answered - begin) / a_unit,
           seconds);
}

void count_run(struct world *world, void (*run)(struct world *world, uint32_t units, bool counted))
{
    double seconds;

    run(world, 2000, false);
    world_count_begin(world);
    run(world, world->options.units, true);
    seconds = world_count_end(world);
    printf("units %u seconds %.6f\n", (unsigned)world->options.units, seconds);
}

/* ---- connections -------------------------------------------------------------------------- */

const struct leat_tcp_events *server_events;

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_tcp *conn;

    (void)arg;
    while ((conn = leat_tcp_accept(listener, server_events, NULL)))
        leat_tcp_set_nodelay(conn, true);
}

static void listen_by_callbacks(struct world *world)
{
    world_listen(world, accept_all);
}

void (*listen_all)(struct world *world) = listen_by_callbacks;

static void connect_one(struct world *world, uint32_t i, const struct leat_tcp_events *events)
{
    const struct leat_endpoint server = world_server(world, i);
    const struct leat_endpoint local =
        leat_endpoint_of(world_client_ip(world), (uint16_t)(CLIENT_PORT + i % CONNECTIONS_A_PORT));

    if (leat_tcp_connect(world->client.stack, &tally.conns[i], &server, &local, events,
                         (void *)(uintptr_t)i))
        world_fail("can't connect");
    leat_tcp_set_nodelay(tally.conns[i], true);
}

void connect_all(struct world *world, const struct leat_tcp_events *events)
{
    enum {
        AT_ONCE = 200
    };

    listen_all(world);
    tally.conns = calloc(world->options.connections, sizeof *tally.conns);
    for (uint32_t i = 0; i < world->options.connections; i = wanted) {
        const uint32_t left = world->options.connections - i;

        /* the first one alone: it finds the neighbour */
        wanted = i + (i == 0 ? 1 : left < AT_ONCE ? left : AT_ONCE);
        for (uint32_t k = i; k < wanted; k++)
            connect_one(world, k, events);
        world_turn_until(world, all_open, NULL, 100000);
    }
    for (unsigned i = 0; i < 4; i++)
        world_turn(world); /* the last ACKs, accepts */
    world_begin_loss(world);
}

uint32_t connection_number(const struct leat_tcp *conn)
{
    struct leat_tcp_info info;

    leat_tcp_get_info(conn, &info);
    return (uint32_t)(info.remote.port - CLIENT_PORT) +
           (uint32_t)(info.local.port - SERVER_PORT) * CONNECTIONS_A_PORT;
}

/* ---- bulk --------------------------------------------------------------------------------- */

static void bulk_fill(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data;

    (void)arg;
    do { /* until it is refused: then on_writable comes */
        data = leat_buf_lend(leat_pool(leat_tcp_stack(conn)), some_data, CHUNK, NULL, NULL);
    } while (data && leat_tcp_send(conn, data) == LEAT_OK);
}

static void bulk_open(struct leat_tcp *conn, void *arg)
{
    tally.opened++;
    bulk_fill(conn, arg);
}

static void bulk_read(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    tally.received += swallow(conn);
}

static void bulk(struct world *world)
{
    static const struct leat_tcp_events client = {.on_open = bulk_open, .on_writable = bulk_fill};
    static const struct leat_tcp_events server = {.on_readable = bulk_read};
    struct leat_tcp_info info;
    uint64_t goal, begin;
    double seconds;

    server_events = &server;
    connect_all(world, &client);
    leat_tcp_get_info(tally.conns[0], &info);
    goal = tally.received + 20000ull * info.mss_bytes; /* slow start ends, windows are open */
    while (tally.received < goal)
        world_turn(world);
    begin = tally.received;
    goal = begin + (uint64_t)world->options.units * info.mss_bytes;
    world_count_begin(world);
    while (tally.received < goal)
        world_counted_turn(world);
    seconds = world_count_end(world);
    printf("units %.0f seconds %.6f bytes %llu copied_tx %llu copied_rx %llu\n",
           (double)(tally.received - begin) / info.mss_bytes, seconds,
           (unsigned long long)(tally.received - begin),
           (unsigned long long)leat_stats(world->client.stack)->copied_tx_bytes,
           (unsigned long long)leat_stats(world->server.stack)->copied_compact_bytes);
}

/* ---- request, response -------------------------------------------------------------------- */

static uint32_t rr_connections;

static void rr_answer(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    if (swallow(conn) > 0)
        write_message(conn);
}

/* The next request uses the next connection: far from the last one in memory. */
static void rr_next(struct leat_tcp *conn, void *arg)
{
    const uint32_t next = ((uint32_t)(uintptr_t)arg + 7919) % rr_connections;

    if (swallow(conn) == 0)
        return;
    tally.answered++;
    write_message(tally.conns[next]);
}

static void rr(struct world *world)
{
    static const struct leat_tcp_events client = {.on_open = note_open, .on_readable = rr_next};
    static const struct leat_tcp_events server = {.on_readable = rr_answer};

    server_events = &server;
    rr_connections = world->options.connections;
    connect_all(world, &client);
    write_message(tally.conns[0]);
    count_answers(world, world->options.connections + 1000, 1);
}

/* The same, with a server by tasks: those that exist at the end wait for a request each. */
static void rr_tasks(struct world *world)
{
#ifdef HAVE_TASKS
    listen_all = tasks_listen;
    rr(world);
    if (tasks_end() != world->options.connections)
        world_fail("a task is missing");
#else
    (void)world;
    world_fail("this processor has no tasks");
#endif
}

/* ---- connect, close ----------------------------------------------------------------------- */

static void close_side(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static struct world *connecting;
static uint32_t connect_until;

static void close_and_next(struct leat_tcp *conn, void *arg);

static const struct leat_tcp_events connect_events = {.on_open = close_and_next,
                                                      .on_closed = note_closed};

/* Open: close it, and begin the next one. */
static void close_and_next(struct leat_tcp *conn, void *arg)
{
    const struct leat_endpoint server = world_server(connecting, 0);
    struct leat_tcp *next;

    (void)arg;
    tally.opened++;
    leat_tcp_close(conn);
    if (tally.opened < connect_until &&
        leat_tcp_connect(connecting->client.stack, &next, &server, NULL, &connect_events, NULL))
        world_fail("can't connect");
}

static void connect_run(struct world *world, uint32_t units, bool counted)
{
    const struct leat_endpoint server = world_server(world, 0);
    const uint32_t before = tally.closed;
    struct leat_tcp *first;

    connect_until = tally.opened + units;
    if (leat_tcp_connect(world->client.stack, &first, &server, NULL, &connect_events, NULL))
        world_fail("can't connect");
    run_until_closed(world, before + 2 * units, counted);
}

static void connect_close(struct world *world)
{
    static const struct leat_tcp_events idle = {.on_open = note_open};
    static const struct leat_tcp_events server = {.on_readable = close_side,
                                                  .on_closed = note_closed};

    server_events = &server;
    connecting = world;
    connect_all(world, &idle); /* they stay: a full table must not cost */
    count_run(world, connect_run);
}

/* ---- idle connections --------------------------------------------------------------------- */

/* Both include their part of the table, whose size is a power of two.  In this range it has two
 * buckets for each entry, and never more. */
enum {
    FEW = 1 << 17,
    MANY = 1 << 18
};

static double connection_bytes(void)
{
    const struct leat_tcp_config few = {.connections = FEW, .transfers = 1};
    const struct leat_tcp_config many = {.connections = MANY, .transfers = 1};

    return (double)(leat_tcp_memory_bytes(&many) - leat_tcp_memory_bytes(&few)) / (MANY - FEW);
}

static double time_wait_bytes(void)
{
    const struct leat_tcp_config few = {.time_wait = FEW};
    const struct leat_tcp_config many = {.time_wait = MANY};

    return (double)(leat_tcp_memory_bytes(&many) - leat_tcp_memory_bytes(&few)) / (MANY - FEW);
}

/* Bytes of an IPv6 address, which connections with the same address share. */
static double host_bytes(void)
{
    const struct leat_ipv6_config few = {.hosts = FEW};
    const struct leat_ipv6_config many = {.hosts = MANY};

    return (double)(leat_ipv6_memory_bytes(&many) - leat_ipv6_memory_bytes(&few)) / (MANY - FEW);
}

static void idle(struct world *world)
{
    static const struct leat_tcp_events client = {.on_open = note_open};
    static const struct leat_tcp_events server = {.on_readable = rr_answer};
    double seconds;

    server_events = &server;
    connect_all(world, &client);
    world_idle(world, 10 * ns_per_s, false); /* the timers of the handshake */
    for (unsigned i = 0; i < 4; i++)
        world_turn(world);
    world_count_begin(world);
    world_idle(world, world->options.units * ns_per_s, true);
    seconds = world_count_end(world);
    printf("units %.0f seconds %.6f connections %u connection_bytes %.0f time_wait_bytes %.0f "
           "host_bytes %.0f client_resident %llu server_resident %llu process_resident %llu\n",
           (double)world->options.units * world->options.connections, seconds,
           (unsigned)world->options.connections, connection_bytes(), time_wait_bytes(),
           host_bytes(), (unsigned long long)world_resident(&world->client),
           (unsigned long long)world_resident(&world->server),
           (unsigned long long)world_resident_process());
}

/* ---- UDP ---------------------------------------------------------------------------------- */

static void udp_echo(struct leat_udp *udp, struct leat_buf *payload,
                     const struct leat_endpoint *peer, const struct leat_endpoint *local, void *arg)
{
    (void)arg;
    tally.answered++;
    leat_udp_send_from(udp, payload, peer, local->ip);
}

static void udp(struct world *world)
{
    static const struct leat_udp_events events = {.on_datagram = udp_echo};
    const struct leat_endpoint server = world_server(world, 0);
    struct leat_udp *ends[2];
    struct leat_buf *payload;

    if (leat_udp_open(world->client.stack, &ends[0], &events, NULL) ||
        leat_udp_open(world->server.stack, &ends[1], &events, NULL) ||
        leat_udp_bind(ends[0], LEAT_IP_ANY, 0) || leat_udp_bind(ends[1], LEAT_IP_ANY, SERVER_PORT))
        world_fail("can't open a socket");
    payload = leat_buf_copy(leat_pool(world->client.stack), some_data, MESSAGE);
    leat_udp_send_to(ends[0], payload, &server);
    count_answers(world, 2000, 2);
}

/* ---- the program -------------------------------------------------------------------------- */

static const struct mode {
    const char *name;
    void (*run)(struct world *world);
    uint32_t units;
    uint32_t transfers;
} modes[] = {
    {"bulk", bulk, 20000, 0},
    {"rr", rr, 5000, 0},
    {"connect", connect_close, 2000, 0},
    {"rr_tasks", rr_tasks, 5000, 0},
    {"idle", idle, 10, 4096},
    {"udp", udp, 5000, 0},
    {"mix", mix, 5000, 0},
    {"request", requests, 2000, 0},
    {"udp_mix", udp_mix, 5000, 0},
};

int main(int argc, char **argv)
{
    struct options options = {.connections = 1, .window_bytes = 262144, .step_ns = 10000};
    const char *name = options_read(argc, argv, &options);
    const struct mode *mode = NULL;
    struct world *world;

    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(name, modes[i].name) == 0)
            mode = &modes[i];
    }
    if (!mode)
        options_usage();
    if (options.units == 0)
        options.units = mode->units;
    if (options.transfers == 0)
        options.transfers = mode->transfers;
    world = world_create(&options);
    mode->run(world);
    world_destroy(world);
    free(tally.conns);
    return 0;
}
