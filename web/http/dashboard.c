/* dashboard.c -- samples of a stack, one per second; dashboard_page.c shows them. */
#include "web/http/dashboard.h"

#include <stdalign.h>
#include <string.h>

#include <leat/stats.h>
#include <leat/tcp.h>

enum {
    SAMPLES = 120,
    LOOKED_AT = 64 /* connections for a mean */
};

#define SECOND_NS UINT64_C(1000000000)

static void count_http(struct leat_dashboard *dashboard, uint64_t counted[SERIES_RATES])
{
    static const struct leat_http_server_counts none;
    const struct leat_http_server_counts *counts =
        dashboard->http ? dashboard->http(dashboard->http_arg) : NULL;

    dashboard->has_http = counts != NULL;
    counts = counts ? counts : &none;
    counted[SERIES_REQUESTS] = counts->requests;
    counted[SERIES_ERRORS] = counts->client_errors + counts->server_errors + counts->failed;
    counted[SERIES_BYTES] = counts->reply_bytes;
}

static void count(struct leat_dashboard *dashboard, uint64_t counted[SERIES_RATES])
{
    const struct leat_stats *stats = leat_stats(dashboard->stack);

    counted[SERIES_RX] = stats->rx_frames;
    counted[SERIES_TX] = stats->tx_frames;
    counted[SERIES_AGAIN] = stats->tcp_retransmitted;
    /* one series for all reasons: the page lists each of them below its plots */
    counted[SERIES_DROPS] = 0;
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        if (leat_stat_group((enum leat_stat)i) == LEAT_STAT_DROP)
            counted[SERIES_DROPS] += leat_stat_value(stats, (enum leat_stat)i);
    }
    count_http(dashboard, counted);
}

static uint32_t buffers_in_use(const struct leat *stack)
{
    struct leat_holdings holdings;

    leat_holdings(stack, &holdings);
    return holdings.held_receive + holdings.held_early + holdings.held_send +
           holdings.held_reassembly + holdings.held_parked + holdings.held_others;
}

static void look_at_connections(const struct leat *stack, uint32_t sample[SERIES_COUNT])
{
    uint64_t rtt_ns = 0, cwnd_bytes = 0;
    uint32_t index = 0, measured = 0, seen = 0;
    const struct leat_tcp *conn;

    /* A timer runs this, so its cost has a bound, however many connections there are. */
    while (seen < LOOKED_AT && (conn = leat_tcp_next(stack, &index))) {
        struct leat_tcp_info info;

        leat_tcp_get_info(conn, &info);
        cwnd_bytes += info.cwnd_bytes;
        rtt_ns += info.srtt_ns;
        /* 0: no round trip was measured yet, so it doesn't count in the mean */
        measured += info.srtt_ns > 0;
        seen++;
    }
    sample[SERIES_RTT] = measured ? (uint32_t)(rtt_ns / measured / 1000) : 0;
    sample[SERIES_CWND] = seen ? (uint32_t)(cwnd_bytes / seen) : 0;
}

static void keep(struct leat_dashboard *dashboard, const uint32_t sample[SERIES_COUNT])
{
    /* All series are rings with one position, so a sample of one belongs to those of the others. */
    for (unsigned i = 0; i < SERIES_COUNT; i++)
        dashboard->values[i * dashboard->samples + dashboard->next] = sample[i];
    dashboard->next = (uint16_t)((dashboard->next + 1) % dashboard->samples);
    if (dashboard->sample_count < dashboard->samples)
        dashboard->sample_count++;
}

