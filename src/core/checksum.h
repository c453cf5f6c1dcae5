/*
 * checksum.h -- the Internet checksum (RFC 1071, RFC 1624).
 *
 * A `sum` is an unfolded one's complement sum of big-endian 16-bit words, held in the machine's
 * byte order. The order doesn't matter until the sum is stored (RFC 1071 2(B)); checksum_finish()
 * and checksum_put() convert it. Sums may be added.
 */
#ifndef CORE_CHECKSUM_H
#define CORE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <leat/buf.h>

#include "core/ip4.h"
#include "core/byte_order.h"
#include "core/cold.h"

/* One's complement addition. */
static inline uint64_t checksum_add(uint64_t a, uint64_t b)
{
    const uint64_t sum = a + b;

    return sum + (sum < a);
}

/* The upper half of the sum of @sum and @sum with its halves exchanged is the sum of both halves
 * with its carry. This is cheaper than adding the halves. */
static inline uint32_t checksum_fold32(uint64_t sum)
{
    return (uint32_t)((sum + (sum >> 32 | sum << 32)) >> 32);
}

static inline uint16_t checksum_fold16(uint64_t sum)
{
    const uint32_t folded = checksum_fold32(sum);

    return (uint16_t)((folded + (folded >> 16 | folded << 16)) >> 16);
}

static inline uint64_t checksum_load64(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* The sum of two IPv4 addresses. */
static inline uint64_t checksum_addresses4(leat_ip4 src, leat_ip4 dst)
{
    return (uint64_t)big_endian32(src) + big_endian32(dst);
}

/* The sum of an IPv4 pseudo-header (RFC 768, RFC 9293 3.1). */
static inline uint64_t checksum_pseudo(leat_ip4 src, leat_ip4 dst, uint8_t protocol,
                                       uint32_t length)
{
    return checksum_addresses4(src, dst) + big_endian16(protocol) + big_endian32(length);
}

/* The sum of 20 bytes: an IPv4 header without options, as every packet has, or a TCP header. Not
 * folded, so it must not be added to other sums with +. */
static inline uint64_t checksum_20_bytes(const uint8_t *at)
{
    uint32_t last;

    memcpy(&last, at + 16, sizeof last);
    return checksum_add(checksum_add(checksum_load64(at), checksum_load64(at + 8)), last);
}

/* The sum of 32 bytes, a TCP header with timestamps; it may be added to others with +. */
static inline uint64_t checksum_32_bytes(const uint8_t *at)
{
    return checksum_fold32(
        checksum_add(checksum_add(checksum_load64(at), checksum_load64(at + 8)),
                     checksum_add(checksum_load64(at + 16), checksum_load64(at + 24))));
}

/* The sum of 40 bytes, a TCP header with the options of nearly every SYN. */
static inline uint64_t checksum_40_bytes(const uint8_t *at)
{
    return checksum_32_bytes(at) + checksum_fold32(checksum_load64(at + 32));
}

/* The sum of two IPv6 addresses; it may be added to others with +. */
static inline uint64_t checksum_addresses6(const uint8_t *a, const uint8_t *b)
{
    return checksum_fold32(checksum_add(checksum_add(checksum_load64(a), checksum_load64(a + 8)),
                                        checksum_add(checksum_load64(b), checksum_load64(b + 8))));
}

/* The value of the checksum field, in host byte order; 0 for a packet whose checksum is correct. */
static inline uint16_t checksum_finish(uint64_t sum)
{
    return (uint16_t)~big_endian16(checksum_fold16(sum));
}

/* True if @sum, taken over data and its checksum field, shows that the checksum is correct: if it
 * would be folded to 0xffff. Those are all multiples of 65,535 but 0. The first factor is the
 * inverse of 65,535 modulo 2^64, so the product is the quotient, which is the smaller the less of
 * @sum is left. Only for multiples is it as small as a quotient can be. */
static inline bool checksum_agrees(uint64_t sum)
{
    return sum * 0xfffefffefffeffff - 1 < 0x0001000100010001;
}

/* Stores the value of the checksum field. */
static inline void checksum_put(uint8_t *at, uint64_t sum)
{
    const uint16_t field = (uint16_t)~checksum_fold16(sum);

    memcpy(at, &field, sizeof field);
}

/* The sum of @len bytes, as if they began at an even offset; it may be added to others with +. */
uint64_t checksum_bytes(const void *bytes, size_t len);

/* The sum of all pieces of a list; pieces may have odd lengths. */
uint64_t checksum_pieces(const struct leat_buf *buf);

/* checksum_pieces(), fast for a list of one piece. */
static inline uint64_t checksum_list(const struct leat_buf *buf)
{
    return buf && !buf->next ? checksum_bytes(buf->data, buf->len) : checksum_pieces(buf);
}

/* checksum_list(), fast for a segment without data: an ACK or a FIN, or a SYN. */
static inline uint64_t checksum_segment(const struct leat_buf *segment)
{
    if (FOR_SPEED && !segment->next && segment->len == 32)
        return checksum_32_bytes(segment->data);
    if (FOR_SPEED && !segment->next && segment->len == 40)
        return checksum_40_bytes(segment->data);
    return checksum_list(segment);
}

/* The sum of the list without its first @offset bytes. */
uint64_t checksum_list_from(const struct leat_buf *buf, uint32_t offset);

/* The checksum field @checksum after a 16-bit word of the packet has changed (RFC 1624 eqn. 3). */
uint16_t checksum_update(uint16_t checksum, uint16_t old_word, uint16_t new_word);

#endif
