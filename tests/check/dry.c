/* dry.c -- a pool that fails at one call. */
#include "dry.h"

#include "core/pool.h"

static const struct leat_pool *dry_pool;
static unsigned calls_left; /* until one fails; 0: none does */
static bool has_failed;

void dry_at(const struct leat_pool *pool, unsigned nth)
{
    dry_pool = pool;
    calls_left = nth;
    has_failed = false;
}

bool dry_ends(void)
{
    calls_left = 0;
    return has_failed;
}

static bool fails(const struct leat_pool *pool)
{
    if (calls_left == 0 || pool != dry_pool || --calls_left > 0)
        return false;
    has_failed = true;
    return true;
}

/* The linker's --wrap determines the names. */
struct leat_buf *__real_leat_buf_alloc(struct leat_pool *pool, uint32_t headroom);
struct leat_buf *__wrap_leat_buf_alloc(struct leat_pool *pool, uint32_t headroom);
struct leat_buf *__real_leat_buf_alloc_small(struct leat_pool *pool, uint32_t headroom);
struct leat_buf *__wrap_leat_buf_alloc_small(struct leat_pool *pool, uint32_t headroom);
struct leat_buf *__real_leat_buf_copy(struct leat_pool *pool, const void *bytes, uint32_t len);
struct leat_buf *__wrap_leat_buf_copy(struct leat_pool *pool, const void *bytes, uint32_t len);
struct leat_buf *__real_leat_buf_slice(const struct leat_buf *buf, uint32_t offset, uint32_t len);
struct leat_buf *__wrap_leat_buf_slice(const struct leat_buf *buf, uint32_t offset, uint32_t len);
struct leat_buf *__real_leat_buf_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                                      void (*release)(void *arg), void *arg);
struct leat_buf *__wrap_leat_buf_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                                      void (*release)(void *arg), void *arg);
struct leat_buf *__real_pool_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                                  void (*release)(void *arg), void *arg);
struct leat_buf *__wrap_pool_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                                  void (*release)(void *arg), void *arg);

struct leat_buf *__wrap_leat_buf_alloc(struct leat_pool *pool, uint32_t headroom)
{
    return fails(pool) ? NULL : __real_leat_buf_alloc(pool, headroom);
}

struct leat_buf *__wrap_leat_buf_alloc_small(struct leat_pool *pool, uint32_t headroom)
{
    return fails(pool) ? NULL : __real_leat_buf_alloc_small(pool, headroom);
}

struct leat_buf *__wrap_leat_buf_copy(struct leat_pool *pool, const void *bytes, uint32_t len)
{
    return fails(pool) ? NULL : __real_leat_buf_copy(pool, bytes, len);
}

struct leat_buf *__wrap_leat_buf_slice(const struct leat_buf *buf, uint32_t offset, uint32_t len)
{
    return buf && fails(buf->pool) ? NULL : __real_leat_buf_slice(buf, offset, len);
}

struct leat_buf *__wrap_leat_buf_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                                      void (*release)(void *arg), void *arg)
{
    return fails(pool) ? NULL : __real_leat_buf_lend(pool, bytes, len, release, arg);
}

struct leat_buf *__wrap_pool_lend(struct leat_pool *pool, const void *bytes, uint32_t len,
                                  void (*release)(void *arg), void *arg)
{
    return fails(pool) ? NULL : __real_pool_lend(pool, bytes, len, release, arg);
}
