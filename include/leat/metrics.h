/*
 * metrics.h -- counters and state of a stack as text for Prometheus (its text format, version
 * 0.0.4), and a route that serves it.
 *
 * The text has every counter of stats.h; drop reasons are one family with a label.  It also has the
 * use of the pool, a histogram of TCP's round-trip times, and the counters of its own server, with a
 * histogram of its replies' durations.
 */
#ifndef LEAT_METRICS_H
#define LEAT_METRICS_H

#include <stddef.h>

#include <leat/http_exchange.h>
#include <leat/http_server.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_METRICS_ENTRY_BYTES = 400 /**< an entry is shorter */
};

/**
 * Writes entry number @p index, whole lines without a NUL: a sample, and before the first sample of
 * a family its header lines.  The text consists of all entries from 0 on.  Returns the number of
 * bytes; 0: there is no such entry.
 */
size_t leat_metrics_entry(const struct leat *stack, unsigned index,
                          char text[LEAT_METRICS_ENTRY_BYTES]);

/**
 * Writes entry number @p index of a server's counters, with a histogram of its replies' durations, in
 * the same way.  For the counters of several servers as one, the program adds them up.
 */
size_t leat_metrics_server_entry(const struct leat_http_server_counts *counts, unsigned index,
                                 char text[LEAT_METRICS_ENTRY_BYTES]);

/** For the route: begins the reply.  The route's arg is not used. */
void leat_metrics_on_request(struct leat_http_exchange *exchange, void *arg);

/** For the route: continues the reply. */
void leat_metrics_on_writable(struct leat_http_exchange *exchange, void *arg);

/** The route, for a server's configuration: GET @p where. */
#define LEAT_METRICS_ROUTE(where)                                                                  \
    {                                                                                              \
        .path = (where), .methods = LEAT_HTTP_GET, .on_request = leat_metrics_on_request,          \
        .on_writable = leat_metrics_on_writable                                                    \
    }

#ifdef __cplusplus
}
#endif
#endif
