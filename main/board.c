/*
 * board.c -- see board.h.
 *
 * The metrics are entries one after another: facts of the program, its logs, the counters of its
 * stack, and those of its servers of HTTP, added up. Requests to the board itself are none of them,
 * so that a supervisor's questions don't hide the users' ones.
 */
#include "board.h"

#include <stdio.h>

#include <leat/dashboard.h>
#include <leat/http_server.h>
#include <leat/life.h>
#include <leat/metrics.h>

#include "sink.h"

enum {
    CLIENTS = 8, /* browsers, Prometheus, supervisors */
    ROUTES = 4,
    SERVERS = 4,
    SERVER_BYTES = 24 * 1024,
    DASHBOARD_BYTES = 7 * 1024,
    ENTRIES_BYTES = 1400 /* that are sent at a time */
};

static const uint64_t second_ns = 1000000000;

/* The program behind the board. */
static struct {
    const struct leat_platform *platform;
    const char *title;
    const bool *started;
    uint64_t begun_ns;
    const struct leat_http_server *servers[SERVERS];
    unsigned server_count;
    struct leat_http_server_counts sum; /* of the servers */
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
    if (leat_is_draining(shown.platform->stack))
        answer(exchange, 503, ending, sizeof ending - 1);
    else if (!*shown.started)
        answer(exchange, 503, starting, sizeof starting - 1);
    else
        answer(exchange, 200, ready, sizeof ready - 1);
}

/* ---- The servers of the program ----------------------------------------------------------- */

void board_show(struct leat_platform *platform, const struct leat_http_server *server)
{
    (void)platform;
    if (shown.server_count < SERVERS)
        shown.servers[shown.server_count++] = server;
}

/* The sum of their counters, which all are numbers of 64 bits. NULL: there are no servers. */
static const struct leat_http_server_counts *add_up(void *arg)
{
    enum {
        COUNTERS = sizeof shown.sum / sizeof(uint64_t)
    };
    uint64_t *sum = (uint64_t *)(void *)&shown.sum;

    (void)arg;
    _Static_assert(sizeof shown.sum == COUNTERS * sizeof(uint64_t), "nothing else");
    for (unsigned i = 0; i < COUNTERS; i++)
        sum[i] = 0;
    for (unsigned server = 0; server < shown.server_count; server++) {
        const uint64_t *counts =
            (const uint64_t *)(const void *)leat_http_server_counts(shown.servers[server]);

        for (unsigned i = 0; i < COUNTERS; i++)
            sum[i] += counts[i];
    }
    return shown.server_count > 0 ? &shown.sum : NULL;
}

/* ---- Metrics ------------------------------------------------------------------------------ */

/* The entries here return their length, or 0 behind the last one. */

static size_t fact_entry(unsigned index, char text[LEAT_METRICS_ENTRY_BYTES])
{
    const struct leat *stack = shown.platform->stack;
    const unsigned long long up_ns = leat_now_ns(stack) - shown.begun_ns;
    int len = 0;

    if (index == 0)
        len = snprintf(text, LEAT_METRICS_ENTRY_BYTES,
                       "# HELP leat_build_info version of leat, and the program\n"
                       "# TYPE leat_build_info gauge\n"
                       "leat_build_info{version=\"%.40s\",program=\"%.40s\"} 1\n",
                       LEAT_VERSION, shown.title);
    else if (index == 1)
        len = snprintf(text, LEAT_METRICS_ENTRY_BYTES,
                       "# HELP leat_uptime_seconds time since the program began\n"
                       "# TYPE leat_uptime_seconds gauge\n"
                       "leat_uptime_seconds %llu.%03llu\n",
                       up_ns / second_ns, up_ns % second_ns / (second_ns / 1000));
    else if (index == 2)
        len = snprintf(text, LEAT_METRICS_ENTRY_BYTES,
                       "# HELP leat_ready 1: it serves; 0: it starts or ends\n"
                       "# TYPE leat_ready gauge\n"
                       "leat_ready %d\n",
                       *shown.started && !leat_is_draining(stack));
    return len > 0 ? (size_t)len : 0;
}

