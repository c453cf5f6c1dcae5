/* drain.h -- the end of all connections, in order (life.h). */
#ifndef TCP_DRAIN_H
#define TCP_DRAIN_H

#include "base.h"

/* As protocol->drain(). */
COLD void tcp_drain(struct leat *stack, struct drain_look *look);

#endif
