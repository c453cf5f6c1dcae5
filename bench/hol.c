/*
 * hol.c -- how long a request and a new connection wait beside bulk, when the device is slower than
 * the program.
 *
 *      hol [--check]
 *
 * The client's device takes one frame every 10 us.  Beside 1, 2, 8 and 64 connections that send as
 * much as they can, and a program that sends datagrams without end, a connection is opened, and
 * exchanges requests and responses of 64 bytes for a second.  Then the device stands still for a
 * second, and continues.  Time is virtual, so each run prints the same.
 *
 * --check: exit status 1 if a connection took longer than 5 ms to open, or one of 100 requests
 * longer than 2 ms.  Also if a flow got less than 0.9 of another one's data, before or after.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

enum {
    FLOWS_MAX = 64,
    FRAME_NS = 10000,
    WINDOW = 4 * 1024 * 1024,
    CHUNK = 65536,
    MESSAGE = 64,
    FLOOD_FRAMES = 4, /* datagrams a turn: four times what the device takes */
    FLOOD_BYTES = 1400,
    OPEN_US_MAX = 5000,
    REQUEST_US_MAX = 2000
};

static const uint64_t settle_ns = 500000000, measure_ns = 1000000000, after_ns = 200000000;
static const double fair = 0.9;
static const uint8_t data[CHUNK];

/* The device: that of the wire, with a bound. */
static struct leat_netif_ops slow_ops;
static const struct leat_netif_ops *wire_ops;
static uint32_t room;

static struct run {
    struct world *world;
    uint32_t flows, opened, accepted;
    uint64_t bytes[FLOWS_MAX + 1]; /* that the server got, by connection */
    struct leat_tcp *asker;
    struct leat_udp *flood;
    uint64_t asked_ns;
    uint32_t waits_us[1 << 17]; /* of requests */
    uint32_t waits;
} run;

static uint32_t slow_room(struct leat_netif *netif)
{
    const uint32_t most = wire_ops->transmit_room(netif);

    return room < most ? room : most;
}

static void slow_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                          uint32_t frame_count)
{
    room -= frame_count;
    wire_ops->transmit(netif, now_ns, frames, frame_count);
}

/* ---- both programs ------------------------------------------------------------------------ */

static uint32_t swallow(struct leat_tcp *conn)
{
    struct leat_buf *got = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(got);

    leat_buf_free(got);
    leat_tcp_consumed(conn, len);
    return len;
}

static void write_message(struct leat_tcp *conn)
{
    size_t taken = 0;

    if (leat_tcp_write(conn, data, MESSAGE, &taken) || taken != MESSAGE)
        world_fail("can't write");
}

static void fill(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *chunk;

    (void)arg;
    do {
        chunk = leat_buf_lend(leat_pool(run.world->client.stack), data, CHUNK, 0, 0);
    } while (chunk && leat_tcp_send(conn, chunk) == LEAT_OK);
}

static void bulk_open(struct leat_tcp *conn, void *arg)
{
    run.opened++;
    fill(conn, arg);
}

static void ask(struct leat_tcp *conn)
{
    run.asked_ns = run.world->now_ns;
    write_message(conn);
}

static void asker_open(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    run.opened++;
    ask(conn);
}

static void asker_read(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    if (swallow(conn) < MESSAGE)
        return;
    if (run.waits < sizeof run.waits_us / sizeof run.waits_us[0])
        run.waits_us[run.waits++] = (uint32_t)((run.world->now_ns - run.asked_ns) / 1000);
    ask(conn);
}

static void server_read(struct leat_tcp *conn, void *arg)
{
    uint64_t *bytes = arg;
    const uint32_t len = swallow(conn);

    *bytes += len;
    if (bytes == &run.bytes[run.flows] && len > 0)
        write_message(conn);
}

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events events = {.on_readable = server_read};
    struct leat_tcp *conn;

    (void)arg;
    while ((conn = leat_tcp_accept(listener, &events, &run.bytes[run.accepted]))) {
        run.accepted++;
        leat_tcp_set_nodelay(conn, true);
    }
}

static void connect_one(struct leat_tcp **conn, const struct leat_tcp_events *events)
{
    const struct leat_endpoint server = world_server(run.world, 0);

    if (leat_tcp_connect(run.world->client.stack, conn, &server, 0, events, 0))
        world_fail("can't connect");
    leat_tcp_set_nodelay(*conn, true);
}

/* ---- time --------------------------------------------------------------------------------- */

