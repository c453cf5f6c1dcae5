/* store_world.c -- a store on a faulty device. */
#include "store_world.h"

#include <stdlib.h>
#include <string.h>

enum {
    POLLS_MAX = 1000000
};

void world_open(struct store_world *world, uint64_t sectors)
{
    struct leat_config config = leat_small_config();

    memset(world, 0, sizeof *world);
    config.seed[0] = 1;
    world->stack_memory = malloc(leat_memory_bytes(&config));
    if (!world->stack_memory ||
        leat_init(&world->stack, world->stack_memory, leat_memory_bytes(&config), &config))
        abort();
    world->now_ns = 1000;
    faulty_open(&world->faulty, WORLD_SECTOR, sectors);
}

void world_close(struct store_world *world)
{
    world_unmount(world);
    leat_close(world->stack);
    faulty_free(&world->faulty);
    free(world->stack_memory);
}

void world_done(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                void *arg)
{
    struct store_world *world = arg;

    (void)store;
    (void)request;
    world->err = err;
    world->is_done = true;
}

void world_poll(struct store_world *world)
{
    const uint64_t next_ns = leat_poll(world->stack, world->now_ns);

    if (next_ns != LEAT_NEVER_NS)
        world->now_ns = next_ns;
}

enum leat_err world_wait(struct store_world *world, enum leat_err err)
{
    if (err)
        return err;
    for (unsigned polls = 0; !world->is_done; polls++) {
        if (polls == POLLS_MAX)
            abort();
        world_poll(world);
    }
    world->is_done = false;
    return world->err;
}

enum leat_err world_mount(struct store_world *world, bool format)
{
    const struct leat_store_config config = {.names = WORLD_NAMES,
                                             .record_bytes = world->record_bytes,
                                             .format = format,
                                             .on_mounted = world_done,
                                             .arg = world};
    const size_t bytes = leat_store_memory_bytes(&config, world->faulty.device.sector_bytes);
    enum leat_err err;

    world_unmount(world);
    world->faulty.closed = false;
    err = leat_block_open(&world->block, world->stack, &world->faulty.device);
    if (err)
        return err;
    world->store_memory = malloc(bytes);
    world->is_done = false;
    return world_wait(
        world, leat_store_mount(&world->store, &world->block, world->store_memory, bytes, &config));
}

void world_unmount(struct store_world *world)
{
    if (!world->store_memory)
        return;
    leat_block_close(&world->block);
    if (world->store.block)
        leat_store_close(&world->store);
    free(world->store_memory);
    world->store_memory = NULL;
}

enum leat_err world_put(struct store_world *world, const char *name, const void *value, size_t len)
{
    return world_wait(
        world, leat_store_put(&world->store, &world->request, name, value, len, world_done, world));
}

enum leat_err world_delete(struct store_world *world, const char *name)
{
    return world_wait(world,
                      leat_store_delete(&world->store, &world->request, name, world_done, world));
}

enum leat_err world_get(struct store_world *world, const char *name)
{
    return world_wait(world, leat_store_get(&world->store, &world->request, name, world->got,
                                            sizeof world->got, world_done, world));
}
