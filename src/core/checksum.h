/*
 * checksum.h -- the Internet checksum (RFC 1071, RFC 1624).
 *
 * A `sum` is an unfolded one's complement sum of big-endian 16-bit words, in the machine's own
 * order (RFC 1071 2(B): the order doesn't matter until the sum is stored, which
 * checksum_finish() and wire_put16 do).  Sums add.
 */
#ifndef CORE_CHECKSUM_H
#define CORE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/buf.h>

/* The sum of @len bytes, as if they began at an even offset; add it to others with +. */
uint64_t checksum_bytes(const void *bytes, size_t len);

/* The sum of all pieces of a list, which may be of odd length. */
uint64_t checksum_list(const struct leat_buf *buf);

/* The same for the list without its first @offset bytes. */
uint64_t checksum_list_from(const struct leat_buf *buf, uint32_t offset);

/* The sum of an IPv4 pseudo-header (RFC 768, RFC 9293 3.1). */
uint64_t checksum_pseudo(leat_ip4 src, leat_ip4 dst, uint8_t protocol, uint32_t length);

/* What goes into the checksum field, as a number in host order; 0 for a packet that is right. */
uint16_t checksum_finish(uint64_t sum);

/* The field @checksum after a 16-bit word of the packet changed (RFC 1624 eqn. 3). */
uint16_t checksum_update(uint16_t checksum, uint16_t old_word, uint16_t new_word);

#endif
