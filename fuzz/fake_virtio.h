/*
 * fake_virtio.h -- the registers of a virtio device that breaks every rule.
 *
 * The input decides what the device says. Its bytes are used in order; after the end all are 0.
 */
#ifndef FAKE_VIRTIO_H
#define FAKE_VIRTIO_H

#include <stddef.h>
#include <stdint.h>

#include "netif/virtio/device.h"

enum {
    FAKE_VIRTIO_QUEUES = 16
};

/* The device of an input. */
struct fake_virtio {
    const uint8_t *at, *end; /* of the input */
    uint8_t status;
    uint16_t queue_size; /* that it names, if the input has no other wish */
    uint8_t (*config)(uint32_t offset);
    struct virtqueue *queues[FAKE_VIRTIO_QUEUES];
    uint16_t seen[FAKE_VIRTIO_QUEUES]; /* positions in the available rings */
};

extern struct fake_virtio fake_virtio;
extern const struct virtio_transport fake_virtio_transport;

/* Begins an input. @config reads a byte of the device's configuration. */
void fake_virtio_begin(const uint8_t *data, size_t size, uint16_t queue_size,
                       uint8_t (*config)(uint32_t offset));

/* The next number of the input, little-endian. */
uint8_t next8(void);
uint16_t next16(void);
uint32_t next32(void);

/* Takes the next available chain of queue @index; false: there is none. */
bool fake_virtio_take(unsigned index, uint16_t *head);

/* Writes an entry of the used ring. */
void fake_virtio_use(struct virtqueue *queue, uint32_t id, uint32_t len);

#endif
