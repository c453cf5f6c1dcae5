/*
 * deflate.h -- Deflate (RFC 1951), by zlib: takes data in pieces, returns compressed data in
 * pieces, and uses only memory of the program.
 *
 * This is the library leat-deflate, apart from leat itself, so that only programs that want it link
 * zlib.  The same data, given in the same pieces and taken in the same pieces, gives the same
 * bytes.
 */
#ifndef LEAT_DEFLATE_H
#define LEAT_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A compressor: one stream of data at a time, any number of them one after another. */
struct leat_deflate;

/** Limits.  Every 0 means the default named beside it. */
struct leat_deflate_config {
    uint8_t level;                    /**< 1 (fast) to 9 (small): 6 */
    uint8_t window_bits;              /**< the window is 2^this bytes, 9 to 15: 15 */
    uint8_t memory_level;             /**< zlib's memLevel, 1 to 9: 8 */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Bytes that a compressor needs, as a constant: 270,464 for 15 and 8, 73,856 for 13 and 6. */
#define LEAT_DEFLATE_BYTES(window_bits, memory_level)                                              \
    (((size_t)1 << ((window_bits) + 2)) + ((size_t)1 << ((memory_level) + 9)) + 8320)

/** Bytes that a compressor with this configuration needs. */
size_t leat_deflate_memory_bytes(const struct leat_deflate_config *config);

/**
 * Makes a compressor in @p memory (any alignment), which belongs to it as long as it is used; there
 * is nothing to close.  A first stream has begun.
 *
 * Errors: LEAT_ERR_MEMORY; LEAT_ERR_ARGUMENT (no such level or number of bits).
 */
enum leat_err leat_deflate_open(struct leat_deflate **deflate, void *memory, size_t bytes,
                                const struct leat_deflate_config *config);

/** Begins another stream; the rest of the one before is discarded. */
void leat_deflate_begin(struct leat_deflate *deflate);

/** Gives the next @p len bytes of data.  They must stay until all of them are consumed: until
 * leat_deflate_take() has returned less than its @p room. */
void leat_deflate_give(struct leat_deflate *deflate, const void *bytes, size_t len);

/** Marks the end of the data. */
void leat_deflate_end(struct leat_deflate *deflate);

/** Writes at most @p room bytes (1 at least) of compressed data to @p to; returns how many.  Less
 * than @p room: all the data given is consumed, and after leat_deflate_end() nothing is left.
 */
size_t leat_deflate_take(struct leat_deflate *deflate, void *to, size_t room);

#ifdef __cplusplus
}
#endif
#endif
