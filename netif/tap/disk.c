/* disk.c -- see leat/posix_block.h. */
#include <leat/assert.h>
#include <leat/posix_block.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    REQUESTS_MAX = 16
};

struct disk {
    struct leat_block_device device; /* first */
    int fd;
    struct leat_block_request *done; /* the oldest first */
    struct leat_block_request **end;
    char why[LEAT_WHY_BYTES];
};

static struct disk *disk_of(struct leat_block_device *device)
{
    return (struct disk *)device; /* its first member */
}

/* ---- Requests -------------------------------------------------------------------------------- */

static enum leat_err fail(struct disk *disk, const char *what, const char *why)
{
    snprintf(disk->why, sizeof disk->why, "%s: %s", what, why);
    return LEAT_ERR_DEVICE;
}

/* Takes @len bytes off the front of @parts; returns how many parts are left, which are moved to the
 * front. */
static int advance(struct iovec *parts, int count, size_t len)
{
    int gone = 0;

    while (gone < count && len >= parts[gone].iov_len)
        len -= parts[gone++].iov_len;
    if (gone < count) {
        parts[gone].iov_base = (uint8_t *)parts[gone].iov_base + len;
        parts[gone].iov_len -= len;
    }
    memmove(parts, parts + gone, (size_t)(count - gone) * sizeof *parts);
    return count - gone;
}

/* Reads or writes all bytes of a request; the kernel may do it in several parts. */
static enum leat_err transfer(struct disk *disk, const struct leat_block_request *request)
{
    const bool writes = request->what == LEAT_BLOCK_WRITE;
    const char *what = writes ? "write" : "read";
    off_t at = (off_t)(request->sector * disk->device.sector_bytes);
    struct iovec parts[LEAT_BLOCK_PIECES_MAX];
    int count = 0;

    leat_assert(request->buf); /* leat_block_submit() has counted the buffers */
    for (const struct leat_buf *buf = request->buf; buf; buf = buf->next)
        parts[count++] = (struct iovec){.iov_base = buf->data, .iov_len = buf->len};
    count = advance(parts, count, 0); /* an empty buffer at the front would end the loop */
    while (count > 0) {
        const ssize_t done =
            writes ? pwritev(disk->fd, parts, count, at) : preadv(disk->fd, parts, count, at);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail(disk, what, strerror(errno));
        if (done == 0)
            return fail(disk, what, "the file has become shorter");
        at += done;
        count = advance(parts, count, (size_t)done);
    }
    return LEAT_OK;
}

static enum leat_err flush(struct disk *disk)
{
    if (disk->device.read_only || fdatasync(disk->fd) == 0)
        return LEAT_OK;
    return fail(disk, "flush", strerror(errno));
}

/* Makes a hole, which has no place on the disk. */
static enum leat_err discard(struct disk *disk, const struct leat_block_request *request)
{
    const uint64_t bytes = disk->device.sector_bytes;

    while (fallocate(disk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     (off_t)(request->sector * bytes), (off_t)(request->sectors * bytes)) != 0) {
        const enum leat_err err = errno == EOPNOTSUPP ? LEAT_ERR_UNSUPPORTED : LEAT_ERR_DEVICE;

        if (errno == EINTR)
            continue;
        (void)fail(disk, "discard", strerror(errno));
        return err;
    }
    return LEAT_OK;
}

static enum leat_err carry_out(struct disk *disk, const struct leat_block_request *request)
{
    switch (request->what) {
    case LEAT_BLOCK_FLUSH:
        return flush(disk);
    case LEAT_BLOCK_DISCARD:
        return discard(disk, request);
    case LEAT_BLOCK_READ:
    case LEAT_BLOCK_WRITE:
    default:
        return transfer(disk, request);
    }
}

static bool start(struct leat_block_device *device, struct leat_block_request *request)
{
    struct disk *disk = disk_of(device);

    request->err = carry_out(disk, request);
    request->next = NULL;
    *disk->end = request;
    disk->end = &request->next;
    return true;
}