static void turn(uint32_t frames)
{
    const struct leat_endpoint nobody = leat_endpoint_of(world_server_ip(run.world), 9);

    for (unsigned i = 0; run.flood && i < FLOOD_FRAMES; i++)
        leat_udp_send_to(run.flood,
                         leat_buf_lend(leat_pool(run.world->client.stack), data, FLOOD_BYTES, 0, 0),
                         &nobody);
    room = frames;
    world_turn(run.world);
}

static void turns(uint64_t ns, uint32_t frames)
{
    for (uint64_t i = 0; i < ns / FRAME_NS; i++)
        turn(frames);
}

/* Turns until @count connections are open; returns how long it took, us. */
static uint32_t until_opened(uint32_t count, uint32_t frames)
{
    const uint64_t begin_ns = run.world->now_ns;

    while (run.opened < count && run.world->now_ns - begin_ns < measure_ns)
        turn(frames);
    return (uint32_t)((run.world->now_ns - begin_ns) / 1000);
}

/* ---- one row ------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* The share of the slowest flow, relative to the fastest, in @ns. */
static double share(uint64_t ns, uint64_t *all)
{
    uint64_t before[FLOWS_MAX], least = UINT64_MAX, most = 1;

    memcpy(before, run.bytes, sizeof before);
    turns(ns, 1);
    *all = 0;
    for (uint32_t i = 0; i < run.flows; i++) {
        const uint64_t got = run.bytes[i] - before[i];

        least = got < least ? got : least;
        most = got > most ? got : most;
        *all += got;
    }
    return (double)least / (double)most;
}

static void begin(uint32_t flows, bool ipv6, bool flooded)
{
    static const struct leat_tcp_events bulk = {.on_open = bulk_open, .on_writable = fill};
    static const struct leat_udp_events none = {0};
    const struct options options = {
        .connections = flows, .window_bytes = WINDOW, .step_ns = FRAME_NS, .ipv6 = ipv6};
    struct leat_netif *netif;
    struct leat_tcp *conn;

    memset(&run, 0, sizeof run);
    run.flows = flows;
    run.world = world_create(&options);
    netif = &run.world->wire.ends[0].netif;
    wire_ops = netif->ops;
    slow_ops = *wire_ops;
    slow_ops.transmit_room = slow_room;
    slow_ops.transmit = slow_transmit;
    netif->ops = &slow_ops;
    world_listen(run.world, on_acceptable);
    for (uint32_t i = 0; i < flows; i++)
        connect_one(&conn, &bulk);
    until_opened(flows, UINT32_MAX);
    if (flooded && leat_udp_open(run.world->client.stack, &run.flood, &none, 0))
        world_fail("no socket");
    turns(settle_ns, 1);
}

/* True if the figures hold. */
static bool row(uint32_t flows, bool ipv6, bool flooded)
{
    static const struct leat_tcp_events asker = {.on_open = asker_open, .on_readable = asker_read};
    double before, after;
    uint32_t open_us, p99_us;
    uint64_t all, later;

    begin(flows, ipv6, flooded);
    connect_one(&run.asker, &asker);
    open_us = until_opened(flows + 1, 1);
    run.waits = 0;
    before = share(measure_ns, &all);
    qsort(run.waits_us, run.waits, sizeof run.waits_us[0], compare);
    p99_us = run.waits > 0 ? run.waits_us[run.waits * 99 / 100] : UINT32_MAX;
    printf("%5u%s %s %8u %9u %7u %7u %7u %6.2f", flows, flooded ? "+UDP" : "    ",
           ipv6 ? "IPv6" : "IPv4", open_us, run.waits, run.waits_us[run.waits / 2], p99_us,
           run.waits > 0 ? run.waits_us[run.waits - 1] : 0, before);
    turns(measure_ns, 0);
    after = share(after_ns, &later);
    printf(" %6.2f %8.0f %8llu\n", after, (double)all * 8 * 1e3 / (double)measure_ns,
           (unsigned long long)leat_stats(run.world->client.stack)->tcp_retransmitted);
    world_destroy(run.world);
    return open_us <= OPEN_US_MAX && p99_us <= REQUEST_US_MAX && before >= fair && after >= fair;
}

int main(int argc, char **argv)
{
    static const struct {
        uint32_t flows;
        bool flooded;
    } rows[] = {{1, false}, {2, false}, {8, false}, {64, false}, {8, true}};
    const bool check = argc == 2 && !strcmp(argv[1], "--check");
    bool good = true;

    if (argc > 1 && !check) {
        fprintf(stderr, "usage: hol [--check]\n");
        return 2;
    }
    printf("flows     family  open us  requests  p50 us  p99 us  max us  share after_stall"
           " Mbit/s  sent_again\n");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned ipv6 = 0; ipv6 < 2; ipv6++)
            good &= row(rows[i].flows, ipv6, rows[i].flooded);
    }
    return check && !good;
}
