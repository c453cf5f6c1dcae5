/* store_world.h -- a store on a faulty device, with a stack of its own that polls it. */
#ifndef STORE_WORLD_H
#define STORE_WORLD_H

#include <leat/leat.h>
#include <leat/store.h>

#include "faulty.h"

enum {
    WORLD_SECTOR = 512,
    WORLD_NAMES = 12,
    WORLD_VALUE_MAX = 1952 /* of four sectors */
};

struct store_world {
    struct faulty faulty;
    struct leat *stack;
    void *stack_memory, *store_memory;
    struct leat_block block;
    struct leat_store store;
    uint64_t now_ns;
    uint32_t record_bytes; /* of a mount's configuration */
    bool is_done;          /* the last request, or the mount */
    enum leat_err err;
    struct leat_store_request request;
    uint8_t got[WORLD_VALUE_MAX];
};

/* Makes the stack, and a device of @sectors that are zero. */
void world_open(struct store_world *world, uint64_t sectors);
void world_close(struct store_world *world);

/* Mounts the store on the device as it is; returns the error of the call or of the callback. */
enum leat_err world_mount(struct store_world *world, bool format);

/* Closes the store and the device, which may then be mounted again. */
void world_unmount(struct store_world *world);

/* Polls once; the clock goes on to the next time that the stack wants. */
void world_poll(struct store_world *world);

/* These wait for the callback, and return its error. */
enum leat_err world_put(struct store_world *world, const char *name, const void *value, size_t len);
enum leat_err world_delete(struct store_world *world, const char *name);
enum leat_err world_get(struct store_world *world, const char *name); /* to `got` */

/* For requests of the test itself. */
void world_done(struct leat_store *store, struct leat_store_request *request, enum leat_err err,
                void *arg);
enum leat_err world_wait(struct store_world *world, enum leat_err err);

#endif
