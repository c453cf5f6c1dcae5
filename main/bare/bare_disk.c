/*
 * bare_disk.c -- see bare_disk.h.
 *
 * Files are read by calls that return with the bytes (files.h), so the device is driven here
 * without the stack. Archives and their files are mostly read forwards, so what lies behind the
 * bytes that were wanted is read with them.
 */
#include "bare_disk.h"

#include <string.h>

static const uint64_t most_ns = 10 * UINT64_C(1000000000);

/* Waits for the request. False: it failed, or doesn't end. */
static bool await(struct bare_disk *disk)
{
    struct leat_block_device *device = disk->device;
    const uint64_t began_ns = disk->host->now_ns(disk->host);
    uint64_t now_ns = began_ns;

    while (now_ns - began_ns < most_ns) {
        if (device->ops->finished(device, now_ns))
            return disk->request.err == LEAT_OK;
        now_ns = disk->host->now_ns(disk->host);
    }
    disk->is_lost = true;
    return false;
}

/* Bytes of whole sectors that one request may have. */
static uint64_t request_bytes(const struct leat_block_device *device)
{
    const uint64_t most = device->piece_bytes_max > 0 && device->piece_bytes_max < BARE_DISK_BYTES
                              ? device->piece_bytes_max
                              : (uint64_t)BARE_DISK_BYTES;

    return most / device->sector_bytes * device->sector_bytes;
}

/* Reads the sector that has the byte @at, and those behind it. */
static bool fill(struct bare_disk *disk, uint64_t at)
{
    struct leat_block_device *device = disk->device;
    const uint64_t sector = at / device->sector_bytes;
    const uint64_t from = sector * device->sector_bytes;
    const uint64_t left = disk->medium.len - from;
    const uint64_t most = request_bytes(device);

    disk->have = 0;
    if (disk->is_lost)
        return false;
    disk->view =
        (struct leat_buf){.data = disk->bytes, .len = (uint32_t)(left < most ? left : most)};
    disk->request =
        (struct leat_block_request){.what = LEAT_BLOCK_READ, .sector = sector, .buf = &disk->view};
    if (!device->ops->start(device, &disk->request) || !await(disk))
        return false;
    disk->from = from;
    disk->have = disk->view.len;
    return true;
}

static bool read_bytes(struct leat_files_medium *medium, uint64_t from, void *to, size_t len)
{
    struct bare_disk *disk = (struct bare_disk *)medium; /* its first member */
    uint8_t *at = to;

    while (len > 0) {
        uint64_t part;

        if ((from < disk->from || from - disk->from >= disk->have) && !fill(disk, from)) {
            disk->has_failed = true;
            return false;
        }
        part = disk->have - (from - disk->from);
        if (part > len)
            part = len;
        memcpy(at, disk->bytes + (from - disk->from), (size_t)part);
        at += part;
        from += part;
        len -= (size_t)part;
    }
    return true;
}

void bare_disk_open(struct bare_disk *disk, struct leat_block_device *device,
                    struct leat_host *host)
{
    disk->medium = (struct leat_files_medium){.len = device->sectors * device->sector_bytes,
                                              .read = read_bytes};
    disk->device = device;
    disk->host = host;
    disk->from = disk->have = 0;
    disk->has_failed = disk->is_lost = false;
}