/* @count a second. It is computed in microseconds, so that gigabytes fit. */
static uint32_t rate(uint64_t count, uint64_t took_ns)
{
    const uint64_t took_us = took_ns < 1000 ? 1 : took_ns / 1000;
    const uint64_t value = count * 1000000 / took_us;

    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static void take_sample(struct leat_dashboard *dashboard)
{
    const uint64_t now_ns = leat_now_ns(dashboard->stack);
    const uint64_t took_ns = now_ns - dashboard->sampled_ns;
    uint64_t counted[SERIES_RATES];
    uint32_t sample[SERIES_COUNT];

    count(dashboard, counted);
    /* The timer may fire late, for example after a pause of the guest. So a rate is divided by the
     * time that has really passed. */
    for (unsigned i = 0; i < SERIES_RATES; i++)
        sample[i] = rate(counted[i] - dashboard->counted[i], took_ns);
    memcpy(dashboard->counted, counted, sizeof counted);
    sample[SERIES_CONNECTIONS] = leat_tcp_count(dashboard->stack);
    sample[SERIES_BUFFERS] = buffers_in_use(dashboard->stack);
    look_at_connections(dashboard->stack, sample);
    keep(dashboard, sample);
    dashboard->sampled_ns = now_ns;
}

static void begin(struct leat_dashboard *dashboard)
{
    dashboard->begun_ns = dashboard->sampled_ns = leat_now_ns(dashboard->stack);
    count(dashboard, dashboard->counted);
}

static void on_time(struct leat_timer *timer, void *arg)
{
    struct leat_dashboard *dashboard = arg;

    if (dashboard->sampled_ns == 0)
        begin(dashboard);
    else
        take_sample(dashboard);
    /* counted from now: after a long pause there is one sample, not a burst of them */
    leat_timer_set(dashboard->stack, timer, dashboard->sampled_ns + dashboard->interval_ns);
}

uint32_t dashboard_value(const struct leat_dashboard *dashboard, enum dashboard_series series,
                         unsigned index)
{
    const unsigned samples = dashboard->samples;
    const unsigned oldest = dashboard->next + samples - dashboard->sample_count; /* in the ring */

    return dashboard->values[series * samples + (oldest + index) % samples];
}

/* ---- Start and end ------------------------------------------------------------------------ */

static unsigned samples_of(const struct leat_dashboard_config *config)
{
    return config && config->samples > 0 ? config->samples : SAMPLES;
}

static const char *title_of(const struct leat_dashboard_config *config)
{
    return config && config->title ? config->title : "leat";
}

static bool is_title(const char *title)
{
    size_t len = 0;

    while (len <= LEAT_DASHBOARD_TITLE_BYTES && title[len] != '\0')
        len++;
    return len <= LEAT_DASHBOARD_TITLE_BYTES;
}

size_t leat_dashboard_memory_bytes(const struct leat_dashboard_config *config)
{
    return sizeof(struct leat_dashboard) + alignof(struct leat_dashboard) - 1 +
           (size_t)samples_of(config) * SERIES_COUNT * sizeof(uint32_t);
}

enum leat_err leat_dashboard_start(struct leat_dashboard **dashboard, struct leat *stack,
                                   void *memory, size_t bytes,
                                   const struct leat_dashboard_config *config)
{
    const uintptr_t skew = (uintptr_t)memory % alignof(struct leat_dashboard);
    struct leat_dashboard *made;

    if ((config && LEAT_RESERVED_IS_USED(config)) ||
        samples_of(config) > LEAT_DASHBOARD_SAMPLES_MAX || !is_title(title_of(config)) ||
        leat_pool_buf_bytes(leat_pool(stack)) < LEAT_DASHBOARD_BUF_BYTES)
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_dashboard_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    /* leat_dashboard_memory_bytes() has counted what is lost by this alignment */
    made = (void *)((char *)memory + (skew ? alignof(struct leat_dashboard) - skew : 0));
    memset(made, 0, sizeof *made);
    made->stack = stack;
    made->title = title_of(config);
    made->http = config ? config->http : NULL;
    made->http_arg = config ? config->http_arg : NULL;
    made->interval_ns = config && config->interval_ns ? config->interval_ns : SECOND_NS;
    made->samples = (uint16_t)samples_of(config);
    made->timer.on_time = on_time;
    made->timer.arg = made;
    /* The first time begins. Before the first poll the time is unknown. */
    leat_timer_set(stack, &made->timer, leat_now_ns(stack));
    *dashboard = made;
    return LEAT_OK;
}

void leat_dashboard_stop(struct leat_dashboard *dashboard)
{
    leat_timer_cancel(dashboard->stack, &dashboard->timer);
}
