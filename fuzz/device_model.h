/*
 * device_model.h -- a device as the input of fuzz_device.c wants it, in front of the first of two
 * stacks; the other one has a plain one, fake_netif.
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

/* A frame that the stack gave us, and what it was like then. */
struct device_held {
    struct leat_buf *frame;
    uint32_t hash;
};

struct device_frame {
    uint8_t bytes[DEVICE_FRAME_BYTES];
    uint32_t len;
};

struct device_model {
    struct leat_netif netif; /* first: the table's functions get its address */
    struct fake_netif *peer;
    /* for the stack */
    struct device_frame frames[DEVICE_FRAMES];
    uint32_t first, count;
    /* how it hands frames over */
    uint16_t cuts[DEVICE_CUTS]; /* bytes of the first pieces */
    uint8_t cut_how;            /* 1: cuts; 2: headers too; 4, 8: in small buffers, in slices */
    uint8_t merge_max;          /* segments that it merges, if they go on */
    bool marks_sum, marks_super;
    uint8_t checksum;       /* the mark, whatever it means */
    uint16_t segment_bytes; /* the same */
    uint8_t marks_left;     /* so many frames more get them */
    /* how it takes frames */
    uint32_t room;
    uint8_t look; /* when it wants to be asked again */
    uint32_t hold_max;
    struct device_held held[DEVICE_HELD];
    uint32_t held_count;
    bool forged; /* data may be wrong from now on */
};

void device_demand(bool condition, const char *what);

/* An empty, good device; @what draws what it can do. */
void device_start(struct device_model *device, uint8_t what, struct fake_netif *peer);

/* Frames are handed over as they are and taken as they come; none is kept. */
void device_is_good(struct device_model *device);

/* A frame for the stack comes over the wire. */
void device_hears(struct device_model *device, const uint8_t *bytes, uint32_t len);

/* A frame that nobody has sent: 8 bytes of the step, and zeros. */
void device_invents(struct device_model *device, struct steps *steps, uint8_t len);

/* Says of @count of the frames that it keeps, from number @from on, that they have been sent. */
void device_done(struct device_model *device, uint8_t from, uint8_t count);

#endif
