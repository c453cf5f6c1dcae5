/* board.c -- see board.h. */
#include "board.h"

#include <stdio.h>

#include <leat/dashboard.h>
#include <leat/http_server.h>
#include <leat/life.h>
#include <leat/metrics.h>

enum {
    CLIENTS = 8, /* browsers, Prometheus, supervisors */
    ROUTES = 4,
    SERVER_BYTES = 24 * 1024,
    DASHBOARD_BYTES = 5 * 1024,
    FACTS_BYTES = 480
};

static const uint64_t second_ns = 1000000000;

/* The program behind the board. */
static struct {
    const struct leat *stack;
    const char *title;
    const bool *started;
    uint64_t begun_ns;
} shown;

static void answer(struct leat_http_exchange *exchange, uint16_t status, const char *text,
                   uint32_t len)
{
    const struct leat_http_head head = {.status = status, .type = "text/plain", .len = len};

    leat_http_answer(exchange, &head, text, len);
}

/* A client that gets this answer knows that the loop runs. */
static void on_health(struct leat_http_exchange *exchange, void *arg)
{
    static const char text[] = "ok\n";

    (void)arg;
    answer(exchange, 200, text, sizeof text - 1);
}

static void on_ready(struct leat_http_exchange *exchange, void *arg)
{
    static const char ready[] = "ready\n", starting[] = "starting\n", ending[] = "ending\n";

    (void)arg;
    if (leat_is_draining(shown.stack))
        answer(exchange, 503, ending, sizeof ending - 1);
    else if (!*shown.started)
        answer(exchange, 503, starting, sizeof starting - 1);
    else
        answer(exchange, 200, ready, sizeof ready - 1);
}

/* Facts of the program, and then the counters of its stack. */
static void on_metrics(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {
        .status = 200, .type = "text/plain; version=0.0.4; charset=utf-8", .len = LEAT_HTTP_ANY};
    const uint64_t up_ns = leat_now_ns(shown.stack) - shown.begun_ns;
    static char facts[FACTS_BYTES];
    int len;

    (void)arg;
    len = snprintf(facts, sizeof facts,
                   "# HELP leat_build_info version of leat, and the program\n"
                   "# TYPE leat_build_info gauge\n"
                   "leat_build_info{version=\"%.40s\",program=\"%.40s\"} 1\n"
                   "# HELP leat_uptime_seconds time since the program began\n"
                   "# TYPE leat_uptime_seconds gauge\n"
                   "leat_uptime_seconds %llu\n"
                   "# HELP leat_ready 1: it serves; 0: it starts or ends\n"
                   "# TYPE leat_ready gauge\n"
                   "leat_ready %d\n",
                   LEAT_VERSION, shown.title, (unsigned long long)(up_ns / second_ns),
                   *shown.started && !leat_is_draining(shown.stack));
    leat_http_set_arg(exchange, NULL);
    leat_http_reply(exchange, &head);
    if (len <= 0 || leat_http_write(exchange, facts, (size_t)len) < (size_t)len)
        leat_http_abort(exchange); /* no buffers: half of the facts would be none */
    else
        leat_metrics_on_writable(exchange, NULL);
}

enum leat_err board_serve(const struct options *options, struct leat *stack, const char *title,
                          const bool *started)
{
    static char server_memory[SERVER_BYTES], dashboard_memory[DASHBOARD_BYTES];
    static struct leat_http_route routes[ROUTES] = {
        [1] = {.path = "/metrics",
               .methods = LEAT_HTTP_GET,
               .on_request = on_metrics,
               .on_writable = leat_metrics_on_writable},
        [2] = {.path = "/healthz", .methods = LEAT_HTTP_GET, .on_request = on_health},
        [3] = {.path = "/readyz", .methods = LEAT_HTTP_GET, .on_request = on_ready}};
    const struct leat_http_server_config config = {.routes = routes,
                                                   .route_count = ROUTES,
                                                   .port = options->dashboard_port,
                                                   .clients = CLIENTS};
    const struct leat_dashboard_config board = {.title = title};
    struct leat_dashboard *dashboard;
    struct leat_http_server *server;
    enum leat_err err;

    if (options->dashboard_port == 0)
        return LEAT_OK;
    shown.stack = stack;
    shown.title = title;
    shown.started = started;
    shown.begun_ns = leat_now_ns(stack);
    err =
        leat_dashboard_start(&dashboard, stack, dashboard_memory, sizeof dashboard_memory, &board);
    if (err)
        return err;
    routes[0] = leat_dashboard_route(dashboard, "/");
    return leat_http_server_open(&server, stack, server_memory, sizeof server_memory, &config);
}
