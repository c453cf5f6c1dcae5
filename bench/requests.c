/*
 * requests.c -- a client on leat for bench/bindings.py: asks an echo server, then sends bulk there
 * and back.
 *
 *      requests ... COUNT MIB      of the gateway; prints the median of a request in nanoseconds,
 * and the time of the bulk
 */
#include "example.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    REQUEST_BYTES = 64,
    COUNT_MAX = 1000000
};

static struct {
    struct leat_platform *platform;
    uint64_t *times_ns; /* of each request */
    uint32_t count;
    uint32_t done;
    uint32_t reply_bytes; /* of this request */
    uint64_t began_ns;    /* this request, or the bulk */
    uint64_t bulk_bytes;
    uint64_t sent_bytes; /* of the bulk */
    uint64_t came_bytes;
    bool is_finished;
    uint8_t data[65536];
} client;

static uint64_t now_ns(void)
{
    return client.platform->host->now_ns(client.platform->host);
}

static void finish(struct leat_tcp *conn, const char *line, int status)
{
    client.is_finished = true;
    client.platform->say(client.platform, line);
    leat_tcp_abort(conn);
    client.platform->finish(client.platform, status);
}

static void ask(struct leat_tcp *conn)
{
    size_t taken;

    client.began_ns = now_ns();
    client.reply_bytes = 0;
    if (leat_tcp_write(conn, client.data, REQUEST_BYTES, &taken) || taken != REQUEST_BYTES)
        finish(conn, "a request did not fit", 1);
}

static void send_bulk(struct leat_tcp *conn)
{
    size_t taken = 1;

    while (taken > 0 && client.sent_bytes < client.bulk_bytes) {
        const uint64_t rest = client.bulk_bytes - client.sent_bytes;
        const size_t len = rest < sizeof client.data ? (size_t)rest : sizeof client.data;

        taken = 0;
        (void)leat_tcp_write(conn, client.data, len,
                             &taken); /* if it takes less, on_writable follows */
        client.sent_bytes += taken;
    }
}

static int in_order(const void *a, const void *b)
{
    const uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

    return (one > other) - (one < other);
}

static void report(struct leat_tcp *conn)
{
    const uint64_t bulk_ns = now_ns() - client.began_ns;
    char line[64];

    qsort(client.times_ns, client.count, sizeof *client.times_ns, in_order);
    snprintf(line, sizeof line, "%llu %llu", (unsigned long long)client.times_ns[client.count / 2],
             (unsigned long long)bulk_ns);
    finish(conn, line, 0);
}

static void take_reply(struct leat_tcp *conn, size_t bytes)
{
    client.reply_bytes += (uint32_t)bytes;
    if (client.reply_bytes < REQUEST_BYTES)
        return;
    client.times_ns[client.done++] = now_ns() - client.began_ns;
    if (client.done < client.count) {
        ask(conn);
        return;
    }
    client.began_ns = now_ns();
    send_bulk(conn);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    static uint8_t came[sizeof client.data];
    size_t bytes;

    (void)arg;
    while (!client.is_finished && (bytes = leat_tcp_read(conn, came, sizeof came)) > 0) {
        if (client.done < client.count) {
            take_reply(conn, bytes);
            continue;
        }
        client.came_bytes += bytes;
        if (client.came_bytes == client.bulk_bytes)
            report(conn);
    }
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    leat_tcp_set_nodelay(conn, true);
    ask(conn);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    if (client.done == client.count)
        send_bulk(conn);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)arg;
    if (client.is_finished)
        return;
    client.platform->say(client.platform, leat_err_text(why));
    client.platform->finish(client.platform, 1);
}

static const struct leat_tcp_events events = {.on_open = on_open,
                                              .on_readable = on_readable,
                                              .on_writable = on_writable,
                                              .on_closed = on_closed};

static const char *start(struct leat_platform *platform)
{
    const struct leat_endpoint peer = leat_endpoint_of(platform->gateway, platform->port);
    const long count = platform->argument_count == 2 ? atol(platform->arguments[0]) : 0;
    const long mib = platform->argument_count == 2 ? atol(platform->arguments[1]) : 0;
    struct leat_tcp *conn;

    if (count < 1 || count > COUNT_MAX || mib < 1 || mib > 65536)
        return "how many requests, and how many MiB?";
    client.platform = platform;
    client.count = (uint32_t)count;
    client.bulk_bytes = (uint64_t)mib << 20;
    client.times_ns = calloc(client.count, sizeof *client.times_ns);
    if (!client.times_ns)
        return "no memory";
    return leat_tcp_connect(platform->stack, &conn, &peer, NULL, &events, NULL) ? "can't connect"
                                                                                : NULL;
}

const struct leat_app example = {.name = "requests",
                                 .summary = "Asks an echo server, and sends it bulk (for benches).",
                                 .arguments = "COUNT MIB",
                                 .default_port = 7,
                                 .start = start};
