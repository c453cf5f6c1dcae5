/*
 * wire.h -- a wire between two stacks in one process that costs them nothing.
 *
 * It may lose frames, mix the flows, and be a gateway that gives the client many addresses.
 *
 * A frame is handed over by its pointer.  client_copy() and server_copy() copy it into the
 * receiver's buffer, which a device would do by DMA, so the counts of the client and of the server
 * exclude them. The other work of a driver is counted: taking a buffer for each frame, and freeing
 * sent ones.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/netif.h>

/* A function that the counts know by its name must not be inlined. */
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

struct wire;

struct wire_end {
    struct leat_netif netif; /* first: the table's functions get its address */
    struct wire *wire;
    struct wire_end *peer;
    void (*copy)(struct leat_buf *to, const struct leat_buf *from, uint32_t peers);
    struct wire_queue arriving;
    struct wire_queue sent; /* the device has read them: they may be freed */
};

struct wire {
    struct wire_end ends[2];
    uint32_t peers;      /* addresses that the client's frames come from; 0: its own */
    uint32_t loss_per_m; /* frames lost of a million */
    uint64_t random;
};

/* @offload: both ends check and fill in checksums, as a device would. */
void wire_init(struct wire *wire, uint16_t mtu, bool offload);

/* Reorders the frames in flight to @end as if they came from many senders at once: one flow after
 * the other, by the source port.  Each flow keeps its order. */
void wire_interleave(struct wire_end *end);

/* A number below @limit; @state is that of an xorshift generator. */
uint32_t wire_random(uint64_t *state, uint32_t limit);

/* Frames that neither end has received yet. */
uint32_t wire_frames(const struct wire *wire);

#endif
