/*
 * dashboard_page.c -- the page of a dashboard, written entry by entry into the buffers that are
 * sent.
 *
 * The steps are in the order of the page: the head, a plot for each series, the connections, each
 * reason of drops, the end.
 */
#include <leat/stats.h>
#include <leat/tcp.h>

#include "web/http/dashboard.h"
#include "web/http/http_text.h"

enum {
    ENTRY_BYTES = 1792,
    POINT_BYTES = 7,   /* "179 39 " */
    FRAME_BYTES = 470, /* a plot without its points */
    PLOT_HEIGHT = 40,
    TEXT_HEADROOM = 2048 - ENTRY_BYTES
};

#define SECOND_NS UINT64_C(1000000000)

_Static_assert(TEXT_HEADROOM >= LEAT_BUF_HEADROOM, "an entry fits into a buffer of the least size");
_Static_assert(LEAT_DASHBOARD_SAMPLES_MAX *POINT_BYTES + FRAME_BYTES <= ENTRY_BYTES, "a plot fits");

enum step {
    STEP_HEAD,
    STEP_STYLE,
    STEP_TITLE,
    STEP_PLOTS,
    STEP_CONNECTIONS = STEP_PLOTS + SERIES_COUNT,
    STEP_CONNECTION, /* repeated for each */
    STEP_DROPS,
    STEP_DROP,
    STEP_END = STEP_DROP + LEAT_STAT_COUNT,
    STEP_NOTHING
};

static const struct {
    const char *name;
    const char *unit;
} series_texts[SERIES_COUNT] = {
    [SERIES_RX] = {"Frames received", "/s"},
    [SERIES_TX] = {"Frames sent", "/s"},
    [SERIES_AGAIN] = {"TCP segments sent again", "/s"},
    [SERIES_DROPS] = {"Packets dropped", "/s"},
    [SERIES_REQUESTS] = {"HTTP requests", "/s"},
    [SERIES_ERRORS] = {"HTTP errors", "/s"},
    [SERIES_BYTES] = {"HTTP bytes sent", "bytes/s"},
    [SERIES_CONNECTIONS] = {"TCP connections", ""},
    [SERIES_RTT] = {"Round-trip time", "\302\265s"},
    [SERIES_CWND] = {"Congestion window", "bytes"},
    [SERIES_BUFFERS] = {"Buffers in use", ""},
};

/* If an escape were missing, a browser would still run and load nothing. */
static const char fields[] =
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
    "X-Content-Type-Options: nosniff\r\n";

static const char style[] =
    "<style>"
    ":root{color-scheme:light dark;--line:#0072b2;--grid:#8884}"
    "@media(prefers-color-scheme:dark){:root{--line:#56b4e9}}"
    "body{font:1rem/1.4 system-ui,sans-serif;margin:1rem auto;max-width:75rem;padding:0 1rem}"
    "main{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1rem}"
    "figure{margin:0}figcaption{display:flex;justify-content:space-between}"
    "b{white-space:nowrap}svg{width:100%;height:6rem;border:1px solid var(--grid);display:block}"
    "polyline{fill:none;stroke:var(--line);stroke-width:2;vector-effect:non-scaling-stroke}"
    "small{opacity:.7;display:flex;justify-content:space-between}"
    "@media(max-width:40rem){body{display:flex;flex-direction:column}"
    "h1,p{order:-2}section{order:-1;min-width:0}}div{overflow-x:auto}table{border-collapse:"
    "collapse;min-width:100%}"
    "th,td{padding:.2rem .8rem .2rem 0;text-align:right;white-space:nowrap;"
    "border-bottom:1px solid var(--grid)}"
    "th:first-child,td:first-child{text-align:left}"
    "</style>";

static void add_head(struct text *text, const struct leat_dashboard *dashboard)
{
    const uint64_t wait_s = (dashboard->interval_ns + SECOND_NS - 1) / SECOND_NS;

    /* rounded up: a page that is loaded again before the next sample would show nothing new */
    text_add(text, "<!doctype html><html lang=en><meta charset=utf-8>"
                   "<meta name=viewport content='width=device-width'>"
                   "<meta http-equiv=refresh content=");
    text_add_number(text, wait_s);
    text_add(text, "><title>");
    http_text_add_escaped(text, dashboard->title);
    text_add(text, "</title>");
}

static void add_title(struct text *text, const struct leat_dashboard *dashboard)
{
    text_add(text, "<h1>");
    http_text_add_escaped(text, dashboard->title);
    text_add(text, "</h1><p>Up for ");
    text_add_number(text, (leat_now_ns(dashboard->stack) - dashboard->begun_ns) / SECOND_NS);
    text_add(text, " s.</p><main>");
}

