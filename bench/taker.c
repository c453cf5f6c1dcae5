/*
 * taker.c -- a client on leat for the benches: receives the data of a chargen server.
 *
 *      taker ... SECONDS       from the gateway; prints Gbit/s
 */
#include "example.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
    struct leat_platform *platform;
    uint64_t wanted_ns;
    uint64_t begun_ns; /* 0: nothing has come yet */
    uint64_t bytes;
    bool finished;
} taker;

static uint64_t now_ns(void)
{
    return taker.platform->host->now_ns(taker.platform->host);
}

static void take_data(struct leat_tcp *conn, void *arg)
{
    const uint64_t now = now_ns();
    struct leat_buf *data;
    char line[32];

    (void)arg;
    if (taker.begun_ns == 0)
        taker.begun_ns = now;
    while ((data = leat_tcp_receive(conn, UINT32_MAX))) {
        const uint32_t len = leat_buf_total(data);

        leat_buf_free(data);
        leat_tcp_consumed(conn, len);
        taker.bytes += len;
    }
    if (now - taker.begun_ns < taker.wanted_ns)
        return;
    snprintf(line, sizeof line, "%.4f", (double)taker.bytes * 8 / (double)(now - taker.begun_ns));
    taker.platform->say(taker.platform, line);
    taker.finished = true;
    leat_tcp_abort(conn);
    taker.platform->finish(taker.platform, 0);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)arg;
    if (taker.finished)
        return;
    taker.platform->say(taker.platform, leat_err_text(why));
    taker.platform->finish(taker.platform, 1);
}

static const struct leat_tcp_events events = {.on_readable = take_data, .on_closed = on_closed};

static const char *start(struct leat_platform *platform)
{
    const struct leat_endpoint peer = leat_endpoint_of(platform->gateway, platform->port);
    const struct leat_endpoint local = leat_endpoint_of(LEAT_IP_ANY, 0);
    struct leat_tcp *conn;
    const double seconds = platform->argument_count == 1 ? atof(platform->arguments[0]) : 0;

    if (seconds <= 0)
        return "how many seconds?";
    taker.platform = platform;
    taker.wanted_ns = (uint64_t)(seconds * 1e9);
    return leat_tcp_connect(platform->stack, &conn, &peer, &local, &events, NULL) ? "can't connect"
                                                                                  : NULL;
}

const struct leat_app example = {.name = "taker",
                                 .summary = "Takes what a chargen server sends (for benches).",
                                 .arguments = "SECONDS",
                                 .default_port = 19,
                                 .start = start};