static struct leat_block_request *finished(struct leat_block_device *device, uint64_t now_ns)
{
    struct disk *disk = disk_of(device);
    struct leat_block_request *request = disk->done;

    (void)now_ns;
    if (!request)
        return NULL;
    disk->done = request->next;
    if (!disk->done)
        disk->end = &disk->done;
    return request;
}

static void stop(struct leat_block_device *device)
{
    struct disk *disk = disk_of(device);

    if (disk->fd >= 0)
        close(disk->fd);
    disk->fd = -1;
}

static const struct leat_block_ops disk_ops = {.start = start, .finished = finished, .close = stop};

/* ---- Opening --------------------------------------------------------------------------------- */

static enum leat_err refuse(char why[LEAT_WHY_BYTES], enum leat_err err, const char *path,
                            const char *reason)
{
    snprintf(why, LEAT_WHY_BYTES, "%.150s: %s", path, reason);
    return err;
}

/* The size of a sector, and how many there are. */
static enum leat_err measure(struct disk *disk, const char *path, char why[LEAT_WHY_BYTES])
{
    struct leat_block_device *device = &disk->device;
    struct stat is;
    uint64_t bytes;
    int sector_bytes = LEAT_BLOCK_SECTOR_MIN;

    if (fstat(disk->fd, &is) != 0)
        return refuse(why, LEAT_ERR_NOT_FOUND, path, strerror(errno));
    if (S_ISREG(is.st_mode))
        bytes = (uint64_t)is.st_size;
    else if (!S_ISBLK(is.st_mode))
        return refuse(why, LEAT_ERR_NOT_FOUND, path, "neither a file nor a block device");
    else if (ioctl(disk->fd, BLKGETSIZE64, &bytes) != 0 ||
             ioctl(disk->fd, BLKSSZGET, &sector_bytes) != 0)
        return refuse(why, LEAT_ERR_NOT_FOUND, path, strerror(errno));
    device->sector_bytes = (uint32_t)sector_bytes;
    device->sectors = bytes / device->sector_bytes;
    if (device->sectors == 0)
        return refuse(why, LEAT_ERR_ARGUMENT, path, "less than one sector");
    return LEAT_OK;
}

/* Writers have the file alone. */
static enum leat_err lock(const struct disk *disk, const char *path, char why[LEAT_WHY_BYTES])
{
    if (flock(disk->fd, (disk->device.read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
        return LEAT_OK;
    if (errno == EWOULDBLOCK)
        return refuse(why, LEAT_ERR_IN_USE, path, "another program has it open");
    return refuse(why, LEAT_ERR_NOT_FOUND, path, strerror(errno));
}

static enum leat_err open_disk(struct disk *disk, const char *path, bool read_only,
                               char why[LEAT_WHY_BYTES])
{
    enum leat_err err;

    /* a pipe without a reader must not stop us, nor a terminal become ours */
    disk->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (disk->fd < 0)
        return refuse(why, LEAT_ERR_NOT_FOUND, path, strerror(errno));
    err = lock(disk, path, why);
    return err ? err : measure(disk, path, why);
}

enum leat_err leat_posix_block_open(struct leat_block_device **device, const char *path,
                                    bool read_only, char why[LEAT_WHY_BYTES])
{
    struct disk *disk = calloc(1, sizeof *disk);
    enum leat_err err;

    if (!disk)
        return refuse(why, LEAT_ERR_MEMORY, path, "no memory");
    disk->device = (struct leat_block_device){.ops = &disk_ops,
                                              .name = "disk",
                                              .requests_max = REQUESTS_MAX,
                                              .read_only = read_only,
                                              .discards = !read_only};
    disk->end = &disk->done;
    err = open_disk(disk, path, read_only, why);
    if (err) {
        leat_posix_block_free(&disk->device);
        return err;
    }
    *device = &disk->device;
    return LEAT_OK;
}

const char *leat_posix_block_why(const struct leat_block_device *device)
{
    return ((const struct disk *)device)->why;
}

void leat_posix_block_free(struct leat_block_device *device)
{
    if (!device)
        return;
    stop(device);
    free(disk_of(device));
}
