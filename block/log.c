/* log.c -- a store's access to its device, and the end of a request. */
#include <leat/assert.h>
#include <leat/stack.h>

#include "block/log.h"

/* ---- access to the device */

enum leat_err log_go_on(struct leat_store *store)
{
    const struct leat_block_device *device = store->block->device;
    uint32_t most, part = store->sectors - store->io_at;

    if (!device)
        return LEAT_ERR_CLOSED;
    most = device->piece_bytes_max / store->sector_bytes;
    if (part > store->io_left)
        part = store->io_left;
    if (most > 0 && part > most)
        part = most;
    store->view =
        (struct leat_buf){.data = store->record + (size_t)store->io_done * store->sector_bytes,
                          .len = part * store->sector_bytes};
    store->io.sector = store->io_at;
    store->io_at = (store->io_at + part) % store->sectors;
    store->io_left -= part;
    store->io_done += part;
    return leat_block_submit(store->block, &store->io);
}

static enum leat_err io_begin(struct leat_store *store, enum leat_block_what what, uint32_t at,
                              uint32_t sectors)
{
    leat_assert(sectors <= store->record_sectors && at < store->sectors);
    store->io.what = what;
    store->io.buf = sectors > 0 ? &store->view : 0;
    store->io_at = at;
    store->io_left = sectors;
    store->io_done = 0;
    return sectors > 0 ? log_go_on(store) : leat_block_submit(store->block, &store->io);
}

enum leat_err log_read(struct leat_store *store, uint32_t at, uint32_t sectors)
{
    return io_begin(store, LEAT_BLOCK_READ, at, sectors);
}

enum leat_err log_write(struct leat_store *store, uint32_t at, uint32_t sectors)
{
    return io_begin(store, LEAT_BLOCK_WRITE, at, sectors);
}

enum leat_err log_flush(struct leat_store *store)
{
    return io_begin(store, LEAT_BLOCK_FLUSH, 0, 0);
}

/* ---- requests */

void log_start_later(struct leat_store *store)
{
    leat_timer_set(store->block->stack, &store->start, leat_now_ns(store->block->stack));
}

enum leat_err log_end(struct leat_store *store, enum leat_err err)
{
    struct leat_store_request *request = store->requests;

    store->requests = request->next;
    if (store->requests)
        log_start_later(store);
    else
        store->end = &store->requests;
    store->phase = PHASE_IDLE;
    request->on_done(store, request, err, request->arg);
    return LEAT_OK;
}
