/* dashboard.h -- what the page is made from. */
#ifndef HTTP_DASHBOARD_H
#define HTTP_DASHBOARD_H

#include <leat/dashboard.h>
#include <leat/timer.h>

/* What is plotted over time. */
enum dashboard_series {
    SERIES_RX, /* per second, as the next three */
    SERIES_TX,
    SERIES_AGAIN,
    SERIES_DROPS,
    SERIES_RATES, /* how many those are */
    SERIES_CONNECTIONS = SERIES_RATES,
    SERIES_RTT,     /* us, the mean of some connections, as the next one */
    SERIES_CWND,    /* bytes */
    SERIES_BUFFERS, /* in use */
    SERIES_COUNT
};

/* A page that is on its way. */
struct dashboard_view {
    struct leat_dashboard *dashboard;
    struct leat_http_exchange *exchange; /* NULL: free */
    uint32_t turn;                       /* pages that were begun before */
    uint32_t step;                       /* what comes next, in the order of the page */
    uint32_t conn_index;                 /* for leat_tcp_next() */
    uint32_t conn_count;                 /* listed */
};

struct leat_dashboard {
    struct leat *stack;
    const char *title;
    struct leat_timer timer;
    uint64_t interval_ns;
    uint64_t begun_ns;
    uint64_t sampled_ns;            /* the last sample */
    uint64_t counted[SERIES_RATES]; /* until then */
    uint16_t samples;               /* room for so many of each series */
    uint16_t sample_count;          /* that are there */
    uint16_t next;                  /* place of the next one */
    uint32_t turns;                 /* pages that were begun */
    struct dashboard_view views[LEAT_DASHBOARD_VIEWS];
    uint32_t values[]; /* a series behind another */
};

/* Sample number @index of a series, the oldest is 0; index < sample_count. */
uint32_t dashboard_value(const struct leat_dashboard *dashboard, enum dashboard_series series,
                         unsigned index);

#endif