static uint32_t greatest(const struct leat_dashboard *dashboard, enum dashboard_series series)
{
    uint32_t most = 0;

    for (unsigned i = 0; i < dashboard->sample_count; i++) {
        const uint32_t value = dashboard_value(dashboard, series, i);

        most = value > most ? value : most;
    }
    return most;
}

static void add_points(struct text *text, const struct leat_dashboard *dashboard,
                       enum dashboard_series series, uint32_t most)
{
    const unsigned first =
        dashboard->samples - dashboard->sample_count; /* the newest is at the right */

    for (unsigned i = 0; i < dashboard->sample_count; i++) {
        const uint64_t value = dashboard_value(dashboard, series, i);

        text_add_number(text, first + i);
        text_add(text, " ");
        /* In SVG y grows downwards. The first and the last row stay free, so that the line isn't
         * cut off. */
        text_add_number(text, PLOT_HEIGHT - 1 - value * (PLOT_HEIGHT - 2) / (most ? most : 1));
        text_add(text, " ");
    }
}

/* The times at both ends of a plot, and its greatest value. */
static void add_axis(struct text *text, const struct leat_dashboard *dashboard, uint32_t most)
{
    const uint64_t span_ms =
        (dashboard->samples - UINT64_C(1)) * (dashboard->interval_ns / 1000000);

    text_add(text, "<small><span>\342\210\222");
    text_add_number(text, span_ms / 1000);
    text_add(text, " s</span><span>at most ");
    text_add_number(text, most);
    text_add(text, "</span><span>now</span></small>");
}

static void add_plot(struct text *text, const struct leat_dashboard *dashboard,
                     enum dashboard_series series)
{
    const unsigned count = dashboard->sample_count;
    const uint32_t most = greatest(dashboard, series);

    text_add(text, "<figure><figcaption><span>");
    text_add(text, series_texts[series].name);
    text_add(text, "</span><b>");
    text_add_number(text, count > 0 ? dashboard_value(dashboard, series, count - 1) : 0);
    text_add(text, " ");
    text_add(text, series_texts[series].unit);
    text_add(text, "</b></figcaption><svg role=img preserveAspectRatio=none aria-label='");
    text_add(text, series_texts[series].name);
    text_add(text, "' viewBox='0 0 ");
    text_add_number(text, dashboard->samples - 1u);
    text_add(text, " ");
    text_add_number(text, PLOT_HEIGHT);
    text_add(text, "'><polyline points='");
    add_points(text, dashboard, series, most);
    text_add(text, "'/></svg>");
    add_axis(text, dashboard, most);
    text_add(text, "</figure>\n");
}

static void add_cell(struct text *text, uint64_t number)
{
    text_add(text, "<td>");
    text_add_number(text, number);
}

static void add_connection(struct text *text, const struct leat_tcp *conn)
{
    struct leat_tcp_info info;
    char end[LEAT_ENDPOINT_TEXT_BYTES];

    leat_tcp_get_info(conn, &info);
    leat_endpoint_format(&info.remote, end);
    text_add(text, "<tr><td>");
    text_add(text, end);
    /* HTML needs no end tags for cells and rows, which keeps an entry short */
    add_cell(text, info.local.port);
    text_add(text, "<td>");
    text_add(text, leat_tcp_state_text(info.state));
    add_cell(text, info.srtt_ns / 1000);
    add_cell(text, info.cwnd_bytes);
    add_cell(text, info.in_flight_bytes);
    add_cell(text, info.snd_wnd_bytes);
    add_cell(text, info.rcv_wnd_bytes);
    add_cell(text, info.queued_bytes);
    add_cell(text, info.readable_bytes);
    add_cell(text, info.retransmits);
    text_add(text, "\n");
}

/* Writes the next connection. False: there is none, or enough are listed. */
static bool list_connection(struct text *text, struct dashboard_view *view)
{
    const struct leat_tcp *conn;

    /* the page has an end even if the stack has a million connections */
    if (view->conn_count == LEAT_DASHBOARD_CONNECTIONS)
        return false;
    conn = leat_tcp_next(view->dashboard->stack, &view->conn_index);
    if (!conn)
        return false;
    if (conn == leat_http_request_conn(view->exchange))
        return true; /* the reader's own */
    view->conn_count++;
    add_connection(text, conn);
    return true;
}

