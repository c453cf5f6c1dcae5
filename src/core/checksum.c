/*
 * checksum.c -- the Internet checksum (RFC 1071).
 *
 * The scalar loop adds 64-bit words with the carry of each put back at once, in two accumulators so
 * that the additions need not wait for each other.  Room for SIMD: checksum_bytes() is the only
 * function that looks at payload.
 */
#include "core/checksum.h"

#include <stdbool.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TO_BIG_ENDIAN16(x) ((uint16_t)(((x) << 8) | ((x) >> 8)))
#else
#define TO_BIG_ENDIAN16(x) ((uint16_t)(x))
#endif

static inline uint64_t add_carry(uint64_t a, uint64_t b)
{
    const uint64_t sum = a + b;

    return sum + (sum < a);
}

static inline uint64_t load64(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint32_t fold32(uint64_t sum)
{
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffffffffu) + (sum >> 32);
    return (uint32_t)sum;
}

static inline uint16_t fold16(uint64_t sum)
{
    uint32_t folded = fold32(sum);

    folded = (folded & 0xffff) + (folded >> 16);
    folded = (folded & 0xffff) + (folded >> 16);
    return (uint16_t)folded;
}

/* The last 0..7 bytes, as the words that they begin. */
static inline uint64_t load_tail(const uint8_t *at, size_t len)
{
    uint64_t word = 0;

    memcpy(&word, at, len);
    return word;
}

uint64_t checksum_bytes(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t even = 0;
    uint64_t odd = 0;

    for (; len >= 32; len -= 32, at += 32) {
        even = add_carry(even, load64(at));
        odd = add_carry(odd, load64(at + 8));
        even = add_carry(even, load64(at + 16));
        odd = add_carry(odd, load64(at + 24));
    }
    for (; len >= 8; len -= 8, at += 8)
        even = add_carry(even, load64(at));
    if (len > 0)
        odd = add_carry(odd, load_tail(at, len));
    /* folded to 32 bits: callers may add a few billion of these */
    return fold32(add_carry(even, odd));
}

uint64_t checksum_list(const struct leat_buf *buf)
{
    return checksum_list_from(buf, 0);
}

uint64_t checksum_list_from(const struct leat_buf *buf, uint32_t offset)
{
    uint64_t sum = 0;
    bool at_odd = false;

    for (; buf; buf = buf->next) {
        const uint32_t skip = offset < buf->len ? offset : buf->len;
        const uint32_t len = buf->len - skip;
        const uint64_t piece = checksum_bytes(buf->data + skip, len);

        offset -= skip;
        /* a piece that begins at an odd offset has its bytes swapped (RFC 1071 2(B)) */
        if (at_odd) {
            const uint16_t folded = fold16(piece);

            sum += (uint16_t)((folded << 8) | (folded >> 8));
        } else {
            sum += piece;
        }
        at_odd ^= (len & 1) != 0;
    }
    return sum;
}

uint64_t checksum_pseudo(leat_ip4 src, leat_ip4 dst, uint8_t protocol, uint32_t length)
{
    const uint64_t sum = (uint64_t)(src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff) +
                         protocol + (length >> 16) + (length & 0xffff);

    return TO_BIG_ENDIAN16(fold16(sum));
}

uint16_t checksum_finish(uint64_t sum)
{
    const uint16_t folded = fold16(sum);

    return (uint16_t)~TO_BIG_ENDIAN16(folded);
}

uint16_t checksum_update(uint16_t checksum, uint16_t old_word, uint16_t new_word)
{
    const uint32_t sum = (uint32_t)(uint16_t)~checksum + (uint16_t)~old_word + new_word;

    return (uint16_t)~fold16(sum);
}
