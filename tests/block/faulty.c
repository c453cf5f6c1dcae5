/* faulty.c -- a block device in memory, with the faults of real ones. */
#include "faulty.h"

#include <stdlib.h>
#include <string.h>

static struct faulty *faulty_of(struct leat_block_device *device)
{
    return (struct faulty *)device; /* its first member */
}

static size_t bytes_of(const struct faulty *faulty)
{
    return (size_t)faulty->device.sectors * faulty->device.sector_bytes;
}

static bool covers(const struct faulty *faulty, const struct leat_block_request *request)
{
    const uint64_t sectors = leat_buf_total(request->buf) / faulty->device.sector_bytes;

    return faulty->bad_sector - request->sector < sectors;
}

static enum leat_err transfer(struct faulty *faulty, const struct leat_block_request *request)
{
    uint8_t *at = faulty->cached + request->sector * faulty->device.sector_bytes;
    const bool writes = request->what == LEAT_BLOCK_WRITE;

    if (writes && ++faulty->writes == faulty->fail_write)
        return LEAT_ERR_DEVICE;
    if (!writes && covers(faulty, request))
        return LEAT_ERR_DEVICE;
    for (const struct leat_buf *buf = request->buf; buf; buf = buf->next) {
        if (writes)
            memcpy(at, buf->data, buf->len);
        else
            memcpy(buf->data, at, buf->len);
        at += buf->len;
    }
    faulty->last = request->sector;
    faulty->last_count = leat_buf_total(request->buf) / faulty->device.sector_bytes;
    if (writes && faulty->on_write)
        faulty->on_write(faulty);
    return LEAT_OK;
}

static enum leat_err flush(struct faulty *faulty)
{
    if (++faulty->flushes == faulty->fail_flush)
        return LEAT_ERR_DEVICE;
    memcpy(faulty->stable, faulty->cached, bytes_of(faulty));
    return LEAT_OK;
}

/* The contents are whatever the device likes. */
static enum leat_err discard(struct faulty *faulty, const struct leat_block_request *request)
{
    const size_t bytes = faulty->device.sector_bytes;

    memset(faulty->cached + request->sector * bytes, FAULTY_DISCARDED, request->sectors * bytes);
    return LEAT_OK;
}

static enum leat_err carry_out(struct faulty *faulty, const struct leat_block_request *request)
{
    switch (request->what) {
    case LEAT_BLOCK_FLUSH:
        return flush(faulty);
    case LEAT_BLOCK_DISCARD:
        return discard(faulty, request);
    case LEAT_BLOCK_READ:
    case LEAT_BLOCK_WRITE:
    default:
        return transfer(faulty, request);
    }
}

static bool start(struct leat_block_device *device, struct leat_block_request *request)
{
    struct faulty *faulty = faulty_of(device);

    if (faulty->held_count == FAULTY_HELD || faulty->held_count >= faulty->room)
        return false;
    request->next = NULL; /* as backends do that have lists of their own */
    faulty->held[faulty->held_count++] = request;
    return true;
}

static struct leat_block_request *finished(struct leat_block_device *device, uint64_t now_ns)
{
    struct faulty *faulty = faulty_of(device);
    struct leat_block_request *request;
    unsigned at;

    (void)now_ns;
    if (faulty->held_count == 0 || (!faulty->closed && faulty->looked++ < faulty->looks))
        return NULL;
    faulty->looked = 0;
    at = faulty->newest_first ? faulty->held_count - 1 : 0;
    request = faulty->held[at];
    memmove(faulty->held + at, faulty->held + at + 1,
            (faulty->held_count - at - 1) * sizeof faulty->held[0]);
    faulty->held_count--;
    if (faulty->closed && !faulty->is_prompt)
        request->err = LEAT_ERR_CLOSED;
    else
        request->err = carry_out(faulty, request);
    return request;
}

static void stop(struct leat_block_device *device)
{
    faulty_of(device)->closed = true;
}

static const struct leat_block_ops faulty_ops = {
    .start = start, .finished = finished, .close = stop};

void faulty_open(struct faulty *faulty, uint32_t sector_bytes, uint64_t sectors)
{
    faulty_free(faulty);
    *faulty = (struct faulty){.device = {.ops = &faulty_ops,
                                         .name = "faulty",
                                         .sector_bytes = sector_bytes,
                                         .sectors = sectors,
                                         .requests_max = 8},
                              .room = UINT32_MAX,
                              .bad_sector = UINT64_MAX};
    faulty->cached = calloc(sectors, sector_bytes);
    faulty->stable = calloc(sectors, sector_bytes);
    if (!faulty->cached || !faulty->stable)
        abort();
}

void faulty_free(struct faulty *faulty)
{
    free(faulty->cached);
    free(faulty->stable);
    faulty->cached = faulty->stable = NULL;
}

void faulty_cut(const struct faulty *faulty, uint8_t *image, bool torn, uint32_t (*random)(void))
{
    const uint32_t bytes = faulty->device.sector_bytes;

    for (uint64_t i = 0; i < faulty->device.sectors; i++) {
        const uint8_t *old = faulty->stable + i * bytes, *new = faulty->cached + i *bytes;
        uint32_t cut = random() % 2 ? bytes : 0;

        if (torn)
            cut = random() % (bytes + 1);
        memcpy(image + i * bytes, new, cut);
        memcpy(image + i * bytes + cut, old + cut, bytes - cut);
    }
}

void faulty_load(struct faulty *faulty, const uint8_t *image)
{
    memcpy(faulty->cached, image, bytes_of(faulty));
    memcpy(faulty->stable, image, bytes_of(faulty));
}
