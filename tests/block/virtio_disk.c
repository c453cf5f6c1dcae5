#include "virtio_disk.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum {
    NEXT = 1,
    WRITE = 2,
    INDIRECT = 4
};

struct disk disk;

static uint64_t features(struct virtio_device *device)
{
    (void)device;
    return disk.offered;
}

static void set_features(struct virtio_device *device, uint64_t agreed)
{
    (void)device;
    disk.agreed = agreed;
}

static uint8_t status(struct virtio_device *device)
{
    (void)device;
    return disk.status;
}

static void set_status(struct virtio_device *device, uint8_t set)
{
    (void)device;
    disk.status = set;
}

static uint16_t queue_max(struct virtio_device *device, uint16_t index)
{
    (void)device;
    return index == 0 ? disk.queue_max : 0;
}

static void queue_enable(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
    (void)device;
    (void)index;
    assert_ptr_equal(queue, &disk.driver.queue);
}

static void notify(struct virtio_device *device, uint16_t index)
{
    (void)device;
    (void)index;
    disk.notified++;
}

static uint8_t config_read(struct virtio_device *device, uint32_t offset)
{
    (void)device;
    return disk.config[offset];
}

static bool gone(struct virtio_device *device)
{
    (void)device;
    return disk.gone;
}

const struct virtio_transport disk_transport = {.features = features,
                                                .set_features = set_features,
                                                .status = status,
                                                .set_status = set_status,
                                                .queue_max = queue_max,
                                                .queue_enable = queue_enable,
                                                .notify = notify,
                                                .config_read = config_read,
                                                .gone = gone};

/* The pieces of the chain @head in one list; returns how many. */
static unsigned chain_of(uint16_t head, struct virtqueue_descriptor *to)
{
    const struct virtqueue_descriptor *table = disk.driver.queue.descriptors;
    unsigned count = 0;

    if (table[head].flags & INDIRECT) {
        table = (const void *)(uintptr_t)table[head].address;
        head = 0;
    }
    do {
        assert_true(count < VIRTQUEUE_PIECES_MAX);
        to[count] = table[head];
        head = to[count].next;
    } while (to[count++].flags & NEXT);
    return count;
}

/* Carries out a request as 5.2.6 says. */
static uint32_t carry_out(const struct virtqueue_descriptor *list, unsigned count)
{
    struct virtio_block_header header;
    uint32_t written = 1;
    uint64_t at;

    assert_int_equal(list[0].len, sizeof header);
    assert_int_equal(list[0].flags & WRITE, 0);
    memcpy(&header, (const void *)(uintptr_t)list[0].address, sizeof header);
    disk.type = header.type;
    at = header.sector * SECTOR;
    for (unsigned i = 1; i + 1 < count; i++) {
        void *data = (void *)(uintptr_t)list[i].address;

        assert_int_equal(list[i].flags & WRITE, header.type == VIRTIO_BLOCK_IN ? WRITE : 0);
        if (header.type == VIRTIO_BLOCK_DISCARD) {
            assert_int_equal(count, 3);
            assert_int_equal(list[i].len, sizeof disk.discard);
            memcpy(&disk.discard, data, sizeof disk.discard);
            break;
        }
        assert_true(at + list[i].len <= sizeof disk.sectors);
        if (header.type == VIRTIO_BLOCK_IN)
            memcpy(data, disk.sectors + at, list[i].len);
        else
            memcpy(disk.sectors + at, data, list[i].len);
        at += list[i].len;
        written += header.type == VIRTIO_BLOCK_IN ? list[i].len : 0;
    }
    assert_int_equal(list[count - 1].len, 1);
    assert_int_equal(list[count - 1].flags & WRITE, WRITE);
    if (disk.answer != VIRTIO_BLOCK_NO_STATUS)
        *(uint8_t *)(uintptr_t)list[count - 1].address = disk.answer;
    return written;
}

void disk_serve(void)
{
    struct virtqueue *queue = &disk.driver.queue;

    while (disk.seen != queue->available.index) {
        struct virtqueue_descriptor list[VIRTQUEUE_PIECES_MAX];
        const uint16_t head = queue->available.ring[disk.seen++ & (queue->size - 1)];

        queue->used.ring[queue->used.index & (queue->size - 1)] =
            (struct virtqueue_used_element){head, carry_out(list, chain_of(head, list))};
        /* 2.7.10: an interrupt when the entry of used_event has been used */
        disk.interrupts += disk.agreed & VIRTIO_F_EVENT_IDX
                               ? queue->available.ring[queue->size] == queue->used.index
                               : !(queue->available.flags & 1);
        queue->used.index++;
    }
}
