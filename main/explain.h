/*
 * explain.h -- says why frames were dropped: for each reason the first frame that had it.
 *
 * It is a backend around the device, as recorders are, so the stack does nothing for it.  The stack
 * gets one frame at a time from it, and processes that frame before it asks for the next.  So a
 * counter that has risen by then tells the frame's fate.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <leat/leat.h>

enum {
    EXPLAIN_HEAD_BYTES = 128,  /* kept of the last frame */
    EXPLAIN_FRAME_BYTES = 180, /* of the description of a frame, the NUL included; so below */
    EXPLAIN_LINE_BYTES = 320
};

struct explain {
    struct leat_netif netif; /* first: the inner one's facts, our functions */
    struct leat_netif *inner;
    const struct leat_stats *stats; /* NULL: not known yet */
    struct leat_stats before;       /* when the last frame went up */
    uint8_t head[EXPLAIN_HEAD_BYTES];
    uint32_t head_bytes;
    uint32_t wire_bytes; /* 0: the fate of the last frame has been looked at */
    char line[EXPLAIN_LINE_BYTES];
    char first[LEAT_STAT_COUNT][EXPLAIN_FRAME_BYTES]; /* the first frame of each reason, or "" */
    void (*say)(void *arg, const char *line);
    void *arg; /* for say */
};

/* Puts @explain around @netif; returns the backend to attach. */
struct leat_netif *explain_wrap(struct explain *explain, struct leat_netif *netif,
                                void (*say)(void *arg, const char *line), void *arg);

/* Gives it the counters of the stack, and with them something to say. */
void explain_watch(struct explain *explain, const struct leat_stats *stats);

/* Says each reason again, with its counter and its first frame. */
void explain_sum(struct explain *explain);

/* Describes the frame that begins with @bytes: "10.0.0.1:4000 > 10.0.0.2:9 UDP, 60 bytes". */
void explain_frame(char text[EXPLAIN_FRAME_BYTES], const uint8_t *bytes, uint32_t len,
                   uint32_t wire_bytes);

#endif
