/* reassembly.h -- datagrams that come in fragments (RFC 791 3.2, RFC 815, RFC 1858). */
#ifndef IP_REASSEMBLY_H
#define IP_REASSEMBLY_H

#include "stack.h"

struct wire_ipv4;

COLD size_t reassembly_cost(const struct leat_config *config);
COLD bool reassembly_init(struct leat *stack);

/* Takes a fragment, as far as ipv4_input() has checked it; gives the datagram that it completes to
 * its protocol. */
COLD void reassembly_input(struct leat *stack, struct packet *packet,
                           const struct wire_ipv4 *header);

/* Buffers that fragments hold. */
COLD uint32_t reassembly_pieces(const struct leat *stack);

/* Frees all fragments. */
COLD void reassembly_close(struct leat *stack);

#endif
