/* input.h -- what comes up to TCP: segments, and errors of ICMP about what it has sent. */
#ifndef TCP_INPUT_H
#define TCP_INPUT_H

#include <stdbool.h>

#include "core/cold.h"

struct icmp_error;
struct leat;
struct packet;

/* Takes packet->buf, and counts how the segment ended. */
void tcp_input(struct leat *stack, struct packet *packet);

/* False: no connection of ours has something in flight that @error is about. */
COLD bool tcp_icmp_error(struct leat *stack, const struct icmp_error *error);

#endif
