/*
 * metrics.h -- what a stack counts and holds as a text that Prometheus reads (its text format,
 * version 0.0.4), and a route that serves it.
 *
 * Every counter of stats.h is there, reasons to drop as one family with a label, what holds the
 * pool, how long TCP's round trips took as a histogram, and what the server that serves it has done.
 */
#ifndef LEAT_METRICS_H
#define LEAT_METRICS_H

#include <stddef.h>

#include <leat/http_exchange.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_METRICS_ENTRY_BYTES = 400 /**< an entry has fewer */
};

/**
 * Writes entry number @p index, whole lines without a NUL: a sample, and what stands before the
 * first one of a family.  All entries, from 0 on in their order, are the text.  Returns how many
 * bytes; 0: there is no such entry.
 */
size_t leat_metrics_entry(const struct leat *stack, unsigned index,
                          char text[LEAT_METRICS_ENTRY_BYTES]);

/** For a route: begins the reply.  The route's arg is not used. */
void leat_metrics_on_request(struct leat_http_exchange *exchange, void *arg);

/** For the same route: goes on. */
void leat_metrics_on_writable(struct leat_http_exchange *exchange, void *arg);

/** The route, among a server's: GET @p where. */
#define LEAT_METRICS_ROUTE(where)                                                                  \
    {                                                                                              \
        .path = (where), .methods = LEAT_HTTP_GET, .on_request = leat_metrics_on_request,          \
        .on_writable = leat_metrics_on_writable                                                    \
    }

#ifdef __cplusplus
}
#endif
#endif
