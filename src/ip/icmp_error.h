/* icmp_error.h -- what errors of ICMP and of ICMPv6 have in common. */
#ifndef IP_ICMP_ERROR_H
#define IP_ICMP_ERROR_H

#include "stack.h"
#include "wire/icmp.h"

/* True if one more error may leave now: both families share a limit (RFC 1812 4.3.2.8, RFC 4443
 * 2.4 (f)). */
bool icmp_error_take(struct leat *stack);

/* A message with @icmp and what it is about: @packet from @header_bytes in front of it on, at most
 * @quote_bytes_max, shared with it.  NULL: no memory, which is counted. */
struct leat_buf *icmp_error_about(struct leat *stack, const struct wire_icmp *icmp,
                                  struct leat_buf *packet, uint32_t header_bytes,
                                  uint32_t quote_bytes_max);

#endif
