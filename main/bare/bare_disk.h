/* bare_disk.h -- a disk that is read by bytes: the medium of an archive. */
#ifndef BARE_DISK_H
#define BARE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/block.h>
#include <leat/buf.h>
#include <leat/files.h>
#include <leat/host.h>

enum {
    BARE_DISK_BYTES = LEAT_BLOCK_SECTOR_MAX /* that are read at once, if the device takes so many */
};

struct bare_disk {
    struct leat_files_medium medium; /* first */
    struct leat_block_device *device;
    struct leat_host *host; /* for its clock */
    struct leat_block_request request;
    struct leat_buf view; /* of `bytes` */
    uint64_t from;        /* what they are, */
    uint64_t have;        /* and how many */
    bool has_failed;      /* bytes could not be read */
    bool is_lost;         /* a request has not ended: it keeps `bytes` */
    uint8_t bytes[BARE_DISK_BYTES];
};

/* The device belongs to @disk, whose medium then gives its bytes.  A read waits for the device, ten
 * seconds at most; the stack stands still meanwhile. */
void bare_disk_open(struct bare_disk *disk, struct leat_block_device *device,
                    struct leat_host *host);

#endif
