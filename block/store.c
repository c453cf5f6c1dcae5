/*
 * store.c -- START HERE: a store's requests.
 *
 * One request at a time; the others wait. Each access to the device (log.c) ends in a callback,
 * which leads to the next phase (log.h). The format is in record.h. The log is read at the start
 * by mount.c, and written by change.c.
 */
#include <leat/assert.h>
#include <leat/stack.h>

#include <string.h>

#include "block/log.h"

enum {
    NAMES = 32, /* defaults */
    NAMES_MAX = 1024,
    RECORD_SECTORS = 4,
    RECORD_SECTORS_MAX = 16,
    ALIGNMENT = 8
};

/* ---- requests */

static enum leat_err get_begin(struct leat_store *store)
{
    struct leat_store_request *request = store->requests;
    const struct leat_store_entry *entry = entry_find(store, request->name);
    const size_t room = request->len;

    if (!entry)
        return log_end(store, LEAT_ERR_NOT_FOUND);
    request->len = entry->len;
    if (entry->len > room)
        return log_end(store, LEAT_ERR_TOO_BIG);
    store->phase = PHASE_GET;
    return log_read(store, entry->sector, entry_sectors(store, entry));
}

static enum leat_err get_end(struct leat_store *store, enum leat_err err)
{
    const struct leat_store_request *request = store->requests;
    const struct leat_store_entry *entry = entry_find(store, request->name);
    struct record record;

    if (err)
        return log_end(store, err);
    leat_assert(entry);
    if (!record_read(&record, store->record, store->sector_bytes, entry_sectors(store, entry)) ||
        record.sequence != entry->sequence || record.len != entry->len)
        return log_end(store, LEAT_ERR_FORMAT);
    record_value(&record, store->record, store->sector_bytes, request->to);
    return log_end(store, LEAT_OK);
}

static enum leat_err next_phase(struct leat_store *store, enum leat_err err)
{
    switch ((enum phase)store->phase) {
    case PHASE_FORMAT:
        return mount_formatted(store, err);
    case PHASE_SCAN:
        return mount_scanned(store, err);
    case PHASE_WALK:
        return mount_walked(store, err);
    case PHASE_MOUNT_FLUSH:
        return mount_end(store, err);
    case PHASE_GET:
        return get_end(store, err);
    case PHASE_MOVE_READ:
        return change_moving(store, err);
    case PHASE_MOVE_WRITE:
    case PHASE_MOVE_FLUSH:
        return change_moved(store, err);
    case PHASE_CHANGE_WRITE:
    case PHASE_CHANGE_FLUSH:
        return change_written(store, err);
    case PHASE_IDLE:
    case PHASE_MOUNT:
    default:
        return LEAT_OK;
    }
}

/* Goes on until an access has begun, or nothing is to be done. An access that can't begin ends the
 * mount or the request, so this loop does, too. */
static void go_on(struct leat_store *store, enum leat_err err)
{
    do
        err = next_phase(store, err);
    while (err);
}

static void on_io(struct leat_block_request *io, enum leat_err err, void *arg)
{
    struct leat_store *store = arg;

    (void)io;
    if (!err && store->io_left > 0) {
        err = log_go_on(store);
        if (!err)
            return;
    }
    go_on(store, err);
}

static void on_start(struct leat_timer *timer, void *arg)
{
    struct leat_store *store = arg;
    enum leat_err err = LEAT_OK;

    (void)timer;
    if (store->phase == PHASE_MOUNT)
        err = mount_begin(store);
    else if (store->phase == PHASE_IDLE && store->requests)
        err = store->requests->what == STORE_GET ? get_begin(store) : change_begin(store);
    if (err)
        go_on(store, err);
}

/* ---- for programs */

/* Copies a name, with zeros behind it; false: it is too long, or empty. */
static bool copy_name(char to[LEAT_STORE_NAME_BYTES + 1], const char *name)
{
    memset(to, 0, LEAT_STORE_NAME_BYTES + 1);
    for (unsigned i = 0; i <= LEAT_STORE_NAME_BYTES; i++) {
        if (!name[i])
            return i > 0;
        to[i] = name[i];
    }
    return false;
}

static enum leat_err submit(struct leat_store *store, struct leat_store_request *request,
                            const char *name, leat_store_fn *on_done, void *arg)
{
    leat_assert(on_done);
    if (!store->is_mounted)
        return LEAT_ERR_CLOSED;
    if (!copy_name(request->name, name))
        return LEAT_ERR_ARGUMENT;
    request->on_done = on_done;
    request->arg = arg;
    request->next = 0;
    *store->end = request;
    store->end = &request->next;
    log_start_later(store);
    return LEAT_OK;
}

