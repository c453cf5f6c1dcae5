/*
 * device_model.h -- a device whose behaviour the input of fuzz_device.c chooses, for the first of
 * two stacks. The second one has an ordinary one, fake_netif.
 */
#ifndef DEVICE_MODEL_H
#define DEVICE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/leat.h>

#include "fake_netif.h"
#include "frames.h"
#include "steps.h"

enum {
    DEVICE_CUTS = 4,
    DEVICE_HELD = 64,
    DEVICE_FRAMES = 128,
    DEVICE_FRAME_BYTES = 1514
};

/* A frame from the stack, with its state at that time. */
struct device_held {
    struct leat_buf *frame;
    uint32_t hash;
};

struct device_frame {
    uint8_t bytes[DEVICE_FRAME_BYTES];
    uint32_t len;
};

struct device_model {
    struct leat_netif netif; /* first, because the functions of the table get its address */
    struct fake_netif *peer;
    /* for the stack */
    struct device_frame frames[DEVICE_FRAMES];
    uint32_t first, count;
    /* how it delivers frames */
    uint16_t cuts[DEVICE_CUTS]; /* bytes of the first pieces */
    uint8_t cut_how;            /* 1: cuts; 2: also in headers; 4, 8: in small buffers, in slices */
    uint8_t merge_max;          /* most segments that it merges */
    bool marks_sum, marks_super;
    uint8_t checksum;       /* the checksum mark, possibly illegal */
    uint16_t segment_bytes; /* the same */
    uint8_t marks_left;     /* number of frames that still get the marks */
    /* how it accepts frames */
    uint32_t room;
    uint8_t look; /* when it wants to be polled again */
    uint32_t hold_max;
    struct device_held held[DEVICE_HELD];
    uint32_t held_count;
    bool forged; /* data may be wrong from now on */
};

void device_demand(bool condition, const char *what);

/* Starts an empty, well-behaved device; @what chooses its capabilities. */
void device_start(struct device_model *device, uint8_t what, struct fake_netif *peer);

/* Makes the device well-behaved: frames are delivered unchanged, accepted as they come, and
 * not kept. */
void device_is_good(struct device_model *device);

/* Receives a frame for the stack from the wire. */
void device_hears(struct device_model *device, const uint8_t *bytes, uint32_t len);

/* Receives a made-up frame: 8 bytes of the step, and zeros. */
void device_invents(struct device_model *device, struct steps *steps, uint8_t len);

/* Reports @count of the kept frames, from number @from on, as sent. */
void device_done(struct device_model *device, uint8_t from, uint8_t count);

#endif
