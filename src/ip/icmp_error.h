/* icmp_error.h -- common parts of ICMP and ICMPv6 errors. */
#ifndef IP_ICMP_ERROR_H
#define IP_ICMP_ERROR_H

#include "base.h"
#include "wire/icmp.h"

/* True if another error may be sent now: both families share a limiter (RFC 1812 4.3.2.8, RFC 4443
 * 2.4 (f)). */
bool icmp_error_take(struct leat *stack);

/* A message with the header @icmp that quotes @packet, starting @header_bytes in front of it, up to
 * @quote_bytes_max. The quote shares the packet's storage.  NULL: no memory, which is counted. */
struct leat_buf *icmp_error_about(struct leat *stack, const struct wire_icmp *icmp,
                                  struct leat_buf *packet, uint32_t header_bytes,
                                  uint32_t quote_bytes_max);

#endif
