/* ports.h -- the table of bound sockets by port. */
#ifndef UDP_PORTS_H
#define UDP_PORTS_H

#include "udp/udp.h"

/* The socket bound to @port of @ip, or NULL; a following ports_find() tries it first.  If only a
 * socket for the other family has the port (udp_excludes()), it is that. */
struct leat_udp *ports_look_up(const struct leat *stack, host_id ip, uint16_t port);

static inline bool ports_match(const struct leat_udp *udp, host_id ip, uint16_t port)
{
    return udp->local.port == port && (udp->local.ip == IP4_ANY || udp->local.ip == ip);
}

/* The socket bound to @port of @ip, one of our addresses or a broadcast address; NULL: none.  At
 * most one socket of each family matches, so if the last result does, no hash is needed.  It may be
 * the other family's, though ports_look_up() finds one of this. */
static inline struct leat_udp *ports_find(const struct leat *stack, host_id ip, uint16_t port)
{
    struct leat_udp *udp = stack->udp->found;

    return udp && ports_match(udp, ip, port) ? udp : ports_look_up(stack, ip, port);
}

/* Binds an unbound socket, which then holds its local host.  LEAT_ERR_IN_USE: the port of that
 * address, or of all addresses, is another socket's. */
COLD enum leat_err ports_bind(struct leat_udp *udp, host_id ip, uint16_t port);

/* Binds an unbound socket to an unpredictable free port (RFC 6056).  LEAT_ERR_IN_USE: no port is
 * free. */
COLD enum leat_err ports_bind_any(struct leat_udp *udp, host_id ip);

/* Takes a bound socket out of the table, and releases its host. */
COLD void ports_unbind(struct leat_udp *udp);

#endif
