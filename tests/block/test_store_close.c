/* test_store_close.c -- the close of a store ends all that has begun. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "store_test.h"

static void closing_ends_all_requests(void **state)
{
    struct leat_store_request other;

    (void)state;
    assert_int_equal(leat_store_put(&world.store, &world.request, "a", "1", 1, world_done, &world),
                     LEAT_OK);
    assert_int_equal(leat_store_get(&world.store, &other, "a", world.got, 1, world_done, &world),
                     LEAT_OK);
    world_poll(&world);
    leat_block_close(&world.block);
    leat_store_close(&world.store);
    assert_true(world.is_done);
    assert_int_equal(world.err, LEAT_ERR_CLOSED);
    assert_int_equal(world_put(&world, "a", "1", 1), LEAT_ERR_CLOSED);
}

/* A file has done the first part of an access when the close comes; the second one is lost. */
static void closing_ends_an_access_of_two_parts(void **state)
{
    (void)state;
    world.faulty.device.piece_bytes_max = WORLD_SECTOR;
    world.faulty.is_prompt = true;
    assert_int_equal(
        leat_store_put(&world.store, &world.request, "a", world.got, 1000, world_done, &world),
        LEAT_OK);
    world_poll(&world);
    assert_int_equal(world.faulty.held_count, 1);
    leat_block_close(&world.block);
    assert_true(world.is_done);
    assert_int_equal(world.err, LEAT_ERR_CLOSED);
}

static void closing_ends_a_mount_that_has_not_begun(void **state)
{
    const struct leat_store_config config = {
        .names = WORLD_NAMES, .on_mounted = world_done, .arg = &world};

    (void)state;
    leat_block_close(&world.block);
    leat_store_close(&world.store);
    world.faulty.closed = false;
    assert_int_equal(leat_block_open(&world.block, world.stack, &world.faulty.device), LEAT_OK);
    assert_int_equal(leat_store_mount(&world.store, &world.block, world.store_memory,
                                      leat_store_memory_bytes(&config, WORLD_SECTOR), &config),
                     LEAT_OK);
    leat_block_close(&world.block);
    leat_store_close(&world.store);
    assert_true(world.is_done);
    assert_int_equal(world.err, LEAT_ERR_CLOSED);
    world.is_done = false;
    leat_store_close(&world.store); /* a second time ends nothing again */
    assert_false(world.is_done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(closing_ends_all_requests),
        TEST(closing_ends_an_access_of_two_parts),
        TEST(closing_ends_a_mount_that_has_not_begun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
