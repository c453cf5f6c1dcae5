/* memory.c -- see memory.h. */
#include "memory.h"

#include <leat/assert.h>

#include <string.h>

enum {
    ALIGN = 16,
    HEAD = 16, /* in front of each chunk's bytes */
    LEAST_LOG = 5,
    LEAST = 1 << LEAST_LOG, /* of a chunk with its head: a free one has two links */
    TRIES = 8 /* chunks of one list that are tried, before a list of larger ones is used */
};

/* A chunk. The links are in its bytes, so they are there only while it is free. */
struct http2_chunk {
    size_t size;   /* with the head; bit 0: in use */
    size_t before; /* size of the chunk in front of it; 0: it is the first */
    struct http2_chunk *next;
    struct http2_chunk *prev;
};

_Static_assert(offsetof(struct http2_chunk, next) == HEAD, "the bytes begin behind the sizes");
_Static_assert(sizeof(struct http2_chunk) <= LEAST, "a free chunk has room for its links");

static size_t size_of(const struct http2_chunk *chunk)
{
    return chunk->size & ~(size_t)1;
}

static bool is_used(const struct http2_chunk *chunk)
{
    return chunk->size & 1;
}

static struct http2_chunk *at(struct http2_chunk *chunk, size_t offset)
{
    return (struct http2_chunk *)(void *)((uint8_t *)chunk + offset);
}

/* The chunk behind @chunk, or NULL. */
static struct http2_chunk *behind(const struct http2_memory *memory, struct http2_chunk *chunk)
{
    struct http2_chunk *next = at(chunk, size_of(chunk));

    return (uint8_t *)next < memory->end ? next : NULL;
}

/* The list for chunks of @size: two for each power of two. */
static unsigned list_of(size_t size)
{
    const unsigned log = 63u - (unsigned)__builtin_clzll(size);

    return (log - LEAST_LOG) * 2 + (unsigned)(size >> (log - 1) & 1);
}

static void link_in(struct http2_memory *memory, struct http2_chunk *chunk)
{
    const unsigned list = list_of(chunk->size);

    chunk->prev = NULL;
    chunk->next = memory->list[list];
    if (chunk->next)
        chunk->next->prev = chunk;
    memory->list[list] = chunk;
    memory->lists |= UINT64_C(1) << list;
}

static void link_out(struct http2_memory *memory, struct http2_chunk *chunk)
{
    const unsigned list = list_of(chunk->size);

    if (chunk->next)
        chunk->next->prev = chunk->prev;
    if (chunk->prev)
        chunk->prev->next = chunk->next;
    else
        memory->list[list] = chunk->next;
    if (!memory->list[list])
        memory->lists &= ~(UINT64_C(1) << list);
}

void http2_memory_init(struct http2_memory *memory, void *block, size_t bytes)
{
    struct http2_chunk *all = block;

    leat_assert((uintptr_t)block % ALIGN == 0);
    leat_assert(bytes >= HTTP2_MEMORY_BYTES_MIN && bytes <= HTTP2_MEMORY_BYTES_MAX);
    memset(memory, 0, sizeof *memory);
    bytes &= ~(size_t)(ALIGN - 1);
    memory->end = (uint8_t *)block + bytes;
    all->size = bytes;
    all->before = 0;
    link_in(memory, all);
}

/* A free chunk of at least @size bytes, or NULL. */
static struct http2_chunk *find(const struct http2_memory *memory, size_t size)
{
    const unsigned list = list_of(size);
    struct http2_chunk *chunk = memory->list[list];
    uint64_t larger;

    /* those in the list of this size may be shorter or longer */
    for (unsigned tries = 0; chunk && tries < TRIES; tries++) {
        if (chunk->size >= size)
            return chunk;
        chunk = chunk->next;
    }
    /* all in the lists behind it are longer */
    larger = memory->lists & ~((UINT64_C(2) << list) - 1);
    return larger ? memory->list[__builtin_ctzll(larger)] : NULL;
}

/* Sets the size of @chunk, also as its neighbour keeps it. */
static void set_size(struct http2_memory *memory, struct http2_chunk *chunk, size_t size, bool used)
{
    struct http2_chunk *next;

    chunk->size = size | used;
    next = behind(memory, chunk);
    if (next)
        next->before = size;
}

void *http2_memory_take(struct http2_memory *memory, size_t bytes)
{
    size_t size = (bytes + HEAD + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct http2_chunk *chunk;
    size_t rest;

    if (size < LEAST)
        size = LEAST;
    chunk = bytes < HTTP2_MEMORY_BYTES_MAX ? find(memory, size) : NULL;
    if (!chunk) {
        memory->failed = true;
        return NULL;
    }
    link_out(memory, chunk);
    rest = chunk->size - size;
    if (rest >= LEAST) {
        struct http2_chunk *second = at(chunk, size);

        second->before = size;
        set_size(memory, second, rest, false);
        link_in(memory, second);
    } else {
        size = chunk->size;
    }
    chunk->size = size | 1;
    memory->used += size;
    if (memory->used > memory->most)
        memory->most = memory->used;
    return &chunk->next;
}

/* The chunk of bytes that http2_memory_take() has given. */
static struct http2_chunk *chunk_of(void *bytes)
{
    struct http2_chunk *chunk = (struct http2_chunk *)(void *)((uint8_t *)bytes - HEAD);

    leat_assert(is_used(chunk));
    return chunk;
}

void http2_memory_give(struct http2_memory *memory, void *old)
{
    struct http2_chunk *chunk, *next;
    size_t size;

    if (!old)
        return;
    chunk = chunk_of(old);
    size = size_of(chunk);
    memory->used -= size;
    next = behind(memory, chunk);
    if (next && !is_used(next)) {
        link_out(memory, next);
        size += next->size;
    }
    if (chunk->before > 0) {
        struct http2_chunk *before =
            (struct http2_chunk *)(void *)((uint8_t *)chunk - chunk->before);

        if (!is_used(before)) {
            link_out(memory, before);
            size += before->size;
            chunk = before;
        }
    }
    set_size(memory, chunk, size, false);
    link_in(memory, chunk);
}

void *http2_memory_resize(struct http2_memory *memory, void *old, size_t bytes)
{
    size_t have;
    void *made;

    if (!old)
        return http2_memory_take(memory, bytes);
    have = size_of(chunk_of(old)) - HEAD;
    if (bytes <= have)
        return old;
    made = http2_memory_take(memory, bytes);
    if (!made)
        return NULL;
    memcpy(made, old, have);
    http2_memory_give(memory, old);
    return made;
}

static void *take(size_t bytes, void *arg)
{
    return http2_memory_take(arg, bytes);
}

static void give(void *old, void *arg)
{
    http2_memory_give(arg, old);
}

static void *take_zeroed(size_t count, size_t bytes, void *arg)
{
    void *made;

    if (bytes > 0 && count > HTTP2_MEMORY_BYTES_MAX / bytes)
        return NULL;
    made = http2_memory_take(arg, count * bytes);
    return made ? memset(made, 0, count * bytes) : NULL;
}

static void *resize(void *old, size_t bytes, void *arg)
{
    return http2_memory_resize(arg, old, bytes);
}

nghttp2_mem http2_memory_functions(struct http2_memory *memory)
{
    return (nghttp2_mem){memory, take, give, take_zeroed, resize};
}
