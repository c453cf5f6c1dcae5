/*
 * metrics.c -- a stack's counters in the text format of Prometheus.
 *
 * All samples of a family must be adjacent. So the counters that are families of their own come
 * first, then the reasons of drops, the users of the pool, TCP's round trips, and the server's
 * counters.
 */
#include <leat/metrics.h>

#include <leat/stats.h>
#include <leat/tcp.h>

#include "web/http/server_conn.h"
#include "web/http/http_text.h"
#include "service.h"

/* Writes the header of a family. */
static void add_family(struct text *text, const char *name, const char *suffix, const char *what,
                       const char *type)
{
    text_add(text, "# HELP leat_");
    text_add(text, name);
    text_add(text, suffix);
    text_add(text, " ");
    text_add(text, what);
    text_add(text, "\n# TYPE leat_");
    text_add(text, name);
    text_add(text, suffix);
    text_add(text, " ");
    text_add(text, type);
    text_add(text, "\n");
}

static void add_value(struct text *text, uint64_t value)
{
    text_add(text, " ");
    text_add_number(text, value);
    text_add(text, "\n");
}

static void add_counter(struct text *text, const char *name, const char *what, uint64_t value)
{
    add_family(text, name, "_total", what, "counter");
    text_add(text, "leat_");
    text_add(text, name);
    text_add(text, "_total");
    add_value(text, value);
}

/* Writes a sample of a family whose samples differ by one label. */
static void add_labelled(struct text *text, const char *name, const char *label, uint64_t value)
{
    text_add(text, name);
    text_add(text, label);
    text_add(text, "\"}");
    add_value(text, value);
}

/* ---- Histograms --------------------------------------------------------------------------- */

enum {
    AROUND = 3, /* entries beside the buckets: the one without a bound, sum, count */
    RTT_ENTRIES = LEAT_TCP_RTT_BUCKETS + AROUND,
    LATENCY_ENTRIES = LEAT_HTTP_LATENCY_BUCKETS + AROUND
};

struct histogram {
    const char *name;
    const char *what;
    const uint64_t *counts; /* of each bucket, and of the values above all bounds */
    unsigned buckets;
    uint64_t (*bound_ns)(unsigned index);
    uint64_t sum_ns;
};

static void add_seconds(struct text *text, uint64_t ns)
{
    text_add_number(text, ns / 1000000000);
    text_add(text, ".");
    text_add_digits(text, ns % 1000000000, 9);
}

static void add_part(struct text *text, const struct histogram *histogram, const char *suffix)
{
    text_add(text, "leat_");
    text_add(text, histogram->name);
    text_add(text, suffix);
}

/* Writes entry @index of a histogram. Buckets are cumulative. */
static void add_histogram(struct text *text, const struct histogram *histogram, unsigned index)
{
    uint64_t count = 0;

    for (unsigned i = 0; i <= index && i <= histogram->buckets; i++)
        count += histogram->counts[i];
    if (index == 0)
        add_family(text, histogram->name, "", histogram->what, "histogram");
    if (index <= histogram->buckets) {
        add_part(text, histogram, "_bucket{le=\"");
        if (index < histogram->buckets)
            add_seconds(text, histogram->bound_ns(index));
        else
            text_add(text, "+Inf");
        text_add(text, "\"}");
        add_value(text, count);
    } else if (index == histogram->buckets + 1) {
        add_part(text, histogram, "_sum ");
        add_seconds(text, histogram->sum_ns);
        text_add(text, "\n");
    } else {
        add_part(text, histogram, "_count");
        add_value(text, count);
    }
}

static void add_rtt(struct text *text, const struct leat *stack, unsigned index)
{
    static const struct leat_tcp_rtts none = {.sum_ns = 0};
    const struct leat_tcp_rtts *rtts = leat_tcp_rtts(stack) ? leat_tcp_rtts(stack) : &none;
    const struct histogram histogram = {.name = "tcp_rtt_seconds",
                                        .what = "round trips of data that was sent once",
                                        .counts = rtts->counts,
                                        .buckets = LEAT_TCP_RTT_BUCKETS,
                                        .bound_ns = leat_tcp_rtt_bound_ns,
                                        .sum_ns = rtts->sum_ns};

    add_histogram(text, &histogram, index);
}

static void add_latency(struct text *text, const struct leat_http_server_counts *counts,
                        unsigned index)
{
    const struct histogram histogram = {
        .name = "http_request_duration_seconds",
        .what = "from a request's first byte until its whole reply was queued",
        .counts = counts->latencies,
        .buckets = LEAT_HTTP_LATENCY_BUCKETS,
        .bound_ns = leat_http_latency_bound_ns,
        .sum_ns = counts->latency_sum_ns};

    add_histogram(text, &histogram, index);
}

/* ---- Entries ------------------------------------------------------------------------------ */

/* Finds counter *@index among the reasons of drops, or among the others. If there are fewer,
 * subtracts their count from *@index and returns LEAT_STAT_COUNT. */
static enum leat_stat find_stat(unsigned *index, bool drops)
{
    unsigned seen = 0;

    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        if ((leat_stat_group((enum leat_stat)i) == LEAT_STAT_DROP) != drops)
            continue;
        if (seen++ == *index)
            return (enum leat_stat)i;
    }
    *index -= seen;
    return LEAT_STAT_COUNT;
}

