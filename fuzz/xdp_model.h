/*
 * xdp_model.h -- the kernel's side of AF_XDP, in memory: four rings, and the ring of a packet
 * socket.
 *
 * It obeys the rules of the rings; the input makes it late, reorder frames, or run out of room.
 * Frames from the wire have arbitrary contents, but their first bytes identify them, so that
 * delivered frames can be checked. System calls of the backend are wrapped (__wrap_sendto() and the
 * like).
 */
#ifndef XDP_MODEL_H
#define XDP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "inside.h"

enum {
    XDP_MODEL_FRAME_MIN = 14,
    XDP_MODEL_FRAME_MAX = 2048 - 258,
    XDP_MODEL_ASIDE_PLACES = 256,
    XDP_MODEL_ASIDE_BYTES = 2048, /* size of a slot */
    XDP_MODEL_ASIDE_MAX = XDP_MODEL_ASIDE_BYTES - 66 - 1,
    XDP_MODEL_WAITING = 4096 /* frames sent or received that are not checked yet */
};

/* The memory that the kernel shares with a socket. */
struct xdp_shared {
    uint32_t producer, consumer, flags;
    uint64_t addresses[TX_PIECES];
    struct xdp_desc frames[TX_PIECES];
};

/* A frame in flight, generated from its number and length. */
struct xdp_model_frame {
    uint32_t number;
    uint32_t len;
    bool unsummed; /* from this machine: its checksum is not to be checked */
};

struct xdp_model_queue {
    struct xdp_model_frame frames[XDP_MODEL_WAITING];
    uint32_t first, count;
};

struct xdp_model {
    struct leat_xdp xdp;
    struct xdp_shared fill, rx, tx, done;
    uint64_t taken[TX_PIECES]; /* buffers from the fill ring that are still empty */
    uint32_t taken_count;
    struct xdp_desc held[TX_PIECES]; /* pieces from the tx ring that are not sent yet */
    uint32_t held_count;
    struct xdp_model_queue in, aside, out;
    uint32_t numbers;      /* number of frames so far */
    uint32_t out_at;       /* bytes of the first frame of `out` that the kernel has seen */
    uint32_t long_frames;  /* frames in several buffers so far */
    uint32_t aside_next;   /* slot of the next frame */
    uint32_t aside_passed; /* frames of `aside` that were not delivered */
    int error;             /* error of the next sendto(); 0: none */
    uint32_t each_kick;    /* pieces that one sendto() sends */
    unsigned ifindex;      /* index that the device's name has now */
    bool left;             /* the last receive() has left frames */
    bool deleted;
};

extern struct xdp_model xdp_model;

void xdp_model_demand(bool condition, const char *what);

/* Opens empty rings whose indexes begin at @start, and a backend with @rx_buffers over @memory. */
void xdp_model_open(uint32_t start, uint32_t rx_buffers, void *memory, size_t bytes);

/* Receives a frame of @len bytes in @parts buffers; false: no buffer, or no room. */
bool xdp_model_comes(uint32_t len, uint32_t parts);

/* Receives a frame by the packet socket; @how: truncated, tagged, without a checksum. */
void xdp_model_comes_aside(uint32_t len, uint8_t how);

/* The kernel takes buffers from the fill ring in advance. */
void xdp_model_takes(uint32_t count);

/* Checks a frame that the backend has delivered. */
void xdp_model_judge(const struct leat_buf *frame);

/* The contents of the next frame to send, of @len bytes. */
struct xdp_model_frame xdp_model_next_out(uint32_t len);
uint8_t xdp_model_byte(const struct xdp_model_frame *frame, uint32_t at);
/* Notes that it was given to the backend. */
void xdp_model_goes(const struct xdp_model_frame *frame);

/* The kernel sends @count pieces, or completes @count of those that it has: in order, or with
 * another one first. */
void xdp_model_sends(uint32_t count);
void xdp_model_completes(uint32_t count, uint8_t from);

/* Checks the invariants after each call. */
void xdp_model_check(void);

#endif