/* Counters that go on after a restart, because the store has them. */
static size_t run_entry(unsigned index, char text[LEAT_METRICS_ENTRY_BYTES])
{
    const struct leat_platform *platform = shown.platform;
    const uint64_t up_s = (leat_now_ns(platform->stack) - shown.begun_ns) / second_ns;
    int len = 0;

    if (platform->starts == 0)
        return 0;
    if (index == 0)
        len = snprintf(text, LEAT_METRICS_ENTRY_BYTES,
                       "# HELP leat_starts_total starts with this store\n"
                       "# TYPE leat_starts_total counter\n"
                       "leat_starts_total %llu\n",
                       (unsigned long long)platform->starts);
    else if (index == 1)
        len = snprintf(text, LEAT_METRICS_ENTRY_BYTES,
                       "# HELP leat_run_seconds_total time that all runs with this store took\n"
                       "# TYPE leat_run_seconds_total counter\n"
                       "leat_run_seconds_total %llu\n",
                       (unsigned long long)(platform->ran_before_s + up_s));
    return len > 0 ? (size_t)len : 0;
}

static size_t certificate_entry(unsigned index, char text[LEAT_METRICS_ENTRY_BYTES])
{
    static const struct {
        const char *name, *type, *what;
    } families[] = {
        {"leat_certificate_expiry_timestamp_seconds", "gauge",
         "when the first certificate ends to be valid, since 1970"},
        {"leat_certificates_obtained_total", "counter", "certificates that ACME has brought"},
        {"leat_certificates_failed_total", "counter",
         "attempts to obtain a certificate that failed"}};
    const struct leat_platform *platform = shown.platform;
    const uint64_t values[] = {platform->certificate_ends_s, platform->certificates_obtained,
                               platform->certificates_failed};
    int len;

    index += values[0] > 0 ? 0 : 1; /* without a certificate there is no end of one */
    if (index >= (platform->acme ? sizeof families / sizeof *families : 1))
        return 0;
    len = snprintf(text, LEAT_METRICS_ENTRY_BYTES, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n",
                   families[index].name, families[index].what, families[index].name,
                   families[index].type, families[index].name, (unsigned long long)values[index]);
    return len > 0 ? (size_t)len : 0;
}

/* A family with a sample for each outcome. */
static size_t fetch_entry(unsigned index, char text[LEAT_METRICS_ENTRY_BYTES])
{
    const struct leat_platform *platform = shown.platform;
    int len;

    if (index > 0 || !platform->has_fetches)
        return 0;
    len = snprintf(text, LEAT_METRICS_ENTRY_BYTES,
                   "# HELP leat_fetches_total attempts to fetch texts again, by their outcome\n"
                   "# TYPE leat_fetches_total counter\n"
                   "leat_fetches_total{outcome=\"new\"} %llu\n"
                   "leat_fetches_total{outcome=\"unchanged\"} %llu\n"
                   "leat_fetches_total{outcome=\"failed\"} %llu\n",
                   (unsigned long long)platform->fetches_new,
                   (unsigned long long)platform->fetches_unchanged,
                   (unsigned long long)platform->fetches_failed);
    return len > 0 ? (size_t)len : 0;
}

/* A family has a sample for each log. */
static size_t log_entry(unsigned index, char text[LEAT_METRICS_ENTRY_BYTES])
{
    static const struct {
        const char *name, *what;
    } families[] = {{"leat_log_lines_total", "lines of a log, lost ones among them"},
                    {"leat_log_lines_dropped_total", "lines for which a log had no room"}};
    size_t len = 0;

    if (index >= sizeof families / sizeof *families || !sink_at(0))
        return 0;
    len = (size_t)snprintf(text, LEAT_METRICS_ENTRY_BYTES, "# HELP %s %s\n# TYPE %s counter\n",
                           families[index].name, families[index].what, families[index].name);
    for (unsigned i = 0; sink_at(i) && len < LEAT_METRICS_ENTRY_BYTES; i++)
        len += (size_t)snprintf(
            text + len, LEAT_METRICS_ENTRY_BYTES - len, "%s{log=\"%.30s\"} %llu\n",
            families[index].name, sink_at(i)->option,
            (unsigned long long)(index > 0 ? sink_dropped(sink_at(i)) : sink_at(i)->lines));
    return len;
}

