/* board.c -- see board.h. */
#include "board.h"

#include <leat/dashboard.h>
#include <leat/http_server.h>
#include <leat/metrics.h>

enum {
    CLIENTS = 8, /* browsers and Prometheus */
    ROUTES = 2,
    SERVER_BYTES = 24 * 1024,
    DASHBOARD_BYTES = 5 * 1024
};

enum leat_err board_serve(const struct options *options, struct leat *stack, const char *title)
{
    static char server_memory[SERVER_BYTES], dashboard_memory[DASHBOARD_BYTES];
    static struct leat_http_route routes[ROUTES] = {[1] = LEAT_METRICS_ROUTE("/metrics")};
    const struct leat_http_server_config config = {.routes = routes,
                                                   .route_count = ROUTES,
                                                   .port = options->dashboard_port,
                                                   .clients = CLIENTS};
    const struct leat_dashboard_config shown = {.title = title};
    struct leat_dashboard *dashboard;
    struct leat_http_server *server;
    enum leat_err err;

    if (options->dashboard_port == 0)
        return LEAT_OK;
    err =
        leat_dashboard_start(&dashboard, stack, dashboard_memory, sizeof dashboard_memory, &shown);
    if (err)
        return err;
    routes[0] = leat_dashboard_route(dashboard, "/");
    return leat_http_server_open(&server, stack, server_memory, sizeof server_memory, &config);
}
