/* input.h -- input of TCP: segments, and ICMP errors about segments of ours. */
#ifndef TCP_INPUT_H
#define TCP_INPUT_H

#include <stdbool.h>

#include "core/cold.h"

struct icmp_error;
struct leat;
struct packet;

/* Takes packet->buf, and counts the result of the segment. */
void tcp_input(struct leat *stack, struct packet *packet);

/* False: @error is not about data that a connection of ours has in flight. */
COLD bool tcp_icmp_error(struct leat *stack, const struct icmp_error *error);

#endif
