/* board.h -- --dashboard: a port where a program shows its stack. */
#ifndef BOARD_H
#define BOARD_H

#include <leat/err.h>
#include <leat/stack.h>

#include "options.h"

/* Serves / for people and /metrics for Prometheus at the port of --dashboard, if that is given; TCP
 * must be registered.  One board per program. */
enum leat_err board_serve(const struct options *options, struct leat *stack, const char *title);

#endif