/* Writes a row for a reason of drops whose count is not 0. */
static void add_drop(struct text *text, const struct leat *stack, enum leat_stat stat)
{
    const uint64_t value = leat_stat_value(leat_stats(stack), stat);

    if (leat_stat_group(stat) != LEAT_STAT_DROP || value == 0)
        return;
    text_add(text, "<tr><td>");
    http_text_add_escaped(text, leat_stat_text(stat));
    add_cell(text, value);
    text_add(text, "\n");
}

static bool is_shown(const struct leat_dashboard *dashboard, enum dashboard_series series)
{
    const bool is_http =
        series == SERIES_REQUESTS || series == SERIES_ERRORS || series == SERIES_BYTES;

    return !is_http || dashboard->has_http;
}

/* Writes the entry of @view->step, which may be empty. */
static void add_step(struct text *text, struct dashboard_view *view)
{
    const struct leat_dashboard *dashboard = view->dashboard;
    const uint32_t step = view->step;

    view->step++;
    if (step == STEP_HEAD) {
        add_head(text, dashboard);
    } else if (step == STEP_STYLE) {
        text_add(text, style);
    } else if (step == STEP_TITLE) {
        add_title(text, dashboard);
    } else if (step < STEP_CONNECTIONS) {
        if (is_shown(dashboard, (enum dashboard_series)(step - STEP_PLOTS)))
            add_plot(text, dashboard, (enum dashboard_series)(step - STEP_PLOTS));
    } else if (step == STEP_CONNECTIONS) {
        text_add(text,
                 "</main><section><h2>Connections</h2><div><table><tr><th>Peer<th>Our port"
                 "<th>State<th>RTT, \302\265s<th>cwnd, bytes<th>In flight, bytes"
                 "<th>Its window, bytes<th>Our window, bytes<th>Queued, bytes<th>Readable, bytes"
                 "<th>Sent again\n");
    } else if (step == STEP_CONNECTION) {
        /* back to this step until all connections are listed */
        if (list_connection(text, view))
            view->step = STEP_CONNECTION;
    } else if (step == STEP_DROPS) {
        text_add(text, "</table></div></section><h2>Dropped</h2><div><table>"
                       "<tr><th>Reason<th>Packets\n");
    } else if (step < STEP_END) {
        add_drop(text, dashboard->stack, (enum leat_stat)(step - STEP_DROP));
    } else {
        text_add(text, "</table></div></html>\n");
    }
}

static bool write_entry(struct text *text, void *arg)
{
    struct dashboard_view *view = arg;
    const size_t begun = text->len;

    /* a step may write nothing, such as a reason for which no packet was dropped */
    while (view->step < STEP_NOTHING && text->len == begun)
        add_step(text, view);
    return text->len > begun;
}

static void on_writable(struct leat_http_exchange *exchange, void *arg)
{
    struct dashboard_view *view = arg;
    const struct http_entries entries = {ENTRY_BYTES, write_entry, view};

    if (http_text_send(exchange, &entries) == HTTP_TEXT_SENT)
        view->exchange = NULL;
}

static void on_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    (void)exchange;
    (void)why;
    ((struct dashboard_view *)arg)->exchange = NULL;
}

/* Finds a free view, or the oldest one. A page is sent quickly if its reader reads, so the oldest
 * page has a reader that doesn't. */
static struct dashboard_view *take_view(struct leat_dashboard *dashboard)
{
    struct dashboard_view *views = dashboard->views, *view = views;

    /* turns wrap around, so the sign of their difference tells which one is older (as RFC 1982) */
    for (unsigned i = 0; i < LEAT_DASHBOARD_VIEWS; i++)
        if (!views[i].exchange || (view->exchange && (int32_t)(views[i].turn - view->turn) < 0))
            view = &views[i];
    if (view->exchange)
        leat_http_abort(view->exchange);
    *view = (struct dashboard_view){.dashboard = dashboard, .turn = dashboard->turns++};
    return view;
}

/* @arg is the dashboard. Later events get the view. */
static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    const struct leat_http_head head = {
        .status = 200, .type = "text/html", .fields = fields, .len = LEAT_HTTP_ANY};
    struct dashboard_view *view = take_view(arg);

    view->exchange = exchange;
    /* from here on the callbacks get the view, because several pages are sent at a time */
    leat_http_set_arg(exchange, view);
    leat_http_reply(exchange, &head);
    on_writable(exchange, view);
}

struct leat_http_route leat_dashboard_route(struct leat_dashboard *dashboard, const char *path)
{
    return (struct leat_http_route){.path = path,
                                    .methods = LEAT_HTTP_GET,
                                    .on_request = on_request,
                                    .on_writable = on_writable,
                                    .on_failed = on_failed,
                                    .arg = dashboard};
}
