/* virtio_world.h -- a virtio-net device that obeys the rules, and the driver under test. */
#ifndef VIRTIO_WORLD_H
#define VIRTIO_WORLD_H

#include "unit.h"

#include "core/pool.h"
#include "net.h"

enum {
    BUFFERS = 96,
    BUFFER_BYTES = 512,
    SMALL = 8,
    DESCRIPTORS = 64,
    MTU = 1400,
    BURST = 16,
    FRAME = 60
};

extern const uint64_t everything; /* all features that the driver knows */

/* The device, and the driver. */
struct virtio_world {
    uint64_t offered, agreed;
    uint64_t needed; /* features without which it refuses the others */
    uint8_t status;
    bool gone; /* the host has taken it away */
    uint8_t config[12];
    uint16_t queue_max;
    struct virtqueue *queues[VIRTIO_QUEUES_MAX];
    uint16_t seen[VIRTIO_QUEUES_MAX]; /* entries of the available ring */
    unsigned notified[VIRTIO_QUEUES_MAX];
    struct leat_virtio virtio;
    struct leat_pool pool;
    uint64_t memory[16 * 1024];
};
extern struct virtio_world world;

/* Starts the driver with a device that offers these features. */
enum leat_err start(uint64_t offered, uint16_t mtu, bool no_offload);

/* The same; returns the complaint, or NULL. */
const char *complaint(uint64_t offered);

int set_up(void **state);
int tear_down(void **state); /* asserts that all buffers were returned */

/* The chain that the device uses next. */
uint16_t next_of(uint16_t index);

/* The device uses chain @head after writing @len bytes. */
void use(uint16_t index, uint16_t head, uint32_t len);

/* The device writes @len bytes into the next buffer. */
void write_next(const void *bytes, uint32_t len);

/* Receives a frame of TCP (6) or UDP (17) over either family, with @header. */
void comes(struct virtio_net_header header, bool v6, uint8_t protocol, uint32_t len);

uint32_t take(struct leat_buf **frames, uint32_t frames_max);

/* Receives one frame, or NULL. */
struct leat_buf *take_one(void);

/* Receives no frame, @seconds after the start. */
void look(unsigned seconds);

#endif
