/*
 * wire.h -- a wire between two stacks in one process that costs them nothing.
 *
 * A frame is handed over by its pointer; the copy into the receiver's buffer, which a device would
 * do by DMA, happens in client_copy() and server_copy(), which the counts of the client and of the
 * server leave out.  What a driver does beside that is counted: taking a buffer for each frame, and
 * giving back what was sent.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/netif.h>

/* A function that the counts know by its name: it stays one of its own. */
#ifdef __clang__
#define COUNTED __attribute__((noinline))
#else
#define COUNTED __attribute__((noipa))
#endif

enum {
    WIRE_FRAMES = 4096 /* on their way in one direction; a power of two */
};

struct wire_queue {
    struct leat_buf *frames[WIRE_FRAMES];
    uint32_t put;
    uint32_t taken;
};

struct wire_end {
    struct leat_netif netif; /* first: the table's functions get its address */
    struct wire_end *peer;
    void (*copy)(struct leat_buf *to, const struct leat_buf *from);
    struct wire_queue arriving;
    struct wire_queue sent; /* the device has read them: they may be freed */
};

struct wire {
    struct wire_end ends[2];
};

/* @offload: both ends check and fill in checksums, as a device would. */
void wire_init(struct wire *wire, uint16_t mtu, bool offload);

/* Frames that neither end has taken yet. */
uint32_t wire_frames(const struct wire *wire);

#endif
