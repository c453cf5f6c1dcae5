/*
 * memory.h -- malloc() for one connection of nghttp2, in a block of fixed size.
 *
 * Free chunks are in lists by size, two for each power of two, and neighbours that are free are
 * joined at once.  Each call takes a bounded number of steps, whatever a peer makes nghttp2
 * allocate.
 */
#ifndef HTTP2_NGHTTP2_MEMORY_H
#define HTTP2_NGHTTP2_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nghttp2/nghttp2.h>

enum {
    HTTP2_MEMORY_LISTS = 40,     /* for chunks of up to 32 MiB */
    HTTP2_MEMORY_BYTES_MIN = 64, /* of a block */
    HTTP2_MEMORY_BYTES_MAX = 1 << 24
};

struct http2_chunk;

struct http2_memory {
    uint8_t *end;   /* of the block */
    uint64_t lists; /* bit i: list i isn't empty */
    size_t used;    /* bytes of all chunks in use, their heads included */
    size_t most;    /* its maximum so far */
    bool failed;    /* a call has found no chunk */
    struct http2_chunk *list[HTTP2_MEMORY_LISTS];
};

/* Begins with an empty block. It must be aligned to 16 bytes. */
void http2_memory_init(struct http2_memory *memory, void *block, size_t bytes);

/* As the functions of the C library. NULL: there is no chunk that large. */
void *http2_memory_take(struct http2_memory *memory, size_t bytes);
void *http2_memory_resize(struct http2_memory *memory, void *old, size_t bytes);
void http2_memory_give(struct http2_memory *memory, void *old);

/* The same for nghttp2. */
nghttp2_mem http2_memory_functions(struct http2_memory *memory);

#endif
