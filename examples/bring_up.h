/* bring_up.h -- from the command line to a stack that speaks, the same on every platform. */
#ifndef BRING_UP_H
#define BRING_UP_H

#include <leat/leat.h>

#include "options.h"

/* Attaches @netif to @stack, gives it the address and the gateway of @options, and registers UDP
 * and TCP.  What fails is named in @step, as the user knows it. */
enum leat_err bring_up(struct leat *stack, struct leat_netif *netif, const struct options *options,
                       const struct leat_tcp_config *tcp, const char **step);

#endif
