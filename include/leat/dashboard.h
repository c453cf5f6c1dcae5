/*
 * dashboard.h -- a page that shows people what a stack does: plots of the last minutes, its
 * connections, what it dropped and why.
 *
 * One document, HTML and SVG made while it is sent: no script, nothing from elsewhere, light or
 * dark as the reader likes it, for a phone as well.  It loads itself again at each sample.
 */
#ifndef LEAT_DASHBOARD_H
#define LEAT_DASHBOARD_H

#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>
#include <leat/http_exchange.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits. */
enum {
    LEAT_DASHBOARD_SAMPLES_MAX = 180, /**< a plot has room for no more */
    LEAT_DASHBOARD_TITLE_BYTES = 100, /**< at most */
    LEAT_DASHBOARD_CONNECTIONS = 50,  /**< listed at most: the first that are found */
    LEAT_DASHBOARD_VIEWS = 4,         /**< pages on their way at a time; one more ends the
                                         oldest, whose reader doesn't take it */
    LEAT_DASHBOARD_BUF_BYTES = 2048   /**< the stack's buffers have at least so many */
};

struct leat_dashboard;

/** What a dashboard shows.  Every 0 or NULL means the default named beside it. */
struct leat_dashboard_config {
    const char *title;    /**< "leat"; must live as long as the dashboard */
    uint64_t interval_ns; /**< between samples: 1 s */
    uint16_t samples;     /**< that are kept: 120 */
};

/** Bytes that leat_dashboard_start() needs. */
size_t leat_dashboard_memory_bytes(const struct leat_dashboard_config *config);

/**
 * Takes a sample of @p stack now and at each interval, for which the stack wakes.  @p memory (any
 * alignment) of @p bytes belongs to the dashboard until leat_dashboard_stop().  A sample looks at
 * 64 connections at most, a page at the whole table, in parts.
 *
 * Errors: LEAT_ERR_MEMORY; LEAT_ERR_ARGUMENT (over LEAT_DASHBOARD_SAMPLES_MAX samples, buffers of
 * under LEAT_DASHBOARD_BUF_BYTES, a title over LEAT_DASHBOARD_TITLE_BYTES).
 */
enum leat_err leat_dashboard_start(struct leat_dashboard **dashboard, struct leat *stack,
                                   void *memory, size_t bytes,
                                   const struct leat_dashboard_config *config);

/** The route that serves it, for leat_http_server_config.routes: GET @p path.  The server must be
 * closed before the dashboard is stopped. */
struct leat_http_route leat_dashboard_route(struct leat_dashboard *dashboard, const char *path);

/** Takes no more samples.  The memory is the program's again. */
void leat_dashboard_stop(struct leat_dashboard *dashboard);

#ifdef __cplusplus
}
#endif
#endif