static size_t stack_entry(unsigned index, char text[LEAT_METRICS_ENTRY_BYTES])
{
    return leat_metrics_entry(shown.platform->stack, index, text);
}

static size_t server_entry(unsigned index, char text[LEAT_METRICS_ENTRY_BYTES])
{
    const struct leat_http_server_counts *sum = add_up(NULL);

    return sum ? leat_metrics_server_entry(sum, index, text) : 0;
}

static size_t entry(unsigned group, unsigned index, char text[LEAT_METRICS_ENTRY_BYTES])
{
    return group == 0   ? fact_entry(index, text)
           : group == 1 ? run_entry(index, text)
           : group == 2 ? certificate_entry(index, text)
           : group == 3 ? log_entry(index, text)
           : group == 4 ? fetch_entry(index, text)
           : group == 5 ? stack_entry(index, text)
                        : server_entry(index, text);
}

/* The place of the next entry: its group, and its number there. */
struct place {
    uint16_t group, index;
};

static struct place place_of(const void *arg)
{
    return (struct place){(uint16_t)((uintptr_t)arg >> 16), (uint16_t)(uintptr_t)arg};
}

/* Writes as many entries as fit, and goes behind them. */
static size_t write_entries(struct place *at, char *text)
{
    enum {
        GROUPS = 7
    };
    size_t len = 0;

    while (at->group < GROUPS && len + LEAT_METRICS_ENTRY_BYTES <= ENTRIES_BYTES) {
        const size_t bytes = entry(at->group, at->index, text + len);

        len += bytes;
        at->index++;
        if (bytes == 0)
            *at = (struct place){.group = (uint16_t)(at->group + 1)};
    }
    return len;
}

/* @arg is the place of the next entry. */
static void send_metrics(struct leat_http_exchange *exchange, void *arg)
{
    static char text[ENTRIES_BYTES];
    struct place at = place_of(arg);
    size_t len;

    while (leat_http_send_room(exchange) >= ENTRIES_BYTES) {
        struct place next = at;

        len = write_entries(&next, text);
        if (len == 0) {
            leat_http_finish(exchange);
            return;
        }
        if (leat_http_write(exchange, text, len) < len) {
            leat_http_set_arg(exchange, (void *)((uintptr_t)at.group << 16 | at.index));
            return; /* there was no buffer, and on_writable follows */
        }
        at = next;
    }
    leat_http_set_arg(exchange, (void *)((uintptr_t)at.group << 16 | at.index));
    leat_http_want_room(exchange, ENTRIES_BYTES);
}

static void on_metrics(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {
        .status = 200, .type = "text/plain; version=0.0.4; charset=utf-8", .len = LEAT_HTTP_ANY};

    (void)arg;
    leat_http_reply(exchange, &head);
    send_metrics(exchange, NULL);
}

/* ---- The port ----------------------------------------------------------------------------- */

enum leat_err board_serve(const struct options *options, struct leat_platform *platform,
                          const char *title, const bool *started)
{
    static char server_memory[SERVER_BYTES], dashboard_memory[DASHBOARD_BYTES];
    static struct leat_http_route routes[ROUTES] = {
        [1] = {.path = "/metrics",
               .methods = LEAT_HTTP_GET,
               .on_request = on_metrics,
               .on_writable = send_metrics},
        [2] = {.path = "/healthz", .methods = LEAT_HTTP_GET, .on_request = on_health},
        [3] = {.path = "/readyz", .methods = LEAT_HTTP_GET, .on_request = on_ready}};
    const struct leat_http_server_config config = {.routes = routes,
                                                   .route_count = ROUTES,
                                                   .port = options->dashboard_port,
                                                   .clients = CLIENTS};
    const struct leat_dashboard_config board = {.title = title, .http = add_up};
    struct leat *stack = platform->stack;
    struct leat_dashboard *dashboard;
    struct leat_http_server *server;
    enum leat_err err;

    if (options->dashboard_port == 0)
        return LEAT_OK;
    shown.platform = platform;
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
