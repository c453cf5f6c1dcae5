/*
 * dashboard.h -- a web page that shows the state of a stack: plots of the last minutes, its
 * connections but the reader's own, drops and their reasons.
 *
 * One document of HTML and SVG, generated while it is sent.  It has no script and loads nothing
 * from elsewhere; it follows the reader's choice of light or dark, and suits phones.  It reloads
 * itself at each sample.
 */
#ifndef LEAT_DASHBOARD_H
#define LEAT_DASHBOARD_H

#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>
#include <leat/http_exchange.h>
#include <leat/http_server.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits. */
enum {
    LEAT_DASHBOARD_SAMPLES_MAX = 180, /**< at most in a plot */
    LEAT_DASHBOARD_TITLE_BYTES = 100, /**< at most */
    LEAT_DASHBOARD_CONNECTIONS = 50,  /**< at most on the page: the first that are found */
    LEAT_DASHBOARD_VIEWS = 4,         /**< pages being sent at a time; one more aborts the oldest,
                                         whose reader is too slow */
    LEAT_DASHBOARD_BUF_BYTES = 2048   /**< least size of the stack's buffers */
};

struct leat_dashboard;

/** Options of a dashboard.  Every 0 or NULL means the default named beside it. */
struct leat_dashboard_config {
    const char *title;    /**< "leat"; must live as long as the dashboard */
    uint64_t interval_ns; /**< between samples: 1 s */
    uint16_t samples;     /**< number kept: 120 */
    /** Returns the counters of servers of HTTP, for plots of their requests, errors and bytes;
     * called at each sample.  NULL, or it returns NULL: there are no such plots. */
    const struct leat_http_server_counts *(*http)(void *arg);
    void *http_arg;                   /**< its argument */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Bytes that leat_dashboard_start() needs. */
size_t leat_dashboard_memory_bytes(const struct leat_dashboard_config *config);

/**
 * Takes a sample of @p stack now and at each interval (the stack wakes for that).  @p memory (any
 * alignment) of @p bytes belongs to the dashboard until leat_dashboard_stop().  A sample examines
 * at most 64 connections; a page examines the whole table, in parts.
 *
 * Errors: LEAT_ERR_MEMORY; LEAT_ERR_ARGUMENT (over LEAT_DASHBOARD_SAMPLES_MAX samples, buffers of
 * under LEAT_DASHBOARD_BUF_BYTES, a title over LEAT_DASHBOARD_TITLE_BYTES).
 */
enum leat_err leat_dashboard_start(struct leat_dashboard **dashboard, struct leat *stack,
                                   void *memory, size_t bytes,
                                   const struct leat_dashboard_config *config);

/** The route of the page, for leat_http_server_config.routes: GET @p path.  Close the server before
 * you stop the dashboard. */
struct leat_http_route leat_dashboard_route(struct leat_dashboard *dashboard, const char *path);

/** Takes no more samples.  The memory is the program's again. */
void leat_dashboard_stop(struct leat_dashboard *dashboard);

#ifdef __cplusplus
}
#endif
#endif
