/* flight.c -- the flight recorder of leat_main(), on every platform. */
#include "flight.h"

#include <string.h>

/* Gathers the pieces of leat_flight_dump(), and queues them behind the earlier ones. */
struct piece {
    struct flight *flight;
    size_t at; /* in the dump */
    size_t count;
    bool full; /* the rest waits for room */
};

size_t flight_bytes(const struct options *options)
{
    const size_t bytes = (size_t)options->flight_kib * 1024;

    return bytes >= LEAT_FLIGHT_BYTES_MIN ? bytes : 0;
}

struct leat_netif *flight_wrap(struct flight *flight, const struct options *options, void *memory,
                               struct leat_netif *netif)
{
    flight->recorder = leat_flight_init(memory, flight_bytes(options), netif, options->flight_snap);
    return flight->recorder ? leat_flight_netif(flight->recorder) : netif;
}

static void queue_block(struct piece *piece)
{
    struct flight *flight = piece->flight;
    size_t taken = 0;

    if (piece->count == 0 || piece->full)
        return;
    if (leat_tcp_write(flight->conn, flight->block, piece->count, &taken))
        taken = 0;
    flight->sent += taken;
    piece->full = taken < piece->count;
    piece->count = 0;
}

static void gather(void *arg, const void *bytes, size_t len)
{
    struct piece *piece = arg;
    const uint8_t *from = bytes;

    for (size_t i = 0; i < len && !piece->full; i++, piece->at++) {
        if (piece->at < piece->flight->sent + piece->count)
            continue; /* sent before */
        piece->flight->block[piece->count++] = from[i];
        if (piece->count == FLIGHT_BLOCK_BYTES)
            queue_block(piece);
    }
}

/* Continues the dump, as far as there is room. */
static void send_dump(struct leat_tcp *conn, void *arg)
{
    struct flight *flight = arg;
    struct piece piece = {.flight = flight};

    leat_flight_dump(flight->recorder, gather, &piece);
    queue_block(&piece);
    if (!piece.full)
        leat_tcp_shutdown(conn);
}

/* Data from the reader is ignored. */
static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);

    (void)arg;
    leat_tcp_consumed(conn, leat_buf_total(data));
    leat_buf_free(data);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct flight *flight = arg;

    (void)why;
    if (flight->conn != conn)
        return;
    flight->conn = NULL;
    leat_flight_pause(flight->recorder, false);
}

static const struct leat_tcp_events dump_events = {
    .on_readable = on_readable, .on_writable = send_dump, .on_closed = on_closed};

static const struct leat_tcp_events no_events = {0};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct flight *flight = arg;
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, flight->conn ? &no_events : &dump_events, flight))) {
        if (flight->conn) {
            leat_tcp_abort(conn); /* one at a time */
            continue;
        }
        flight->conn = conn;
        flight->sent = 0;
        leat_flight_pause(flight->recorder, true);
        send_dump(conn, flight);
    }
}

enum leat_err flight_serve(struct flight *flight, const struct options *options, struct leat *stack)
{
    const struct leat_tcp_listen_config listen = {
        .port = options->flight_port,
        .idle_timeout_ns = options->idle_ns,
        .lifetime_ns = options->idle_ns, /* nothing is kept until the dump has been read */
        .displace = true,
        .on_acceptable = on_acceptable,
        .arg = flight};
    struct leat_tcp_listener *listener;

    if (!flight->recorder || options->flight_port == 0)
        return LEAT_OK;
    return leat_tcp_listen(stack, &listener, &listen);
}
