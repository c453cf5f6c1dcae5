/*
 * xdp_model.h -- the kernel's half of AF_XDP, in memory: four rings, and a fifth of a packet
 * socket.
 *
 * It obeys the rules of the rings, and is late, out of order and without room as the input wants
 * it. Frames from the wire may hold anything; each frame says in its first bytes which one it is,
 * so that what the backend hands up can be judged.  System calls of the backend end here
 * (__wrap_sendto() and the like).
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
    XDP_MODEL_ASIDE_BYTES = 2048, /* of a place */
    XDP_MODEL_ASIDE_MAX = XDP_MODEL_ASIDE_BYTES - 66 - 1,
    XDP_MODEL_WAITING = 4096 /* frames that were sent, or came, and weren't judged yet */
};

/* The memory that the kernel shares with a socket. */
struct xdp_shared {
    uint32_t producer, consumer, flags;
    uint64_t addresses[TX_PIECES];
    struct xdp_desc frames[TX_PIECES];
};

/* A frame on its way: made of its number and its length. */
struct xdp_model_frame {
    uint32_t number;
    uint32_t len;
    bool unsummed; /* of this machine: its checksum is not to be looked at */
};

struct xdp_model_queue {
    struct xdp_model_frame frames[XDP_MODEL_WAITING];
    uint32_t first, count;
};

struct xdp_model {
    struct leat_xdp xdp;
    struct xdp_shared fill, rx, tx, done;
    uint64_t taken[TX_PIECES]; /* buffers out of fill that hold nothing yet */
    uint32_t taken_count;
    struct xdp_desc held[TX_PIECES]; /* pieces out of tx that aren't sent yet */
    uint32_t held_count;
    struct xdp_model_queue in, aside, out;
    uint32_t numbers;      /* of frames, ever */
    uint32_t out_at;       /* bytes of the first frame of `out` that the kernel has seen */
    uint32_t long_frames;  /* in several buffers, ever */
    uint32_t aside_next;   /* the place of the next frame */
    uint32_t aside_passed; /* frames of `aside` that were not handed up */
    int error;             /* of the next sendto(); 0: none */
    uint32_t each_kick;    /* pieces that a sendto() sends */
    unsigned ifindex;      /* that the device's name has now */
    bool left;             /* frames, by the last receive() */
    bool deleted;
};

extern struct xdp_model xdp_model;

void xdp_model_demand(bool condition, const char *what);

/* Empty rings whose indexes begin at @start; a backend of @rx_buffers over @memory. */
void xdp_model_open(uint32_t start, uint32_t rx_buffers, void *memory, size_t bytes);

/* A frame of @len bytes comes, in @parts buffers; false: no buffer, or no room. */
bool xdp_model_comes(uint32_t len, uint32_t parts);

/* One comes by the packet socket; @how: cut, tagged, without a checksum. */
void xdp_model_comes_aside(uint32_t len, uint8_t how);

/* The kernel takes buffers out of fill before it has anything for them. */
void xdp_model_takes(uint32_t count);

/* Judges what the backend has handed up. */
void xdp_model_judge(const struct leat_buf *frame);

/* The bytes of the next frame to be sent, of @len bytes. */
struct xdp_model_frame xdp_model_next_out(uint32_t len);
uint8_t xdp_model_byte(const struct xdp_model_frame *frame, uint32_t at);
/* It was given to the backend. */
void xdp_model_goes(const struct xdp_model_frame *frame);

/* The kernel sends @count pieces, or says of @count of those that it has that they are sent: from
 * the oldest on, or another one first. */
void xdp_model_sends(uint32_t count);
void xdp_model_completes(uint32_t count, uint8_t from);

/* Checks the invariants after each call. */
void xdp_model_check(void);

#endif
