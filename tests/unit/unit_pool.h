/* unit_pool.h -- a pool for tests, in separate memory so that ASan detects every access outside it.
 */
#ifndef UNIT_POOL_H
#define UNIT_POOL_H

#include "unit.h"

#include "core/pool.h"

struct unit_pool {
    struct leat_pool pool;
    void *memory;
};

static inline void unit_pool_open(struct unit_pool *unit, uint32_t fulls, uint32_t full_bytes,
                                  uint32_t smalls, uint32_t views)
{
    const size_t bytes = pool_cost(fulls, full_bytes, smalls, views);
    struct arena arena;

    unit->memory = aligned_alloc(ARENA_ALIGN, bytes);
    assert_non_null(unit->memory);
    arena.next = unit->memory;
    arena.end = arena.next + bytes;
    memset(&unit->pool, 0, sizeof unit->pool);
    assert_true(pool_init(&unit->pool, &arena, fulls, full_bytes, smalls, views));
    assert_ptr_equal(arena.next, arena.end); /* pool_cost() is exact */
}

/* Asserts that all buffers were returned. */
static inline void unit_pool_close(struct unit_pool *unit)
{
    assert_true(pool_is_whole(&unit->pool));
    free(unit->memory);
}

#endif
