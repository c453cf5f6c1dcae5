/*
 * checksum.c -- the Internet checksum (RFC 1071).
 *
 * sum_blocks() adds 64-bit words. The carry of an addition is added together with the next word, as
 * the adc instruction of x86-64 does it. Compilers don't emit adc for the C code, so there is
 * inline assembly for x86-64. checksum_bytes() is the only function that reads payload.
 */
#include "core/checksum.h"

#include <stdbool.h>
#include <string.h>

/* The last 1..7 bytes: a 32-bit word, a 16-bit one and a byte with a zero after it, each if
 * present. All begin at even offsets, so they can be added. Their sizes are constants because a
 * memcpy() of @len would be a call; and they go to registers, since a buffer in memory would first
 * be written. */
static inline uint64_t sum_tail(const uint8_t *at, size_t len)
{
    uint64_t sum = 0;

    if (len & 4) {
        uint32_t word;

        memcpy(&word, at, sizeof word);
        sum = word;
    }
    if (len & 2) {
        uint16_t half;

        memcpy(&half, at + (len & 4), sizeof half);
        sum += half;
    }
    if (len & 1)
        sum += big_endian16((uint16_t)(at[len - 1] << 8));
    return sum;
}

enum {
    BLOCK_BYTES = 128,
    BLOCKS_BYTES = 2 * BLOCK_BYTES
};

#if defined(__x86_64__) && defined(__GNUC__)

/* NOLINTBEGIN(bugprone-macro-parentheses): the assembler adds */
#define ADD_8(at)   "adcq " #at "(%1), %0\n\t"
#define ADD_16(at)  ADD_8(at) ADD_8(8 + at)
#define ADD_32(at)  ADD_16(at) ADD_16(16 + at)
#define ADD_64(at)  ADD_32(at) ADD_32(32 + at)
#define ADD_128(at) ADD_64(at) ADD_64(64 + at)
/* NOLINTEND(bugprone-macro-parentheses) */

/* Adds the block at @at to @sum: one chain of carries, and the last carry added back. The memory
 * operand is the block itself. Without it the compiler could move a store to these bytes behind the
 * assembly, which it can't look into. */
#define SUM_BLOCK(bytes_in_block, chain, sum, at)                                                  \
    do {                                                                                           \
        struct block {                                                                             \
            uint8_t bytes[bytes_in_block];                                                         \
        };                                                                                         \
        __asm__("addq 0(%1), %0\n\t" chain "adcq $0, %0"                                           \
                : "+r"(sum)                                                                        \
                : "r"(at), "m"(*(const struct block *)(at))                                        \
                : "cc");                                                                           \
    } while (0)

/* The sum of @blocks of BLOCK_BYTES, two in a turn of the loop. */
static inline uint64_t sum_blocks(const uint8_t *at, size_t blocks)
{
    uint64_t sum = 0;

    for (; blocks > 1; blocks -= 2, at += BLOCKS_BYTES)
        SUM_BLOCK(BLOCKS_BYTES, ADD_8(8) ADD_16(16) ADD_32(32) ADD_64(64) ADD_128(128), sum, at);
    if (blocks > 0)
        SUM_BLOCK(BLOCK_BYTES, ADD_8(8) ADD_16(16) ADD_32(32) ADD_64(64), sum, at);
    return sum;
}

/* @sum plus the whole 64-bit words of @len bytes, where @len < BLOCK_BYTES. Halving sizes take
 * fewer branches than a loop over words. */
static inline uint64_t sum_words(uint64_t sum, const uint8_t *at, size_t len)
{
    if (len & 64) {
        SUM_BLOCK(64, ADD_8(8) ADD_16(16) ADD_32(32), sum, at);
        at += 64;
    }
    if (len & 32) {
        SUM_BLOCK(32, ADD_8(8) ADD_16(16), sum, at);
        at += 32;
    }
    if (len & 16) {
        SUM_BLOCK(16, ADD_8(8), sum, at);
        at += 16;
    }
    return len & 8 ? checksum_add(sum, checksum_load64(at)) : sum;
}

#else

static inline uint64_t sum_blocks(const uint8_t *at, size_t blocks)
{
    uint64_t sum = 0, odd = 0;

    for (; blocks > 0; blocks--, at += BLOCK_BYTES) {
        for (unsigned i = 0; i < BLOCK_BYTES; i += 16) { /* two independent chains */
            sum = checksum_add(sum, checksum_load64(at + i));
            odd = checksum_add(odd, checksum_load64(at + i + 8));
        }
    }
    return checksum_add(sum, odd);
}

static inline uint64_t sum_words(uint64_t sum, const uint8_t *at, size_t len)
{
    for (; len >= 8; len -= 8, at += 8)
        sum = checksum_add(sum, checksum_load64(at));
    return sum;
}

#endif

uint64_t checksum_bytes(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t sum = 0;

    if (len >= BLOCK_BYTES) {
        sum = sum_blocks(at, len / BLOCK_BYTES);
        at += len & ~(size_t)(BLOCK_BYTES - 1);
        len &= BLOCK_BYTES - 1;
    }
    sum = sum_words(sum, at, len);
    at += len & ~(size_t)7;
    len &= 7;
    if (len > 0)
        sum = checksum_add(sum, sum_tail(at, len));
    /* folded to 32 bits, so that callers may add up to 2^32 of these */
    return checksum_fold32(sum);
}

uint64_t checksum_pieces(const struct leat_buf *buf)
{
    uint64_t sum = 0;

    for (; buf && !(buf->len & 1); buf = buf->next)
        sum += checksum_bytes(buf->data, buf->len);
    return buf ? sum + checksum_list_from(buf, 0) : sum; /* later pieces may begin at odd offsets */
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
        /* a piece at an odd offset contributes with its bytes swapped (RFC 1071 2(B)) */
        if (at_odd) {
            const uint16_t folded = checksum_fold16(piece);

            sum += (uint16_t)((folded << 8) | (folded >> 8));
        } else {
            sum += piece;
        }
        at_odd ^= (len & 1) != 0;
    }
    return sum;
}

/* RFC 1624 3: the shorter formula of RFC 1141 gives 0xffff where a sum from scratch gives 0. */
uint16_t checksum_update(uint16_t checksum, uint16_t old_word, uint16_t new_word)
{
    const uint32_t sum = (uint32_t)(uint16_t)~checksum + (uint16_t)~old_word + new_word;

    return (uint16_t)~checksum_fold16(sum);
}
