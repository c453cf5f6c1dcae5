/* virtio_disk.h -- a virtio-blk device that obeys the rules, for its driver. */
#ifndef VIRTIO_DISK_H
#define VIRTIO_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "block.h"

enum {
    SECTOR = 512,
    SECTORS = 32
};

struct disk {
    uint64_t offered, agreed;
    uint8_t status;
    bool gone;
    uint8_t config[40];
    uint16_t queue_max, seen;
    unsigned notified, interrupts;
    struct leat_virtio_block driver;
    uint8_t sectors[SECTORS * SECTOR];
    uint8_t answer;                      /* the status of the next requests */
    uint32_t type;                       /* of the last request */
    struct virtio_block_discard discard; /* the last one */
};

extern struct disk disk;
extern const struct virtio_transport disk_transport;

/* Uses all chains that it has been given. */
void disk_serve(void);

#endif
