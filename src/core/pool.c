/*
 * pool.c -- the memory of leat_buf.
 *
 * Each list is one block of the arena, in which each descriptor is followed by its storage. All
 * links between buffers are made here, once; afterwards buffers only move between their list and
 * their users.
 */
#include "core/pool.h"

#include "core/assert.h"

static size_t full_bytes(uint32_t storage_bytes)
{
    return sizeof(struct leat_buf) + storage_bytes;
}

size_t pool_cost(uint32_t buf_count, uint32_t buf_bytes, uint32_t small_count, uint32_t view_count)
{
    return arena_cost(buf_count, full_bytes(buf_bytes)) +
           arena_cost(small_count, full_bytes(POOL_SMALL_BYTES)) +
           arena_cost(view_count, full_bytes(0));
}

static bool list_init(struct leat_pool *pool, struct arena *arena, enum pool_kind kind,
                      uint32_t count, uint32_t bytes)
{
    struct pool_list *list = &pool->lists[kind];
    uint8_t *memory = arena_take(arena, count, full_bytes(bytes));

    if (!memory)
        return false;
    leat_debug_assert(!list->free);
    list->count = list->free_count = count;
    list->bytes = bytes;
    /* The units are rounded down and `plenty` up. Both errors make the pool look a little emptier
     * than it is, never fuller. */
    list->units = count > 0 ? (1u << POOL_ALL_SHIFT) / count : 0;
    list->plenty = (uint32_t)(((uint64_t)count * POOL_PLENTY + 15) / 16);
    /* accounts that only count pieces use this price for those of either list */
    if (bytes > 0 && list->units > pool->piece_units)
        pool->piece_units = list->units;
    /* backwards, so that buffers are taken in the order of their addresses */
    for (uint32_t i = count; i > 0; i--) {
        struct leat_buf *buf = (void *)(memory + (size_t)(i - 1) * full_bytes(bytes));

        buf->pool = pool;
        buf->kind = (uint8_t)kind;
        buf->start = (uint8_t *)(buf + 1);
        buf->capacity = bytes;
        buf->next = list->free;
        list->free = buf;
    }
    return true;
}

bool pool_init(struct leat_pool *pool, struct arena *arena, uint32_t buf_count, uint32_t buf_bytes,
               uint32_t small_count, uint32_t view_count)
{
    return list_init(pool, arena, POOL_FULL, buf_count, buf_bytes) &&
           list_init(pool, arena, POOL_SMALL, small_count, POOL_SMALL_BYTES) &&
           list_init(pool, arena, POOL_VIEW, view_count, 0);
}

/* The scarcest list decides, because a list that is empty can't be helped by the others. */
uint32_t pool_free(const struct leat_pool *pool)
{
    uint32_t least = UINT32_MAX;

    for (unsigned kind = 0; kind < POOL_KINDS; kind++) {
        const struct pool_list *list = &pool->lists[kind];
        const uint32_t free = list->free_count * list->units;

        /* a full list counts as completely free, although rounding made its units slightly fewer */
        if (list->free_count == list->count)
            continue;
        if (free < least)
            least = free;
    }
    return least < 1u << POOL_ALL_SHIFT ? least : 1u << POOL_ALL_SHIFT;
}

uint32_t pool_units_of_all(const struct leat_buf *pieces)
{
    uint32_t units = 0;

    for (; pieces; pieces = pieces->next)
        units += pool_units_of(pieces);
    return units;
}

bool pool_is_whole(const struct leat_pool *pool)
{
    for (unsigned kind = 0; kind < POOL_KINDS; kind++) {
        if (pool->lists[kind].free_count != pool->lists[kind].count)
            return false;
    }
    return true;
}

uint32_t leat_pool_free_count(const struct leat_pool *pool)
{
    return pool->lists[POOL_FULL].free_count;
}

uint32_t leat_pool_buf_bytes(const struct leat_pool *pool)
{
    return pool->lists[POOL_FULL].bytes;
}
