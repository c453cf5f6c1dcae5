/* virtio_pairs_world.h -- a virtio-net device with several pairs of queues, and the driver under
 * test. */
#ifndef VIRTIO_PAIRS_WORLD_H
#define VIRTIO_PAIRS_WORLD_H

#include "unit.h"

#include "core/pool.h"
#include "group.h"

enum {
    PAIRS = 3,
    DEVICE_PAIRS = 4, /* more than are used */
    CONTROL = 2 * DEVICE_PAIRS,
    QUEUES = CONTROL + 1,
    BUFFERS = 96,
    BUFFER_BYTES = 512,
    BURST = 32,
    FRAME = 60,
    TCP_OF_0 = 0,
    WAIT_NS = 300000000
};

extern const uint64_t everything; /* all features that the device has */
extern const uint8_t key[FLOWS_KEY_BYTES];

/* How the device answers the command. */
enum answer {
    ACCEPTS,
    REFUSES,
    IS_SILENT,
    BREAKS_RULES
};

struct pairs_world {
    uint64_t offered, agreed;
    uint8_t status;
    uint8_t config[24];
    bool gone;
    unsigned vectors;
    bool has_control;
    enum answer answer;
    uint8_t command[512];
    uint32_t command_len;
    struct virtqueue *queues[QUEUES];
    uint16_t seen[QUEUES];
    unsigned notified[QUEUES];
    unsigned looks, resets;
    uint64_t now_ns;
    uint32_t woken;
    struct virtio_group group;
    struct leat_virtio pairs[PAIRS];
    struct virtio_hand hands[PAIRS * PAIRS];
    struct leat_pool pools[PAIRS];
    uint64_t memory[PAIRS][16 * 1024];
};
extern struct pairs_world world;

/* Starts the driver for PAIRS stacks. */
bool start(const char **why);

/* The same; it must work. */
void begin(void);

int set_up(void **state);
int tear_down(void **state); /* asserts that all buffers were returned */

/* Receives at pair @i; returns how many frames. */
uint32_t receive(unsigned i, struct leat_buf **frames);
void receive_nothing(unsigned i);

/* The device writes a frame of @len bytes into the next buffer of pair @i. */
void comes(unsigned i, const uint8_t *frame, uint32_t len, struct virtio_net_header header);

/* Makes a segment from a port whose flow belongs to pair @i. */
void put_segment(uint8_t frame[FRAME], unsigned i);
void put_arp_reply(uint8_t frame[FRAME]);

/* The device uses chain @head of a queue. */
void use(unsigned index, uint16_t head, uint32_t len);

#endif
