/* dashboard.h -- samples of a dashboard, and its pages. */
#ifndef HTTP_DASHBOARD_H
#define HTTP_DASHBOARD_H

#include <leat/dashboard.h>
#include <leat/timer.h>

/* Values that are plotted over time. */
enum dashboard_series {
    SERIES_RX, /* per second, as all up to SERIES_RATES */
    SERIES_TX,
    SERIES_AGAIN,
    SERIES_DROPS,
    SERIES_REQUESTS, /* of HTTP, as the next two; only with leat_dashboard_config.http */
    SERIES_ERRORS,
    SERIES_BYTES,
    SERIES_RATES, /* number of rates */
    SERIES_CONNECTIONS = SERIES_RATES,
    SERIES_RTT,     /* us; the mean of some connections, as for the next one */
    SERIES_CWND,    /* bytes */
    SERIES_BUFFERS, /* in use */
    SERIES_COUNT
};

/* A page that is being sent. */
struct dashboard_view {
    struct leat_dashboard *dashboard;
    struct leat_http_exchange *exchange; /* NULL: free */
    uint32_t turn;                       /* number of earlier pages */
    uint32_t step;                       /* next part of the page */
    uint32_t conn_index;                 /* argument of leat_tcp_next() */
    uint32_t conn_count;                 /* connections listed so far */
};

struct leat_dashboard {
    struct leat *stack;
    const char *title;
    const struct leat_http_server_counts *(*http)(void *arg); /* NULL: no plots of HTTP */
    void *http_arg;
    bool has_http; /* it has returned some */
    struct leat_timer timer;
    uint64_t interval_ns;
    uint64_t begun_ns;
    uint64_t sampled_ns;            /* time of the last sample */
    uint64_t counted[SERIES_RATES]; /* counters at that time */
    uint16_t samples;               /* capacity of each series */
    uint16_t sample_count;          /* samples so far */
    uint16_t next;                  /* index of the next one */
    uint32_t turns;                 /* pages begun */
    struct dashboard_view views[LEAT_DASHBOARD_VIEWS];
    uint32_t values[]; /* one series after the other */
};

/* Sample @index of a series; 0 is the oldest. @index must be less than sample_count. */
uint32_t dashboard_value(const struct leat_dashboard *dashboard, enum dashboard_series series,
                         unsigned index);

#endif
