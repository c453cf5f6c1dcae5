/* plot.h -- a time-sequence picture of one direction of a flow, as SVG. */
#ifndef REPLAY_PLOT_H
#define REPLAY_PLOT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PLOT_EVENTS_MAX = 100000 /* what comes later is not drawn, and the title says so */
};

enum plot_kind {
    PLOT_SEGMENT,        /* bytes from..to */
    PLOT_RETRANSMISSION, /* the same, of which some went before */
    PLOT_ACK,            /* the receiver has all before `to` */
    PLOT_WINDOW,         /* and lets the sender go up to `to` */
    PLOT_SACK,           /* it also has from..to */
    PLOT_RST,            /* at `to` */
    PLOT_KINDS
};

struct plot_event {
    uint64_t time_ns;
    uint32_t from, to; /* bytes since the SYN */
    enum plot_kind kind;
};

struct plot {
    struct plot_event *events;
    uint32_t count;
    uint32_t room;
    uint64_t bytes;   /* of segments */
    uint32_t highest; /* sequence number sent so far: less is a retransmission */
    bool too_many;
};

void plot_add(struct plot *plot, uint64_t time_ns, enum plot_kind kind, uint32_t from, uint32_t to);

/* Adds a segment, as retransmission if bytes of it went before. */
void plot_add_segment(struct plot *plot, uint64_t time_ns, uint32_t from, uint32_t to);

/* False: the file can't be written; a line has been printed. */
bool plot_write(const struct plot *plot, const char *path, const char *title);

void plot_free(struct plot *plot);

#endif
