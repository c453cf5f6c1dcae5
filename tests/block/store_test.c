/* store_test.c -- see store_test.h. */
#include "store_test.h"

struct store_world world;

int store_set_up(void **state)
{
    (void)state;
    world_open(&world, WORLD_SECTORS);
    return world_mount(&world, false) != LEAT_OK;
}

int store_tear_down(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}