/* The part after "drop_" or "held_". */
static const char *label_of(const char *name)
{
    return name + 5;
}

static const char *const held_names[] = {
#define HELD_NAME(name, text) #name,
    LEAT_HOLDINGS(HELD_NAME)
#undef HELD_NAME
};

enum {
    HELD_COUNT = sizeof held_names / sizeof *held_names
};

static void add_held(struct text *text, const struct leat *stack, unsigned index)
{
    struct leat_holdings holdings;
    uint32_t values[HELD_COUNT];
    unsigned at = 0;

    leat_holdings(stack, &holdings);
#define HELD_VALUE(name, text) values[at++] = holdings.name;
    LEAT_HOLDINGS(HELD_VALUE)
#undef HELD_VALUE
    /* the header of a family stands once, in front of its samples */
    if (index == 0)
        add_family(text, "buffers", "", "buffers and descriptors, by their holder", "gauge");
    add_labelled(text, "leat_buffers{held=\"", label_of(held_names[index]), values[index]);
}

size_t leat_metrics_entry(const struct leat *stack, unsigned index,
                          char text[LEAT_METRICS_ENTRY_BYTES])
{
    const struct leat_stats *stats = leat_stats(stack);
    struct text writing = {.bytes = text, .room = LEAT_METRICS_ENTRY_BYTES - 1};
    enum leat_stat stat = find_stat(&index, false);

    if (stat < LEAT_STAT_COUNT) {
        add_counter(&writing, leat_stat_name(stat), leat_stat_text(stat),
                    leat_stat_value(stats, stat));
        return writing.len;
    }
    stat = find_stat(&index, true);
    if (stat < LEAT_STAT_COUNT) {
        if (index == 0)
            add_family(&writing, "drops", "_total", "packets that were dropped, by reason",
                       "counter");
        add_labelled(&writing, "leat_drops_total{reason=\"", label_of(leat_stat_name(stat)),
                     leat_stat_value(stats, stat));
    } else if (index < HELD_COUNT) {
        add_held(&writing, stack, index);
    } else if (index < HELD_COUNT + RTT_ENTRIES) {
        add_rtt(&writing, stack, index - HELD_COUNT);
    }
    return writing.len;
}

size_t leat_metrics_server_entry(const struct leat_http_server_counts *counts, unsigned index,
                                 char text[LEAT_METRICS_ENTRY_BYTES])
{
    const struct {
        const char *name;
        const char *what;
        uint64_t value;
    } rows[] = {
        {"http_requests", "heads that were whole, or refused", counts->requests},
        {"http_ok", "replies 2xx, and 3xx but for 304", counts->ok},
        {"http_not_modified", "replies 304", counts->not_modified},
        {"http_client_errors", "replies 4xx", counts->client_errors},
        {"http_server_errors", "replies 5xx", counts->server_errors},
        {"http_failed", "exchanges that were not answered whole", counts->failed},
        {"http_timeouts", "clients that stood still", counts->timeouts},
        {"http_displaced", "connections ended in favour of a new one", counts->displaced},
        {"http_reply_bytes", "bytes of replies' bodies that were queued", counts->reply_bytes},
    };
    const unsigned count = sizeof rows / sizeof *rows;
    struct text writing = {.bytes = text, .room = LEAT_METRICS_ENTRY_BYTES - 1};

    if (index < count)
        add_counter(&writing, rows[index].name, rows[index].what, rows[index].value);
    else if (index < count + LATENCY_ENTRIES)
        add_latency(&writing, counts, index - count);
    return writing.len;
}

/* ---- Route ----------------------------------------------------------------------------------- */

/* Number of the stack's entries, a constant. */
static unsigned stack_entries(void)
{
    return LEAT_STAT_COUNT + HELD_COUNT + RTT_ENTRIES;
}

/* The rest of a reply: the entries of the stack, then those of the server. */
struct rest {
    const struct leat_http_server *server;
    unsigned next; /* number of the next entry */
};

static bool write_entry(struct text *text, void *arg)
{
    struct rest *rest = arg;
    char *at = text->bytes + text->len;
    const size_t len =
        rest->next < stack_entries()
            ? leat_metrics_entry(rest->server->stack, rest->next, at)
            : leat_metrics_server_entry(&rest->server->counts, rest->next - stack_entries(), at);

    text->len += len;
    rest->next++;
    return len > 0;
}

/* @arg is the number of the next entry. */
void leat_metrics_on_writable(struct leat_http_exchange *exchange, void *arg)
{
    struct rest rest = {exchange->client->server, (unsigned)(uintptr_t)arg};
    const struct http_entries entries = {LEAT_METRICS_ENTRY_BYTES, write_entry, &rest};

    /* this number is all that a reply needs to continue, so a reader costs no memory */
    if (http_text_send(exchange, &entries) == HTTP_TEXT_WAITS)
        leat_http_set_arg(exchange, (void *)(uintptr_t)rest.next);
}

void leat_metrics_on_request(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {
        .status = 200, .type = "text/plain; version=0.0.4; charset=utf-8", .len = LEAT_HTTP_ANY};

    (void)arg;
    leat_http_set_arg(exchange, NULL);
    leat_http_reply(exchange, &head);
    leat_metrics_on_writable(exchange, NULL);
}
