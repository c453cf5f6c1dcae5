/*
 * deflate.c -- zlib in a block of the program's memory.
 *
 * zlib allocates five times when it begins, and never again.  So its allocator only cuts pieces off
 * that block, and frees nothing.
 */
#include <leat/deflate.h>

#include <limits.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

enum {
    ALIGN = 16
};

struct leat_deflate {
    z_stream zlib;
    uint8_t *left; /* of the block */
    size_t left_bytes;
    size_t given; /* bytes behind zlib.next_in that zlib doesn't know of yet: its counters are
                     narrow */
    bool whole;   /* all input has been given */
    bool over;    /* all output has been taken */
};

static struct leat_deflate_config with_defaults(const struct leat_deflate_config *given)
{
    struct leat_deflate_config config = *given;

    if (config.level == 0)
        config.level = 6;
    if (config.window_bits == 0)
        config.window_bits = 15;
    if (config.memory_level == 0)
        config.memory_level = 8;
    return config;
}

size_t leat_deflate_memory_bytes(const struct leat_deflate_config *config)
{
    const struct leat_deflate_config full = with_defaults(config);

    return LEAT_DEFLATE_BYTES(full.window_bits, full.memory_level);
}

/* Zeroed, so that the output depends on nothing but the input. */
static void *allocate(void *arg, unsigned count, unsigned size)
{
    struct leat_deflate *packer = arg;
    const size_t bytes = ((size_t)count * size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    uint8_t *made = packer->left;

    if (bytes > packer->left_bytes)
        return NULL;
    packer->left += bytes;
    packer->left_bytes -= bytes;
    return memset(made, 0, bytes);
}

static void release(void *arg, void *memory)
{
    (void)arg;
    (void)memory;
}

static bool is_possible(const struct leat_deflate_config *full)
{
    return !LEAT_RESERVED_IS_USED(full) && full->level <= 9 && full->window_bits >= 9 &&
           full->window_bits <= 15 && full->memory_level <= 9;
}

enum leat_err leat_deflate_open(struct leat_deflate **packer, void *memory, size_t bytes,
                                const struct leat_deflate_config *config)
{
    const struct leat_deflate_config full = with_defaults(config);
    const size_t skip = (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    struct leat_deflate *made = (struct leat_deflate *)(void *)((uint8_t *)memory + skip);
    const size_t own = (sizeof *made + ALIGN - 1) & ~(size_t)(ALIGN - 1);

    if (!is_possible(&full))
        return LEAT_ERR_ARGUMENT;
    if (bytes < skip + own)
        return LEAT_ERR_MEMORY;
    memset(made, 0, sizeof *made);
    made->left = (uint8_t *)made + own;
    made->left_bytes = bytes - skip - own;
    made->zlib.zalloc = allocate;
    made->zlib.zfree = release;
    made->zlib.opaque = made;
    /* a negative window: without zlib's own head and sum */
    if (deflateInit2(&made->zlib, full.level, Z_DEFLATED, -full.window_bits, full.memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return LEAT_ERR_MEMORY;
    *packer = made;
    return LEAT_OK;
}

void leat_deflate_begin(struct leat_deflate *packer)
{
    deflateReset(&packer->zlib);
    packer->zlib.avail_in = 0;
    packer->given = 0;
    packer->whole = packer->over = false;
}

/* Gives zlib as much input as its counter can hold. */
static void feed(struct leat_deflate *packer)
{
    const size_t part = packer->given < UINT_MAX ? packer->given : UINT_MAX;

    packer->zlib.avail_in = (unsigned)part;
    packer->given -= part;
}

void leat_deflate_give(struct leat_deflate *packer, const void *bytes, size_t len)
{
    packer->zlib.next_in = bytes;
    packer->given = len;
    feed(packer);
}

void leat_deflate_end(struct leat_deflate *packer)
{
    packer->whole = true;
}

size_t leat_deflate_take(struct leat_deflate *packer, void *to, size_t room)
{
    z_stream *zlib = &packer->zlib;
    size_t taken = 0;

    while (taken < room && !packer->over) {
        const size_t left = room - taken;
        int outcome;

        zlib->next_out = (uint8_t *)to + taken;
        zlib->avail_out = left < UINT_MAX ? (unsigned)left : UINT_MAX;
        outcome = deflate(zlib, packer->whole && packer->given == 0 ? Z_FINISH : Z_NO_FLUSH);
        taken = (size_t)(zlib->next_out - (uint8_t *)to);
        packer->over = outcome == Z_STREAM_END;
        if (zlib->avail_in == 0 && packer->given > 0)
            feed(packer);
        else if (zlib->avail_out > 0)
            break;
    }
    return taken;
}