enum leat_err leat_store_get(struct leat_store *store, struct leat_store_request *request,
                             const char *name, void *to, size_t room, leat_store_fn *on_done,
                             void *arg)
{
    *request = (struct leat_store_request){.what = STORE_GET, .to = to, .len = room};
    return submit(store, request, name, on_done, arg);
}

enum leat_err leat_store_put(struct leat_store *store, struct leat_store_request *request,
                             const char *name, const void *value, size_t len,
                             leat_store_fn *on_done, void *arg)
{
    if (!store->is_mounted)
        return LEAT_ERR_CLOSED;
    if (len > record_value_max(store->sector_bytes, store->record_sectors))
        return LEAT_ERR_TOO_BIG;
    *request = (struct leat_store_request){.what = STORE_PUT, .value = value, .len = len};
    return submit(store, request, name, on_done, arg);
}

enum leat_err leat_store_delete(struct leat_store *store, struct leat_store_request *request,
                                const char *name, leat_store_fn *on_done, void *arg)
{
    *request = (struct leat_store_request){.what = STORE_DELETE};
    return submit(store, request, name, on_done, arg);
}

void leat_store_get_info(const struct leat_store *store, struct leat_store_info *info)
{
    *info = (struct leat_store_info){
        .sectors = store->sectors,
        .sectors_valid = store->valid,
        .value_max = record_value_max(store->sector_bytes, store->record_sectors),
        .damaged = store->damaged,
        .moved = store->moved,
        .written = store->written};
    for (uint32_t i = 0; i < store->names; i++)
        info->names += store->entries[i].name[0] != 0;
}

/* The limits of a configuration; false: one is out of range. */
static bool read_config(const struct leat_store_config *config, uint32_t sector_bytes,
                        uint32_t *names, uint32_t *record)
{
    *names = config && config->names ? config->names : NAMES;
    *record = config && config->record_bytes ? config->record_bytes / sector_bytes
                                             : (uint32_t)RECORD_SECTORS;
    return *names <= NAMES_MAX && *record >= 1 && *record <= RECORD_SECTORS_MAX &&
           (!config || config->record_bytes % sector_bytes == 0);
}

size_t leat_store_memory_bytes(const struct leat_store_config *config, uint32_t sector_bytes)
{
    uint32_t names, record;

    (void)read_config(config, sector_bytes, &names, &record);
    return ALIGNMENT + names * sizeof(struct leat_store_entry) + (size_t)record * sector_bytes;
}

/* The sectors that the store uses. */
static uint64_t sectors_of(const struct leat_store_config *config,
                           const struct leat_block_device *device)
{
    uint64_t sectors = LEAT_STORE_SECTORS_MAX;

    if (device->sectors < sectors)
        sectors = device->sectors;
    if (config->sectors > 0 && config->sectors < sectors)
        sectors = config->sectors;
    return sectors;
}

enum leat_err leat_store_mount(struct leat_store *store, struct leat_block *block, void *memory,
                               size_t bytes, const struct leat_store_config *config)
{
    const struct leat_block_device *device = block->device;
    const size_t skew = (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT;
    uint64_t sectors;
    uint32_t names, record;

    if (!device)
        return LEAT_ERR_CLOSED;
    leat_assert(config->on_mounted);
    sectors = sectors_of(config, device);
    if (LEAT_RESERVED_IS_USED(config) ||
        !read_config(config, device->sector_bytes, &names, &record) ||
        sectors < 3 * (uint64_t)record + 1)
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_store_memory_bytes(config, device->sector_bytes))
        return LEAT_ERR_MEMORY;
    memset(store, 0, sizeof *store);
    store->block = block;
    store->entries = (void *)((uint8_t *)memory + skew);
    store->record = (uint8_t *)(store->entries + names);
    store->names = names;
    store->record_sectors = record;
    store->sector_bytes = device->sector_bytes;
    store->sectors = (uint32_t)sectors;
    store->format = config->format;
    store->on_mounted = config->on_mounted;
    store->mount_arg = config->arg;
    store->end = &store->requests;
    store->phase = PHASE_MOUNT;
    store->start.on_time = on_start;
    store->start.arg = store;
    store->io.on_done = on_io;
    store->io.arg = store;
    memset(store->entries, 0, names * sizeof *store->entries);
    log_start_later(store);
    return LEAT_OK;
}

void leat_store_close(struct leat_store *store)
{
    leat_assert(!store->block->device); /* or an access to the device may be under way */
    leat_timer_cancel(store->block->stack, &store->start);
    store->is_mounted = false;
    if (store->phase == PHASE_MOUNT)
        (void)mount_end(store, LEAT_ERR_CLOSED);
    while (store->requests)
        (void)log_end(store, LEAT_ERR_CLOSED);
    leat_timer_cancel(store->block->stack, &store->start);
}
