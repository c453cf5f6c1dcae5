/* board.h -- --dashboard: a port where a program shows its stack. */
#ifndef BOARD_H
#define BOARD_H

#include <leat/err.h>
#include <leat/main.h>

#include "options.h"

/* Serves at the port of --dashboard, if that is given: / for people, /metrics for Prometheus,
 * /healthz (the loop runs) and /readyz (*@started, which must stay, and no drain) for supervisors.
 * TCP must be registered.  One board per program; @title names it. */
enum leat_err board_serve(const struct options *options, struct leat_platform *platform,
                          const char *title, const bool *started);

/* As leat_platform.show_http(). */
void board_show(struct leat_platform *platform, const struct leat_http_server *server);

#endif
