/* store_test.h -- for tests of a store by cmocka: each has an empty one on a device of its own. */
#ifndef STORE_TEST_H
#define STORE_TEST_H

#include "store_world.h"

enum {
    WORLD_SECTORS = 40
};

extern struct store_world world;

int store_set_up(void **state);
int store_tear_down(void **state);

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_set_up, store_tear_down)

#endif
