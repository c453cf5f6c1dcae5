/*
 * block.c -- a block device of Solo5.
 *
 * Solo5 reads and writes one block a call, and has it done when the call returns. So a request has
 * ended when it was started, and finished() tells that, as with a file of the host.
 */
#include <leat/solo5.h>

#include <solo5.h>

enum {
    REQUESTS_MAX = 16
};

struct solo5_block {
    struct leat_block_device device; /* must be first: its address is also that of the struct */
    solo5_handle_t handle;
    struct leat_block_request *done; /* the oldest first */
    struct leat_block_request **end;
};

static struct solo5_block *block_of(struct leat_block_device *device)
{
    return (struct solo5_block *)device; /* its first member */
}

static enum leat_err transfer(struct solo5_block *block, const struct leat_block_request *request)
{
    const uint32_t bytes = block->device.sector_bytes;
    solo5_off_t offset = request->sector * bytes;
    solo5_result_t result = SOLO5_R_OK;

    /* there is one buffer, of whole sectors (pieces_max) */
    for (uint32_t at = 0; at < request->buf->len && result == SOLO5_R_OK; at += bytes) {
        uint8_t *data = request->buf->data + at;

        result = request->what == LEAT_BLOCK_WRITE
                     ? solo5_block_write(block->handle, offset, data, bytes)
                     : solo5_block_read(block->handle, offset, data, bytes);
        offset += bytes;
    }
    return result == SOLO5_R_OK ? LEAT_OK : LEAT_ERR_DEVICE;
}

/* Solo5 has no flush: the host decides when written bytes reach the disk. */
static bool block_start(struct leat_block_device *device, struct leat_block_request *request)
{
    struct solo5_block *block = block_of(device);

    request->err = request->what == LEAT_BLOCK_FLUSH ? LEAT_OK : transfer(block, request);
    request->next = NULL;
    *block->end = request;
    block->end = &request->next;
    return true;
}

static struct leat_block_request *block_finished(struct leat_block_device *device, uint64_t now_ns)
{
    struct solo5_block *block = block_of(device);
    struct leat_block_request *request = block->done;

    (void)now_ns;
    if (!request)
        return NULL;
    block->done = request->next;
    if (!block->done)
        block->end = &block->done;
    return request;
}

static void block_close(struct leat_block_device *device)
{
    (void)device; /* Solo5 takes no device back, and no request is under way */
}

static const struct leat_block_ops block_ops = {
    .start = block_start, .finished = block_finished, .close = block_close};

/* True for a power of two that a sector may have. */
static bool is_possible(solo5_off_t bytes)
{
    return bytes >= LEAT_BLOCK_SECTOR_MIN && bytes <= LEAT_BLOCK_SECTOR_MAX &&
           (bytes & (bytes - 1)) == 0;
}

enum leat_err leat_solo5_block_open(struct leat_block_device **device, struct leat_solo5 *solo5,
                                    const char *name, const char **why)
{
    struct solo5_block *made = leat_solo5_take(solo5, sizeof *made);
    struct solo5_block_info info;

    *why = "no memory: give the guest more of it";
    if (!made)
        return LEAT_ERR_MEMORY;
    *made = (struct solo5_block){.end = &made->done};
    if (solo5_block_acquire(name, &made->handle, &info) != SOLO5_R_OK) {
        *why = "the manifest has no block device of this name, or it has been acquired already";
        return LEAT_ERR_NOT_FOUND;
    }
    *why = "its blocks have an impossible size or number";
    if (!is_possible(info.block_size) || info.capacity < info.block_size)
        return LEAT_ERR_DEVICE;
    made->device = (struct leat_block_device){.ops = &block_ops,
                                              .name = name,
                                              .sector_bytes = (uint32_t)info.block_size,
                                              .sectors = info.capacity / info.block_size,
                                              .requests_max = REQUESTS_MAX,
                                              .pieces_max = 1};
    *device = &made->device;
    return LEAT_OK;
}
